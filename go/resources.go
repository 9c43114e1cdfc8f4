package c1z

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/sourcecache"

	"example.com/libc1z/go/internal/apipb"
	"example.com/libc1z/go/internal/encode"
	"example.com/libc1z/go/internal/page"
)

// PutResources stores resources in the bound sync, under the source-cache scope of ctx; of several with one type and id
// the last wins.
func (s *store) PutResources(ctx context.Context, resources ...*v2.Resource) error {
	return put(ctx, s.native, putResources, resources, sourcecache.ScopeFromContext(ctx), encode.PutResources)
}

// ListResources returns one page in the order of types and ids, filtered by type and parent.
func (s *store) ListResources(
	ctx context.Context, request *v2.ResourcesServiceListResourcesRequest,
) (*v2.ResourcesServiceListResourcesResponse, error) {
	return list[v2.ResourcesServiceListResourcesResponse](ctx, s.native, listResources, request, page.Resources)
}

// GetResource fails with codes.NotFound when there is none of the type with the id.
func (s *store) GetResource(
	ctx context.Context, request *reader_v2.ResourcesReaderServiceGetResourceRequest,
) (*reader_v2.ResourcesReaderServiceGetResourceResponse, error) {
	return get(ctx, s.native, getResource, request, page.Resource, func(resource *v2.Resource) *reader_v2.ResourcesReaderServiceGetResourceResponse {
		return reader_v2.ResourcesReaderServiceGetResourceResponse_builder{Resource: resource}.Build()
	})
}

// ListResourcesByIds returns the resources in the order asked for, without those that are not there.
func (s *store) ListResourcesByIds(
	ctx context.Context, request *reader_v2.ResourcesReaderServiceListResourcesByIdsRequest,
) (*reader_v2.ResourcesReaderServiceListResourcesByIdsResponse, error) {
	return list[reader_v2.ResourcesReaderServiceListResourcesByIdsResponse](ctx, s.native, listResourcesByIds, request, page.Resources)
}

// DeleteResourceRecord deletes one resource, if it is there; what refers to it stays.
func (s *store) DeleteResourceRecord(ctx context.Context, resourceTypeID, resourceID string) error {
	return exec(ctx, s.native, deleteResource, &apipb.DeleteResourceRequest{
		ResourceId: v2.ResourceId_builder{ResourceType: resourceTypeID, Resource: resourceID}.Build(),
	})
}
