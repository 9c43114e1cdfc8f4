package c1z_test

import (
	"context"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v3 "github.com/conductorone/baton-sdk/pb/c1/reader/v3"
	storage_v3 "github.com/conductorone/baton-sdk/pb/c1/storage/v3"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	c1z "example.com/libc1z/go"
	"example.com/libc1z/go/storetest"
)

// grantRecords is what a store that was reopened read-only, with no sync bound by hand, answers about grants as they are
// stored: each by every way that leads to it.
func grantRecords(t *testing.T, engine c1zstore.Engine) storetest.Readings {
	ctx := context.Background()
	path := newPath(t)
	store := openPath(t, path, dotc1z.WithEngine(engine))
	_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	expandable := v2.GrantExpandable_builder{EntitlementIds: []string{"group:inner:member"}, Shallow: true}.Build()
	require.NoError(t, store.PutEntitlements(ctx, entitlement("g", "member"), entitlement("inner", "member")))
	immutable := grant("g", "u2", &v2.GrantImmutable{})
	require.NoError(t, store.PutGrants(ctx, grant("g", "u1"), immutable, grant("inner", "u1"), grant("g", "u3", expandable)))
	require.NoError(t, store.EndSync(ctx))
	require.NoError(t, store.Close(ctx))

	opened := openPath(t, path, dotc1z.WithReadOnly(true))
	provider, ok := opened.(connectorstore.V3GrantReaderProvider)
	require.True(t, ok)
	reader := provider.V3GrantReader()
	answers := storetest.Readings{}
	add := func(call string, list []*storage_v3.GrantRecord, err error) {
		if err != nil {
			answers[call] = status.Code(err)
			return
		}
		for _, record := range list {
			require.True(t, record.HasDiscoveredAt(), call)
			record.ClearDiscoveredAt()
		}
		answers[call] = list
	}
	for _, id := range []string{"group:g:member:user:u1", "group:g:member:user:u3", "none"} {
		found, err := reader.GetGrant(ctx, reader_v3.GrantsReaderServiceGetGrantRequest_builder{GrantId: id}.Build())
		add("GetGrant "+id, []*storage_v3.GrantRecord{found.GetGrant()}, err)
	}
	for name, e := range map[string]*v2.Entitlement{
		"g": entitlement("g", "member"), "by its id": v2.Entitlement_builder{Id: "group:g:member"}.Build(), "none": entitlement("none", "member"),
	} {
		for token := ""; ; {
			page, err := reader.ListGrantsForEntitlement(ctx, reader_v3.GrantsReaderServiceListGrantsForEntitlementRequest_builder{
				Entitlement: e, PageSize: 2, PageToken: token,
			}.Build())
			call := "ListGrantsForEntitlement " + name
			if token != "" {
				call += ", second page"
			}
			add(call, page.GetList(), err)
			if token = page.GetNextPageToken(); token == "" {
				break
			}
		}
	}
	several, err := reader.ListGrantsForEntitlements(ctx, reader_v3.GrantsReaderServiceListGrantsForEntitlementsRequest_builder{
		Entitlements: []*v2.Entitlement{entitlement("inner", "member"), entitlement("g", "member")},
	}.Build())
	add("ListGrantsForEntitlements", several.GetList(), err)
	for name, e := range map[string]*v2.Entitlement{"": nil, " of g": entitlement("g", "member")} {
		held, err := reader.ListGrantsForPrincipal(ctx, reader_v3.GrantsReaderServiceListGrantsForPrincipalRequest_builder{
			PrincipalId: resourceID("user", "u1"), Entitlement: e,
		}.Build())
		add("ListGrantsForPrincipal"+name, held.GetList(), err)
	}
	ofType, err := reader.ListGrantsForResourceType(ctx, reader_v3.GrantsReaderServiceListGrantsForResourceTypeRequest_builder{
		ResourceTypeId: "user",
	}.Build())
	add("ListGrantsForResourceType", ofType.GetList(), err)
	_, err = reader.ListGrantsForResourceType(ctx, &reader_v3.GrantsReaderServiceListGrantsForResourceTypeRequest{})
	require.Error(t, err)
	return answers
}

// TestGrantsAreReadAsTheyAreStored and as Pebble's reader shows them.
func TestGrantsAreReadAsTheyAreStored(t *testing.T) {
	want, got := grantRecords(t, c1zstore.EnginePebble), grantRecords(t, c1z.Engine)
	require.Empty(t, storetest.Diff(want, got))
	require.Equal(t, codes.NotFound, got["GetGrant none"])
	expanded := got["GetGrant group:g:member:user:u3"].([]*storage_v3.GrantRecord)[0]
	require.True(t, expanded.GetNeedsExpansion())
	require.Equal(t, []string{"group:inner:member"}, expanded.GetExpansion().GetEntitlementIds())
	require.Len(t, got["ListGrantsForResourceType"], 4)
}

// TestHostsFindWhatTheSDKsEnginesHaveBesideTheirInterfaces by looking for it on the store.
func TestHostsFindWhatTheSDKsEnginesHaveBesideTheirInterfaces(t *testing.T) {
	ctx := context.Background()
	path, first := savedFile(t, func(store c1zstore.Store) {
		require.NoError(t, store.PutGrants(ctx, grant("g", "u1"), grant("g", "u2")))
	})
	opened := openPath(t, path)
	store := opened.(interface {
		GrantStats(ctx context.Context, syncType connectorstore.SyncType, syncID string) (map[string]int64, error)
		OutputFilepath() (string, error)
		CleanupCandidates(ctx context.Context) ([]c1zstore.SyncRun, error)
		InitCurrentSync(ctx context.Context) error
	})
	second, err := opened.StartNewSync(ctx, connectorstore.SyncTypePartial, "")
	require.NoError(t, err)
	require.NoError(t, store.InitCurrentSync(ctx))
	require.NoError(t, opened.PutGrants(ctx, grant("g", "u3")))
	require.NoError(t, opened.EndSync(ctx))

	for id, want := range map[string]int64{"": 2, first: 2} {
		stats, err := store.GrantStats(ctx, connectorstore.SyncTypeFull, id)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"group": want}, stats)
	}
	stats, err := store.GrantStats(ctx, connectorstore.SyncTypeFull, second)
	require.NoError(t, err)
	require.Nil(t, stats)
	_, err = store.GrantStats(ctx, connectorstore.SyncTypeResourcesOnly, "")
	require.Equal(t, codes.NotFound, status.Code(err))

	written, err := store.OutputFilepath()
	require.NoError(t, err)
	require.Equal(t, path, written)

	candidates, err := store.CleanupCandidates(ctx)
	require.NoError(t, err)
	require.Len(t, candidates, 2)
	require.Equal(t, []string{first, second}, []string{candidates[0].ID, candidates[1].ID})

	require.Error(t, opened.PutGrants(ctx, grant("g", "u4")))
	require.NoError(t, store.InitCurrentSync(ctx))
	require.NoError(t, opened.PutGrants(ctx, grant("g", "u4")))
	stats, err = store.GrantStats(ctx, connectorstore.SyncTypePartial, second)
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"group": 1}, stats)
}
