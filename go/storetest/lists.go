package storetest

import (
	"context"
	"strconv"
	"strings"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
)

// All calls list until there is no next page.
func All[T any](list func(token string) ([]T, string, error)) ([]T, error) {
	var all []T
	for token := ""; ; {
		part, next, err := list(token)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
		if next == "" {
			return all, nil
		}
		token = next
	}
}

// ListResourceTypes returns the resource types of all pages.
func ListResourceTypes(ctx context.Context, store c1zstore.Store, pageSize uint32) ([]*v2.ResourceType, error) {
	return All(func(token string) ([]*v2.ResourceType, string, error) {
		response, err := store.ListResourceTypes(ctx, v2.ResourceTypesServiceListResourceTypesRequest_builder{
			PageSize: pageSize, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

// ListResources returns the resources of all pages, of one type unless it is empty, of one parent unless it is nil.
func ListResources(ctx context.Context, store c1zstore.Store, resourceType string, parent *v2.ResourceId, pageSize uint32) ([]*v2.Resource, error) {
	return All(func(token string) ([]*v2.Resource, string, error) {
		response, err := store.ListResources(ctx, v2.ResourcesServiceListResourcesRequest_builder{
			ResourceTypeId: resourceType, ParentResourceId: parent, PageSize: pageSize, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

// ListEntitlements returns the entitlements of all pages, of one resource unless it is nil.
func ListEntitlements(ctx context.Context, store c1zstore.Store, of *v2.Resource, pageSize uint32) ([]*v2.Entitlement, error) {
	return All(func(token string) ([]*v2.Entitlement, string, error) {
		response, err := store.ListEntitlements(ctx, v2.EntitlementsServiceListEntitlementsRequest_builder{
			Resource: of, PageSize: pageSize, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

// ListGrants returns the grants of all pages, of the entitlements on one resource unless it is nil.
func ListGrants(ctx context.Context, store c1zstore.Store, of *v2.Resource, pageSize uint32) ([]*v2.Grant, error) {
	return All(func(token string) ([]*v2.Grant, string, error) {
		response, err := store.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{
			Resource: of, PageSize: pageSize, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

// ListGrantsForPrincipal returns what a principal holds on all pages, of one entitlement unless it is nil.
func ListGrantsForPrincipal(ctx context.Context, store c1zstore.Store, principal *v2.ResourceId, of *v2.Entitlement, pageSize uint32) ([]*v2.Grant, error) {
	return All(func(token string) ([]*v2.Grant, string, error) {
		response, err := store.ListGrantsForPrincipal(ctx, reader_v2.GrantsReaderServiceListGrantsForPrincipalRequest_builder{
			PrincipalId: principal, Entitlement: of, PageSize: pageSize, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

// ListGrantsForEntitlement returns the grants of an entitlement on all pages, to principals of the given types if there
// are any.
func ListGrantsForEntitlement(ctx context.Context, store c1zstore.Store, of *v2.Entitlement, pageSize uint32, principalTypes ...string) ([]*v2.Grant, error) {
	return All(func(token string) ([]*v2.Grant, string, error) {
		response, err := store.ListGrantsForEntitlement(ctx, reader_v2.GrantsReaderServiceListGrantsForEntitlementRequest_builder{
			Entitlement: of, PrincipalResourceTypeIds: principalTypes, PageSize: pageSize, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

// ListGrantsForEntitlements returns the grants of several entitlements on all pages.
func ListGrantsForEntitlements(ctx context.Context, store c1zstore.Store, of []*v2.Entitlement, pageSize uint32) ([]*v2.Grant, error) {
	return All(func(token string) ([]*v2.Grant, string, error) {
		response, err := store.ListGrantsForEntitlements(ctx, reader_v2.GrantsReaderServiceListGrantsForEntitlementsRequest_builder{
			Entitlements: of, PageSize: pageSize, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

// ListGrantsForResourceType returns the grants for a resource type on all pages; [IsGrantForType] tells which those are.
func ListGrantsForResourceType(ctx context.Context, store c1zstore.Store, resourceType string, pageSize uint32) ([]*v2.Grant, error) {
	return All(func(token string) ([]*v2.Grant, string, error) {
		response, err := store.ListGrantsForResourceType(ctx, reader_v2.GrantsReaderServiceListGrantsForResourceTypeRequest_builder{
			ResourceTypeId: resourceType, PageSize: pageSize, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

// ListSyncs returns the syncs of all pages, finished or not.
func ListSyncs(ctx context.Context, store c1zstore.Store, pageSize uint32) ([]*reader_v2.SyncRun, error) {
	return All(func(token string) ([]*reader_v2.SyncRun, string, error) {
		response, err := store.ListSyncs(ctx, reader_v2.SyncsReaderServiceListSyncsRequest_builder{PageSize: pageSize, PageToken: token}.Build())
		return response.GetSyncs(), response.GetNextPageToken(), err
	})
}

// ResourceKey is the identity of a resource as one text.
func ResourceKey(id *v2.ResourceId) string { return key(id.GetResourceType(), id.GetResource()) }

// EntitlementKey is the identity of an entitlement as one text.
func EntitlementKey(e *v2.Entitlement) string {
	id := e.GetResource().GetId()
	return key(id.GetResourceType(), id.GetResource(), e.GetId())
}

// GrantKey is the identity of a grant as one text.
func GrantKey(g *v2.Grant) string {
	id := g.GetPrincipal().GetId()
	return EntitlementKey(g.GetEntitlement()) + " to " + key(id.GetResourceType(), id.GetResource())
}

// key quotes the parts: ids may contain whatever would separate them.
func key(parts ...string) string {
	quoted := make([]string, 0, len(parts))
	for _, part := range parts {
		quoted = append(quoted, strconv.Quote(part))
	}
	return strings.Join(quoted, "/")
}
