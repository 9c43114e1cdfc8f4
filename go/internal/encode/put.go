package encode

import (
	"slices"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// The fields of all put requests.
const (
	listField  = 1
	scopeField = 100
	// Of a PutExpandedGrantsRequest.
	promisedField = 101
)

// maxReserved bounds the memory that is reserved for rows before they are encoded.
const maxReserved = 1 << 20

// PutResources appends a c1z.v1.PutResourcesRequest. It fails where proto.Marshal, which it asks for the rarer resources,
// does.
func PutResources(request []byte, list []*v2.Resource, scope string) ([]byte, error) {
	return put(request, list, scope, appendResource)
}

// PutEntitlements appends a c1z.v1.PutEntitlementsRequest. It fails where proto.Marshal, which it asks for entitlements of
// a newer schema, does.
func PutEntitlements(request []byte, list []*v2.Entitlement, scope string) ([]byte, error) {
	return put(request, list, scope, appendEntitlement)
}

// PutNewGrants appends a c1z.v1.PutExpandedGrantsRequest that promises new grants. It does not fail.
func PutNewGrants(request []byte, list []*v2.Grant, _ string) ([]byte, error) {
	request, err := put(request, list, "", appendGrant)
	m := message{request}
	m.bool(promisedField, true)
	return m.data, err
}

// PutGrants appends a c1z.v1.PutGrantsRequest, or, without a scope, a PutExpandedGrantsRequest. It does not fail.
func PutGrants(request []byte, list []*v2.Grant, scope string) ([]byte, error) {
	return put(request, list, scope, appendGrant)
}

func put[Row any](
	request []byte, list []*Row, scope string, appendRow func(data []byte, row *Row) ([]byte, error),
) ([]byte, error) {
	m := message{request}
	for i, row := range list {
		start := m.begin(listField)
		data, err := appendRow(m.data, row)
		if err != nil {
			return nil, err
		}
		m.data = data
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

// appendResource appends a resource with all that is known of it.
func appendResource(data []byte, resource *v2.Resource) ([]byte, error) {
	if !knowsResources() || isRare(resource) {
		return proto.MarshalOptions{}.MarshalAppend(data, resource)
	}
	m := message{data}
	m.wholeResourceID(1, resource.GetId())
	m.wholeResourceID(2, resource.GetParentResourceId())
	m.text(3, resource.GetDisplayName())
	m.annotations(4, resource.GetAnnotations())
	m.text(5, resource.GetDescription())
	m.bool(6, resource.GetBatonResource())
	return append(m.data, resource.ProtoReflect().GetUnknown()...), nil
}

// isRare tells whether a resource has a field that few have.
func isRare(resource *v2.Resource) bool {
	//nolint:staticcheck // deprecated fields are kept too
	return resource.HasProfile() || resource.HasStatus() || resource.HasIcon() || resource.HasCreatedAt() ||
		resource.HasExternalId() || resource.GetCreationSource() != 0
}

func appendGrant(data []byte, grant *v2.Grant) ([]byte, error) {
	m := message{data}
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
	return m.data, nil
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

// appendEntitlement appends an entitlement with its own fields.
func appendEntitlement(data []byte, entitlement *v2.Entitlement) ([]byte, error) {
	if !knowsEntitlements() {
		return proto.MarshalOptions{}.MarshalAppend(data, entitlement)
	}
	m := message{data}
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
	return append(m.data, entitlement.ProtoReflect().GetUnknown()...), nil
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
