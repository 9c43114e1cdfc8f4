package c1z_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	v3 "github.com/conductorone/baton-sdk/pb/c1/storage/v3"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/conductorone/baton-sdk/pkg/sync/expand"
	batonGrant "github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	c1z "example.com/libc1z/go"
)

// fastExpansion is all that the SDK's expander makes use of if a store has it.
type fastExpansion interface {
	expand.ExpanderStore
	StoreNewExpandedGrants(ctx context.Context, grants ...*v2.Grant) error
	StoreNewExpandedGrantContributions(ctx context.Context, dest *v2.Entitlement, principals []*v3.PrincipalRef, sources []batonGrant.Sources) error
	BeginExpandedGrantLayer(ctx context.Context) (bool, error)
	AddExpandedGrantLayerContributions(ctx context.Context, dest *v2.Entitlement, principals []*v3.PrincipalRef, sources []batonGrant.Sources) error
	FinishExpandedGrantLayer(ctx context.Context) error
	AbortExpandedGrantLayer(ctx context.Context) error
}

// interrupted fails a call for a layer: what is added from then on, or its end.
type interrupted struct {
	fastExpansion
	adds     int
	finishes int
	layers   *int
}

var errInterrupted = errors.New("interrupted")

func (s *interrupted) BeginExpandedGrantLayer(ctx context.Context) (bool, error) {
	*s.layers++
	return s.fastExpansion.BeginExpandedGrantLayer(ctx)
}

func (s *interrupted) AddExpandedGrantLayerContributions(
	ctx context.Context, dest *v2.Entitlement, principals []*v3.PrincipalRef, sources []batonGrant.Sources,
) error {
	if s.adds--; s.adds < 0 {
		return errInterrupted
	}
	return s.fastExpansion.AddExpandedGrantLayerContributions(ctx, dest, principals, sources)
}

func (s *interrupted) FinishExpandedGrantLayer(ctx context.Context) error {
	if s.finishes--; s.finishes < 0 {
		return errInterrupted
	}
	return s.fastExpansion.FinishExpandedGrantLayer(ctx)
}

// edge leads from what is held to what its holders hold too.
type edge struct {
	from, to string
	shallow  bool
	types    []string
}

// membershipGraph is who is in which group, and which groups have what others have.
type membershipGraph struct {
	entitlements []*v2.Entitlement
	grants       []*v2.Grant
	edges        []edge
}

// randomGraph has cycles, too, and groups with several entitlements.
func randomGraph(random *rand.Rand) membershipGraph {
	var g membershipGraph
	groups := 2 + random.IntN(12)
	for i := range groups {
		for _, slug := range []string{"member", "owner"}[:1+random.IntN(2)] {
			g.entitlements = append(g.entitlements, entitlement(fmt.Sprintf("g%02d", i), slug))
		}
	}
	for i, held := range g.entitlements {
		for range random.IntN(12) {
			principal := resource([]string{"user", "service"}[random.IntN(2)], fmt.Sprintf("p%d\x00é", random.IntN(9)))
			if random.IntN(3) == 0 {
				principal.SetParentResourceId(resourceID("org", "o"))
			}
			id := fmt.Sprintf("%s:%s:%s", held.GetId(), principal.GetId().GetResourceType(), principal.GetId().GetResource())
			g.grants = append(g.grants, v2.Grant_builder{Id: id, Entitlement: held, Principal: principal}.Build())
		}
		for range random.IntN(3) {
			to := g.entitlements[random.IntN(len(g.entitlements))]
			if to != g.entitlements[i] {
				g.edges = append(g.edges, edge{held.GetId(), to.GetId(), random.IntN(4) == 0, []string{"user", "service"}[:1+random.IntN(2)]})
			}
		}
	}
	return g
}

func (g membershipGraph) graph(t *testing.T) *expand.EntitlementGraph {
	t.Helper()
	ctx := context.Background()
	graph := expand.NewEntitlementGraph(ctx)
	for _, held := range g.entitlements {
		graph.AddEntitlementID(held.GetId())
	}
	for _, edge := range g.edges {
		require.NoError(t, graph.AddEdge(ctx, edge.from, edge.to, edge.shallow, edge.types))
	}
	graph.Loaded = true
	require.NoError(t, graph.FixCycles(ctx))
	return graph
}

// seeded is a new file with a bound sync of what was collected.
func (g membershipGraph) seeded(t *testing.T, engine c1zstore.Engine) c1zstore.Store {
	t.Helper()
	ctx := context.Background()
	require.NoError(t, c1z.Register())
	path := filepath.Join(t.TempDir(), "expanded.c1z")
	store, err := dotc1z.NewStore(ctx, path, dotc1z.WithEngine(engine), dotc1z.WithTmpDir(t.TempDir()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close(ctx) })
	_, err = store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, store.PutEntitlements(ctx, g.entitlements...))
	require.NoError(t, store.PutGrants(ctx, g.grants...))
	return store
}

// everyGrant is all that is said of the grants of a store.
func everyGrant(t *testing.T, store c1zstore.Store) []string {
	t.Helper()
	var lines []string
	for token := ""; ; {
		page, err := store.ListGrants(context.Background(), v2.GrantsServiceListGrantsRequest_builder{PageToken: token, PageSize: 7}.Build())
		require.NoError(t, err)
		for _, grant := range page.GetList() {
			data, err := proto.MarshalOptions{Deterministic: true}.Marshal(grant)
			require.NoError(t, err)
			lines = append(lines, string(data))
		}
		if token = page.GetNextPageToken(); token == "" {
			slices.Sort(lines)
			return lines
		}
	}
}

var expansions = map[string]func(context.Context, *expand.Expander) error{
	"projection": func(ctx context.Context, e *expand.Expander) error { return e.RunTopologicalMergeProjection(ctx) },
	"streaming":  func(ctx context.Context, e *expand.Expander) error { return e.RunTopologicalMergeStreaming(ctx) },
}

func TestTheExpanderDerivesTheGrantsThatItDerivesOverPebble(t *testing.T) {
	ctx := context.Background()
	for name, expansion := range expansions {
		for seed := range uint64(12) {
			g := randomGraph(rand.New(rand.NewPCG(seed, 17)))
			var derived [2][]string
			for i, engine := range []c1zstore.Engine{c1zstore.EnginePebble, c1z.Engine} {
				store := g.seeded(t, engine)
				require.NoError(t, expansion(ctx, expand.NewExpander(sync.NewExpanderStore(store), g.graph(t))))
				derived[i] = everyGrant(t, store)
				require.NoError(t, store.EndSync(ctx))
				require.Equal(t, derived[i], everyGrant(t, store))
			}
			require.Equal(t, derived[0], derived[1], "%s, graph %d", name, seed)
		}
	}
}

func TestAnInterruptedLayerIsResumed(t *testing.T) {
	ctx := context.Background()
	failed := 0
	for name, expansion := range expansions {
		for _, after := range [][2]int{{0, 99}, {1, 99}, {3, 99}, {999, 0}, {999, 1}} {
			for seed := range uint64(2) {
				g := randomGraph(rand.New(rand.NewPCG(seed, 19)))
				whole := g.seeded(t, c1z.Engine)
				require.NoError(t, expansion(ctx, expand.NewExpander(sync.NewExpanderStore(whole), g.graph(t))))

				store, layers := g.seeded(t, c1z.Engine), 0
				fast, ok := sync.NewExpanderStore(store).(fastExpansion)
				require.True(t, ok)
				first := &interrupted{fastExpansion: fast, adds: after[0], finishes: after[1], layers: &layers}
				if err := expansion(ctx, expand.NewExpander(first, g.graph(t))); err != nil {
					require.ErrorIs(t, err, errInterrupted)
					failed++
				}
				require.Positive(t, layers)
				require.NoError(t, expansion(ctx, expand.NewExpander(sync.NewExpanderStore(store), g.graph(t))))
				require.Equal(t, everyGrant(t, whole), everyGrant(t, store), "%s, graph %d, %v", name, seed, after)
			}
		}
	}
	require.Greater(t, failed, 5)
}

// layers is the session of a store's expander, as the SDK finds it.
func layers(t *testing.T, store c1zstore.Store) fastExpansion {
	t.Helper()
	fast, ok := sync.NewExpanderStore(store).(fastExpansion)
	require.True(t, ok)
	return fast
}

func TestALayerIsBegunOnceAndEndedAsOftenAsOneLikes(t *testing.T) {
	ctx := context.Background()
	unbound := openPath(t, newPath(t))
	_, err := layers(t, unbound).BeginExpandedGrantLayer(ctx)
	require.ErrorContains(t, err, "no sync is bound")

	store, _ := startedStore(t)
	session := layers(t, store)
	require.NoError(t, session.FinishExpandedGrantLayer(ctx))
	require.NoError(t, session.AbortExpandedGrantLayer(ctx))
	principals := []*v3.PrincipalRef{{ResourceTypeId: "user", ResourceId: "u1"}, nil}
	sources := []batonGrant.Sources{{{EntitlementID: "group:inner:member", IsDirect: true}}, nil}
	add := func() error {
		return session.AddExpandedGrantLayerContributions(ctx, entitlement("g1", "member"), principals, sources)
	}
	require.ErrorContains(t, add(), "no layer")
	for range 2 {
		ok, err := session.BeginExpandedGrantLayer(ctx)
		require.NoError(t, err)
		require.True(t, ok)
		_, err = layers(t, store).BeginExpandedGrantLayer(ctx)
		require.ErrorContains(t, err, "open already")
		require.NoError(t, add())
		// The caller's memory is the caller's again.
		principals[0].ResourceId = "u2"
		sources[0][0].EntitlementID = "group:other:member"
		require.NoError(t, session.AbortExpandedGrantLayer(ctx))
		require.NoError(t, session.FinishExpandedGrantLayer(ctx))
		require.ErrorContains(t, add(), "no layer")
	}
	keys, _, err := store.(keyLister).ListGrantPrincipalKeysForEntitlement(ctx, entitlement("g1", "member"), "", 0)
	require.NoError(t, err)
	require.Equal(t, []string{"user\x00u1", "user\x00u2"}, keys)
	ok, err := session.BeginExpandedGrantLayer(ctx)
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, store.Close(ctx), "with a session left open")
}

func TestContributionsThatSayTooLittleAreRefused(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	fast := layers(t, store)
	principals := []*v3.PrincipalRef{{ResourceTypeId: "user", ResourceId: "u1"}}
	sources := []batonGrant.Sources{{{EntitlementID: "group:inner:member"}}}
	held := entitlement("g1", "member")
	require.NoError(t, fast.StoreNewExpandedGrantContributions(ctx, held, nil, nil))
	require.ErrorContains(t, fast.StoreNewExpandedGrantContributions(ctx, held, principals, nil), "1 principals have 0")
	require.ErrorContains(t, fast.StoreNewExpandedGrantContributions(ctx, held, principals, []batonGrant.Sources{nil}), "no sources")
	require.ErrorContains(t, fast.StoreNewExpandedGrantContributions(ctx, nil, principals, sources), "entitlement lacks")
	require.Empty(t, everyGrant(t, store))
	require.NoError(t, fast.StoreNewExpandedGrants(ctx, nil, grant("g1", "u2", expandable("group:g9:member"))))
	require.NoError(t, fast.StoreNewExpandedGrantContributions(ctx, held, principals, sources))
	require.Len(t, everyGrant(t, store), 2)
	require.Empty(t, pending(t, store))
}

type keyLister interface {
	ListGrantPrincipalKeysForEntitlement(ctx context.Context, held *v2.Entitlement, token string, size uint32) ([]string, string, error)
}

func TestPrincipalKeysAreThoseOfTheGrants(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	names := []string{"a", "é", "a\x00b", "", "a\x01", "z", strings.Repeat("long", 100)}
	var want []string
	held := entitlement("g1", "member")
	for _, name := range names {
		for _, of := range []string{"user", "user\x00s", "ü"} {
			principal := resource(of, "p"+name)
			require.NoError(t, store.PutGrants(ctx, v2.Grant_builder{Entitlement: held, Principal: principal}.Build()))
			want = append(want, of+"\x00p"+name)
		}
	}
	require.NoError(t, store.PutGrants(ctx, grant("g0", "u"), grant("g2", "u")))
	list := func(held *v2.Entitlement, size uint32) []string {
		var all []string
		for token := ""; ; {
			keys, next, err := store.(keyLister).ListGrantPrincipalKeysForEntitlement(ctx, held, token, size)
			require.NoError(t, err)
			all = append(all, keys...)
			if token = next; token == "" {
				return all
			}
		}
	}
	for _, size := range []uint32{1, 2, 5, 0} {
		keys := list(held, size)
		require.ElementsMatch(t, want, keys)
		require.Equal(t, keys, list(v2.Entitlement_builder{Id: held.GetId()}.Build(), size), "by its bare id")
	}
	require.Empty(t, list(entitlement("g3", "member"), 0))
	_, _, err := store.(keyLister).ListGrantPrincipalKeysForEntitlement(ctx, nil, "", 0)
	require.Error(t, err)
}
