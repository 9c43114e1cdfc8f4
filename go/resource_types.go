package c1z

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"

	"example.com/libc1z/go/internal/apipb"
)

// PutResourceTypes stores resource types in the bound sync; of several with one id the last wins.
func (s *store) PutResourceTypes(ctx context.Context, resourceTypes ...*v2.ResourceType) error {
	list := nonNil(resourceTypes)
	if len(list) == 0 {
		return nil
	}
	return exec(ctx, s.native, putResourceTypes, &apipb.PutResourceTypesRequest{List: list})
}

// ListResourceTypes returns one page in the order of ids.
func (s *store) ListResourceTypes(
	ctx context.Context, request *v2.ResourceTypesServiceListResourceTypesRequest,
) (*v2.ResourceTypesServiceListResourceTypesResponse, error) {
	return call[v2.ResourceTypesServiceListResourceTypesResponse](ctx, s.native, listResourceTypes, request)
}

// GetResourceType fails with codes.NotFound when there is none with the id.
func (s *store) GetResourceType(
	ctx context.Context, request *reader_v2.ResourceTypesReaderServiceGetResourceTypeRequest,
) (*reader_v2.ResourceTypesReaderServiceGetResourceTypeResponse, error) {
	return call[reader_v2.ResourceTypesReaderServiceGetResourceTypeResponse](ctx, s.native, getResourceType, request)
}
