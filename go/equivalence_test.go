package c1z_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/types/sessions"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	c1z "example.com/libc1z/go"
	"example.com/libc1z/go/storetest"
)

var seed = flag.Uint64("c1z.seed", 0, "the seed that random calls are made from; 0 for several")

// seeds are those to run with: the one of the flag, or as many as asked for.
func seeds(count uint64) []uint64 {
	if *seed != 0 {
		return []uint64{*seed}
	}
	list := make([]uint64, 0, count)
	for i := range count {
		list = append(list, i+1)
	}
	return list
}

// TestEnginesAnswerAlikeOnOrdinaryRecords gives SQLite, Pebble and RocksDB the same calls, of records as connectors send
// them, and compares every answer.
func TestEnginesAnswerAlikeOnOrdinaryRecords(t *testing.T) {
	for _, seed := range seeds(3) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			w := newWorkload(t, seed, false, c1zstore.EngineSQLite, c1zstore.EnginePebble, c1z.Engine)
			w.run(40)
		})
	}
}

// TestKeyedEnginesAnswerAlikeOnHostileRecords gives Pebble and RocksDB the same calls, also of records that are
// ambiguous, incomplete or made to be taken for others.
func TestKeyedEnginesAnswerAlikeOnHostileRecords(t *testing.T) {
	for _, seed := range seeds(5) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			w := newWorkload(t, seed, true, c1zstore.EnginePebble, c1z.Engine)
			w.run(60)
		})
	}
}

// contender is one of the stores that are given the same calls.
type contender struct {
	c1zstore.Store
	engine c1zstore.Engine
	path   string
	syncID string
	// nextPage is where readOn goes on.
	nextPage string
}

type workload struct {
	*testing.T
	*records
	ctx        context.Context
	contenders []*contender
	// same leaves of readings what the contenders have to answer alike.
	same func(storetest.Readings) storetest.Readings
	// done are the calls so far, for a failure's report.
	done []string
}

func newWorkload(t *testing.T, seed uint64, hostile bool, engines ...c1zstore.Engine) *workload {
	require.NoError(t, c1z.Register())
	w := &workload{
		T: t, ctx: context.Background(), same: storetest.AcrossEngines,
		records: newRecords(rand.New(rand.NewPCG(seed, 0)), hostile),
	}
	if hostile {
		w.same = storetest.AcrossKeyed
	}
	for _, engine := range engines {
		w.contenders = append(w.contenders, &contender{engine: engine, path: filepath.Join(t.TempDir(), string(engine)+".c1z")})
	}
	t.Cleanup(func() {
		for _, c := range w.contenders {
			_ = c.Close(context.Background())
		}
		if t.Failed() {
			t.Logf("repeat with -c1z.seed=%d; calls:\n%s", seed, strings.Join(w.done, "\n"))
		}
	})
	return w
}

// run fills two syncs, one after the other, each interrupted now and then.
func (w *workload) run(steps int) {
	w.open()
	for round := range 2 {
		w.do("StartNewSync", func(c *contender) (err error) {
			c.nextPage = ""
			c.syncID, err = c.StartNewSync(w.ctx, connectorstore.SyncTypeFull, "")
			return err
		})
		w.putTypes()
		for step := range steps {
			w.step()
			if round == 0 && step%(steps/3) == steps/4 {
				w.compare("while the sync is open", storetest.OfAnOpenSync)
			}
		}
		w.do("EndSync", func(c *contender) error { return c.EndSync(w.ctx) })
		if w.hostile {
			w.do("PutGrants after EndSync", func(c *contender) error { return c.PutGrants(w.ctx, grant("g", "u")) })
			w.compare("when the sync has ended", storetest.OfAnUnboundSync)
		}
		w.bind()
		w.compare("when the ended sync is bound")
		w.close()
		w.open(dotc1z.WithReadOnly(true))
		if w.hostile {
			w.compare("in the saved file")
		}
		w.bind()
		w.compare("in the saved file, bound")
		w.close()
		w.open()
	}
}

// do makes one call of every store: all fail with one code, or none does.
func (w *workload) do(name string, call func(c *contender) error) {
	w.Helper()
	w.done = append(w.done, name)
	var first error
	for i, c := range w.contenders {
		err := call(c)
		if i == 0 {
			first = err
		} else if !storetest.SameCode(status.Code(first), status.Code(err)) {
			w.Fatalf("%s: %s: %v; %s: %v", name, w.contenders[0].engine, first, c.engine, err)
		}
	}
}

// compare reads everything from every store.
func (w *workload) compare(when string, parts ...func(storetest.Readings) storetest.Readings) {
	w.Helper()
	ask := storetest.Questions{
		PageSize: uint32(1 + w.IntN(9)), ResourceTypes: w.types, Resources: w.resources, Entitlements: w.entitlements,
		Assets: []string{"icon", "logo", "none"}, Grants: append([]string{"none"}, hostileGrantIDs...),
	}
	var want storetest.Readings
	for i, c := range w.contenders {
		ask.SyncID = c.syncID
		got := storetest.Read(w.ctx, c, ask)
		for _, part := range parts {
			got = part(got)
		}
		w.checkGrantsForTypes(c, got)
		w.checkGrantsByID(c, got)
		got = storetest.OfOneRun(storetest.OfOneSync(w.same(got), c.syncID))
		if i == 0 {
			want = got
		} else if diff := storetest.Diff(want, got); diff != "" {
			w.Fatalf("reads %s (-%s +%s):\n%s", when, w.contenders[0].engine, c.engine, diff)
		}
	}
	w.compareSessions(when)
}

// checkGrantsForTypes holds a list to what it means in its engine.
func (w *workload) checkGrantsForTypes(c *contender, r storetest.Readings) {
	w.Helper()
	all, _ := r["ListGrants"].([]*v2.Grant)
	for _, resourceType := range w.types {
		var want []*v2.Grant
		for _, g := range all {
			if storetest.IsGrantForType(c.engine, g, resourceType) {
				want = append(want, g)
			}
		}
		got, compared := r["ListGrantsForResourceType "+resourceType].([]*v2.Grant)
		if !compared {
			continue
		}
		require.ElementsMatch(w, ids(want, storetest.GrantKey), ids(got, storetest.GrantKey), "%s: type %q", c.engine, resourceType)
	}
}

// checkGrantsByID holds RocksDB to finding exactly who has an id.
func (w *workload) checkGrantsByID(c *contender, r storetest.Readings) {
	w.Helper()
	if c.engine != c1z.Engine {
		return
	}
	all, _ := r["ListGrants"].([]*v2.Grant)
	for call, answer := range r {
		id, isByID := strings.CutPrefix(call, "GetGrant ")
		if !isByID {
			continue
		}
		switch having := storetest.GrantsWithID(all, id); len(having) {
		case 0:
			require.Equal(w, codes.NotFound, answer, call)
		case 1:
			require.Empty(w, storetest.Diff(storetest.Readings{call: having[0]}, storetest.Readings{call: answer}))
		default:
			require.Equal(w, codes.FailedPrecondition, answer, call)
		}
	}
}

var (
	sessionKeys     = []string{"k", "k1", "%", "a_b", "ab", "a", "日本|#", "a\x00b"}
	sessionPrefixes = []string{"", "a", "ab", "%", "a_", "k_"}
)

func (w *workload) compareSessions(when string) {
	w.Helper()
	for _, prefix := range sessionPrefixes {
		var want map[string][]byte
		for i, c := range w.contenders {
			options := []sessions.SessionStoreOption{sessions.WithSyncID(c.syncID), sessions.WithPrefix(prefix)}
			got, next, err := c.SessionStore().GetAll(w.ctx, "", options...)
			require.NoError(w, err)
			require.Empty(w, next)
			some, unprocessed, err := c.SessionStore().GetMany(w.ctx, sessionKeys, options...)
			require.NoError(w, err)
			require.Empty(w, unprocessed)
			for _, key := range sessionKeys {
				require.True(w, bytes.Equal(got[key], some[key]), "%s: %q below %q", c.engine, key, prefix)
			}
			if i == 0 {
				want = got
				continue
			}
			require.Len(w, got, len(want), "sessions %s below %q in %s", when, prefix, c.engine)
			for key, value := range want {
				require.True(w, bytes.Equal(value, got[key]), "sessions %s: %q below %q in %s", when, key, prefix, c.engine)
			}
		}
	}
}

func (w *workload) open(options ...dotc1z.C1ZOption) {
	w.Helper()
	w.do("open", func(c *contender) (err error) {
		options := append([]dotc1z.C1ZOption{dotc1z.WithEngine(c.engine), dotc1z.WithTmpDir(w.TempDir())}, options...)
		c.Store, err = dotc1z.NewStore(w.ctx, c.path, options...)
		require.NoError(w, err)
		return nil
	})
}

func (w *workload) close() {
	w.Helper()
	w.do("Close", func(c *contender) error {
		require.NoError(w, c.Close(w.ctx))
		return nil
	})
}

func (w *workload) bind() {
	w.Helper()
	w.do("SetCurrentSync", func(c *contender) error {
		require.NoError(w, c.SetCurrentSync(w.ctx, c.syncID))
		return nil
	})
}

// putTypes puts all resource types: SQLite counts nothing of a type that is not there.
func (w *workload) putTypes() {
	w.Helper()
	w.do("PutResourceTypes of all", func(c *contender) error {
		var list []*v2.ResourceType
		for _, id := range w.types {
			list = append(list, resourceType(id))
		}
		return c.PutResourceTypes(w.ctx, list...)
	})
}

// step makes one call at random.
func (w *workload) step() {
	w.Helper()
	switch w.IntN(22) {
	case 0, 1:
		list := several(w.records, 3, w.resourceType)
		w.do("PutResourceTypes", func(c *contender) error { return c.PutResourceTypes(w.ctx, clones(list)...) })
	case 2, 3, 4:
		list := several(w.records, 8, w.resource)
		w.do("PutResources "+keys(list, resourceKey), func(c *contender) error { return c.PutResources(w.ctx, clones(list)...) })
	case 5, 6:
		list := several(w.records, 6, w.entitlement)
		w.do("PutEntitlements "+keys(list, storetest.EntitlementKey), func(c *contender) error { return c.PutEntitlements(w.ctx, clones(list)...) })
	case 7, 8, 9, 10, 11:
		list := several(w.records, 10, w.grant)
		w.do("PutGrants "+keys(list, grantText), func(c *contender) error { return c.PutGrants(w.ctx, clones(list)...) })
	case 12, 13:
		list := several(w.records, 5, w.expandedGrant)
		w.do("StoreExpandedGrants "+keys(list, grantText), func(c *contender) error { return c.Grants().StoreExpandedGrants(w.ctx, clones(list)...) })
	case 14, 15:
		w.deleteSome()
	case 16:
		id := one(w.records, []string{"icon", "logo"})
		data := []byte(w.text("asset"))
		w.do("PutAsset", func(c *contender) error {
			return c.PutAsset(w.ctx, v2.AssetRef_builder{Id: id}.Build(), "image/"+id, data)
		})
	case 17, 18:
		w.writeSessions()
	case 19:
		token := fmt.Sprintf(`{"step":"é %d"}`, w.IntN(1000))
		if w.hostile && w.chance(50) {
			token = fmt.Sprintf(`{"a":1.50,"step_durations_ms":{"é":%d,"b":2},"z":[ ]}`, w.IntN(1000))
		}
		w.do("CheckpointSync", func(c *contender) error { return c.CheckpointSync(w.ctx, token) })
	case 20:
		w.interrupt()
	case 21:
		if w.hostile { // SQLite has another order.
			w.readOn()
		}
	}
}

// readOn reads one more page of a list that is written to, and saved and opened, between its pages.
func (w *workload) readOn() {
	w.Helper()
	var want []string
	w.do("ListGrants, one more page", func(c *contender) error {
		page, err := c.ListGrants(w.ctx, v2.GrantsServiceListGrantsRequest_builder{PageSize: 5, PageToken: c.nextPage}.Build())
		c.nextPage = page.GetNextPageToken()
		got := ids(page.GetList(), storetest.GrantKey)
		if c == w.contenders[0] {
			want = got
		}
		require.Equal(w, want, got)
		return err
	})
}

// interrupt saves the file, and goes on with the sync from it.
func (w *workload) interrupt() {
	w.Helper()
	w.close()
	w.open()
	w.do("StartOrResumeSync", func(c *contender) error {
		id, started, err := c.StartOrResumeSync(w.ctx, connectorstore.SyncTypeFull, "")
		require.NoError(w, err)
		require.False(w, started)
		require.Equal(w, c.syncID, id)
		return nil
	})
}

// byRefs are the deletions that the keyed engines offer.
type byRefs interface {
	DeleteGrantByRefs(ctx context.Context, grant *v2.Grant) error
	DeleteGrantsByRefs(ctx context.Context, grants ...*v2.Grant) error
	DeleteResourceRecord(ctx context.Context, resourceTypeID, resourceID string) error
	DeleteEntitlementByRefs(ctx context.Context, entitlement *v2.Entitlement) error
}

func (w *workload) deleteSome() {
	w.Helper()
	grants := several(w.records, 4, w.grant)
	if !w.hostile {
		// What SQLite can delete by its id only is deleted by references elsewhere.
		w.do("delete grants "+keys(grants, grantText), func(c *contender) error {
			if refs, ok := c.Store.(byRefs); ok && len(grants) > 1 {
				return refs.DeleteGrantsByRefs(w.ctx, clones(grants)...)
			}
			for _, g := range grants {
				if err := c.DeleteGrant(w.ctx, g.GetId()); err != nil {
					return err
				}
			}
			return nil
		})
		return
	}
	switch w.IntN(6) {
	case 0, 1:
		id := grants[0].GetId()
		if !w.foundAlike(id) {
			return
		}
		w.do(fmt.Sprintf("DeleteGrant %q", id), func(c *contender) error { return c.DeleteGrant(w.ctx, id) })
	case 2:
		w.do("DeleteGrantByRefs "+keys(grants[:1], grantText), func(c *contender) error {
			return c.Store.(byRefs).DeleteGrantByRefs(w.ctx, clones(grants)[0])
		})
	case 3:
		w.do("DeleteGrantsByRefs "+keys(grants, grantText), func(c *contender) error {
			return c.Store.(byRefs).DeleteGrantsByRefs(w.ctx, clones(grants)...)
		})
	case 4:
		id := one(w.records, w.resources)
		w.do("DeleteResourceRecord "+storetest.ResourceKey(id), func(c *contender) error {
			return c.Store.(byRefs).DeleteResourceRecord(w.ctx, id.GetResourceType(), id.GetResource())
		})
	case 5:
		e := w.entitlement()
		w.do("DeleteEntitlementByRefs "+storetest.EntitlementKey(e), func(c *contender) error {
			return c.Store.(byRefs).DeleteEntitlementByRefs(w.ctx, e)
		})
	}
}

// foundAlike tells whether a bare id leads to one and the same grant everywhere, or nowhere.
func (w *workload) foundAlike(id string) bool {
	w.Helper()
	found := map[string]bool{}
	for _, c := range w.contenders {
		response, err := c.GetGrant(w.ctx, reader_v2.GrantsReaderServiceGetGrantRequest_builder{GrantId: id}.Build())
		found[fmt.Sprint(status.Code(err), storetest.GrantKey(response.GetGrant()))] = true
	}
	return len(found) == 1
}

func (w *workload) writeSessions() {
	w.Helper()
	prefix, values := one(w.records, sessionPrefixes), map[string][]byte{}
	for range 1 + w.IntN(3) {
		values[one(w.records, sessionKeys)] = []byte(w.text("value"))
	}
	key, value := one(w.records, sessionKeys), []byte(w.text("value"))
	kind := w.IntN(8)
	w.do(fmt.Sprintf("session %d below %q", kind, prefix), func(c *contender) error {
		options := []sessions.SessionStoreOption{sessions.WithSyncID(c.syncID), sessions.WithPrefix(prefix)}
		switch kind {
		case 0:
			return c.SessionStore().Clear(w.ctx, options...)
		case 1, 2:
			return c.SessionStore().Delete(w.ctx, key, options...)
		case 3, 4:
			return c.SessionStore().Set(w.ctx, key, value, options...)
		default:
			return c.SessionStore().SetMany(w.ctx, values, options...)
		}
	})
}

// keys are the identities of records, for the report of a failure.
func keys[T any](list []*T, key func(*T) string) string { return strings.Join(ids(list, key), ", ") }

func resourceKey(r *v2.Resource) string {
	return storetest.ResourceKey(r.GetId()) + " in " + storetest.ResourceKey(r.GetParentResourceId())
}

func grantText(g *v2.Grant) string { return fmt.Sprintf("%q: %s", g.GetId(), storetest.GrantKey(g)) }
