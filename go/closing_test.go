package c1z_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"

	c1z "example.com/libc1z/go"
)

// doneContexts are cancelled, or past their deadline.
func doneContexts(t *testing.T) map[string]context.Context {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	expired, cancelExpired := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	t.Cleanup(cancelExpired)
	return map[string]context.Context{"cancelled": cancelled, "expired": expired}
}

// TestADoneContextKeepsTheWorkThatWasDone stops a sync as a syncer does whose time is up: one more checkpoint, an end
// that does not happen, and Close.
func TestADoneContextKeepsTheWorkThatWasDone(t *testing.T) {
	require.NoError(t, c1z.Register())
	for _, engine := range []c1zstore.Engine{c1zstore.EnginePebble, c1z.Engine} {
		for name, done := range doneContexts(t) {
			t.Run(string(engine)+", "+name, func(t *testing.T) {
				ctx, path, tmpDir := context.Background(), newPath(t), t.TempDir()
				store := openPath(t, path, dotc1z.WithEngine(engine), dotc1z.WithTmpDir(tmpDir))
				syncID, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
				require.NoError(t, err)
				require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))

				require.NoError(t, store.CheckpointSync(done, "step"))
				require.ErrorIs(t, store.EndSync(done), done.Err())
				require.NoError(t, store.PutGrants(ctx, grant("g1", "u2")), "the sync is open as before")
				require.NoError(t, store.Close(done))
				left, err := os.ReadDir(tmpDir)
				require.NoError(t, err)
				require.Empty(t, left, "of the working copy")

				store = openPath(t, path)
				resumed, started, err := store.StartOrResumeSync(ctx, connectorstore.SyncTypeFull, "")
				require.NoError(t, err)
				require.False(t, started)
				require.Equal(t, syncID, resumed)
				step, err := store.CurrentSyncStep(ctx)
				require.NoError(t, err)
				require.Equal(t, "step", step)
				grants, err := store.ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{})
				require.NoError(t, err)
				require.Len(t, grants.GetList(), 2)
			})
		}
	}
}

// TestADoneContextClosesAStoreThatHasNothingToSave does so at once, whatever the time that a save may take.
func TestADoneContextClosesAStoreThatHasNothingToSave(t *testing.T) {
	path, _ := savedFile(t, func(c1zstore.Store) {})
	for name, done := range doneContexts(t) {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, openPath(t, path).Close(done))
			require.NoError(t, openPath(t, path, dotc1z.WithReadOnly(true)).Close(done))
			require.NoError(t, c1z.CloseWithin(done, openPath(t, path), time.Nanosecond))
		})
	}
}

// TestACloseThatIsNotDoneInTimeChangesNothing gives closing a nanosecond, then twice as long each time until it is
// enough.
func TestACloseThatIsNotDoneInTimeChangesNothing(t *testing.T) {
	ctx := context.Background()
	path, first := savedFile(t, func(store c1zstore.Store) {
		require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
	})
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	store := openPath(t, path)
	second, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	for group := range 20 {
		var grants []*v2.Grant
		for i := range 500 {
			grants = append(grants, benchmarkedGrant(group, i))
		}
		require.NoError(t, store.PutGrants(ctx, grants...))
	}
	require.NoError(t, store.EndSync(ctx))

	failures := 0
	for timeout := time.Nanosecond; ; timeout *= 2 {
		if err = c1z.CloseWithin(ctx, store, timeout); err == nil {
			break
		}
		failures++
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, dotc1z.ErrArtifactUnusable)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, before, after)
		beside, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		require.Len(t, beside, 1, "nothing lies beside the file")
		grants, err := store.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{ActiveSyncId: second}.Build())
		require.NoError(t, err, "the store is open")
		require.NotEmpty(t, grants.GetList())
	}
	require.NotZero(t, failures)
	t.Logf("closed at the %d. attempt", failures+1)

	saved := openPath(t, path, dotc1z.WithReadOnly(true))
	for syncID, want := range map[string]int64{first: 1, second: 10_000} {
		counts, err := saved.SyncMeta().Stats(ctx, connectorstore.SyncTypeFull, syncID)
		require.NoError(t, err)
		require.Equal(t, want, counts["grants"])
	}
}

// unsavable is a store with unsaved changes whose folder is gone.
func unsavable(t *testing.T, tmpDir string) c1zstore.Store {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "gone")
	require.NoError(t, os.Mkdir(folder, 0o700))
	store, err := c1z.Driver{}.OpenStore(context.Background(), filepath.Join(folder, "test.c1z"), dotc1z.StoreOptions{TmpDir: tmpDir})
	require.NoError(t, err)
	_, err = store.StartNewSync(context.Background(), connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, os.Remove(folder))
	require.ErrorIs(t, store.Close(context.Background()), dotc1z.ErrArtifactUnusable)
	left, err := os.ReadDir(tmpDir)
	require.NoError(t, err)
	require.NotEmpty(t, left, "the store is open")
	return store
}

func TestDiscardRemovesTheWorkingCopyOfAStoreThatCannotBeSaved(t *testing.T) {
	tmpDir := t.TempDir()
	store := unsavable(t, tmpDir)
	discarding := store.(interface{ Discard() error })
	require.NoError(t, discarding.Discard())
	left, err := os.ReadDir(tmpDir)
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoError(t, discarding.Discard(), "of a closed store")
	require.NoError(t, store.Close(context.Background()))
}

// TestAStoreThatNobodyClosesIsCollected waits for the collector, which removes the working copy too.
func TestAStoreThatNobodyClosesIsCollected(t *testing.T) {
	tmpDir := t.TempDir()
	unsavable(t, tmpDir)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		runtime.GC()
		left, err := os.ReadDir(tmpDir)
		require.NoError(t, err)
		if len(left) == 0 {
			return
		}
		require.True(t, time.Now().Before(deadline), "%v is still there", left)
	}
}
