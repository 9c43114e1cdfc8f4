package c1z_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	c1z "example.com/libc1z/go"
)

func openBy(t *testing.T, driver c1z.Driver, path string, options dotc1z.StoreOptions) c1zstore.Store {
	t.Helper()
	if options.TmpDir == "" {
		options.TmpDir = t.TempDir()
	}
	store, err := driver.OpenStore(context.Background(), path, options)
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close(context.Background()) })
	return store
}

// finishedSync makes a sync and returns its id.
func finishedSync(t *testing.T, store c1zstore.Store) string {
	t.Helper()
	syncID, err := store.StartNewSync(context.Background(), connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, store.EndSync(context.Background()))
	return syncID
}

// savedSyncs are the ids of the syncs in a file.
func savedSyncs(t *testing.T, path string) []string {
	t.Helper()
	header, err := c1z.ReadHeader(path)
	require.NoError(t, err)
	var syncs []string
	for _, run := range header.SyncRuns {
		syncs = append(syncs, run.GetSyncId())
	}
	return syncs
}

func TestOfTwoStoresOnOneFileTheLastToCloseWins(t *testing.T) {
	ctx, path := context.Background(), newPath(t)
	one, other := openPath(t, path), openPath(t, path)
	lost, kept := finishedSync(t, one), finishedSync(t, other)
	require.NoError(t, one.Close(ctx))
	require.Equal(t, []string{lost}, savedSyncs(t, path))
	require.NoError(t, other.Close(ctx))
	require.Equal(t, []string{kept}, savedSyncs(t, path))
}

func TestADriverThatRefusesConflictsSaysWhenSomebodyElseHasSavedTheFile(t *testing.T) {
	ctx, path := context.Background(), newPath(t)
	driver := c1z.Driver{RefuseConflicts: true}
	one, other := openBy(t, driver, path, dotc1z.StoreOptions{}), openBy(t, driver, path, dotc1z.StoreOptions{})
	first, second := finishedSync(t, one), finishedSync(t, other)
	require.NoError(t, one.Close(ctx))

	err := other.Close(ctx)
	require.Equal(t, codes.Aborted, status.Code(err), "%v", err)
	require.ErrorIs(t, err, dotc1z.ErrArtifactUnusable)
	var failure *c1z.Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "CONFLICT", failure.Reason())
	require.Equal(t, []string{first}, savedSyncs(t, path))

	require.NoError(t, other.(interface{ Overwrite(context.Context) error }).Overwrite(ctx))
	require.NoError(t, other.Close(ctx))
	require.Equal(t, []string{second}, savedSyncs(t, path))
}

func TestPathsThatAreNotUTF8WorkInEveryCall(t *testing.T) {
	ctx := context.Background()
	folder := filepath.Join(t.TempDir(), "folder \xff")
	require.NoError(t, os.Mkdir(folder, 0o700))
	path, clone := filepath.Join(folder, "\xfe.c1z"), filepath.Join(folder, "\xfd.c1z")
	store := openBy(t, c1z.Driver{}, path, dotc1z.StoreOptions{TmpDir: folder})
	syncID := finishedSync(t, store)
	require.NoError(t, store.FileOps().CloneSync(ctx, clone, syncID))
	require.NoError(t, store.Close(ctx))

	require.NoError(t, openPath(t, path, dotc1z.WithReadOnly(true), dotc1z.WithTmpDir(folder)).Close(ctx))
	for _, path := range []string{path, clone} {
		require.Equal(t, []string{syncID}, savedSyncs(t, path))
		schema, err := c1z.Schema(path)
		require.NoError(t, err)
		require.NotEmpty(t, schema.GetFile())
		report, err := c1z.Verify(ctx, path, c1z.VerifyOptions{TmpDir: folder})
		require.NoError(t, err)
		require.True(t, report.OK(), report.Text)
		records := 0
		for _, err := range c1z.Inspect(ctx, path, c1z.InspectOptions{TmpDir: folder}) {
			require.NoError(t, err)
			records++
		}
		require.NotZero(t, records)
	}
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, left, 2)

	_, err = c1z.Driver{}.OpenStore(ctx, filepath.Join(folder, "missing.c1z"), dotc1z.StoreOptions{ReadOnly: true})
	require.Equal(t, codes.NotFound, status.Code(err), "%v", err)
	require.ErrorContains(t, err, "missing.c1z")
}

func TestAPlaceWhereNothingCanBeSavedIsRefusedAtOnce(t *testing.T) {
	ctx, folder := context.Background(), t.TempDir()
	empty := filepath.Join(folder, "empty.c1z")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for _, test := range []struct {
		path     string
		readOnly bool
		code     codes.Code
	}{
		{path: filepath.Join(folder, "missing", "test.c1z"), code: codes.FailedPrecondition},
		{path: filepath.Join(empty, "test.c1z"), code: codes.FailedPrecondition},
		{path: filepath.Join(folder, "new.c1z") + "/", code: codes.InvalidArgument},
		{path: folder, code: codes.InvalidArgument},
		{path: os.DevNull, code: codes.InvalidArgument},
		{path: os.DevNull, readOnly: true, code: codes.InvalidArgument},
		{path: empty, readOnly: true, code: codes.FailedPrecondition},
	} {
		_, err := c1z.Driver{}.OpenStore(ctx, test.path, dotc1z.StoreOptions{TmpDir: t.TempDir(), ReadOnly: test.readOnly})
		require.Equal(t, test.code, status.Code(err), "%s: %v", test.path, err)
	}
}
