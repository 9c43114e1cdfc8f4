package c1z

import (
	"context"

	reader_v3 "github.com/conductorone/baton-sdk/pb/c1/reader/v3"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
)

var _ connectorstore.V3GrantReaderProvider = (*store)(nil)

// V3GrantReader reads grants as they are stored: with the time of discovery, the expansion and whether it is pending. Syncs,
// order, pages, tokens and errors are those of the store's own methods.
func (s *store) V3GrantReader() connectorstore.V3GrantReader { return grantRecords{s.native} }

// grantRecords is the view for grants as they are stored, whose methods have the names of the store's.
type grantRecords struct{ native *handle }

// GetGrant is the store's GetGrant.
func (r grantRecords) GetGrant(
	ctx context.Context, request *reader_v3.GrantsReaderServiceGetGrantRequest,
) (*reader_v3.GrantsReaderServiceGetGrantResponse, error) {
	return call[reader_v3.GrantsReaderServiceGetGrantResponse](ctx, r.native, getGrantRecord, request)
}

// ListGrantsForEntitlement is the store's ListGrantsForEntitlement.
func (r grantRecords) ListGrantsForEntitlement(
	ctx context.Context, request *reader_v3.GrantsReaderServiceListGrantsForEntitlementRequest,
) (*reader_v3.GrantsReaderServiceListGrantsForEntitlementResponse, error) {
	return call[reader_v3.GrantsReaderServiceListGrantsForEntitlementResponse](ctx, r.native, listGrantRecordsForEntitlement, request)
}

// ListGrantsForEntitlements is the store's ListGrantsForEntitlements.
func (r grantRecords) ListGrantsForEntitlements(
	ctx context.Context, request *reader_v3.GrantsReaderServiceListGrantsForEntitlementsRequest,
) (*reader_v3.GrantsReaderServiceListGrantsForEntitlementsResponse, error) {
	return call[reader_v3.GrantsReaderServiceListGrantsForEntitlementsResponse](ctx, r.native, listGrantRecordsForEntitlements, request)
}

// ListGrantsForPrincipal is the store's ListGrantsForPrincipal.
func (r grantRecords) ListGrantsForPrincipal(
	ctx context.Context, request *reader_v3.GrantsReaderServiceListGrantsForPrincipalRequest,
) (*reader_v3.GrantsReaderServiceListGrantsForPrincipalResponse, error) {
	return call[reader_v3.GrantsReaderServiceListGrantsForPrincipalResponse](ctx, r.native, listGrantRecordsForPrincipal, request)
}

// ListGrantsForResourceType is the store's ListGrantsForResourceType.
func (r grantRecords) ListGrantsForResourceType(
	ctx context.Context, request *reader_v3.GrantsReaderServiceListGrantsForResourceTypeRequest,
) (*reader_v3.GrantsReaderServiceListGrantsForResourceTypeResponse, error) {
	return call[reader_v3.GrantsReaderServiceListGrantsForResourceTypeResponse](ctx, r.native, listGrantRecordsForResourceType, request)
}
