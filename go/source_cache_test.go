package c1z_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/bid"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/sourcecache"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var rowKinds = []sourcecache.RowKind{sourcecache.RowKindResources, sourcecache.RowKindEntitlements, sourcecache.RowKindGrants}

func cacheOf(t testing.TB, store c1zstore.Store) dotc1z.SourceCacheStore {
	t.Helper()
	cache, ok := store.(dotc1z.SourceCacheStore)
	require.True(t, ok, "the capability is not offered")
	return cache
}

// putScoped puts rows of a kind under a scope: u0, u1, … and what they hold.
func putScoped(t testing.TB, store c1zstore.Store, kind sourcecache.RowKind, scope string, rows ...int) {
	t.Helper()
	ctx := sourcecache.WithScope(context.Background(), scope)
	for _, row := range rows {
		name := fmt.Sprint("u", row)
		switch kind {
		case sourcecache.RowKindResources:
			require.NoError(t, store.PutResources(ctx, resource("user", name)))
		case sourcecache.RowKindEntitlements:
			require.NoError(t, store.PutEntitlements(ctx, entitlement("g", name)))
		default:
			require.NoError(t, store.PutGrants(ctx, grant("g", name)))
		}
	}
}

// scopedID is what a tombstone calls such a row.
func scopedID(t testing.TB, kind sourcecache.RowKind, row int) string {
	t.Helper()
	name := fmt.Sprint("u", row)
	switch kind {
	case sourcecache.RowKindResources:
		return bid.MustMakeBid(resource("user", name))
	case sourcecache.RowKindEntitlements:
		return entitlement("g", name).GetId()
	}
	return grant("g", name).GetId()
}

// rowsOf are the ids of all rows of a kind, in order.
func rowsOf(t testing.TB, store c1zstore.Store, kind sourcecache.RowKind) []string {
	t.Helper()
	ctx := context.Background()
	ids := []string{}
	switch kind {
	case sourcecache.RowKindResources:
		page, err := store.ListResources(ctx, &v2.ResourcesServiceListResourcesRequest{})
		require.NoError(t, err)
		for _, row := range page.GetList() {
			ids = append(ids, row.GetId().GetResource())
		}
	case sourcecache.RowKindEntitlements:
		page, err := store.ListEntitlements(ctx, &v2.EntitlementsServiceListEntitlementsRequest{})
		require.NoError(t, err)
		for _, row := range page.GetList() {
			ids = append(ids, strings.TrimPrefix(row.GetId(), "group:g:"))
		}
	default:
		page, err := store.ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{})
		require.NoError(t, err)
		for _, row := range page.GetList() {
			ids = append(ids, row.GetPrincipal().GetId().GetResource())
		}
	}
	return ids
}

// scopedFile has rows 0 to 2 of each kind in scope s and row 3 in scope t, both with validators.
func scopedFile(t testing.TB) (path, syncID string) {
	return savedFile(t, func(store c1zstore.Store) {
		for _, kind := range rowKinds {
			putScoped(t, store, kind, "s", 0, 1, 2)
			putScoped(t, store, kind, "t", 3)
			for _, scope := range []string{"s", "t"} {
				require.NoError(t, cacheOf(t, store).PutSourceCacheEntry(context.Background(), kind, scope, "etag "+scope))
			}
		}
	})
}

func TestSourceCacheEntriesAreFoundWhileASyncIsOpenAndInASavedFile(t *testing.T) {
	ctx := context.Background()
	before := time.Now().Add(-time.Minute)
	store, _ := startedStore(t)
	cache := cacheOf(t, store)
	require.NoError(t, cache.PutSourceCacheEntry(ctx, sourcecache.RowKindGrants, "scope", "validator"))
	entry, found, err := cache.LookupSourceCacheEntry(ctx, sourcecache.RowKindGrants, "scope")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "validator", entry.CacheValidator)
	require.True(t, entry.DiscoveredAt.After(before))
	_, found, err = cache.LookupSourceCacheEntry(ctx, sourcecache.RowKindResources, "scope")
	require.NoError(t, err)
	require.False(t, found, "the same scope of another kind is another")

	path, _ := scopedFile(t)
	saved := cacheOf(t, openPath(t, path, dotc1z.WithReadOnly(true)))
	entry, found, err = saved.LookupSourceCacheEntry(ctx, sourcecache.RowKindEntitlements, "s")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "etag s", entry.CacheValidator)
}

func TestAScopeIsReplayedFromAnotherFileAndFromAnEarlierSyncOfTheSame(t *testing.T) {
	ctx := context.Background()
	path, _ := scopedFile(t)
	for name, same := range map[string]bool{"another file": false, "the same file": true, "the same store": true} {
		t.Run(name, func(t *testing.T) {
			current := newPath(t)
			if same {
				data, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(current, data, 0o600))
			}
			store := openPath(t, current)
			previous := store
			switch name {
			case "another file":
				previous = openPath(t, path, dotc1z.WithReadOnly(true))
			case "the same file":
				alias := filepath.Join(t.TempDir(), "alias.c1z")
				require.NoError(t, os.Symlink(current, alias))
				previous = openPath(t, alias, dotc1z.WithReadOnly(true))
			}
			_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
			require.NoError(t, err)
			cache := cacheOf(t, store)
			for _, kind := range rowKinds {
				putScoped(t, store, kind, "s", 1, 9)
				replayed, err := cache.ReplaySourceCache(ctx, previous, kind, "s")
				require.NoError(t, err)
				require.Equal(t, dotc1z.SourceCacheReplayResult{Rows: 3}, replayed)
				require.Equal(t, []string{"u0", "u1", "u2"}, rowsOf(t, store, kind))
				_, found, err := cache.LookupSourceCacheEntry(ctx, kind, "s")
				require.NoError(t, err)
				require.False(t, found, "a replay puts no entry")
				require.NoError(t, cache.PutSourceCacheEntry(ctx, kind, "s", "next"))
			}
			require.NoError(t, store.EndSync(ctx))
			require.NoError(t, store.Close(ctx))

			// The result can be replayed in turn.
			next, _ := startedStore(t)
			replayed, err := cacheOf(t, next).ReplaySourceCache(ctx, openPath(t, current, dotc1z.WithReadOnly(true)), sourcecache.RowKindGrants, "s")
			require.NoError(t, err)
			require.EqualValues(t, 3, replayed.Rows)
		})
	}
}

func TestAGrantThatWaitsForExpansionArmsIt(t *testing.T) {
	ctx := context.Background()
	expandable := grant("g", "u1", v2.GrantExpandable_builder{EntitlementIds: []string{"group:h:member"}}.Build())
	path, _ := savedFile(t, func(store c1zstore.Store) {
		require.NoError(t, store.PutGrants(sourcecache.WithScope(ctx, "s"), expandable))
		require.NoError(t, cacheOf(t, store).PutSourceCacheEntry(ctx, sourcecache.RowKindGrants, "s", "etag"))
	})
	store, _ := startedStore(t)
	previous := openPath(t, path, dotc1z.WithReadOnly(true))
	replayed, err := cacheOf(t, store).ReplaySourceCache(ctx, previous, sourcecache.RowKindGrants, "s")
	require.NoError(t, err)
	require.Equal(t, dotc1z.SourceCacheReplayResult{Rows: 1, NeedsExpansion: true}, replayed)
}

func TestTombstonesDeleteRowsAndPoisonOtherScopesAlone(t *testing.T) {
	ctx := context.Background()
	for _, kind := range rowKinds {
		t.Run(string(kind), func(t *testing.T) {
			store, _ := startedStore(t)
			cache := cacheOf(t, store)
			putScoped(t, store, kind, "s", 0, 1, 2, 3, 4)
			putScoped(t, store, kind, "t", 5)
			for _, scope := range []string{"s", "t"} {
				require.NoError(t, cache.PutSourceCacheEntry(ctx, kind, scope, "etag"))
			}
			ids := []string{scopedID(t, kind, 0), scopedID(t, kind, 0), scopedID(t, kind, 17)}
			for range 2 {
				require.NoError(t, cache.DeleteSourceCacheRows(ctx, kind, "s", ids))
			}
			require.Equal(t, []string{"u1", "u2", "u3", "u4", "u5"}, rowsOf(t, store, kind))

			deleted, err := cache.DeleteSourceCacheRowsInScope(ctx, kind, "s", []string{"u1", "u5", "nobody"})
			if kind == sourcecache.RowKindEntitlements {
				require.Error(t, err)
				require.Zero(t, deleted)
			} else {
				require.NoError(t, err)
				require.EqualValues(t, 1, deleted, "u5 is of another scope")
			}
			if kind == sourcecache.RowKindGrants {
				deleted, err = cache.DeleteSourceCacheGrantsByIDInScope(ctx, "s", []string{scopedID(t, kind, 2), scopedID(t, kind, 5)})
				require.NoError(t, err)
				require.EqualValues(t, 1, deleted)
			}
			for _, scope := range []string{"s", "t"} {
				_, found, err := cache.LookupSourceCacheEntry(ctx, kind, scope)
				require.NoError(t, err)
				require.True(t, found, "a scope that deletes rows of its own poisons nobody")
			}

			require.NoError(t, cache.DeleteSourceCacheRows(ctx, kind, "s", []string{scopedID(t, kind, 5)}))
			_, found, err := cache.LookupSourceCacheEntry(ctx, kind, "t")
			require.NoError(t, err)
			require.False(t, found, "its row was taken")
			_, found, err = cache.LookupSourceCacheEntry(ctx, kind, "s")
			require.NoError(t, err)
			require.True(t, found)
			require.NoError(t, cache.PutSourceCacheEntry(ctx, kind, "t", "again"))
			_, found, err = cache.LookupSourceCacheEntry(ctx, kind, "t")
			require.NoError(t, err)
			require.False(t, found, "a new validator does not bring the row back")
		})
	}
}

func TestAGrantWithAnIDOfItsOwnIsDeletedByIt(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	own := grant("g", "u1")
	own.SetId("made up")
	require.NoError(t, store.PutGrants(sourcecache.WithScope(ctx, "s"), own, grant("g", "u2")))
	deleted, err := cacheOf(t, store).DeleteSourceCacheGrantsByIDInScope(ctx, "s", []string{"made up"})
	require.NoError(t, err)
	require.EqualValues(t, 1, deleted)
	require.Equal(t, []string{"u2"}, rowsOf(t, store, sourcecache.RowKindGrants))
}

func TestTombstonesAreRefusedAsAWhole(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	cache := cacheOf(t, store)
	putScoped(t, store, sourcecache.RowKindResources, "s", 0)
	ids := []string{scopedID(t, sourcecache.RowKindResources, 0), "bid:r:user"}
	require.ErrorContains(t, cache.DeleteSourceCacheRows(ctx, sourcecache.RowKindResources, "s", ids), "bid:r:user")
	require.Equal(t, []string{"u0"}, rowsOf(t, store, sourcecache.RowKindResources))

	// Two entitlements have one id.
	on := func(resourceID string) *v2.Entitlement {
		return v2.Entitlement_builder{Id: "same", Resource: resource("group", resourceID)}.Build()
	}
	require.NoError(t, store.PutEntitlements(sourcecache.WithScope(ctx, "s"), on("g"), on("h"), entitlement("g", "u0")))
	ids = []string{scopedID(t, sourcecache.RowKindEntitlements, 0), "same"}
	require.Error(t, cache.DeleteSourceCacheRows(ctx, sourcecache.RowKindEntitlements, "s", ids))
	require.Len(t, rowsOf(t, store, sourcecache.RowKindEntitlements), 3)
}

func TestAScopeThatWasTakenFromIsNotReplayed(t *testing.T) {
	ctx := context.Background()
	takes := map[string]func(store c1zstore.Store, kind sourcecache.RowKind){
		"another scope": func(store c1zstore.Store, kind sourcecache.RowKind) { putScoped(t, store, kind, "x", 1) },
		"no scope":      func(store c1zstore.Store, kind sourcecache.RowKind) { putScoped(t, store, kind, "", 1) },
		"there and back": func(store c1zstore.Store, kind sourcecache.RowKind) {
			putScoped(t, store, kind, "x", 1)
			putScoped(t, store, kind, "s", 1)
		},
	}
	for name, take := range takes {
		for _, kind := range rowKinds {
			t.Run(name+"/"+string(kind), func(t *testing.T) {
				path, _ := savedFile(t, func(store c1zstore.Store) {
					putScoped(t, store, kind, "s", 0, 1)
					putScoped(t, store, kind, "t", 2)
					take(store, kind)
					for _, scope := range []string{"s", "t"} {
						require.NoError(t, cacheOf(t, store).PutSourceCacheEntry(ctx, kind, scope, "etag"))
					}
				})
				store, _ := startedStore(t)
				putScoped(t, store, kind, "s", 7)
				previous := openPath(t, path, dotc1z.WithReadOnly(true))
				_, err := cacheOf(t, store).ReplaySourceCache(ctx, previous, kind, "s")
				require.ErrorContains(t, err, "lost a row")
				require.Equal(t, []string{"u7"}, rowsOf(t, store, kind))
				replayed, err := cacheOf(t, store).ReplaySourceCache(ctx, previous, kind, "t")
				require.NoError(t, err)
				require.EqualValues(t, 1, replayed.Rows)
			})
		}
	}
}

func TestASourceThatCannotBeReplayedIsRefused(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	cache := cacheOf(t, store)
	putScoped(t, store, sourcecache.RowKindGrants, "s", 7)
	source := func(syncType connectorstore.SyncType, end bool) c1zstore.Store {
		previous := openPath(t, newPath(t))
		_, err := previous.StartNewSync(ctx, syncType, "")
		require.NoError(t, err)
		putScoped(t, previous, sourcecache.RowKindGrants, "s", 1)
		require.NoError(t, cacheOf(t, previous).PutSourceCacheEntry(ctx, sourcecache.RowKindGrants, "s", "etag"))
		if end {
			require.NoError(t, previous.EndSync(ctx))
		}
		return previous
	}
	closed := source(connectorstore.SyncTypeFull, true)
	require.NoError(t, closed.Close(ctx))
	pebble, err := dotc1z.NewStore(ctx, newPath(t), dotc1z.WithEngine(c1zstore.EnginePebble), dotc1z.WithTmpDir(t.TempDir()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = pebble.Close(ctx) })
	for name, refused := range map[string]struct {
		previous connectorstore.Reader
		message  string
	}{
		"unfinished":     {source(connectorstore.SyncTypeFull, false), "has ended"},
		"partial":        {source(connectorstore.SyncTypePartial, true), "not of type full"},
		"itself":         {store, "has ended"},
		"another engine": {pebble, "no store of engine"},
		"nothing":        {nil, "no store of engine"},
		"closed":         {closed, "closed"},
	} {
		_, err := cache.ReplaySourceCache(ctx, refused.previous, sourcecache.RowKindGrants, "s")
		require.ErrorContains(t, err, refused.message, name)
		require.Equal(t, []string{"u7"}, rowsOf(t, store, sourcecache.RowKindGrants), name)
	}
	whole := source(connectorstore.SyncTypeFull, true)
	for _, scope := range []string{"", strings.Repeat("x", 257)} {
		_, err := cache.ReplaySourceCache(ctx, whole, sourcecache.RowKindGrants, scope)
		require.Error(t, err)
	}
	_, err = cache.ReplaySourceCache(ctx, whole, "assets", "s")
	require.Error(t, err)
	done, cancel := context.WithCancel(ctx)
	cancel()
	_, err = cache.ReplaySourceCache(done, whole, sourcecache.RowKindGrants, "s")
	require.ErrorIs(t, err, context.Canceled)
	replayed, err := cache.ReplaySourceCache(ctx, whole, sourcecache.RowKindGrants, "s")
	require.NoError(t, err)
	require.EqualValues(t, 1, replayed.Rows)
}

func TestTheSourceCacheOfAStoreThatIsNotWrittenIsRefusedAsAnyWrite(t *testing.T) {
	ctx := context.Background()
	path, _ := scopedFile(t)
	previous := openPath(t, path, dotc1z.WithReadOnly(true))
	sealed, _ := startedStore(t)
	require.NoError(t, sealed.EndSync(ctx))
	closed, _ := startedStore(t)
	require.NoError(t, closed.Close(ctx))
	for name, state := range map[string]struct {
		store c1zstore.Store
		code  codes.Code
	}{
		"read-only": {previous, codes.FailedPrecondition},
		"sealed":    {sealed, codes.FailedPrecondition},
		"unbound":   {openPath(t, newPath(t)), codes.FailedPrecondition},
		"closed":    {closed, codes.Unavailable},
	} {
		cache := cacheOf(t, state.store)
		require.Equal(t, state.code, status.Code(cache.PutSourceCacheEntry(ctx, sourcecache.RowKindGrants, "s", "etag")), name)
		_, err := cache.ReplaySourceCache(ctx, previous, sourcecache.RowKindGrants, "s")
		require.Equal(t, state.code, status.Code(err), name)
		err = cache.DeleteSourceCacheRows(ctx, sourcecache.RowKindEntitlements, "s", []string{"x"})
		require.Equal(t, state.code, status.Code(err), name)
		_, err = cache.DeleteSourceCacheRowsInScope(ctx, sourcecache.RowKindResources, "s", []string{"x"})
		require.Equal(t, state.code, status.Code(err), name)
		_, err = cache.DeleteSourceCacheGrantsByIDInScope(ctx, "s", []string{"x"})
		require.Equal(t, state.code, status.Code(err), name)
	}
	_, _, err := cacheOf(t, closed).LookupSourceCacheEntry(ctx, sourcecache.RowKindGrants, "s")
	require.Equal(t, codes.Unavailable, status.Code(err))
}

// A file that is written again behind the end of its sync is a miss, and never a hit that cannot be replayed.
func TestAFinishedFileThatIsWrittenAgainIsReplayedOrMissed(t *testing.T) {
	ctx := context.Background()
	writes := map[string]struct {
		write func(store c1zstore.Store)
		found bool
	}{
		"what the expander keeps": {func(store c1zstore.Store) {
			graphs := store.(interface {
				PutEntitlementGraphBlob(ctx context.Context, data []byte) error
			})
			require.NoError(t, graphs.PutEntitlementGraphBlob(ctx, []byte("graph")))
		}, true},
		"a record": {func(store c1zstore.Store) {
			require.NoError(t, store.PutResourceTypes(ctx, resourceType("user")))
		}, false},
	}
	for name, written := range writes {
		t.Run(name, func(t *testing.T) {
			path, syncID := scopedFile(t)
			store := openPath(t, path)
			require.NoError(t, store.SetCurrentSync(ctx, syncID))
			written.write(store)
			require.NoError(t, store.Close(ctx))
			previous := openPath(t, path, dotc1z.WithReadOnly(true))
			_, found, err := cacheOf(t, previous).LookupSourceCacheEntry(ctx, sourcecache.RowKindGrants, "s")
			require.NoError(t, err)
			require.Equal(t, written.found, found)
			current, _ := startedStore(t)
			_, err = cacheOf(t, current).ReplaySourceCache(ctx, previous, sourcecache.RowKindGrants, "s")
			require.Equal(t, found, err == nil, "%v", err)
		})
	}
}

func TestACloneCanBeReplayed(t *testing.T) {
	ctx := context.Background()
	path, syncID := scopedFile(t)
	store := openPath(t, path, dotc1z.WithReadOnly(true))
	clone := newPath(t)
	require.NoError(t, store.FileOps().CloneSync(ctx, clone, syncID))
	current, _ := startedStore(t)
	replayed, err := cacheOf(t, current).ReplaySourceCache(ctx, openPath(t, clone, dotc1z.WithReadOnly(true)), sourcecache.RowKindResources, "s")
	require.NoError(t, err)
	require.EqualValues(t, 3, replayed.Rows)
	found, err := current.GetResource(ctx, reader_v2.ResourcesReaderServiceGetResourceRequest_builder{ResourceId: resourceID("user", "u2")}.Build())
	require.NoError(t, err)
	require.Equal(t, "Resource u2", found.GetResource().GetDisplayName())
}

func TestConcurrentReplaysOfAScopeConverge(t *testing.T) {
	ctx := context.Background()
	path, _ := scopedFile(t)
	previous := openPath(t, path, dotc1z.WithReadOnly(true))
	store, _ := startedStore(t)
	failures := make(chan error, 8)
	for range cap(failures) {
		go func() {
			_, err := cacheOf(t, store).ReplaySourceCache(ctx, previous, sourcecache.RowKindGrants, "s")
			failures <- err
		}()
	}
	for range cap(failures) {
		require.NoError(t, <-failures)
	}
	require.Equal(t, []string{"u0", "u1", "u2"}, rowsOf(t, store, sourcecache.RowKindGrants))
}
