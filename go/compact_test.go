package c1z_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	c1zv3 "github.com/conductorone/baton-sdk/pb/c1/c1z/v3"
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/engine/pebble"
	"github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/conductorone/baton-sdk/pkg/synccompactor"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	c1z "example.com/libc1z/go"
	"example.com/libc1z/go/storetest"
)

// input is a file with one finished sync.
func input(t *testing.T, syncType connectorstore.SyncType, fill func(store c1zstore.Store)) *synccompactor.CompactableSync {
	t.Helper()
	ctx, path := context.Background(), newPath(t)
	store := openPath(t, path)
	syncID, err := store.StartNewSync(ctx, syncType, "")
	require.NoError(t, err)
	fill(store)
	require.NoError(t, store.EndSync(ctx))
	require.NoError(t, store.Close(ctx))
	return &synccompactor.CompactableSync{FilePath: path, SyncID: syncID}
}

// putting is a fill of these grants.
func putting(t *testing.T, grants ...*v2.Grant) func(store c1zstore.Store) {
	return func(store c1zstore.Store) { require.NoError(t, store.PutGrants(context.Background(), grants...)) }
}

// twoInputs are a full sync, which has all that grants refer to, and a partial one.
func twoInputs(t *testing.T) []*synccompactor.CompactableSync {
	t.Helper()
	whole := func(store c1zstore.Store) {
		ctx := context.Background()
		require.NoError(t, store.PutResourceTypes(ctx, resourceType("group"), resourceType("user")))
		require.NoError(t, store.PutResources(ctx, resource("group", "g1"), resource("user", "u1"), resource("user", "u2")))
		require.NoError(t, store.PutEntitlements(ctx, entitlement("g1", "member")))
		putting(t, grant("g1", "u1"))(store)
	}
	return []*synccompactor.CompactableSync{
		input(t, connectorstore.SyncTypeFull, whole),
		input(t, connectorstore.SyncTypePartial, putting(t, grant("g1", "u2"))),
	}
}

// requireEmpty looks for anything that a compaction has left.
func requireEmpty(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestACompactionThatFailsLeavesNothing(t *testing.T) {
	whole := twoInputs(t)
	unfinished := newPath(t)
	store := openPath(t, unfinished)
	_, err := store.StartNewSync(context.Background(), connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, store.Close(context.Background()))
	foreign := newPath(t)
	manifest, err := proto.Marshal(c1zv3.C1ZManifestV3_builder{Engine: "nobody's", PayloadEncoding: c1zv3.PayloadEncoding_PAYLOAD_ENCODING_TAR}.Build())
	require.NoError(t, err)
	head := binary.BigEndian.AppendUint32([]byte("C1Z3\x00"), uint32(len(manifest)))
	require.NoError(t, os.WriteFile(foreign, append(head, manifest...), 0o600))
	v1 := newPath(t)
	require.NoError(t, os.WriteFile(v1, []byte("C1ZF\x00"), 0o600))
	damaged := newPath(t)
	data, err := os.ReadFile(whole[1].FilePath)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(damaged, data[:len(data)-1], 0o600))
	linked := newPath(t)
	require.NoError(t, os.Symlink(whole[0].FilePath, linked))
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	late, cancelLate := context.WithTimeout(context.Background(), 1)
	defer cancelLate()
	<-late.Done()

	background := context.Background()
	for name, test := range map[string]struct {
		ctx     context.Context
		path    string
		options []c1z.CompactOption
		code    codes.Code
		is      error
		says    string
	}{
		"missing":           {ctx: background, path: newPath(t), code: codes.NotFound, is: os.ErrNotExist},
		"unfinished":        {ctx: background, path: unfinished, code: codes.FailedPrecondition, says: unfinished},
		"of another engine": {ctx: background, path: foreign, code: codes.FailedPrecondition, is: pebble.ErrUnknownEngine, says: foreign},
		"damaged v1":        {ctx: background, path: v1, code: codes.DataLoss, says: v1},
		"damaged":           {ctx: background, path: damaged, code: codes.DataLoss, says: damaged},
		"the base":          {ctx: background, path: linked, code: codes.InvalidArgument, says: linked},
		"cancelled":         {ctx: cancelled, path: whole[1].FilePath, code: codes.Canceled, is: context.Canceled},
		"too late":          {ctx: late, path: whole[1].FilePath, code: codes.DeadlineExceeded, is: context.DeadlineExceeded},
		"out of time": {
			ctx: background, path: whole[1].FilePath, options: []c1z.CompactOption{c1z.WithRunDuration(1)},
			code: codes.Unknown, is: context.DeadlineExceeded, says: "compaction run duration has expired",
		},
	} {
		t.Run(name, func(t *testing.T) {
			output, tmpDir := t.TempDir(), t.TempDir()
			inputs := []*synccompactor.CompactableSync{whole[0], {FilePath: test.path}}
			_, err := c1z.Compact(test.ctx, output, inputs, append(test.options, c1z.WithTmpDir(tmpDir))...)
			require.Error(t, err)
			require.Equal(t, test.code, status.Code(err), "%v", err)
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
			}
			require.ErrorContains(t, err, test.says)
			requireEmpty(t, output)
			requireEmpty(t, tmpDir)
		})
	}
}

func TestACompactionThatIsCancelledMidwayLeavesNothing(t *testing.T) {
	inputs := []*synccompactor.CompactableSync{
		input(t, connectorstore.SyncTypeFull, func(store c1zstore.Store) { putMany(t, store, "full", 40_000) }),
		input(t, connectorstore.SyncTypePartial, func(store c1zstore.Store) { putMany(t, store, "partial", 40_000) }),
	}
	cancelled := 0
	for delay := time.Millisecond; ; delay *= 2 {
		ctx, cancel := context.WithTimeoutCause(context.Background(), delay, context.Canceled)
		outputs, tmp := t.TempDir(), t.TempDir()
		result, err := c1z.Compact(ctx, outputs, inputs, c1z.WithTmpDir(tmp), c1z.WithSkipGrantExpansion())
		cancel()
		requireEmpty(t, tmp)
		if err == nil {
			require.FileExists(t, result.FilePath)
			break
		}
		require.ErrorIs(t, err, context.DeadlineExceeded)
		requireEmpty(t, outputs)
		cancelled++
	}
	require.Greater(t, cancelled, 1)
}

// putMany puts grants of an entitlement to so many users.
func putMany(t *testing.T, store c1zstore.Store, prefix string, count int) {
	t.Helper()
	grants := make([]*v2.Grant, count)
	for i := range grants {
		grants[i] = grant("g1", fmt.Sprint(prefix, i))
	}
	putting(t, grants...)(store)
}

func TestCompactNeedsTwoInputsAndAFolder(t *testing.T) {
	ctx, inputs, output := context.Background(), twoInputs(t), t.TempDir()
	for _, few := range [][]*synccompactor.CompactableSync{nil, inputs[:1]} {
		_, err := c1z.Compact(ctx, output, few)
		require.ErrorIs(t, err, synccompactor.ErrNotEnoughFilesToCompact)
	}
	_, err := c1z.Compact(ctx, output, []*synccompactor.CompactableSync{inputs[0], nil})
	require.Equal(t, codes.InvalidArgument, status.Code(err))
	requireEmpty(t, output)
	_, err = c1z.Compact(ctx, filepath.Join(output, "missing"), inputs)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestTheResultHasAnAbsolutePathNamedAfterItsSync(t *testing.T) {
	inputs := twoInputs(t)
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("out", 0o700))
	for _, options := range [][]c1z.CompactOption{nil, {c1z.WithSkipGrantExpansion()}, {c1z.WithRunDuration(time.Hour), c1z.WithFailFastInvariants()}} {
		result, err := c1z.Compact(context.Background(), "out", inputs, options...)
		require.NoError(t, err)
		folder, err := filepath.Abs("out")
		require.NoError(t, err)
		require.Equal(t, filepath.Join(folder, "compacted-"+result.SyncID+".c1z"), result.FilePath)
		runs := runsOf(t, result.FilePath)
		require.Len(t, runs, 1)
		require.Equal(t, result.SyncID, runs[0].GetId())
		require.Equal(t, string(connectorstore.SyncTypeFull), runs[0].GetSyncType())
		require.Empty(t, runs[0].GetParentSyncId())
		require.NotContains(t, []string{inputs[0].SyncID, inputs[1].SyncID}, result.SyncID)
		info, err := os.Stat(result.FilePath)
		require.NoError(t, err)
		require.EqualValues(t, 1, info.Sys().(*syscall.Stat_t).Nlink)
	}
}

func runsOf(t *testing.T, path string) []*reader_v2.SyncRun {
	t.Helper()
	store := openPath(t, path, dotc1z.WithReadOnly(true))
	runs, err := storetest.ListSyncs(context.Background(), store, 100)
	require.NoError(t, err)
	return runs
}

func TestWhatAKilledCompactionLeftIsRemovedByTheNext(t *testing.T) {
	output := t.TempDir()
	abandoned, taken := filepath.Join(output, ".c1z-compact-1"), filepath.Join(output, ".c1z-compact-2")
	for _, folder := range []string{abandoned, taken} {
		require.NoError(t, os.Mkdir(folder, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "compacted.c1z"), []byte("half"), 0o600))
	}
	lock, err := os.Open(taken)
	require.NoError(t, err)
	defer lock.Close()
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	link := filepath.Join(output, ".c1z-compact-3")
	elsewhere := t.TempDir()
	require.NoError(t, os.Symlink(elsewhere, link))

	result, err := c1z.Compact(context.Background(), output, twoInputs(t))
	require.NoError(t, err)
	for _, there := range []string{taken, link, elsewhere, result.FilePath} {
		_, err := os.Lstat(there)
		require.NoError(t, err)
	}
	_, err = os.Lstat(abandoned)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestAFileWithTheNameOfTheResultStays(t *testing.T) {
	output := t.TempDir()
	path := filepath.Join(output, "compacted-x.c1z")
	require.NoError(t, c1z.Publish(output, path, []byte("first")))
	require.ErrorIs(t, c1z.Publish(output, path, []byte("second")), os.ErrExist)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "first", string(data))
	entries, err := os.ReadDir(output)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestCompactionsIntoOneFolderLeaveEachOtherAlone(t *testing.T) {
	inputs, output := twoInputs(t), t.TempDir()
	const many = 8
	failures := make(chan error, many)
	for range many {
		go func() {
			_, err := c1z.Compact(context.Background(), output, inputs)
			failures <- err
		}()
	}
	for range many {
		require.NoError(t, <-failures)
	}
	entries, err := os.ReadDir(output)
	require.NoError(t, err)
	require.Len(t, entries, many)
}

// TestAnExpansionThatFailsLeavesNothing expands a grant to somebody who is not what the source entitlement is of, which the
// syncer refuses.
func TestAnExpansionThatFailsLeavesNothing(t *testing.T) {
	ctx, output, tmpDir := context.Background(), t.TempDir(), t.TempDir()
	inputs := []*synccompactor.CompactableSync{
		input(t, connectorstore.SyncTypeFull, func(store c1zstore.Store) {
			require.NoError(t, store.PutEntitlements(ctx, entitlement("g1", "member"), entitlement("g2", "member")))
		}),
		input(t, connectorstore.SyncTypePartial, putting(t, grant("g1", "u1", v2.GrantExpandable_builder{
			EntitlementIds: []string{entitlement("g2", "member").GetId()},
		}.Build()))),
	}
	_, err := c1z.Compact(ctx, output, inputs, c1z.WithTmpDir(tmpDir))
	require.ErrorContains(t, err, "expand grants: ")
	requireEmpty(t, output)
	requireEmpty(t, tmpDir)
	_, err = c1z.Compact(ctx, output, inputs, c1z.WithTmpDir(tmpDir), c1z.WithSkipGrantExpansion())
	require.NoError(t, err)
}

// TestAssetsAreMerged is the one difference from the SDK's compactors, which drop them.
func TestAssetsAreMerged(t *testing.T) {
	ctx := context.Background()
	putIcon := func(data string) func(store c1zstore.Store) {
		return func(store c1zstore.Store) {
			require.NoError(t, store.PutAsset(ctx, v2.AssetRef_builder{Id: "icon"}.Build(), "image/png", []byte(data)))
		}
	}
	inputs := []*synccompactor.CompactableSync{
		input(t, connectorstore.SyncTypeFull, putIcon("old")), input(t, connectorstore.SyncTypePartial, putIcon("new")),
	}
	result, err := c1z.Compact(ctx, t.TempDir(), inputs)
	require.NoError(t, err)
	store := openPath(t, result.FilePath)
	require.NoError(t, store.SetCurrentSync(ctx, result.SyncID))
	got := storetest.Read(ctx, store, storetest.Questions{SyncID: result.SyncID, PageSize: 10, Assets: []string{"icon"}})
	require.Equal(t, storetest.Asset{ContentType: "image/png", Data: "new"}, got["GetAsset icon"])
}

// TestOfRecordsOfOneTimeThatOfTheNewestInputWins makes them with the expander's write, which keeps a grant's time.
func TestOfRecordsOfOneTimeThatOfTheNewestInputWins(t *testing.T) {
	require.NoError(t, c1z.Register())
	ctx := context.Background()
	const copies = 4
	for _, c := range []compactor{{name: "ours", engine: c1z.Engine}, overlay, kway, fold} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			var inputs []*synccompactor.CompactableSync
			var original []byte
			for i := range copies {
				path := filepath.Join(folder, string(rune('a'+i))+".c1z")
				if i > 0 {
					require.NoError(t, os.WriteFile(path, original, 0o600))
				}
				store, err := dotc1z.NewStore(ctx, path, dotc1z.WithEngine(c.engine), dotc1z.WithTmpDir(folder))
				require.NoError(t, err)
				if i == 0 {
					_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
					require.NoError(t, err)
					require.NoError(t, store.PutGrants(ctx, grant("g1", "u1"), grant("g1", "u2")))
				} else {
					require.NoError(t, store.SetCurrentSync(ctx, inputs[0].SyncID))
					derived := grant("g1", "u1")
					derived.SetSources(sourcesOf(string(rune('a' + i))))
					require.NoError(t, store.Grants().StoreExpandedGrants(ctx, derived))
				}
				require.NoError(t, store.EndSync(ctx))
				latest, err := store.SyncMeta().LatestFullSync(ctx)
				require.NoError(t, err)
				require.NoError(t, store.Close(ctx))
				inputs = append(inputs, &synccompactor.CompactableSync{FilePath: path, SyncID: latest.ID})
				if i == 0 {
					original, err = os.ReadFile(path)
					require.NoError(t, err)
				}
			}
			var result compacted
			if c.engine == c1z.Engine {
				result = compactOurs(t, inputs, false)
			} else {
				result = c.compact(t, inputs, false)
			}
			winner := grant("g1", "u1")
			if c.name == fold.name { // It keeps the base's.
				winner.SetSources(nil)
			} else {
				winner.SetSources(sourcesOf(string(rune('a' + copies - 1))))
			}
			require.Len(t, result.grants(), 2)
			for _, g := range result.grants() {
				if g.GetId() == winner.GetId() {
					equal(t, winner.GetSources(), g.GetSources())
				}
			}
		})
	}
}

func sourcesOf(entitlementID string) *v2.GrantSources {
	return v2.GrantSources_builder{Sources: map[string]*v2.GrantSources_GrantSource{entitlementID: {}}}.Build()
}

// TestTheTokenIsWhatTheSDKBuilds merges twice, the second time into the result of the first, and compares both tokens.
func TestTheTokenIsWhatTheSDKBuilds(t *testing.T) {
	ctx := context.Background()
	tokens := []string{
		`{"version":1,"step_durations_ms":{"list-grants":7,"list-resources":20},"connector_call_stats":{"ListGrants":{"count":3,"total_ms":70,"max_ms":40}}}`,
		`{"version":1,"step_durations_ms":{"list-grants":5},"session_store_stats":{"get":{"count":9,"errors":2,"timeouts":1,"total_ms":12,"max_ms":4}}}`,
		"",
		`{"version":1,"connector_call_stats":{"ListGrants":{"count":1,"total_ms":50,"max_ms":50}}}`,
	}
	checkpointed := func(syncType connectorstore.SyncType, token string, grants ...*v2.Grant) *synccompactor.CompactableSync {
		return input(t, syncType, func(store c1zstore.Store) {
			putting(t, grants...)(store)
			if token != "" {
				require.NoError(t, store.CheckpointSync(ctx, token))
			}
		})
	}
	inputs := []*synccompactor.CompactableSync{
		checkpointed(connectorstore.SyncTypeFull, tokens[0], grant("g1", "u1"), grant("g1", "u2"), grant("g1", "u3")),
		checkpointed(connectorstore.SyncTypePartial, tokens[1], grant("g1", "u2"), grant("g1", "u4")),
		checkpointed(connectorstore.SyncTypePartial, tokens[2], grant("g1", "u4"), grant("g1", "u5")),
		checkpointed(connectorstore.SyncTypePartial, tokens[3], grant("g1", "u6")),
	}
	result, err := c1z.Compact(ctx, t.TempDir(), inputs[:3], c1z.WithSkipGrantExpansion())
	require.NoError(t, err)
	requireToken(t, result, tokens[0], sync.CompactionTokenInput{
		Mode: "merge", BaseSyncID: inputs[0].SyncID, PartialSyncIDs: []string{inputs[1].SyncID, inputs[2].SyncID},
		PartialTokens: tokens[1:3],
		RecordCounts:  counts(sync.CompactionRecordCounts{Output: 5, Added: 2, Replaced: 1, Carried: 2}),
	})

	first := runsOf(t, result.FilePath)[0].GetSyncToken()
	again, err := c1z.Compact(ctx, t.TempDir(), []*synccompactor.CompactableSync{result, inputs[3]}, c1z.WithSkipGrantExpansion())
	require.NoError(t, err)
	requireToken(t, again, first, sync.CompactionTokenInput{
		Mode: "merge", BaseSyncID: result.SyncID, PartialSyncIDs: []string{inputs[3].SyncID}, PartialTokens: tokens[3:],
		RecordCounts: counts(sync.CompactionRecordCounts{Output: 6, Added: 1, Carried: 5}),
	})
}

func counts(grants sync.CompactionRecordCounts) map[string]sync.CompactionRecordCounts {
	return map[string]sync.CompactionRecordCounts{
		"resource_types": {}, "resources": {}, "entitlements": {}, "grants": grants, "assets": {},
	}
}

func requireToken(t *testing.T, result *synccompactor.CompactableSync, baseToken string, input sync.CompactionTokenInput) {
	t.Helper()
	want, err := sync.BuildCompactedToken(baseToken, input)
	require.NoError(t, err)
	got := runsOf(t, result.FilePath)[0].GetSyncToken()
	require.JSONEq(t, want, got)
	section, err := sync.CompactionStatsFromToken(got)
	require.NoError(t, err)
	require.Equal(t, "merge", section.Mode)
}

func TestSyncsOfAStoreAreMerged(t *testing.T) {
	ctx := context.Background()
	for _, keep := range []bool{false, true} {
		store, base := startedStore(t)
		require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
		require.NoError(t, store.EndSync(ctx))
		partial, err := store.StartNewSync(ctx, connectorstore.SyncTypePartial, base)
		require.NoError(t, err)
		require.NoError(t, store.PutGrants(ctx, grant("g1", "u2")))
		require.NoError(t, store.EndSync(ctx))

		merger := store.FileOps().(interface {
			MergeSyncs(ctx context.Context, syncIDs []string, keepInputs bool) (string, error)
		})
		_, err = merger.MergeSyncs(ctx, []string{base}, keep)
		require.Equal(t, codes.InvalidArgument, status.Code(err))
		_, err = merger.MergeSyncs(ctx, []string{base, "2mQ0QXrMwQFGMJzTqpFvPcZcTtE"}, keep)
		require.Equal(t, codes.NotFound, status.Code(err))
		merged, err := merger.MergeSyncs(ctx, []string{base, partial}, keep)
		require.NoError(t, err)
		grants, err := store.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{ActiveSyncId: merged}.Build())
		require.NoError(t, err)
		require.Len(t, grants.GetList(), 2)
		runs, err := storetest.ListSyncs(ctx, store, 10)
		require.NoError(t, err)
		if keep {
			require.Len(t, runs, 3)
		} else {
			require.Len(t, runs, 1)
		}
	}
}
