package encode

import (
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
)

// ListGrantsForEntitlement appends the request.
func ListGrantsForEntitlement(buffer []byte, request *reader_v2.GrantsReaderServiceListGrantsForEntitlementRequest) []byte {
	m := message{buffer}
	if entitlement := request.GetEntitlement(); entitlement != nil {
		m.reference(1, entitlement)
	}
	m.number(2, int64(request.GetPageSize()))
	m.text(3, request.GetPageToken())
	m.annotations(4, request.GetAnnotations())
	m.resourceID(5, request.GetPrincipalId())
	m.texts(6, request.GetPrincipalResourceTypeIds())
	return m.data
}

// ListGrantsForEntitlements appends the request.
func ListGrantsForEntitlements(buffer []byte, request *reader_v2.GrantsReaderServiceListGrantsForEntitlementsRequest) []byte {
	m := message{buffer}
	for _, entitlement := range request.GetEntitlements() {
		m.reference(1, entitlement)
	}
	m.number(10, int64(request.GetPageSize()))
	m.text(11, request.GetPageToken())
	m.annotations(100, request.GetAnnotations())
	return m.data
}

// ListGrantsForPrincipal appends the request.
func ListGrantsForPrincipal(buffer []byte, request *reader_v2.GrantsReaderServiceListGrantsForPrincipalRequest) []byte {
	m := message{buffer}
	m.resourceID(1, request.GetPrincipalId())
	if entitlement := request.GetEntitlement(); entitlement != nil {
		m.reference(2, entitlement)
	}
	m.number(3, int64(request.GetPageSize()))
	m.text(4, request.GetPageToken())
	m.annotations(5, request.GetAnnotations())
	return m.data
}

// ListGrantPrincipals appends a c1z.v1.ListGrantPrincipalsRequest.
func ListGrantPrincipals(buffer []byte, entitlement *v2.Entitlement, pageToken string, pageSize uint32) []byte {
	m := message{buffer}
	if entitlement != nil {
		m.reference(1, entitlement)
	}
	m.number(2, int64(pageSize))
	m.text(3, pageToken)
	return m.data
}
