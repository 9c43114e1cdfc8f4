package c1z_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	pebbledb "github.com/cockroachdb/pebble/v2"
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	v3 "github.com/conductorone/baton-sdk/pb/c1/storage/v3"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/engine/pebble"
	"github.com/conductorone/baton-sdk/pkg/sourcecache"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	c1z "example.com/libc1z/go"
)

// pebbleFile is a file of the SDK's Pebble engine that fill has filled. It ends no sync.
func pebbleFile(t *testing.T, fill func(store c1zstore.Store, engine *pebble.Engine)) string {
	t.Helper()
	path := newPath(t)
	store, err := dotc1z.NewStore(context.Background(), path, dotc1z.WithEngine(c1zstore.EnginePebble), dotc1z.WithTmpDir(t.TempDir()))
	require.NoError(t, err)
	engine, ok := pebble.AsEngine(store)
	require.True(t, ok)
	fill(store, engine)
	require.True(t, pebble.MarkStoreDirty(store))
	require.NoError(t, store.Close(context.Background()))
	return path
}

// stored is what a file of Pebble holds: every value by its key, but for what is derived or counts bytes.
type stored struct {
	records map[string][]byte
	run     *v3.SyncRunRecord
	stats   *v3.SyncStatsRecord
	graph   []byte
	session map[string][]byte
}

// storedIn reads a file of Pebble. What marks the source cache is not looked at.
func storedIn(t *testing.T, path string) stored {
	t.Helper()
	ctx := context.Background()
	store, err := dotc1z.NewStore(ctx, path, dotc1z.WithReadOnly(true), dotc1z.WithTmpDir(t.TempDir()))
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close(ctx)) }()
	engine, ok := pebble.AsEngine(store)
	require.True(t, ok, "%T", store)
	found := stored{records: map[string][]byte{}, session: map[string][]byte{}}
	// Records and their index entries, scopes' among them.
	for _, span := range [][2][]byte{
		{pebble.ResourceTypeLowerBound(), pebble.AssetUpperBound()},
		{pebble.ResourceByParentLowerBound(), pebble.ResourceBySourceScopeUpperBound()},
	} {
		rows, err := engine.NewIter(&pebbledb.IterOptions{LowerBound: span[0], UpperBound: span[1]})
		require.NoError(t, err)
		for more := rows.First(); more; more = rows.Next() {
			value, err := rows.ValueAndErr()
			require.NoError(t, err)
			found.records[string(rows.Key())] = append([]byte{}, value...)
		}
		require.NoError(t, rows.Close())
	}
	require.NoError(t, engine.IterateAllSyncRuns(ctx, func(run *v3.SyncRunRecord) bool {
		require.Nil(t, found.run)
		found.run = run
		return true
	}))
	found.stats, err = pebble.ReadSyncStatsRecord(ctx, engine, found.run.GetSyncId())
	require.NoError(t, err)
	found.stats.SetWrittenAt(nil)
	found.graph, err = engine.GetEntitlementGraphSidecar(ctx)
	require.NoError(t, err)
	found.session, _, err = store.SessionStore().GetAll(ctx, "", session(found.run.GetSyncId()))
	require.NoError(t, err)
	return found
}

func requireSameStored(t *testing.T, want, got stored) {
	t.Helper()
	require.True(t, proto.Equal(want.run, got.run), "%v\n%v", want.run, got.run)
	require.True(t, proto.Equal(want.stats, got.stats), "%v\n%v", want.stats, got.stats)
	require.Equal(t, want.graph, got.graph)
	require.Equal(t, want.session, got.session)
	for key, value := range want.records {
		require.Equal(t, value, got.records[key], "%q", key)
	}
	require.Len(t, got.records, len(want.records))
}

// convert converts a file to an engine and returns its path.
func convert(t *testing.T, path string, to c1zstore.Engine) (string, *c1z.Converted) {
	t.Helper()
	require.NoError(t, c1z.Register())
	out := filepath.Join(t.TempDir(), "converted.c1z")
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	var done, total uint64
	result, err := c1z.Convert(context.Background(), path, out, c1z.WithConvertTo(to), c1z.WithConvertTmpDir(t.TempDir()),
		c1z.WithConvertProgress(func(d, t uint64) { done, total = d, t }))
	require.NoError(t, err)
	require.Equal(t, total, done)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after, "the input is as it was")
	entries, err := os.ReadDir(filepath.Dir(out))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing lies beside the new file")
	if to == c1z.Engine {
		report, err := c1z.Verify(context.Background(), out, c1z.VerifyOptions{})
		require.NoError(t, err)
		require.True(t, report.OK(), report.Text)
	}
	return out, result
}

// TestFilesOfPebbleComeBackAsTheyWere converts random files of Pebble and compares whatever they can be asked, and then every
// byte of what is stored in the file that is made on the way back.
func TestFilesOfPebbleComeBackAsTheyWere(t *testing.T) {
	for _, hostile := range []bool{false, true} {
		for _, seed := range seeds(2) {
			t.Run(fmt.Sprintf("hostile: %v, seed %d", hostile, seed), func(t *testing.T) {
				w := newWorkload(t, seed, hostile, c1zstore.EnginePebble)
				w.run(40)
				w.close()
				path := w.contenders[0].path
				out, result := convert(t, path, c1z.Engine)
				require.Empty(t, result.Losses)
				require.Equal(t, w.contenders[0].syncID, result.Syncs[0].ID)
				w.contenders = append(w.contenders, &contender{engine: c1z.Engine, path: out, syncID: w.contenders[0].syncID})
				w.open(dotc1z.WithReadOnly(true))
				w.bind()
				w.compare("when converted")
				w.close()
				back, result := convert(t, out, c1zstore.EnginePebble)
				require.Empty(t, result.Losses)
				requireSameStored(t, storedIn(t, path), storedIn(t, back))
			})
		}
	}
}

// TestAllOfASyncOfPebbleIsConverted has what a connector does not write: unknown fields and enum values, times of its own, scopes,
// assets without bytes and large ones, marks, timings, a graph; ended or not.
func TestAllOfASyncOfPebbleIsConverted(t *testing.T) {
	ctx := context.Background()
	for _, ended := range []bool{true, false} {
		var syncID string
		path := pebbleFile(t, func(store c1zstore.Store, engine *pebble.Engine) {
			var err error
			syncID, err = store.StartNewSync(ctx, connectorstore.SyncTypePartial, "a parent elsewhere")
			require.NoError(t, err)
			scoped := sourcecache.WithScope(ctx, "a scope")
			require.NoError(t, store.PutResourceTypes(ctx, resourceType("user")))
			require.NoError(t, store.PutResources(scoped, resource("user", "u"), resource("group", "g")))
			require.NoError(t, store.PutEntitlements(scoped, entitlement("g", "member")))
			require.NoError(t, store.PutGrants(scoped, grant("g", "u"), grant("g", "v", v2.GrantExpandable_builder{
				EntitlementIds: []string{"group:h:member"}, Shallow: true,
			}.Build())))
			strange := v3.GrantRecord_builder{
				ExternalId:   "strange",
				Entitlement:  v3.EntitlementRef_builder{ResourceTypeId: "group", ResourceId: "g", EntitlementId: "x"}.Build(),
				Principal:    v3.PrincipalRef_builder{ResourceTypeId: "user", ResourceId: "u"}.Build(),
				DiscoveredAt: timestamppb.New(time.Unix(7, 8)),
				Expansion:    v3.GrantExpandableRecord_builder{EntitlementIds: []string{"e"}}.Build(),
			}.Build()
			strange.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 777, protowire.VarintType), 5))
			require.NoError(t, engine.PutGrantRecords(ctx, strange))
			large := make([]byte, 5<<20)
			for id, data := range map[string][]byte{"icon": []byte("png"), "none": nil, "large": large} {
				require.NoError(t, store.PutAsset(ctx, v2.AssetRef_builder{Id: id}.Build(), "image/png", data))
			}
			require.NoError(t, store.CheckpointSync(ctx, `{"step_durations_ms":{"grants":4},"ingest_quality":{"grants_dropped":2}}`))
			require.NoError(t, store.SyncMeta().MarkSyncSupportsDiff(ctx, syncID))
			require.NoError(t, store.SessionStore().Set(ctx, "page", []byte("7"), session(syncID)))
			require.NoError(t, store.EndSync(ctx))
			require.NoError(t, engine.PutEntitlementGraphSidecar(ctx, []byte("a graph")))
			run, err := engine.GetSyncRunRecord(ctx, syncID)
			require.NoError(t, err)
			run.SetStartedAt(timestamppb.New(time.Unix(100, 1)))
			run.SetEndedAt(timestamppb.New(time.Unix(200, 2)))
			run.SetCompacted(true)
			run.SetIngestInvariantGeneration("1")
			run.SetIngestInvariantCoverage([]string{"I5"})
			run.SetIngestInvariantMode("connector")
			if !ended {
				run.SetEndedAt(nil)
			}
			require.NoError(t, engine.PutSyncRunRecord(ctx, run))
		})
		out, result := convert(t, path, c1z.Engine)
		require.Empty(t, result.Losses)
		require.Equal(t, []c1z.ConvertedSync{{
			ID: syncID, Type: connectorstore.SyncTypePartial, Ended: ended,
			ResourceTypes: c1z.ConvertCounts{Rows: 1, Records: 1}, Resources: c1z.ConvertCounts{Rows: 2, Records: 2},
			Entitlements: c1z.ConvertCounts{Rows: 1, Records: 1}, Grants: c1z.ConvertCounts{Rows: 3, Records: 3},
			Assets: c1z.ConvertCounts{Rows: 3, Records: 3}, SessionValues: c1z.ConvertCounts{Rows: 1, Records: 1},
		}}, result.Syncs)
		runs := runsOfStore(t, out)
		require.Len(t, runs, 1)
		require.Equal(t, time.Unix(100, 1).UTC(), runs[0].StartedAt.UTC())
		require.True(t, runs[0].Compacted && runs[0].SupportsDiff)
		if ended {
			require.Equal(t, map[string]int64{"grants": 4}, runs[0].Stats.GetStepDurationsMs())
		}
		back, result := convert(t, out, c1zstore.EnginePebble)
		require.Empty(t, result.Losses)
		requireSameStored(t, storedIn(t, path), storedIn(t, back))
	}
}

// TestTheSourceCacheOfPebbleIsLeftBehindButForScopes is what a merge does, too.
func TestTheSourceCacheOfPebbleIsLeftBehindButForScopes(t *testing.T) {
	ctx := context.Background()
	path := pebbleFile(t, func(store c1zstore.Store, _ *pebble.Engine) {
		_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
		require.NoError(t, err)
		cache := store.(dotc1z.SourceCacheStore)
		for _, scope := range []string{"a", "b"} {
			require.NoError(t, store.PutResources(sourcecache.WithScope(ctx, scope), resource("user", "u"), resource("user", scope)))
			require.NoError(t, cache.PutSourceCacheEntry(ctx, sourcecache.RowKindResources, scope, "etag"))
		}
		require.NoError(t, store.EndSync(ctx))
	})
	out, result := convert(t, path, c1z.Engine)
	var counts []int64
	for _, loss := range result.Losses {
		require.Equal(t, "SOURCE_CACHE", loss.Kind)
		counts = append(counts, loss.Count)
	}
	require.Equal(t, []int64{3}, counts, "two entries and the mark of the scope that lost a row")
	_, found, err := openPath(t, out, dotc1z.WithReadOnly(true)).(dotc1z.SourceCacheStore).
		LookupSourceCacheEntry(ctx, sourcecache.RowKindResources, "b")
	require.NoError(t, err)
	require.False(t, found)
	back, _ := convert(t, out, c1zstore.EnginePebble)
	requireSameStored(t, storedIn(t, path), storedIn(t, back))
}

func TestOfSeveralSyncsOneBecomesAFileOfPebble(t *testing.T) {
	ctx := context.Background()
	path := newPath(t)
	store := openPath(t, path)
	var syncs []string
	for i := range 3 {
		syncID, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
		require.NoError(t, err)
		require.NoError(t, store.PutGrants(ctx, grant("g", fmt.Sprint("u", i))))
		if i == 0 {
			values := map[string][]byte{"page": []byte("1")}
			require.NoError(t, store.(interface {
				CommitPage(ctx context.Context, page *c1z.Page) error
			}).CommitPage(ctx, &c1z.Page{Values: values}))
		}
		if i < 2 {
			require.NoError(t, store.EndSync(ctx))
		}
		syncs = append(syncs, syncID)
	}
	require.NoError(t, store.Close(ctx))

	back, result := convert(t, path, c1zstore.EnginePebble)
	require.Equal(t, syncs[1], storedIn(t, back).run.GetSyncId(), "the newest that has ended")
	require.Equal(t, []c1z.ConvertLoss{{Kind: "SYNC", Count: 2, Examples: []string{syncs[0], syncs[2]}}}, result.Losses)
	for i, syncID := range syncs {
		out := filepath.Join(t.TempDir(), "out.c1z")
		result, err := c1z.Convert(ctx, path, out, c1z.WithConvertTo(c1zstore.EnginePebble), c1z.WithConvertSync(syncID))
		require.NoError(t, err)
		found := storedIn(t, out)
		require.Equal(t, syncID, found.run.GetSyncId())
		require.Equal(t, i == 2, found.run.GetEndedAt() == nil)
		kinds := []string{}
		for _, loss := range result.Losses {
			kinds = append(kinds, loss.Kind)
		}
		require.Equal(t, i == 0, len(kinds) == 2 && kinds[1] == "NAMED_VALUE", "%v", kinds)
	}
	_, err := c1z.Convert(ctx, path, newPath(t), c1z.WithConvertTo(c1zstore.EnginePebble), c1z.WithConvertSync("none"))
	require.Equal(t, codes.NotFound, status.Code(err))
}

func TestAPebbleFileThatCannotBeConvertedSaysWhyAndLeavesNothing(t *testing.T) {
	ctx := context.Background()
	folder := t.TempDir()
	out := filepath.Join(folder, "out.c1z")
	var path string
	damage := func(change func(engine *pebble.Engine)) {
		path = pebbleFile(t, func(store c1zstore.Store, engine *pebble.Engine) {
			_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
			require.NoError(t, err)
			require.NoError(t, store.PutGrants(ctx, grant("g", "u")))
			change(engine)
			require.NoError(t, store.EndSync(ctx))
		})
	}
	damage(func(engine *pebble.Engine) {
		record := v3.ResourceRecord_builder{ResourceTypeId: "user", ResourceId: "u", SourceScopeKey: string(make([]byte, 300))}.Build()
		require.NoError(t, engine.PutResourceRecords(ctx, record))
	})
	_, err := c1z.Convert(ctx, path, out)
	require.Equal(t, codes.DataLoss, status.Code(err))
	require.ErrorContains(t, err, path)
	require.ErrorContains(t, err, `resource 0 of the call, "user:u", cannot be read: its source_scope_key has 300 bytes`)
	result, err := c1z.Convert(ctx, path, filepath.Join(t.TempDir(), "out.c1z"), c1z.WithSkipUnreadable())
	require.NoError(t, err)
	require.Equal(t, c1z.ConvertCounts{Rows: 1, Skipped: 1}, result.Syncs[0].Resources)
	require.Equal(t, []string{"UNREADABLE_ROW", "resources"}, []string{result.Losses[0].Kind, result.Losses[0].Table})

	damage(func(*pebble.Engine) {})
	_, err = c1z.Convert(ctx, path, out, c1z.WithConvertTo(c1zstore.EnginePebble))
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	_, err = c1z.Convert(ctx, path, out, c1z.WithConvertTo("another"))
	require.Equal(t, codes.InvalidArgument, status.Code(err))
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	for _, to := range []c1zstore.Engine{c1z.Engine, c1zstore.EngineSQLite} {
		_, err = c1z.Convert(cancelled, path, out, c1z.WithConvertTo(to))
		require.ErrorIs(t, err, context.Canceled)
	}
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, entries)
	require.NoError(t, os.WriteFile(out, []byte("somebody's"), 0o600))
	_, err = c1z.Convert(ctx, path, out)
	require.Equal(t, codes.AlreadyExists, status.Code(err))
}
