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

// PutGrants stores grants in the bound sync, under the source-cache scope of ctx; a GrantExpandable annotation arms
// expansion. It stores none when one of them does not name its entitlement, the entitlement's resource and its principal.
func (s *store) PutGrants(ctx context.Context, grants ...*v2.Grant) error {
	return put(ctx, s.native, putGrants, grants, sourcecache.ScopeFromContext(ctx), encode.PutGrants)
}

// DeleteGrant deletes the grant that answers to a public id, if there is one. It fails with codes.FailedPrecondition
// when several do.
func (s *store) DeleteGrant(ctx context.Context, grantID string) error {
	return exec(ctx, s.native, deleteGrant, &apipb.DeleteGrantRequest{GrantId: grantID})
}

// DeleteGrantByRefs deletes one grant by its entitlement and principal, if it is there; its id plays no part.
func (s *store) DeleteGrantByRefs(ctx context.Context, grant *v2.Grant) error {
	return s.DeleteGrantsByRefs(ctx, grant)
}

// DeleteGrantsByRefs deletes grants by their entitlements and principals; absent ones are skipped. It deletes none when
// one of them does not name both.
func (s *store) DeleteGrantsByRefs(ctx context.Context, grants ...*v2.Grant) error {
	if len(grants) == 0 {
		return nil
	}
	return exec(ctx, s.native, deleteGrants, &apipb.DeleteGrantsRequest{List: grants})
}

// ListGrants returns one page in the order of entitlements and principals, filtered by the entitlement's resource.
func (s *store) ListGrants(
	ctx context.Context, request *v2.GrantsServiceListGrantsRequest,
) (*v2.GrantsServiceListGrantsResponse, error) {
	return list[v2.GrantsServiceListGrantsResponse](ctx, s.native, listGrants, request, page.Grants)
}

// GetGrant finds a grant by its public id. It fails with codes.NotFound when none has it, and with
// codes.FailedPrecondition when several have.
func (s *store) GetGrant(
	ctx context.Context, request *reader_v2.GrantsReaderServiceGetGrantRequest,
) (*reader_v2.GrantsReaderServiceGetGrantResponse, error) {
	return get(ctx, s.native, getGrant, request, page.Grant, func(grant *v2.Grant) *reader_v2.GrantsReaderServiceGetGrantResponse {
		return reader_v2.GrantsReaderServiceGetGrantResponse_builder{Grant: grant}.Build()
	})
}

// GrantsForEntitlementPrincipalSorted promises that ListGrantsForEntitlement returns grants in the byte order of
// principal types and ids, within a page and from page to page.
func (s *store) GrantsForEntitlementPrincipalSorted() bool { return true }

// ListGrantsForEntitlement returns one page of the grants of an entitlement, in the order of principals. An entitlement
// that names its resource is found exactly, else its id has to be the only one of its kind.
func (s *store) ListGrantsForEntitlement(
	ctx context.Context, request *reader_v2.GrantsReaderServiceListGrantsForEntitlementRequest,
) (*reader_v2.GrantsReaderServiceListGrantsForEntitlementResponse, error) {
	return listBy[reader_v2.GrantsReaderServiceListGrantsForEntitlementResponse](ctx, s.native, listGrantsForEntitlement, func(buffer []byte) []byte {
		return encode.ListGrantsForEntitlement(buffer, request)
	}, page.Grants)
}

// ListGrantsForEntitlements returns one page of the grants of several entitlements, one after the other.
func (s *store) ListGrantsForEntitlements(
	ctx context.Context, request *reader_v2.GrantsReaderServiceListGrantsForEntitlementsRequest,
) (*reader_v2.GrantsReaderServiceListGrantsForEntitlementsResponse, error) {
	return listBy[reader_v2.GrantsReaderServiceListGrantsForEntitlementsResponse](ctx, s.native, listGrantsForEntitlements, func(buffer []byte) []byte {
		return encode.ListGrantsForEntitlements(buffer, request)
	}, page.Grants)
}

// ListGrantsForPrincipal returns one page of the grants that a principal holds.
func (s *store) ListGrantsForPrincipal(
	ctx context.Context, request *reader_v2.GrantsReaderServiceListGrantsForPrincipalRequest,
) (*reader_v2.GrantsReaderServiceListGrantsForPrincipalResponse, error) {
	return listBy[reader_v2.GrantsReaderServiceListGrantsForPrincipalResponse](ctx, s.native, listGrantsForPrincipal, func(buffer []byte) []byte {
		return encode.ListGrantsForPrincipal(buffer, request)
	}, page.Grants)
}

// ListGrantsForResourceType returns one page of the grants that principals of a type hold.
func (s *store) ListGrantsForResourceType(
	ctx context.Context, request *reader_v2.GrantsReaderServiceListGrantsForResourceTypeRequest,
) (*reader_v2.GrantsReaderServiceListGrantsForResourceTypeResponse, error) {
	return list[reader_v2.GrantsReaderServiceListGrantsForResourceTypeResponse](ctx, s.native, listGrantsForResourceType, request, page.Grants)
}
