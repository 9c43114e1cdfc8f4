package c1z_test

import (
	"context"
	"os"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// syncLister is what the SDK's sanitizer and converters assert on a store.
type syncLister interface {
	ListSyncRuns(ctx context.Context, pageToken string, pageSize uint32) ([]*c1zstore.SyncRun, string, error)
	SetSupportsDiff(ctx context.Context, syncID string) error
	StartNewSyncWithID(ctx context.Context, syncType connectorstore.SyncType, syncID, parentSyncID string) (string, error)
	Stats(ctx context.Context, syncType connectorstore.SyncType, syncID string) (map[string]int64, error)
}

func TestASyncIsStoppedAndResumedInAnotherProcess(t *testing.T) {
	ctx, path := context.Background(), newPath(t)
	store := openPath(t, path)
	started, isNew, err := store.StartOrResumeSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.True(t, isNew)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
	require.NoError(t, store.CheckpointSync(ctx, `{"step":"grants"}`))
	require.NoError(t, store.SessionStore().Set(ctx, "k", []byte("v"), session(started)))
	require.NoError(t, store.Close(ctx))

	store = openPath(t, path)
	resumed, isNew, err := store.StartOrResumeSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.False(t, isNew)
	require.Equal(t, started, resumed)
	step, err := store.CurrentSyncStep(ctx)
	require.NoError(t, err)
	require.Equal(t, `{"step":"grants"}`, step)
	value, found, err := store.SessionStore().Get(ctx, "k", session(started))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, []byte("v"), value)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u2")))
	require.NoError(t, store.EndSync(ctx))

	step, err = store.CurrentSyncStep(ctx)
	require.NoError(t, err)
	require.Empty(t, step)
	counts, err := store.SyncMeta().Stats(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.EqualValues(t, 2, counts["grants"])
}

func TestASyncThatHasEndedCanBeResumedByItsId(t *testing.T) {
	ctx := context.Background()
	store, syncID := startedStore(t)
	require.NoError(t, store.EndSync(ctx))
	resumed, err := store.ResumeSync(ctx, connectorstore.SyncTypeFull, syncID)
	require.NoError(t, err)
	require.Equal(t, syncID, resumed)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
	require.NoError(t, store.EndSync(ctx))

	_, _, err = store.StartOrResumeSync(ctx, connectorstore.SyncTypeFull, "unknown")
	require.Equal(t, codes.NotFound, status.Code(err))
	_, err = store.ResumeSync(ctx, connectorstore.SyncTypeFull, "unknown")
	require.Equal(t, codes.NotFound, status.Code(err))
}

func TestSyncTypesAreChecked(t *testing.T) {
	ctx := context.Background()
	store := openPath(t, newPath(t))
	for _, test := range []struct {
		syncType connectorstore.SyncType
		parent   string
		code     codes.Code
	}{
		{"", "", codes.InvalidArgument},
		{"partial_upserts", "", codes.InvalidArgument},
		{connectorstore.SyncTypeFull, "parent", codes.InvalidArgument},
		{connectorstore.SyncTypeResourcesOnly, "parent", codes.InvalidArgument},
		{connectorstore.SyncTypePartial, "parent", codes.OK},
	} {
		_, err := store.StartNewSync(ctx, test.syncType, test.parent)
		require.Equal(t, test.code, status.Code(err), "%q with parent %q: %v", test.syncType, test.parent, err)
	}
}

func TestSyncRunsTellAllThatIsKnown(t *testing.T) {
	ctx := context.Background()
	store, first := startedStore(t)
	lister, ok := store.(syncLister)
	require.True(t, ok)
	meta := store.SyncMeta()
	verifier, ok := meta.(c1zstore.IngestInvariantVerificationWriter)
	require.True(t, ok)
	passed := c1zstore.IngestInvariantVerification{
		Generation: "1", Coverage: []string{"I5", "I10"}, Mode: c1zstore.IngestInvariantVerificationModeConnector,
	}

	require.NoError(t, store.PutResourceTypes(ctx, resourceType("user")))
	require.NoError(t, store.PutResources(ctx, resource("user", "u1"), resource("user", "u2")))
	require.Error(t, verifier.MarkIngestInvariantsVerified(ctx, first, passed), "only of a sync that has ended")
	require.NoError(t, lister.SetSupportsDiff(ctx, first))
	before := time.Now().Add(-time.Minute)
	require.NoError(t, store.EndSync(ctx))
	require.Error(t, verifier.MarkIngestInvariantsVerified(ctx, first, c1zstore.IngestInvariantVerification{Generation: "1"}))
	require.NoError(t, verifier.MarkIngestInvariantsVerified(ctx, first, passed))
	second, err := store.StartNewSync(ctx, connectorstore.SyncTypePartial, first)
	require.NoError(t, err)

	runs, next, err := lister.ListSyncRuns(ctx, "", 1)
	require.NoError(t, err)
	require.Len(t, runs, 1)
	require.NotEmpty(t, next)
	rest, _, err := lister.ListSyncRuns(ctx, next, 10)
	require.NoError(t, err)
	require.Len(t, rest, 1)

	full, unfinished := runs[0], rest[0]
	if full.ID == second { // Ids order syncs to the second only.
		full, unfinished = unfinished, full
	}
	require.Equal(t, first, full.ID)
	require.Equal(t, connectorstore.SyncTypeFull, full.Type)
	require.True(t, full.SupportsDiff)
	require.False(t, full.Compacted)
	require.True(t, full.UsableAsReplaySource())
	require.Equal(t, passed, full.IngestInvariantVerification)
	require.NotNil(t, full.EndedAt)
	require.True(t, full.EndedAt.After(before) && full.StartedAt.After(before))
	require.EqualValues(t, 2, full.Stats.GetResources())
	require.Equal(t, second, unfinished.ID)
	require.Equal(t, first, unfinished.ParentSyncID)
	require.Nil(t, unfinished.EndedAt)
	require.False(t, unfinished.IsVerified())

	latest, err := meta.LatestFinishedSyncOfAnyType(ctx)
	require.NoError(t, err)
	require.Equal(t, full, latest)
	id, err := store.(connectorstore.LatestFinishedSyncIDFetcher).LatestFinishedSyncID(ctx, connectorstore.SyncTypePartial)
	require.NoError(t, err)
	require.Empty(t, id)
	none, err := store.GetLatestFinishedSync(ctx, reader_v2.SyncsReaderServiceGetLatestFinishedSyncRequest_builder{SyncType: "partial"}.Build())
	require.NoError(t, err)
	require.Nil(t, none.GetSync())

	counts, err := lister.Stats(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"resource_types": 1, "resources": 2, "entitlements": 0, "grants": 0, "assets": 0, "user": 2}, counts)
	_, err = lister.Stats(ctx, connectorstore.SyncTypePartial, first)
	require.Equal(t, codes.InvalidArgument, status.Code(err))
	require.NoError(t, meta.RecalculateStats(ctx, first))

	require.NoError(t, verifier.ClearIngestInvariantVerification(ctx, first))
	latest, err = meta.LatestFullSync(ctx)
	require.NoError(t, err)
	require.False(t, latest.IsVerified())
	require.Equal(t, codes.NotFound, status.Code(meta.MarkSyncSupportsDiff(ctx, "2mQ0QXrMwQFGMJzTqpFvPcZcTtE")))
}

func TestASyncKeepsTheIdItIsGiven(t *testing.T) {
	ctx := context.Background()
	const id = "2mQ0QXrMwQFGMJzTqpFvPcZcTtE"
	store := openPath(t, newPath(t)).(syncLister)
	started, err := store.StartNewSyncWithID(ctx, connectorstore.SyncTypeFull, id, "")
	require.NoError(t, err)
	require.Equal(t, id, started)
	_, err = store.StartNewSyncWithID(ctx, connectorstore.SyncTypeFull, "", "")
	require.Equal(t, codes.InvalidArgument, status.Code(err))
}

func TestCleanupKeepsWhatOptionsAndEnvironmentSay(t *testing.T) {
	for _, test := range []struct {
		name        string
		options     []dotc1z.C1ZOption
		environment map[string]string
		left        int
	}{
		{name: "two by default", left: 2},
		{name: "option", options: []dotc1z.C1ZOption{dotc1z.WithSyncLimit(3)}, left: 3},
		{name: "environment", environment: map[string]string{"BATON_KEEP_SYNC_COUNT": "1"}, left: 1},
		{name: "option before environment", options: []dotc1z.C1ZOption{dotc1z.WithSyncLimit(3)}, environment: map[string]string{"BATON_KEEP_SYNC_COUNT": "1"}, left: 3},
		{name: "skipped by option", options: []dotc1z.C1ZOption{dotc1z.WithSkipCleanup(true)}, left: 4},
		{name: "skipped by environment", environment: map[string]string{"BATON_SKIP_CLEANUP": "true"}, left: 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, name := range []string{"BATON_KEEP_SYNC_COUNT", "BATON_SKIP_CLEANUP"} {
				t.Setenv(name, test.environment[name])
			}
			ctx := context.Background()
			store := openPath(t, newPath(t), test.options...)
			for range 4 {
				_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
				require.NoError(t, err)
				require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
				require.NoError(t, store.EndSync(ctx))
			}
			require.NoError(t, store.Cleanup(ctx))
			syncs, err := store.ListSyncs(ctx, &reader_v2.SyncsReaderServiceListSyncsRequest{})
			require.NoError(t, err)
			require.Len(t, syncs.GetSyncs(), test.left)
		})
	}
}

func TestAStoreThatWasNeverWrittenLeavesNoFile(t *testing.T) {
	path := newPath(t)
	require.NoError(t, openPath(t, path).Close(context.Background()))
	_, err := os.Stat(path)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestTheLatestSyncIsTheOneThatEndedLast: ids order syncs to the second at best, and not at all when they are given.
func TestTheLatestSyncIsTheOneThatEndedLast(t *testing.T) {
	ctx, path := context.Background(), newPath(t)
	store := openPath(t, path)
	const greatest, middle, least = "2zQ0QXrMwQFGMJzTqpFvPcZcTtE", "2mQ0QXrMwQFGMJzTqpFvPcZcTtE", "1aQ0QXrMwQFGMJzTqpFvPcZcTtE"
	for _, run := range []struct {
		id       string
		syncType connectorstore.SyncType
	}{{greatest, connectorstore.SyncTypeFull}, {least, connectorstore.SyncTypeFull}, {middle, connectorstore.SyncTypePartial}} {
		_, err := store.(syncLister).StartNewSyncWithID(ctx, run.syncType, run.id, "")
		require.NoError(t, err)
		require.NoError(t, store.PutResourceTypes(ctx, resourceType("of "+run.id)))
		require.NoError(t, store.EndSync(ctx))
	}
	requireLatest := func(full, any string) {
		t.Helper()
		latest, err := store.SyncMeta().LatestFullSync(ctx)
		require.NoError(t, err)
		require.Equal(t, full, latest.ID)
		latest, err = store.SyncMeta().LatestFinishedSyncOfAnyType(ctx)
		require.NoError(t, err)
		require.Equal(t, any, latest.ID)
		finished, err := store.GetLatestFinishedSync(ctx, reader_v2.SyncsReaderServiceGetLatestFinishedSyncRequest_builder{SyncType: "full"}.Build())
		require.NoError(t, err)
		require.Equal(t, full, finished.GetSync().GetId())
		shown, err := store.ListResourceTypes(ctx, &v2.ResourceTypesServiceListResourceTypesRequest{})
		require.NoError(t, err)
		require.Equal(t, []string{"of " + any}, ids(shown.GetList(), (*v2.ResourceType).GetId))
	}
	requireLatest(least, middle)
	require.NoError(t, store.Close(ctx))
	store = openPath(t, path)
	requireLatest(least, middle)

	_, err := store.ResumeSync(ctx, connectorstore.SyncTypeFull, greatest)
	require.NoError(t, err)
	require.NoError(t, store.EndSync(ctx), "which ends it anew")
	requireLatest(greatest, greatest)
}
