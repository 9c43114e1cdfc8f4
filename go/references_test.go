package c1z_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
)

// dangling is content of which some refers to what is not there, the same for equal seeds.
type dangling struct {
	resources    []*v2.Resource
	entitlements []*v2.Entitlement
	grants       []*v2.Grant
}

func newDangling(seed uint64) dangling {
	random := rand.New(rand.NewPCG(seed, 1))
	name := func(of string) string { return fmt.Sprint(of, random.IntN(8)) }
	annotations := []proto.Message{
		nil, nil, &v2.InsertResourceGrants{}, &v2.ExternalResourceMatchID{Id: "x"}, &v2.ExternalResourceMatchAll{}, &v2.ExternalResourceMatch{},
	}
	var d dangling
	for range 8 {
		d.resources = append(d.resources, resource("user", name("u")), resource("group", name("g")))
		d.entitlements = append(d.entitlements, entitlement(name("g"), "member"))
	}
	for range 40 {
		var carried []proto.Message
		if annotation := annotations[random.IntN(len(annotations))]; annotation != nil {
			carried = append(carried, annotation)
		}
		d.grants = append(d.grants, grant(name("g"), name("u"), carried...))
	}
	return d
}

func (d dangling) put(t *testing.T, store c1zstore.Store) {
	ctx := context.Background()
	_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, store.PutResources(ctx, d.resources...))
	require.NoError(t, store.PutEntitlements(ctx, d.entitlements...))
	require.NoError(t, store.PutGrants(ctx, d.grants...))
}

// referentialFacts are what the SDK's invariants ask a store.
func referentialFacts(t *testing.T, store c1zstore.Store) []string {
	ctx := context.Background()
	of, ok := store.(dotc1z.IngestInvariantStore)
	require.True(t, ok)
	require.NoError(t, of.EnsureGrantIndexes(ctx))
	var seen []string
	add := func(parts ...any) error {
		seen = append(seen, fmt.Sprint(parts...))
		return nil
	}
	require.NoError(t, of.ForEachDistinctGrantEntitlementResource(ctx, func(resourceTypeID, id string) error {
		has, err := of.HasResourceRecord(ctx, resourceTypeID, id)
		require.NoError(t, err)
		carries, err := of.GrantsForEntResourceCarryInsertFact(ctx, resourceTypeID, id)
		require.NoError(t, err)
		return add("grants on ", resourceTypeID, "/", id, " ", has, carries)
	}))
	require.NoError(t, of.ForEachDistinctEntitlementResource(ctx, func(resourceTypeID, id string) error {
		return add("entitlements on ", resourceTypeID, "/", id)
	}))
	require.NoError(t, of.ForEachDanglingGrantEntitlement(ctx, func(entitlementID, resourceTypeID, id string) error {
		all, err := of.GrantsForEntitlementAllCarryInsertFact(ctx, entitlementID, resourceTypeID, id)
		require.NoError(t, err)
		return add("no entitlement ", entitlementID, " on ", resourceTypeID, "/", id, " ", all)
	}))
	require.NoError(t, of.ForEachDanglingGrantPrincipal(ctx, func(resourceTypeID, id string, only bool, carriers int64) error {
		return add("no principal ", resourceTypeID, "/", id, " ", only, carriers)
	}))
	return seen
}

func TestTheInvariantsAreToldWhatPebbleTellsThem(t *testing.T) {
	for seed := range uint64(20) {
		ours, pebble := openPath(t, newPath(t)), openPath(t, newPath(t), dotc1z.WithEngine(c1zstore.EnginePebble))
		newDangling(seed).put(t, ours)
		newDangling(seed).put(t, pebble)
		want, got := referentialFacts(t, pebble), referentialFacts(t, ours)
		require.NotEmpty(t, want)
		require.Equal(t, want, got, "seed %d", seed)
	}
}

func TestAnErrorOfAVisitEndsTheWalk(t *testing.T) {
	store := openPath(t, newPath(t))
	newDangling(1).put(t, store)
	of, stop := store.(dotc1z.IngestInvariantStore), errors.New("stop")
	visits := 0
	err := of.ForEachDistinctGrantEntitlementResource(context.Background(), func(string, string) error {
		visits++
		return stop
	})
	require.ErrorIs(t, err, stop)
	require.Equal(t, 1, visits)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, of.ForEachDistinctEntitlementResource(cancelled, func(string, string) error { return nil }), context.Canceled)
}

// TestTheSDKChecksItsReferentialInvariants runs the SDK's own pass: it skips nothing, and fails where grants that insert
// resources refer to one that is not there.
func TestTheSDKChecksItsReferentialInvariants(t *testing.T) {
	ctx := context.Background()
	run := func(put func(store c1zstore.Store)) ([]string, error) {
		store, syncID := startedStore(t)
		put(store)
		verification, err := sync.RunIngestInvariantsWithVerification(ctx, store, sync.IngestInvariantsPolicy{
			ActiveSyncID: syncID, SyncType: connectorstore.SyncTypeFull,
		})
		if err != nil {
			return nil, err
		}
		return verification.Coverage, nil
	}
	coverage, err := run(func(store c1zstore.Store) {
		require.NoError(t, store.PutResources(ctx, resource("group", "g1"), resource("user", "u1")))
		require.NoError(t, store.PutEntitlements(ctx, entitlement("g1", "member")))
		require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
	})
	require.NoError(t, err)
	for _, invariant := range []string{"I3", "I7", "I8", "I9"} {
		require.True(t, slices.Contains(coverage, invariant), "%s is not among %v", invariant, coverage)
	}
	_, err = run(func(store c1zstore.Store) {
		require.NoError(t, store.PutGrants(ctx, grant("g1", "u1", &v2.InsertResourceGrants{})))
	})
	require.ErrorIs(t, err, sync.ErrIngestInvariantViolated)
}

func TestTheGraphOfASyncIsKept(t *testing.T) {
	ctx := context.Background()
	path, syncID := savedFile(t, func(store c1zstore.Store) { require.NoError(t, store.PutGrants(ctx, grant("g1", "u1"))) })
	store := openPath(t, path)
	graph := store.(sync.EntitlementGraphStore)
	read := func(store c1zstore.Store) []byte {
		data, err := store.(sync.EntitlementGraphStore).GetEntitlementGraphBlob(ctx)
		require.NoError(t, err)
		return data
	}
	require.Nil(t, read(store))
	require.NoError(t, graph.PutEntitlementGraphBlob(ctx, []byte("graph")))
	require.Equal(t, []byte("graph"), read(store))
	clone := newPath(t)
	require.NoError(t, store.FileOps().CloneSync(ctx, clone, syncID))
	require.NoError(t, store.Close(ctx))
	require.Equal(t, []byte("graph"), read(openPath(t, path, dotc1z.WithReadOnly(true))))
	copied := openPath(t, clone)
	require.Equal(t, []byte("graph"), read(copied))
	require.NoError(t, copied.(sync.EntitlementGraphStore).DeleteEntitlementGraphBlob(ctx))
	require.Nil(t, read(copied))
}
