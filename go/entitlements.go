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

// PutEntitlements stores entitlements in the bound sync, under the source-cache scope of ctx. It stores none when one of
// them does not name its resource.
func (s *store) PutEntitlements(ctx context.Context, entitlements ...*v2.Entitlement) error {
	return put(ctx, s.native, putEntitlements, entitlements, sourcecache.ScopeFromContext(ctx), encode.PutEntitlements)
}

// ListEntitlements returns one page in the order of resources and ids, filtered by resource.
func (s *store) ListEntitlements(
	ctx context.Context, request *v2.EntitlementsServiceListEntitlementsRequest,
) (*v2.EntitlementsServiceListEntitlementsResponse, error) {
	return list[v2.EntitlementsServiceListEntitlementsResponse](ctx, s.native, listEntitlements, request, page.Entitlements)
}

// ListStaticEntitlements is always empty: static entitlements are stored for each resource.
func (s *store) ListStaticEntitlements(
	context.Context, *v2.EntitlementsServiceListStaticEntitlementsRequest,
) (*v2.EntitlementsServiceListStaticEntitlementsResponse, error) {
	return &v2.EntitlementsServiceListStaticEntitlementsResponse{}, nil
}

// GetEntitlement finds an entitlement by its id alone. It fails with codes.NotFound when none has it, and with
// codes.FailedPrecondition when several resources have one of that id.
func (s *store) GetEntitlement(
	ctx context.Context, request *reader_v2.EntitlementsReaderServiceGetEntitlementRequest,
) (*reader_v2.EntitlementsReaderServiceGetEntitlementResponse, error) {
	return get(ctx, s.native, getEntitlement, request, page.Entitlement, func(entitlement *v2.Entitlement) *reader_v2.EntitlementsReaderServiceGetEntitlementResponse {
		return reader_v2.EntitlementsReaderServiceGetEntitlementResponse_builder{Entitlement: entitlement}.Build()
	})
}

// ListEntitlementsByIds returns the entitlements in the order asked for, without those that are not there.
func (s *store) ListEntitlementsByIds(
	ctx context.Context, request *reader_v2.EntitlementsReaderServiceListEntitlementsByIdsRequest,
) (*reader_v2.EntitlementsReaderServiceListEntitlementsByIdsResponse, error) {
	return list[reader_v2.EntitlementsReaderServiceListEntitlementsByIdsResponse](ctx, s.native, listEntitlementsByIds, request, page.Entitlements)
}

// DeleteEntitlementByRefs deletes one entitlement by its resource and id, if it is there; its grants stay.
func (s *store) DeleteEntitlementByRefs(ctx context.Context, entitlement *v2.Entitlement) error {
	return exec(ctx, s.native, deleteEntitlement, &apipb.DeleteEntitlementRequest{Entitlement: entitlement})
}
