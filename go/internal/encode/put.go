package encode

import (
	"slices"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/anypb"
)

// The fields of all put requests.
const (
	listField  = 1
	scopeField = 100
)

// maxReserved bounds the memory that is reserved for rows before they are encoded.
const maxReserved = 1 << 20

// PutResources appends a c1z.v1.PutResourcesRequest. It fails where proto.Marshal, which it asks for the rarer resources,
// does.
func PutResources(request []byte, list []*v2.Resource, scope string) ([]byte, error) {
	return put(request, list, scope, (*message).wholeResource)
}

// PutEntitlements appends a c1z.v1.PutEntitlementsRequest. It fails where proto.Marshal, which it asks for entitlements of
// a newer schema, does.
func PutEntitlements(request []byte, list []*v2.Entitlement, scope string) ([]byte, error) {
	return put(request, list, scope, (*message).entitlement)
}

// PutGrants appends a c1z.v1.PutGrantsRequest, or, without a scope, a PutExpandedGrantsRequest. It does not fail.
func PutGrants(request []byte, list []*v2.Grant, scope string) ([]byte, error) {
	return put(request, list, scope, (*message).grant)
}

func put[Row any](request []byte, list []*Row, scope string, encode func(m *message, row *Row) error) ([]byte, error) {
	m := message{request}
	for i, row := range list {
		start := m.begin(listField)
		if err := encode(&m, row); err != nil {
			return nil, err
		}
		m.end(start)
		if i == 0 {
			// Rows of one request resemble each other.
			size := len(m.data) - start
			m.data = slices.Grow(m.data, len(list)*min(size+size/8, maxReserved/len(list)))
		}
	}
	m.text(scopeField, scope)
	return m.data, nil
}

// wholeResource appends a resource with all that is known of it.
func (m *message) wholeResource(resource *v2.Resource) error {
	if !knowsResources() || isRare(resource) {
		return m.marshal(resource)
	}
	m.wholeResourceID(1, resource.GetId())
	m.wholeResourceID(2, resource.GetParentResourceId())
	m.text(3, resource.GetDisplayName())
	m.annotations(4, resource.GetAnnotations())
	m.text(5, resource.GetDescription())
	m.bool(6, resource.GetBatonResource())
	m.data = append(m.data, resource.ProtoReflect().GetUnknown()...)
	return nil
}

// isRare tells whether a resource has a field that few have.
func isRare(resource *v2.Resource) bool {
	//nolint:staticcheck // deprecated fields are kept too
	return resource.HasProfile() || resource.HasStatus() || resource.HasIcon() || resource.HasCreatedAt() ||
		resource.HasExternalId() || resource.GetCreationSource() != 0
}

func (m *message) grant(grant *v2.Grant) error {
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
	return nil
}

func (m *message) grantSource(id string, source *v2.GrantSources_GrantSource) {
	entry := m.begin(1)
	m.text(1, id)
	if source.GetIsDirect() {
		value := m.begin(2)
		m.bool(1, true)
		m.end(value)
	}
	m.end(entry)
}

// entitlement appends its own fields too.
func (m *message) entitlement(entitlement *v2.Entitlement) error {
	if !knowsEntitlements() {
		return m.marshal(entitlement)
	}
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
	return nil
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

func (m *message) wholeResourceID(field protowire.Number, id *v2.ResourceId) {
	if id == nil {
		return
	}
	part := m.begin(field)
	m.text(1, id.GetResourceType())
	m.text(2, id.GetResource())
	m.bool(3, id.GetBatonResource())
	m.data = append(m.data, id.ProtoReflect().GetUnknown()...)
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
