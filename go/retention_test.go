package c1z_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/libc1z/go/storetest"
)

// TestCleanupDropsWhatTheSDKSelects makes syncs of all types at random, some left unfinished, their ids in another order
// than their starts, and holds Cleanup to c1zstore.SelectSyncsToDelete.
func TestCleanupDropsWhatTheSDKSelects(t *testing.T) {
	for _, seed := range seeds(12) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			ctx, random := context.Background(), rand.New(rand.NewPCG(seed, 0))
			path, limit := newPath(t), random.IntN(4)
			options := []dotc1z.C1ZOption{dotc1z.WithSyncLimit(limit)}
			store := openPath(t, path, options...)
			reopen := func() {
				require.NoError(t, store.Close(ctx))
				store = openPath(t, path, options...)
			}
			for range 3 + random.IntN(9) {
				syncType := connectorstore.AllSyncTypes[random.IntN(len(connectorstore.AllSyncTypes))]
				if syncType == connectorstore.SyncTypeAny || random.IntN(3) == 0 {
					syncType = connectorstore.SyncTypeFull
				}
				id, err := store.(syncLister).StartNewSyncWithID(ctx, syncType, randomKSUID(random), "")
				require.NoError(t, err)
				require.NoError(t, store.PutGrants(ctx, grant(id, "u1")))
				if random.IntN(6) == 0 {
					reopen() // Another sync may be started beside one that is not finished only then.
				} else {
					require.NoError(t, store.EndSync(ctx))
				}
			}
			current := bindAtRandom(t, random, &store, reopen)

			runs, _, err := store.(syncLister).ListSyncRuns(ctx, "", 0)
			require.NoError(t, err)
			candidates := make([]c1zstore.SyncRun, 0, len(runs))
			for _, run := range runs {
				candidates = append(candidates, *run)
			}
			slices.SortFunc(candidates, func(a, b c1zstore.SyncRun) int { return a.StartedAt.Compare(*b.StartedAt) })
			dropped := selected(candidates, current, limit)

			require.NoError(t, store.Cleanup(ctx))
			checkDropped(t, store, candidates, dropped)
			reopen()
			checkDropped(t, store, candidates, dropped)
		})
	}
}

// selected are the syncs to drop. A bound sync that has ended, as after opening a file, is no open one: it stays beside
// those that are kept.
func selected(candidates []c1zstore.SyncRun, current string, limit int) []string {
	others := slices.DeleteFunc(slices.Clone(candidates), func(run c1zstore.SyncRun) bool { return run.ID == current && run.EndedAt != nil })
	if len(others) < len(candidates) {
		current = ""
	}
	return c1zstore.SelectSyncsToDelete(others, current, c1zstore.ResolveCleanupSyncLimit(limit, current != ""))
}

// bindAtRandom leaves the store with a sync bound or none, and returns its id.
func bindAtRandom(t *testing.T, random *rand.Rand, store *c1zstore.Store, reopen func()) string {
	t.Helper()
	ctx := context.Background()
	runs, _, err := (*store).(syncLister).ListSyncRuns(ctx, "", 0)
	require.NoError(t, err)
	switch random.IntN(4) {
	case 0:
		id := runs[random.IntN(len(runs))].ID
		require.NoError(t, (*store).SetCurrentSync(ctx, id))
		return id
	case 1:
		reopen()
		id, err := (*store).StartNewSync(ctx, connectorstore.SyncTypeFull, "")
		require.NoError(t, err)
		return id
	case 2:
		reopen()
		return boundAtOpen(runs)
	default:
		require.NoError(t, (*store).SetCurrentSync(ctx, runs[0].ID))
		require.NoError(t, (*store).EndSync(ctx))
		return ""
	}
}

// boundAtOpen is the sync that ended last, or else the one that started last.
func boundAtOpen(runs []*c1zstore.SyncRun) string {
	last := slices.MaxFunc(runs, func(a, b *c1zstore.SyncRun) int {
		switch {
		case a.EndedAt == nil && b.EndedAt == nil:
			return cmp.Or(a.StartedAt.Compare(*b.StartedAt), cmp.Compare(a.ID, b.ID))
		case a.EndedAt == nil:
			return -1
		case b.EndedAt == nil:
			return 1
		default:
			return cmp.Or(a.EndedAt.Compare(*b.EndedAt), cmp.Compare(a.ID, b.ID))
		}
	})
	return last.ID
}

// randomKSUID is below the largest one, which starts with "a".
func randomKSUID(random *rand.Rand) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	id := []byte{'1'}
	for len(id) < 27 {
		id = append(id, digits[random.IntN(len(digits))])
	}
	return string(id)
}

func checkDropped(t *testing.T, store c1zstore.Store, candidates []c1zstore.SyncRun, dropped []string) {
	t.Helper()
	ctx := context.Background()
	for _, candidate := range candidates {
		_, err := store.GetSync(ctx, reader_v2.SyncsReaderServiceGetSyncRequest_builder{SyncId: candidate.ID}.Build())
		grants, listErr := store.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{ActiveSyncId: candidate.ID}.Build())
		require.NoError(t, listErr)
		if slices.Contains(dropped, candidate.ID) {
			require.Equal(t, codes.NotFound, status.Code(err), "%+v stayed", candidate)
			require.Empty(t, grants.GetList())
			continue
		}
		require.NoError(t, err, "%+v is gone", candidate)
		for _, g := range grants.GetList() {
			require.Equal(t, candidate.ID, g.GetEntitlement().GetResource().GetId().GetResource(), "a grant of another sync")
		}
	}
	syncs, err := storetest.ListSyncs(ctx, store, 1)
	require.NoError(t, err)
	require.Len(t, syncs, len(candidates)-len(dropped))
}

// TestSyncingAgainDoesNotMakeAFileGrow syncs the same records into one file, cleaning up before each end as the SDK's
// syncer does: from the second sync on the file holds two, and the space of the dropped ones is gone from it.
func TestSyncingAgainDoesNotMakeAFileGrow(t *testing.T) {
	ctx, path := context.Background(), newPath(t)
	r := newRecords(rand.New(rand.NewPCG(1, 0)), false)
	var resources []*v2.Resource
	var grants []*v2.Grant
	for i := range 4000 {
		user := resource("user", fmt.Sprintf("user %05d %x", i, r.Uint64()))
		resources = append(resources, user)
		grants = append(grants, v2.Grant_builder{
			Id: fmt.Sprintf("grant %x", r.Uint64()), Entitlement: entitlement("g1", "member"), Principal: user,
		}.Build())
	}
	var sizes []int64
	for range 6 {
		store := openPath(t, path)
		_, started, err := store.StartOrResumeSync(ctx, connectorstore.SyncTypeFull, "")
		require.NoError(t, err)
		require.True(t, started)
		require.NoError(t, store.PutResources(ctx, resources...))
		require.NoError(t, store.PutEntitlements(ctx, entitlement("g1", "member")))
		require.NoError(t, store.PutGrants(ctx, grants...))
		require.NoError(t, store.CheckpointSync(ctx, "token"))
		require.NoError(t, store.Cleanup(ctx))
		require.NoError(t, store.EndSync(ctx))
		require.NoError(t, store.Close(ctx))
		file, err := os.Stat(path)
		require.NoError(t, err)
		sizes = append(sizes, file.Size())
	}
	t.Logf("sizes: %v", sizes)
	for _, size := range sizes[2:] {
		require.LessOrEqual(t, size, sizes[1]*103/100, "sizes: %v", sizes)
	}
}
