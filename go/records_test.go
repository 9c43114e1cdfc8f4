package c1z_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/engine/pebble"
	"github.com/conductorone/baton-sdk/pkg/sourcecache"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

// TestRecordsComeBackAsTheyWerePut puts a record of each noun and reads it in the open sync, in the finished one, and
// from the saved file.
func TestRecordsComeBackAsTheyWerePut(t *testing.T) {
	ctx := context.Background()
	userType := resourceType("user")
	child := resource("user", "u/1:ä|#")
	child.SetParentResourceId(resourceID("group", "g1"))
	child.SetIcon(v2.AssetRef_builder{Id: "icon"}.Build())
	child.SetProfile(&structpb.Struct{Fields: map[string]*structpb.Value{"b": structpb.NewNumberValue(1), "a": structpb.NewStringValue("x")}})
	child.SetStatus(v2.Status_builder{Status: v2.Status_RESOURCE_STATUS_ENABLED, Details: "fine"}.Build())
	child.SetExternalId(v2.ExternalId_builder{Id: "external"}.Build())
	held := entitlement("g1", "member")
	held.SetGrantableTo([]*v2.ResourceType{v2.ResourceType_builder{Id: "user"}.Build()})
	given := grant("g1", "u1", v2.GrantImmutable_builder{SourceId: "s"}.Build())
	given.SetSources(v2.GrantSources_builder{Sources: map[string]*v2.GrantSources_GrantSource{"e": {}}}.Build())

	check := func(t *testing.T, store c1zstore.Store) {
		gotType, err := store.GetResourceType(ctx, reader_v2.ResourceTypesReaderServiceGetResourceTypeRequest_builder{ResourceTypeId: "user"}.Build())
		require.NoError(t, err)
		equal(t, userType, gotType.GetResourceType())

		gotResource, err := store.GetResource(ctx, reader_v2.ResourcesReaderServiceGetResourceRequest_builder{ResourceId: child.GetId()}.Build())
		require.NoError(t, err)
		equal(t, child, gotResource.GetResource())

		gotEntitlement, err := store.GetEntitlement(ctx, reader_v2.EntitlementsReaderServiceGetEntitlementRequest_builder{EntitlementId: held.GetId()}.Build())
		require.NoError(t, err)
		require.Equal(t, held.GetId(), gotEntitlement.GetEntitlement().GetId())
		require.Equal(t, held.GetPurpose(), gotEntitlement.GetEntitlement().GetPurpose())
		equal(t, held.GetResource().GetId(), gotEntitlement.GetEntitlement().GetResource().GetId())
		require.Equal(t, "user", gotEntitlement.GetEntitlement().GetGrantableTo()[0].GetId())

		gotGrant, err := store.GetGrant(ctx, reader_v2.GrantsReaderServiceGetGrantRequest_builder{GrantId: given.GetId()}.Build())
		require.NoError(t, err)
		equal(t, given.GetPrincipal().GetId(), gotGrant.GetGrant().GetPrincipal().GetId())
		require.Equal(t, held.GetId(), gotGrant.GetGrant().GetEntitlement().GetId())
		equal(t, held.GetResource().GetId(), gotGrant.GetGrant().GetEntitlement().GetResource().GetId())
		equal(t, given.GetSources(), gotGrant.GetGrant().GetSources())
		require.Len(t, gotGrant.GetGrant().GetAnnotations(), 1)
		equal(t, given.GetAnnotations()[0], gotGrant.GetGrant().GetAnnotations()[0])
	}
	checkAsset := func(t *testing.T, store c1zstore.Store) {
		contentType, reader, err := store.GetAsset(ctx, v2.AssetServiceGetAssetRequest_builder{Asset: v2.AssetRef_builder{Id: "icon"}.Build()}.Build())
		require.NoError(t, err)
		require.Equal(t, "image/png", contentType)
		data, err := io.ReadAll(reader)
		require.NoError(t, err)
		require.Equal(t, []byte{1, 2, 3}, data)
	}

	path, _ := savedFile(t, func(store c1zstore.Store) {
		require.NoError(t, store.PutResourceTypes(ctx, nil, userType))
		require.NoError(t, store.PutResources(ctx, child, nil))
		require.NoError(t, store.PutEntitlements(sourcecache.WithScope(ctx, "scope"), held))
		require.NoError(t, store.PutGrants(ctx, given))
		require.NoError(t, store.PutAsset(ctx, v2.AssetRef_builder{Id: "icon"}.Build(), "image/png", []byte{1, 2, 3}))
		t.Run("open sync", func(t *testing.T) { check(t, store); checkAsset(t, store) })
		require.NoError(t, store.EndSync(ctx))
		t.Run("finished sync", func(t *testing.T) { check(t, store) })
		latest, err := store.SyncMeta().LatestFullSync(ctx)
		require.NoError(t, err)
		require.NoError(t, store.SetCurrentSync(ctx, latest.ID))
	})
	t.Run("saved file", func(t *testing.T) {
		reopened := openPath(t, path)
		check(t, reopened)
		checkAsset(t, reopened)
	})
}

func TestEmptyPutsDoNothing(t *testing.T) {
	ctx, store := context.Background(), openPath(t, newPath(t)) // No sync is bound: any real put would fail.
	require.NoError(t, store.PutResourceTypes(ctx))
	require.NoError(t, store.PutResources(ctx, nil, nil))
	require.NoError(t, store.PutEntitlements(ctx, nil))
	require.NoError(t, store.PutGrants(ctx))
	require.NoError(t, store.Grants().StoreExpandedGrants(ctx, nil))
}

func TestAPutWithAnIncompleteRecordStoresNothing(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	for name, put := range map[string]error{
		"entitlement without resource": store.PutEntitlements(ctx, entitlement("g1", "member"), v2.Entitlement_builder{Id: "e"}.Build()),
		"grant without principal":      store.PutGrants(ctx, grant("g1", "u1"), v2.Grant_builder{Id: "g", Entitlement: entitlement("g1", "member")}.Build()),
		"grant without entitlement":    store.PutGrants(ctx, v2.Grant_builder{Id: "g", Principal: resource("user", "u1")}.Build()),
	} {
		require.Equal(t, codes.InvalidArgument, status.Code(put), "%s: %v", name, put)
	}
	entitlements, err := store.ListEntitlements(ctx, &v2.EntitlementsServiceListEntitlementsRequest{})
	require.NoError(t, err)
	require.Empty(t, entitlements.GetList())
	grants, err := store.ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{})
	require.NoError(t, err)
	require.Empty(t, grants.GetList())
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	for name, get := range map[string]func() error{
		"resource type": func() error {
			_, err := store.GetResourceType(ctx, reader_v2.ResourceTypesReaderServiceGetResourceTypeRequest_builder{ResourceTypeId: "x"}.Build())
			return err
		},
		"resource": func() error {
			_, err := store.GetResource(ctx, reader_v2.ResourcesReaderServiceGetResourceRequest_builder{ResourceId: resourceID("x", "y")}.Build())
			return err
		},
		"entitlement": func() error {
			_, err := store.GetEntitlement(ctx, reader_v2.EntitlementsReaderServiceGetEntitlementRequest_builder{EntitlementId: "x"}.Build())
			return err
		},
		"grant": func() error {
			_, err := store.GetGrant(ctx, reader_v2.GrantsReaderServiceGetGrantRequest_builder{GrantId: "x"}.Build())
			return err
		},
		"asset": func() error {
			_, _, err := store.GetAsset(ctx, v2.AssetServiceGetAssetRequest_builder{Asset: v2.AssetRef_builder{Id: "x"}.Build()}.Build())
			return err
		},
		"sync": func() error {
			_, err := store.GetSync(ctx, reader_v2.SyncsReaderServiceGetSyncRequest_builder{SyncId: "x"}.Build())
			return err
		},
		"stats": func() error {
			_, err := store.SyncMeta().Stats(ctx, "", "x")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := get()
			require.Equal(t, codes.NotFound, status.Code(err), "%v", err)
			require.Equal(t, codes.NotFound, status.Code(fmt.Errorf("wrapped: %w", err)))
		})
	}
}

func TestAnIdThatTwoRecordsHaveIsAmbiguous(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	one, other := entitlement("g1", "member"), entitlement("g2", "member")
	one.SetId("same")
	other.SetId("same")
	require.NoError(t, store.PutEntitlements(ctx, one, other))
	_, err := store.GetEntitlement(ctx, reader_v2.EntitlementsReaderServiceGetEntitlementRequest_builder{EntitlementId: "same"}.Build())
	require.ErrorIs(t, err, pebble.ErrAmbiguousExternalID)
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
}

func TestListsPageFilterAndSort(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	for _, group := range []string{"g2", "g1"} {
		require.NoError(t, store.PutResources(ctx, resource("group", group)))
		require.NoError(t, store.PutEntitlements(ctx, entitlement(group, "member")))
		for user := 9; user >= 0; user-- {
			require.NoError(t, store.PutGrants(ctx, grant(group, fmt.Sprintf("u%d", user))))
		}
	}
	for user := range 10 {
		member := resource("user", fmt.Sprintf("u%d", user))
		member.SetParentResourceId(resourceID("group", fmt.Sprintf("g%d", 1+user%2)))
		require.NoError(t, store.PutResources(ctx, member))
	}

	var principals []string
	for token, pages := "", 0; pages == 0 || token != ""; pages++ {
		require.Less(t, pages, 10)
		page, err := store.ListGrantsForEntitlement(ctx, reader_v2.GrantsReaderServiceListGrantsForEntitlementRequest_builder{
			Entitlement: entitlement("g1", "member"), PageSize: 3, PageToken: token,
		}.Build())
		require.NoError(t, err)
		principals = append(principals, ids(page.GetList(), func(g *v2.Grant) string { return g.GetPrincipal().GetId().GetResource() })...)
		token = page.GetNextPageToken()
	}
	require.Equal(t, []string{"u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9"}, principals)

	users, err := store.ListResources(ctx, v2.ResourcesServiceListResourcesRequest_builder{
		ResourceTypeId: "user", ParentResourceId: resourceID("group", "g2"),
	}.Build())
	require.NoError(t, err)
	require.Equal(t, []string{"u1", "u3", "u5", "u7", "u9"}, ids(users.GetList(), func(r *v2.Resource) string { return r.GetId().GetResource() }))

	byID, err := store.ListResourcesByIds(ctx, reader_v2.ResourcesReaderServiceListResourcesByIdsRequest_builder{
		ResourceIds: []*v2.ResourceId{resourceID("user", "u3"), resourceID("user", "missing"), resourceID("group", "g1")},
	}.Build())
	require.NoError(t, err)
	require.Equal(t, []string{"u3", "g1"}, ids(byID.GetList(), func(r *v2.Resource) string { return r.GetId().GetResource() }))

	ofGroup, err := store.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{Resource: resource("group", "g2")}.Build())
	require.NoError(t, err)
	require.Len(t, ofGroup.GetList(), 10)

	ofUser, err := store.ListGrantsForPrincipal(ctx, reader_v2.GrantsReaderServiceListGrantsForPrincipalRequest_builder{
		PrincipalId: resourceID("user", "u4"),
	}.Build())
	require.NoError(t, err)
	require.Len(t, ofUser.GetList(), 2)

	ofUsers, err := store.ListGrantsForResourceType(ctx, reader_v2.GrantsReaderServiceListGrantsForResourceTypeRequest_builder{ResourceTypeId: "user"}.Build())
	require.NoError(t, err)
	require.Len(t, ofUsers.GetList(), 20)

	ofBoth, err := store.ListGrantsForEntitlements(ctx, reader_v2.GrantsReaderServiceListGrantsForEntitlementsRequest_builder{
		Entitlements: []*v2.Entitlement{entitlement("g2", "member"), entitlement("unknown", "member"), entitlement("g1", "member")},
	}.Build())
	require.NoError(t, err)
	require.Len(t, ofBoth.GetList(), 20)
	require.Equal(t, "group:g2:member", ofBoth.GetList()[0].GetEntitlement().GetId())

	static, err := store.ListStaticEntitlements(ctx, &v2.EntitlementsServiceListStaticEntitlementsRequest{})
	require.NoError(t, err)
	require.Empty(t, static.GetList())
}

func TestAForeignOrBrokenPageTokenIsAnInvalidArgument(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	require.NoError(t, store.PutResourceTypes(ctx, resourceType("a"), resourceType("b")))
	page, err := store.ListResourceTypes(ctx, v2.ResourceTypesServiceListResourceTypesRequest_builder{PageSize: 1}.Build())
	require.NoError(t, err)
	require.NotEmpty(t, page.GetNextPageToken())
	for name, token := range map[string]string{"broken": "!", "of another listing": page.GetNextPageToken()} {
		t.Run(name, func(t *testing.T) {
			_, err := store.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{PageToken: token}.Build())
			require.ErrorIs(t, err, pebble.ErrInvalidPageToken)
			require.Equal(t, codes.InvalidArgument, status.Code(err))
		})
	}
}

func TestDeletesGoByReferences(t *testing.T) {
	ctx := context.Background()
	opened, _ := startedStore(t)
	store, ok := opened.(interface {
		c1zstore.Store
		DeleteGrantByRefs(ctx context.Context, grant *v2.Grant) error
		DeleteGrantsByRefs(ctx context.Context, grants ...*v2.Grant) error
		DeleteResourceRecord(ctx context.Context, resourceTypeID, resourceID string) error
		DeleteEntitlementByRefs(ctx context.Context, entitlement *v2.Entitlement) error
		GrantsForEntitlementPrincipalSorted() bool
	})
	require.True(t, ok)
	require.True(t, store.GrantsForEntitlementPrincipalSorted())
	require.NoError(t, store.PutResources(ctx, resource("group", "g1"), resource("group", "g2")))
	require.NoError(t, store.PutEntitlements(ctx, entitlement("g1", "member"), entitlement("g2", "member")))
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u1"), grant("g1", "u2"), grant("g1", "u3"), grant("g1", "u4"), grant("g1", "u5")))

	unnamed := grant("g1", "u1")
	unnamed.SetId("something else")
	require.NoError(t, store.DeleteGrantByRefs(ctx, unnamed))
	require.NoError(t, store.DeleteGrantsByRefs(ctx, grant("g1", "u2"), grant("g1", "u2"), grant("g9", "absent")))
	require.NoError(t, store.DeleteGrantsByRefs(ctx))
	require.NoError(t, store.DeleteGrant(ctx, grant("g1", "u3").GetId()))
	require.NoError(t, store.DeleteGrant(ctx, "absent"))
	require.NoError(t, store.DeleteResourceRecord(ctx, "group", "g1"))
	require.NoError(t, store.DeleteResourceRecord(ctx, "group", "absent"))
	require.NoError(t, store.DeleteEntitlementByRefs(ctx, entitlement("g1", "member")))
	require.Error(t, store.DeleteGrantByRefs(ctx, nil))
	require.Error(t, store.DeleteGrantsByRefs(ctx, grant("g1", "u4"), v2.Grant_builder{Id: "g"}.Build()), "all or none")

	grants, err := store.ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{})
	require.NoError(t, err)
	require.Equal(t, []string{"u4", "u5"}, ids(grants.GetList(), func(g *v2.Grant) string { return g.GetPrincipal().GetId().GetResource() }))
	resources, err := store.ListResources(ctx, &v2.ResourcesServiceListResourcesRequest{})
	require.NoError(t, err)
	require.Equal(t, []string{"g2"}, ids(resources.GetList(), func(r *v2.Resource) string { return r.GetId().GetResource() }))
	entitlements, err := store.ListEntitlements(ctx, &v2.EntitlementsServiceListEntitlementsRequest{})
	require.NoError(t, err)
	require.Equal(t, []string{"group:g2:member"}, ids(entitlements.GetList(), (*v2.Entitlement).GetId))
}
