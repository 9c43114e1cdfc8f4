package main

import (
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"google.golang.org/grpc/status"
)

// readings is what a store answers, by call and argument.
type readings map[string]any

// A small page makes every longer list take several calls.
const pageSize = 7

// readAll asks a store everything that its interface can be asked about one sync.
func readAll(t *testing.T, store c1zstore.Store, syncID string) readings {
	t.Helper()
	r := readings{}
	resourceTypes := r.readResourceTypes(t, store)
	resources := r.readResources(t, store, resourceTypes)
	entitlements := r.readEntitlements(t, store, resources)
	r.readGrants(t, store, resources, entitlements)
	r.readGrantStore(t, store, syncID, resources)
	r.readSyncs(t, store, syncID)
	return r
}

func (r readings) readResourceTypes(t *testing.T, store c1zstore.Store) []*v2.ResourceType {
	t.Helper()
	all := pages(t, func(token string) ([]*v2.ResourceType, string, error) {
		response, err := store.ListResourceTypes(t.Context(), v2.ResourceTypesServiceListResourceTypesRequest_builder{
			PageSize: 1, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
	r["ListResourceTypes"] = all
	get := func(id string) (*reader_v2.ResourceTypesReaderServiceGetResourceTypeResponse, error) {
		return store.GetResourceType(t.Context(), reader_v2.ResourceTypesReaderServiceGetResourceTypeRequest_builder{
			ResourceTypeId: id,
		}.Build())
	}
	for _, resourceType := range all {
		response, err := get(resourceType.GetId())
		noError(t, err)
		r["GetResourceType "+resourceType.GetId()] = response.GetResourceType()
	}
	_, err := get("none")
	r["GetResourceType none"] = status.Code(err)
	return all
}

func (r readings) readResources(t *testing.T, store c1zstore.Store, resourceTypes []*v2.ResourceType) []*v2.Resource {
	t.Helper()
	all := listResources(t, store, "", nil)
	r["ListResources"] = all
	for _, resourceType := range resourceTypes {
		r["ListResources of type "+resourceType.GetId()] = listResources(t, store, resourceType.GetId(), nil)
	}
	get := func(id *v2.ResourceId) (*reader_v2.ResourcesReaderServiceGetResourceResponse, error) {
		return store.GetResource(t.Context(), reader_v2.ResourcesReaderServiceGetResourceRequest_builder{ResourceId: id}.Build())
	}
	none := v2.ResourceId_builder{ResourceType: "user", Resource: "none"}.Build()
	ids := []*v2.ResourceId{none}
	for _, resource := range all {
		id := resource.GetId()
		ids = append(ids, id)
		response, err := get(id)
		noError(t, err)
		r["GetResource "+idText(id)] = response.GetResource()
		r["ListResources of parent "+idText(id)] = listResources(t, store, "", id)
	}
	_, err := get(none)
	r["GetResource none"] = status.Code(err)

	byIDs, err := store.ListResourcesByIds(t.Context(), reader_v2.ResourcesReaderServiceListResourcesByIdsRequest_builder{ResourceIds: ids}.Build())
	noError(t, err)
	r["ListResourcesByIds"] = byIDs.GetList()
	return all
}

func (r readings) readEntitlements(t *testing.T, store c1zstore.Store, resources []*v2.Resource) []*v2.Entitlement {
	t.Helper()
	all := listEntitlements(t, store, nil)
	r["ListEntitlements"] = all
	for _, resource := range resources {
		r["ListEntitlements of "+idText(resource.GetId())] = listEntitlements(t, store, resource)
	}
	get := func(id string) (*reader_v2.EntitlementsReaderServiceGetEntitlementResponse, error) {
		return store.GetEntitlement(t.Context(), reader_v2.EntitlementsReaderServiceGetEntitlementRequest_builder{EntitlementId: id}.Build())
	}
	ids := []string{"none"}
	for _, e := range all {
		ids = append(ids, e.GetId())
		response, err := get(e.GetId())
		noError(t, err)
		r["GetEntitlement "+e.GetId()] = response.GetEntitlement()
	}
	_, err := get("none")
	r["GetEntitlement none"] = status.Code(err)

	byIDs, err := store.ListEntitlementsByIds(t.Context(), reader_v2.EntitlementsReaderServiceListEntitlementsByIdsRequest_builder{EntitlementIds: ids}.Build())
	noError(t, err)
	r["ListEntitlementsByIds"] = byIDs.GetList()
	static, err := store.ListStaticEntitlements(t.Context(), &v2.EntitlementsServiceListStaticEntitlementsRequest{})
	noError(t, err)
	r["ListStaticEntitlements"] = static.GetList()
	return all
}

func (r readings) readGrants(t *testing.T, store c1zstore.Store, resources []*v2.Resource, entitlements []*v2.Entitlement) {
	t.Helper()
	all := listGrants(t, store, nil)
	r["ListGrants"] = all
	for _, resource := range resources {
		r["ListGrants of "+idText(resource.GetId())] = listGrants(t, store, resource)
		r["ListGrantsForPrincipal "+idText(resource.GetId())] = listGrantsForPrincipal(t, store, resource.GetId(), nil)
	}
	for _, e := range entitlements {
		r["ListGrantsForEntitlement "+e.GetId()] = listGrantsForEntitlement(t, store, e)
	}
	r["ListGrantsForEntitlements"] = listGrantsForEntitlements(t, store, entitlements)

	get := func(id string) (*reader_v2.GrantsReaderServiceGetGrantResponse, error) {
		return store.GetGrant(t.Context(), reader_v2.GrantsReaderServiceGetGrantRequest_builder{GrantId: id}.Build())
	}
	for _, g := range all {
		response, err := get(g.GetId())
		noError(t, err)
		r["GetGrant "+g.GetId()] = response.GetGrant()
		r["ListGrantsForPrincipal and entitlement "+g.GetId()] = listGrantsForPrincipal(t, store, g.GetPrincipal().GetId(), g.GetEntitlement())
	}
	_, err := get("none")
	r["GetGrant none"] = status.Code(err)
}

func (r readings) readGrantStore(t *testing.T, store c1zstore.Store, syncID string, resources []*v2.Resource) {
	t.Helper()
	var rows []c1zstore.GrantAnnotation
	for row, err := range store.Grants().ListWithAnnotations(t.Context()) {
		noError(t, err)
		rows = append(rows, row)
	}
	r["Grants.ListWithAnnotations"] = rows
	var pending []c1zstore.PendingExpansion
	for row, err := range store.Grants().PendingExpansion(t.Context()) {
		noError(t, err)
		pending = append(pending, row)
	}
	r["Grants.PendingExpansion"] = pending
	for _, resource := range resources {
		r["Grants.ListWithAnnotationsForResource "+idText(resource.GetId())] = pages(t, func(token string) ([]c1zstore.GrantAnnotation, string, error) {
			return store.Grants().ListWithAnnotationsForResourcePage(t.Context(), resource, syncID, token, pageSize)
		})
	}
}

func (r readings) readSyncs(t *testing.T, store c1zstore.Store, syncID string) {
	t.Helper()
	ctx, meta := t.Context(), store.SyncMeta()
	for name, id := range map[string]string{"": syncID, " of the latest": ""} {
		stats, err := meta.Stats(ctx, connectorstore.SyncTypeFull, id)
		noError(t, err)
		r["SyncMeta.Stats"+name] = stats
		statsV2, err := meta.StatsV2(ctx, connectorstore.SyncTypeFull, id)
		noError(t, err)
		r["SyncMeta.StatsV2"+name] = statsV2
	}
	full, err := meta.LatestFullSync(ctx)
	noError(t, err)
	r["SyncMeta.LatestFullSync"] = full
	latest, err := meta.LatestFinishedSyncOfAnyType(ctx)
	noError(t, err)
	r["SyncMeta.LatestFinishedSyncOfAnyType"] = latest

	r["ListSyncs"] = pages(t, func(token string) ([]*reader_v2.SyncRun, string, error) {
		response, err := store.ListSyncs(ctx, reader_v2.SyncsReaderServiceListSyncsRequest_builder{PageSize: pageSize, PageToken: token}.Build())
		return response.GetSyncs(), response.GetNextPageToken(), err
	})
	sync, err := store.GetSync(ctx, reader_v2.SyncsReaderServiceGetSyncRequest_builder{SyncId: syncID}.Build())
	noError(t, err)
	r["GetSync"] = sync.GetSync()
	for _, syncType := range connectorstore.AllSyncTypes {
		finished, err := store.GetLatestFinishedSync(ctx, reader_v2.SyncsReaderServiceGetLatestFinishedSyncRequest_builder{SyncType: string(syncType)}.Build())
		noError(t, err)
		r["GetLatestFinishedSync "+string(syncType)] = finished.GetSync()
	}
}

func listResources(t *testing.T, store c1zstore.Store, resourceType string, parent *v2.ResourceId) []*v2.Resource {
	t.Helper()
	return pages(t, func(token string) ([]*v2.Resource, string, error) {
		response, err := store.ListResources(t.Context(), v2.ResourcesServiceListResourcesRequest_builder{
			ResourceTypeId: resourceType, ParentResourceId: parent, PageSize: pageSize, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

func listEntitlements(t *testing.T, store c1zstore.Store, of *v2.Resource) []*v2.Entitlement {
	t.Helper()
	return pages(t, func(token string) ([]*v2.Entitlement, string, error) {
		response, err := store.ListEntitlements(t.Context(), v2.EntitlementsServiceListEntitlementsRequest_builder{
			Resource: of, PageSize: pageSize, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

func listGrants(t *testing.T, store c1zstore.Store, of *v2.Resource) []*v2.Grant {
	t.Helper()
	return pages(t, func(token string) ([]*v2.Grant, string, error) {
		response, err := store.ListGrants(t.Context(), v2.GrantsServiceListGrantsRequest_builder{
			Resource: of, PageSize: pageSize, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

func listGrantsForPrincipal(t *testing.T, store c1zstore.Store, principal *v2.ResourceId, of *v2.Entitlement) []*v2.Grant {
	t.Helper()
	return pages(t, func(token string) ([]*v2.Grant, string, error) {
		response, err := store.ListGrantsForPrincipal(t.Context(), reader_v2.GrantsReaderServiceListGrantsForPrincipalRequest_builder{
			PrincipalId: principal, Entitlement: of, PageSize: pageSize, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

func listGrantsForEntitlement(t *testing.T, store c1zstore.Store, of *v2.Entitlement) []*v2.Grant {
	t.Helper()
	return pages(t, func(token string) ([]*v2.Grant, string, error) {
		response, err := store.ListGrantsForEntitlement(t.Context(), reader_v2.GrantsReaderServiceListGrantsForEntitlementRequest_builder{
			Entitlement: of, PageSize: pageSize, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

func listGrantsForEntitlements(t *testing.T, store c1zstore.Store, of []*v2.Entitlement) []*v2.Grant {
	t.Helper()
	return pages(t, func(token string) ([]*v2.Grant, string, error) {
		response, err := store.ListGrantsForEntitlements(t.Context(), reader_v2.GrantsReaderServiceListGrantsForEntitlementsRequest_builder{
			Entitlements: of, PageSize: pageSize, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

func listGrantsForResourceType(t *testing.T, store c1zstore.Store, resourceType string) []*v2.Grant {
	t.Helper()
	return pages(t, func(token string) ([]*v2.Grant, string, error) {
		response, err := store.ListGrantsForResourceType(t.Context(), reader_v2.GrantsReaderServiceListGrantsForResourceTypeRequest_builder{
			ResourceTypeId: resourceType, PageSize: pageSize, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

// pages calls list until there is no next page.
func pages[T any](t *testing.T, list func(token string) ([]T, string, error)) []T {
	t.Helper()
	var all []T
	for token := ""; ; {
		part, next, err := list(token)
		noError(t, err)
		all = append(all, part...)
		if next == "" {
			return all
		}
		token = next
	}
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func idText(id *v2.ResourceId) string { return id.GetResourceType() + "/" + id.GetResource() }
