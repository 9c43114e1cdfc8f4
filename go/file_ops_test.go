package c1z_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestASaveThatFailsLeavesTheStoreOpenForAnother(t *testing.T) {
	ctx := context.Background()
	folder := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.Mkdir(folder, 0o700))
	path := filepath.Join(folder, "test.c1z")
	store := openPath(t, path)
	_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
	require.NoError(t, store.EndSync(ctx))

	require.NoError(t, os.Remove(folder))
	require.NoError(t, os.WriteFile(folder, nil, 0o600)) // A file where the folder was.
	err = store.Close(ctx)
	require.ErrorIs(t, err, dotc1z.ErrArtifactUnusable)
	grants, err := store.ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{})
	require.NoError(t, err, "still open")
	require.Len(t, grants.GetList(), 1)

	require.NoError(t, os.Remove(folder))
	require.NoError(t, os.Mkdir(folder, 0o700))
	require.NoError(t, store.Close(ctx))
	reopened := openPath(t, path)
	grants, err = reopened.ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{})
	require.NoError(t, err)
	require.Len(t, grants.GetList(), 1)
}

func TestACancelledSaveLeavesThePreviousFile(t *testing.T) {
	ctx := context.Background()
	path, _ := savedFile(t, func(store c1zstore.Store) {
		require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
	})
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()

	store := openPath(t, path)
	_, err = store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	err = store.(interface{ Save(context.Context) error }).Save(cancelled)
	require.ErrorIs(t, err, context.Canceled)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.NoError(t, store.Close(ctx))
}

func TestSaveKeepsTheStoreOpen(t *testing.T) {
	ctx, path := context.Background(), newPath(t)
	store := openPath(t, path)
	_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
	require.NoError(t, store.(interface{ Save(context.Context) error }).Save(ctx))
	copied := openPath(t, path, dotc1z.WithReadOnly(true))
	syncs, err := copied.ListSyncs(ctx, &reader_v2.SyncsReaderServiceListSyncsRequest{})
	require.NoError(t, err)
	require.Len(t, syncs.GetSyncs(), 1)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u2")))
	size, err := store.(connectorstore.DBSizeProvider).CurrentDBSizeBytes()
	require.NoError(t, err)
	require.Positive(t, size)
}

func TestASyncIsClonedFromAReadOnlyStore(t *testing.T) {
	ctx, path := context.Background(), newPath(t)
	store := openPath(t, path)
	first, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u1"), grant("g1", "u2")))
	require.NoError(t, store.EndSync(ctx))
	_, err = store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u3")))
	require.NoError(t, store.SessionStore().Set(ctx, "k", []byte("v"), session(first)))
	require.NoError(t, store.EndSync(ctx))
	unfinished, err := store.StartNewSync(ctx, connectorstore.SyncTypePartial, first)
	require.NoError(t, err)
	require.NoError(t, store.Close(ctx))

	source := openPath(t, path, dotc1z.WithReadOnly(true))
	for name, clone := range map[string]func(context.Context, string, string, ...c1zstore.CloneSyncOption) error{
		"CloneSync": source.FileOps().CloneSync, "CopyIsolateSync": source.FileOps().CopyIsolateSync,
	} {
		t.Run(name, func(t *testing.T) {
			out := newPath(t)
			require.NoError(t, clone(ctx, out, first, c1zstore.WithCloneTmpDir(t.TempDir())))
			require.Equal(t, codes.AlreadyExists, status.Code(clone(ctx, out, first)), "the target must not exist")
			copied := openPath(t, out)
			runs, _, err := copied.(syncLister).ListSyncRuns(ctx, "", 0)
			require.NoError(t, err)
			require.Len(t, runs, 1)
			require.Equal(t, first, runs[0].ID)
			grants, err := copied.ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{})
			require.NoError(t, err)
			require.Len(t, grants.GetList(), 2)
			_, found, err := copied.SessionStore().Get(ctx, "k", session(first))
			require.NoError(t, err)
			require.False(t, found)

			latest := newPath(t)
			require.NoError(t, clone(ctx, latest, ""))
			grants, err = openPath(t, latest).ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{})
			require.NoError(t, err)
			require.Len(t, grants.GetList(), 1)

			require.Equal(t, codes.NotFound, status.Code(clone(ctx, newPath(t), "2mQ0QXrMwQFGMJzTqpFvPcZcTtE")))
			require.Equal(t, codes.FailedPrecondition, status.Code(clone(ctx, newPath(t), unfinished)))
		})
	}
}

func TestADiffHoldsWhatWasAdded(t *testing.T) {
	ctx := context.Background()
	store, base := startedStore(t)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u1"), grant("g1", "u2")))
	require.NoError(t, store.EndSync(ctx))
	applied, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u2"), grant("g1", "u3")))
	require.NoError(t, store.EndSync(ctx))

	differ, ok := store.FileOps().(interface {
		GenerateSyncDiff(ctx context.Context, baseSyncID, appliedSyncID string) (string, error)
	})
	require.True(t, ok)
	diff, err := differ.GenerateSyncDiff(ctx, base, applied)
	require.NoError(t, err)
	grants, err := store.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{ActiveSyncId: diff}.Build())
	require.NoError(t, err)
	require.Equal(t, []string{"u3"}, ids(grants.GetList(), func(g *v2.Grant) string { return g.GetPrincipal().GetId().GetResource() }))
	_, err = differ.GenerateSyncDiff(ctx, base, base)
	require.Equal(t, codes.InvalidArgument, status.Code(err))
}
