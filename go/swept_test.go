package c1z

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/libc1z/go/internal/apipb"
)

// sweptStore is a store with one user whose working folder somebody else has removed.
func sweptStore(t *testing.T, readOnly bool) *store {
	t.Helper()
	ctx := context.Background()
	path, tmp := filepath.Join(t.TempDir(), "test.c1z"), t.TempDir()
	written, err := Driver{}.OpenStore(ctx, path, dotc1z.StoreOptions{TmpDir: tmp})
	require.NoError(t, err)
	_, err = written.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, written.PutResourceTypes(ctx, v2.ResourceType_builder{Id: "user"}.Build()))
	user := &v2.Resource{}
	nameResource(user, "user", 1)
	require.NoError(t, written.PutResources(ctx, user))
	require.NoError(t, written.EndSync(ctx))
	require.NoError(t, written.Close(ctx))

	opened, err := Driver{}.OpenStore(ctx, path, dotc1z.StoreOptions{TmpDir: tmp, ReadOnly: readOnly})
	require.NoError(t, err)
	s := opened.(*store)
	t.Cleanup(func() { s.native.free() })
	metadata, err := call[apipb.GetMetadataResponse](ctx, s.native, getMetadata, &apipb.GetMetadataRequest{})
	require.NoError(t, err)
	for {
		err := os.RemoveAll(filepath.Dir(metadata.GetDatabasePath()))
		if !errors.Is(err, syscall.ENOTEMPTY) {
			require.NoError(t, err)
			return s
		}
	}
}

// The SDK takes codes.NotFound for "there is no such record".
func TestARecordIsNotNotFoundBecauseTheWorkingFolderIsGone(t *testing.T) {
	ctx := context.Background()
	for _, readOnly := range []bool{true, false} {
		s := sweptStore(t, readOnly)
		id := &v2.Resource{}
		nameResource(id, "user", 1)
		_, err := s.GetResource(ctx, reader_v2.ResourcesReaderServiceGetResourceRequest_builder{ResourceId: id.GetId()}.Build())
		require.NotEqual(t, codes.NotFound, status.Code(err), "%v", err)
		_, err = s.ListResources(ctx, &v2.ResourcesServiceListResourcesRequest{})
		require.NotEqual(t, codes.NotFound, status.Code(err), "%v", err)
		_, err = s.Stats(ctx, connectorstore.SyncTypeAny, "")
		require.NotEqual(t, codes.NotFound, status.Code(err), "%v", err)
		require.NoError(t, s.Close(ctx), "nothing was changed")
	}
}

func TestChangesWithoutAWorkingFolderAreNotPassedOver(t *testing.T) {
	ctx := context.Background()
	s := sweptStore(t, false)
	_, err := s.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	if err == nil {
		err = s.EndSync(ctx)
	}
	if err != nil {
		require.NotEqual(t, codes.NotFound, status.Code(err), "%v", err)
	}
	err = s.Close(ctx)
	if err != nil {
		require.ErrorIs(t, err, dotc1z.ErrArtifactUnusable)
		require.NotEqual(t, codes.NotFound, status.Code(err), "%v", err)
	}
}
