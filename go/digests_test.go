package c1z_test

import (
	"context"
	"fmt"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	c1z "example.com/libc1z/go"
	"example.com/libc1z/go/storetest"
)

// digested is a store that keeps digests.
type digested interface {
	c1zstore.Store
	connectorstore.EntitlementGrantDigestReader
	c1zstore.GrantGenerationDigestReader
}

// withDigests fills and ends a sync in a file of an engine: a group with so many members, some of them through others; one
// with one; one with none; one that has a member and is not stored.
func withDigests(t *testing.T, engine c1zstore.Engine, members int, options ...dotc1z.C1ZOption) (store digested, path string) {
	ctx := context.Background()
	path = newPath(t)
	opened := openPath(t, path, append(options, dotc1z.WithEngine(engine))...)
	_, err := opened.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, opened.PutEntitlements(ctx, entitlement("many", "member"), entitlement("one", "member"), entitlement("none", "member")))
	var grants, derived []*v2.Grant
	for i := range members {
		member := grant("many", fmt.Sprint("u", i))
		if i%3 == 0 {
			sources := map[string]*v2.GrantSources_GrantSource{"group:one:member": {}, fmt.Sprint("e\x00", i%7): {}}
			member.SetSources(v2.GrantSources_builder{Sources: sources}.Build())
			derived = append(derived, member)
			continue
		}
		grants = append(grants, member)
	}
	require.NoError(t, opened.PutGrants(ctx, append(grants, grant("one", "u1"), grant("lost", "u1"))...))
	require.NoError(t, opened.Grants().StoreExpandedGrants(ctx, derived...))
	require.NoError(t, opened.EndSync(ctx))
	store, ok := opened.(digested)
	require.True(t, ok)
	return store, path
}

func digestsOf(t *testing.T, store c1zstore.Store) storetest.Readings {
	ask := storetest.Questions{Entitlements: []*v2.Entitlement{
		entitlement("many", "member"), entitlement("lost", "member"), entitlement("unknown", "member"),
		v2.Entitlement_builder{Id: "group:one:member"}.Build(), v2.Entitlement_builder{Id: "no such"}.Build(), {}, nil,
	}}
	digests := storetest.Readings{}
	for call, answer := range storetest.AcrossKeyed(storetest.Read(context.Background(), store, ask)) {
		if storetest.IsOfDigests(call) {
			digests[call] = answer
		}
	}
	return digests
}

// TestDigestsAreThoseOfPebble compares whatever can be asked about digests, and what the manifest says.
func TestDigestsAreThoseOfPebble(t *testing.T) {
	for _, members := range []int{0, 5, 512, 513, 3000} {
		t.Run(fmt.Sprint(members, " members"), func(t *testing.T) {
			pebble, pebblePath := withDigests(t, c1zstore.EnginePebble, members)
			ours, path := withDigests(t, c1z.Engine, members)
			want := digestsOf(t, pebble)
			require.Greater(t, len(want), 50)
			require.Empty(t, storetest.Diff(want, digestsOf(t, ours)))

			wantGeneration, found, err := pebble.GrantGenerationDigest(context.Background())
			require.NoError(t, err)
			require.True(t, found)
			generation, found, err := ours.GrantGenerationDigest(context.Background())
			require.NoError(t, err)
			require.True(t, found)
			require.Equal(t, wantGeneration, generation)

			require.NoError(t, pebble.Close(context.Background()))
			require.NoError(t, ours.Close(context.Background()))
			wantHeader, err := c1z.ReadHeader(pebblePath)
			require.NoError(t, err)
			header, err := c1z.ReadHeader(path)
			require.NoError(t, err)
			require.NotNil(t, wantHeader.GrantDigestRoot)
			require.True(t, proto.Equal(wantHeader.GrantDigestRoot, header.GrantDigestRoot), header.GrantDigestRoot)

			reopened := openPath(t, path, dotc1z.WithReadOnly(true))
			require.Empty(t, storetest.Diff(want, digestsOf(t, reopened)))
		})
	}
}

// TestABucketScanStopsWhenItIsTold also when pages follow.
func TestABucketScanStopsWhenItIsTold(t *testing.T) {
	ctx := context.Background()
	store, _ := withDigests(t, c1z.Engine, 20)
	var seen []string
	whole := connectorstore.GrantDigestBucket{}
	require.NoError(t, store.ScanEntitlementGrantBucket(ctx, entitlement("many", "member"), whole, func(found *v2.Grant) bool {
		seen = append(seen, found.GetPrincipal().GetId().GetResource())
		return len(seen) < 3
	}))
	require.Equal(t, []string{"u0", "u1", "u10"}, seen)
	never := func(*v2.Grant) bool { t.Fatal("a grant"); return false }
	for _, bucket := range []connectorstore.GrantDigestBucket{{Level: -1}, {Level: 17}, {Level: 1, Index: 2}} {
		require.Equal(t, codes.InvalidArgument, status.Code(store.ScanEntitlementGrantBucket(ctx, entitlement("many", "member"), bucket, never)))
	}
	require.NoError(t, store.ScanEntitlementGrantBucket(ctx, entitlement("none", "member"), connectorstore.GrantDigestBucket{}, never))
}

// TestTheSDKsOptionTurnsDigestsOff in files and in their headers.
func TestTheSDKsOptionTurnsDigestsOff(t *testing.T) {
	ctx := context.Background()
	store, path := withDigests(t, c1z.Engine, 5, dotc1z.WithGrantDigestIndex(false))
	_, found, err := store.GrantGenerationDigest(ctx)
	require.NoError(t, err)
	require.False(t, found)
	_, found, err = store.GetEntitlementGrantDigest(ctx, entitlement("many", "member"))
	require.NoError(t, err)
	require.False(t, found)
	require.NoError(t, store.Close(ctx))
	header, err := c1z.ReadHeader(path)
	require.NoError(t, err)
	require.Nil(t, header.GrantDigestRoot)
}
