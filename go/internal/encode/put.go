package encode

import (
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/anypb"
)

// The fields of all put requests.
const (
	listField  = 1
	scopeField = 100
)

// PutGrants appends a c1z.v1.PutGrantsRequest, or, without a scope, a PutExpandedGrantsRequest.
func PutGrants(request []byte, list []*v2.Grant, scope string) []byte {
	m := message{request}
	for _, grant := range list {
		row := m.begin(listField)
		m.grant(grant)
		m.end(row)
	}
	m.text(scopeField, scope)
	return m.data
}

// PutEntitlements appends a c1z.v1.PutEntitlementsRequest.
func PutEntitlements(request []byte, list []*v2.Entitlement, scope string) []byte {
	m := message{request}
	for _, entitlement := range list {
		row := m.begin(listField)
		m.entitlement(entitlement)
		m.end(row)
	}
	m.text(scopeField, scope)
	return m.data
}

func (m *message) grant(grant *v2.Grant) {
	if entitlement := grant.GetEntitlement(); entitlement != nil {
		m.reference(1, entitlement)
	}
	if principal := grant.GetPrincipal(); principal != nil {
		m.resource(2, principal.GetId(), principal.GetParentResourceId())
	}
	m.text(3, grant.GetId())
	m.annotations(4, grant.GetAnnotations())
	if sources := grant.GetSources(); sources != nil {
		part := m.begin(5)
		for id, source := range sources.GetSources() {
			m.grantSource(id, source)
		}
		m.end(part)
	}
}

func (m *message) grantSource(id string, source *v2.GrantSources_GrantSource) {
	entry := m.begin(1)
	m.text(1, id)
	if source.GetIsDirect() {
		value := m.begin(2)
		m.number(1, 1)
		m.end(value)
	}
	m.end(entry)
}

// entitlement appends its own fields too, also those that a newer schema has.
func (m *message) entitlement(entitlement *v2.Entitlement) {
	if resource := entitlement.GetResource(); resource != nil {
		m.resource(1, resource.GetId(), nil)
	}
	m.text(2, entitlement.GetId())
	m.text(3, entitlement.GetDisplayName())
	m.text(4, entitlement.GetDescription())
	for _, resourceType := range entitlement.GetGrantableTo() {
		part := m.begin(5)
		m.text(1, resourceType.GetId())
		m.end(part)
	}
	m.annotations(6, entitlement.GetAnnotations())
	m.number(7, int64(entitlement.GetPurpose()))
	m.text(8, entitlement.GetSlug())
	m.data = append(m.data, entitlement.ProtoReflect().GetUnknown()...)
}

// reference appends a c1.connector.v2.Entitlement of ids alone.
func (m *message) reference(field protowire.Number, entitlement *v2.Entitlement) {
	part := m.begin(field)
	m.resource(1, entitlement.GetResource().GetId(), nil)
	m.text(2, entitlement.GetId())
	m.end(part)
}

// resource appends a c1.connector.v2.Resource of ids alone.
func (m *message) resource(field protowire.Number, id, parent *v2.ResourceId) {
	resource := m.begin(field)
	m.resourceID(1, id)
	m.resourceID(2, parent)
	m.end(resource)
}

func (m *message) resourceID(field protowire.Number, id *v2.ResourceId) {
	if id == nil {
		return
	}
	part := m.begin(field)
	m.text(1, id.GetResourceType())
	m.text(2, id.GetResource())
	m.end(part)
}

func (m *message) annotations(field protowire.Number, annotations []*anypb.Any) {
	for _, annotation := range annotations {
		part := m.begin(field)
		m.text(1, annotation.GetTypeUrl())
		if value := annotation.GetValue(); len(value) > 0 {
			m.data = protowire.AppendTag(m.data, 2, protowire.BytesType)
			m.data = protowire.AppendBytes(m.data, value)
		}
		if annotation != nil {
			m.data = append(m.data, annotation.ProtoReflect().GetUnknown()...)
		}
		m.end(part)
	}
}
