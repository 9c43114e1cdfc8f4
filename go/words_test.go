package c1z_test

import (
	"context"
	"errors"
	"os"
	"testing"

	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	formatv3 "github.com/conductorone/baton-sdk/pkg/dotc1z/format/v3"
	"github.com/conductorone/baton-sdk/pkg/types/sessions"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	c1z "example.com/libc1z/go"
)

// TestErrorsHaveTheWordsThatTestsOfTheSDKLookFor compares those that each engine of the SDK words alike.
func TestErrorsHaveTheWordsThatTestsOfTheSDKLookFor(t *testing.T) {
	require.NoError(t, c1z.Register())
	ctx := context.Background()
	for _, engine := range []c1zstore.Engine{c1zstore.EngineSQLite, c1zstore.EnginePebble, c1z.Engine} {
		t.Run(string(engine), func(t *testing.T) {
			store := openPath(t, newPath(t), dotc1z.WithEngine(engine))
			syncID, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
			require.NoError(t, err)
			require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))

			ofAnotherType := status.Errorf(codes.InvalidArgument, "sync '%s' is not of type '%s'", syncID, connectorstore.SyncTypePartial)
			_, err = store.SyncMeta().Stats(ctx, connectorstore.SyncTypePartial, syncID)
			require.ErrorIs(t, err, ofAnotherType)
			_, err = store.SyncMeta().StatsV2(ctx, connectorstore.SyncTypePartial, syncID)
			require.EqualError(t, err, ofAnotherType.Error())

			_, _, err = store.SessionStore().Get(ctx, "key", func(context.Context, *sessions.SessionStoreBag) error { return errors.New("broken") })
			require.ErrorContains(t, err, "error applying session option")
			_, _, err = store.SessionStore().Get(ctx, "key")
			require.ErrorContains(t, err, "sync id is required")

			for _, principal := range []string{"", "user"} {
				_, err = store.ListGrantsForPrincipal(ctx, reader_v2.GrantsReaderServiceListGrantsForPrincipalRequest_builder{
					PrincipalId: resourceID(principal, ""),
				}.Build())
				require.ErrorContains(t, err, "missing principal_id")
			}

			require.NoError(t, store.EndSync(ctx))
			taken := newPath(t)
			require.NoError(t, os.WriteFile(taken, nil, 0o600))
			require.ErrorContains(t, store.FileOps().CloneSync(ctx, taken, syncID), "must not exist")
		})
	}
}

// TestAFileAboveTheLimitIsTheSDKsErrorForIt in both engines of format v3.
func TestAFileAboveTheLimitIsTheSDKsErrorForIt(t *testing.T) {
	require.NoError(t, c1z.Register())
	ctx := context.Background()
	for _, engine := range []c1zstore.Engine{c1zstore.EnginePebble, c1z.Engine} {
		t.Run(string(engine), func(t *testing.T) {
			path := newPath(t)
			store := openPath(t, path, dotc1z.WithEngine(engine))
			_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
			require.NoError(t, err)
			require.NoError(t, store.Close(ctx))
			_, err = dotc1z.NewStore(ctx, path, dotc1z.WithTmpDir(t.TempDir()), dotc1z.WithDecoderOptions(dotc1z.WithDecoderMaxDecodedSize(1)))
			require.ErrorIs(t, err, formatv3.ErrMaxSizeExceeded)
		})
	}
}
