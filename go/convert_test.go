package c1z_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/synccompactor"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	c1z "example.com/libc1z/go"
)

// sqliteFile is a file of the SDK's SQLite engine that fill has filled.
func sqliteFile(t *testing.T, fill func(store c1zstore.Store), options ...dotc1z.C1ZOption) string {
	t.Helper()
	path := newPath(t)
	options = append([]dotc1z.C1ZOption{
		dotc1z.WithEngine(c1zstore.EngineSQLite), dotc1z.WithTmpDir(t.TempDir()),
		dotc1z.WithPragma("journal_mode", "OFF"), dotc1z.WithPragma("synchronous", "OFF"),
	}, options...)
	store, err := dotc1z.NewStore(context.Background(), path, options...)
	require.NoError(t, err)
	fill(store)
	require.NoError(t, store.Close(context.Background()))
	return path
}

// converted is the file made of one of format v1, without a loss.
func converted(t *testing.T, path string) (string, []c1z.ConvertedSync) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "converted.c1z")
	result, err := c1z.Convert(context.Background(), path, out, c1z.WithConvertTmpDir(t.TempDir()))
	require.NoError(t, err)
	require.Empty(t, result.Losses)
	report, err := c1z.Verify(context.Background(), out, c1z.VerifyOptions{})
	require.NoError(t, err)
	require.True(t, report.OK(), report.Text)
	return out, result.Syncs
}

// TestAConvertedFileAnswersAsTheSDKsSQLiteEngineDoes asks for everything in every sync of a file before and after.
func TestAConvertedFileAnswersAsTheSDKsSQLiteEngineDoes(t *testing.T) {
	for _, seed := range seeds(3) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			w := newWorkload(t, seed, false, c1zstore.EngineSQLite)
			w.run(40)
			w.close()
			out, syncs := converted(t, w.contenders[0].path)
			require.Len(t, syncs, 2)
			w.contenders = append(w.contenders, &contender{engine: c1z.Engine, path: out})
			for _, sync := range syncs {
				for _, c := range w.contenders {
					c.syncID = sync.ID
				}
				w.open(dotc1z.WithReadOnly(true))
				w.bind()
				w.compare("when converted")
				w.close()
			}
		})
	}
}

func runsOfStore(t *testing.T, path string) []*c1zstore.SyncRun {
	t.Helper()
	store, err := dotc1z.NewStore(context.Background(), path, dotc1z.WithReadOnly(true), dotc1z.WithTmpDir(t.TempDir()))
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close(context.Background())) }()
	lister := store.(interface {
		ListSyncRuns(ctx context.Context, pageToken string, pageSize uint32) ([]*c1zstore.SyncRun, string, error)
	})
	runs, next, err := lister.ListSyncRuns(context.Background(), "", 100)
	require.NoError(t, err)
	require.Empty(t, next)
	return runs
}

// pendingIDs are the grants whose expansion is pending in the newest unfinished sync.
func pendingIDs(t *testing.T, path, syncID string) []string {
	t.Helper()
	ctx := context.Background()
	store, err := dotc1z.NewStore(ctx, path, dotc1z.WithReadOnly(true), dotc1z.WithTmpDir(t.TempDir()))
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close(ctx)) }()
	require.NoError(t, store.SetCurrentSync(ctx, syncID))
	page, _, err := store.Grants().PendingExpansionPage(ctx, "")
	require.NoError(t, err)
	var found []string
	for _, pending := range page {
		found = append(found, fmt.Sprint(pending.GrantExternalID, pending.Annotation.GetEntitlementIds(), pending.Annotation.GetShallow()))
	}
	return found
}

// TestSyncsOfAConvertedFileAreThoseOfTheSDK has a finished and an unfinished sync, tokens, sessions, expansion that is pending,
// and grants that the SDK stores in parts.
func TestSyncsOfAConvertedFileAreThoseOfTheSDK(t *testing.T) {
	require.NoError(t, c1z.Register())
	ctx := context.Background()
	for _, slim := range []bool{false, true} {
		var first, second string
		path := sqliteFile(t, func(store c1zstore.Store) {
			var err error
			first, err = store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
			require.NoError(t, err)
			require.NoError(t, store.PutGrants(ctx, grant("g", "u")))
			require.NoError(t, store.CheckpointSync(ctx, `{"step_durations_ms":{"grants":4}}`))
			require.NoError(t, store.EndSync(ctx))
			require.NoError(t, store.SyncMeta().MarkSyncSupportsDiff(ctx, first))
			second, err = store.StartNewSync(ctx, connectorstore.SyncTypePartial, first)
			require.NoError(t, err)
			require.NoError(t, store.PutGrants(ctx,
				grant("g", "pending", v2.GrantExpandable_builder{EntitlementIds: []string{"group:h:member"}, Shallow: true}.Build()),
				grant("g", "plain"),
			))
			require.NoError(t, store.PutAsset(ctx, v2.AssetRef_builder{Id: "icon"}.Build(), "image/png", []byte("png")))
			require.NoError(t, store.SessionStore().Set(ctx, "page", []byte("7"), session(second)))
			require.NoError(t, store.CheckpointSync(ctx, "going on"))
		}, dotc1z.WithV2GrantsWriter(slim))

		out, syncs := converted(t, path)
		require.Equal(t, []string{first, second}, []string{syncs[0].ID, syncs[1].ID})
		require.Equal(t, c1z.ConvertCounts{Rows: 2, Records: 2}, syncs[1].Grants)
		require.Equal(t, c1z.ConvertCounts{Rows: 1, Records: 1}, syncs[1].SessionValues)
		want, got := runsOfStore(t, path), runsOfStore(t, out)
		require.Len(t, got, len(want))
		for _, runs := range [][]*c1zstore.SyncRun{want, got} {
			slices.SortFunc(runs, func(a, b *c1zstore.SyncRun) int { return strings.Compare(a.ID, b.ID) })
		}
		for i := range want {
			require.Equal(t, want[i].StartedAt.UnixNano(), got[i].StartedAt.UnixNano())
			require.Equal(t, want[i].EndedAt == nil, got[i].EndedAt == nil)
			if want[i].EndedAt != nil {
				require.Equal(t, want[i].EndedAt.UnixNano(), got[i].EndedAt.UnixNano())
			}
			want[i].StartedAt, want[i].EndedAt, want[i].Stats = got[i].StartedAt, got[i].EndedAt, got[i].Stats
			require.Equal(t, want[i], got[i])
		}
		require.Equal(t, []string{"group:g:member:user:pending[group:h:member] true"}, pendingIDs(t, out, second))
		require.Equal(t, pendingIDs(t, path, second), pendingIDs(t, out, second))

		// The sync goes on where it was.
		store := openPath(t, out)
		step, err := store.CurrentSyncStep(ctx)
		require.NoError(t, err)
		require.Equal(t, `{"step_durations_ms":{"grants":4}}`, step, "the finished sync is shown")
		resumed, isNew, err := store.StartOrResumeSync(ctx, connectorstore.SyncTypePartial, second)
		require.NoError(t, err)
		require.Equal(t, []any{second, false}, []any{resumed, isNew})
		step, err = store.CurrentSyncStep(ctx)
		require.NoError(t, err)
		require.Equal(t, "going on", step)
		value, found, err := store.SessionStore().Get(ctx, "page", session(second))
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, "7", string(value))
		require.NoError(t, store.EndSync(ctx))
	}
}

func TestAConversionThatFailsSaysWhyAndLeavesNothing(t *testing.T) {
	ctx, out := context.Background(), filepath.Join(t.TempDir(), "out.c1z")
	_, err := c1z.Convert(ctx, filepath.Join(t.TempDir(), "missing"), out)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Equal(t, codes.NotFound, status.Code(err))

	ours, _ := savedFile(t, func(store c1zstore.Store) { require.NoError(t, store.PutGrants(ctx, grant("g", "u"))) })
	_, err = c1z.Convert(ctx, ours, out)
	require.Equal(t, codes.FailedPrecondition, status.Code(err))

	path := sqliteFile(t, func(store c1zstore.Store) {
		_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
		require.NoError(t, err)
		require.NoError(t, store.EndSync(ctx))
	})
	_, err = c1z.Convert(ctx, path, ours)
	require.Equal(t, codes.AlreadyExists, status.Code(err))
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = c1z.Convert(cancelled, path, out)
	require.ErrorIs(t, err, context.Canceled)
	require.NoFileExists(t, out)
	_, err = c1z.Convert(ctx, path, out, c1z.WithSkipUnreadable())
	require.NoError(t, err)
}

// TestFilesOfFormatV1AreCompacted has a base of format v1, and partials of either format.
func TestFilesOfFormatV1AreCompacted(t *testing.T) {
	ctx := context.Background()
	sync := func(of connectorstore.SyncType, users ...string) func(store c1zstore.Store) {
		return func(store c1zstore.Store) {
			_, err := store.StartNewSync(ctx, of, "")
			require.NoError(t, err)
			for _, user := range users {
				require.NoError(t, store.PutGrants(ctx, grant("g", user)))
			}
			require.NoError(t, store.EndSync(ctx))
		}
	}
	base := &synccompactor.CompactableSync{FilePath: sqliteFile(t, sync(connectorstore.SyncTypeFull, "a", "b"))}
	partials := []*synccompactor.CompactableSync{
		{FilePath: sqliteFile(t, sync(connectorstore.SyncTypePartial, "b", "c"))},
		input(t, connectorstore.SyncTypePartial, putting(t, grant("g", "d"))),
	}
	folder := t.TempDir()
	result, err := c1z.Compact(ctx, folder, append([]*synccompactor.CompactableSync{base}, partials...), c1z.WithSkipGrantExpansion())
	require.NoError(t, err)
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	store := openPath(t, result.FilePath, dotc1z.WithReadOnly(true))
	counts, err := store.SyncMeta().Stats(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.EqualValues(t, 4, counts["grants"])

	_, err = c1z.Compact(ctx, t.TempDir(), []*synccompactor.CompactableSync{base, base})
	require.Equal(t, codes.InvalidArgument, status.Code(err))
}
