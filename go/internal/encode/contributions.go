package encode

import (
	"slices"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	v3 "github.com/conductorone/baton-sdk/pb/c1/storage/v3"
	batonGrant "github.com/conductorone/baton-sdk/pkg/types/grant"
)

// PutGrantContributions appends a c1z.v1.PutGrantContributionsRequest that promises new grants: to each principal that is
// not nil, with the sources at its place.
func PutGrantContributions(
	request []byte, entitlement *v2.Entitlement, principals []*v3.PrincipalRef, sources []batonGrant.Sources,
) []byte {
	m := message{request}
	if entitlement != nil {
		m.reference(2, entitlement)
	}
	m.bool(3, true)
	first := len(m.data)
	for i, principal := range principals {
		if principal == nil {
			continue
		}
		m.contribution(principal, sources[i])
		if i == 0 {
			size := len(m.data) - first
			m.data = slices.Grow(m.data, len(principals)*min(size+size/8, maxReserved/len(principals)))
		}
	}
	return m.data
}

func (m *message) contribution(principal *v3.PrincipalRef, sources batonGrant.Sources) {
	start := m.begin(listField)
	part := m.begin(1)
	m.text(1, principal.GetResourceTypeId())
	m.text(2, principal.GetResourceId())
	m.text(3, principal.GetParentResourceTypeId())
	m.text(4, principal.GetParentResourceId())
	m.end(part)
	part = m.begin(2)
	for _, source := range sources {
		entry := m.begin(1)
		m.text(1, source.EntitlementID)
		if source.IsDirect {
			value := m.begin(2)
			m.bool(1, true)
			m.end(value)
		}
		m.end(entry)
	}
	m.end(part)
	m.end(start)
}
