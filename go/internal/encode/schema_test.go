package encode

import (
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"example.com/libc1z/go/internal/apipb"
)

func TestTheSchemaOfThisSDKIsKnown(t *testing.T) {
	require.True(t, knowsResources())
	require.True(t, knowsEntitlements())
	require.False(t, hasFields(&v2.ResourceId{}, 2))
}

func TestANewerSchemaIsLeftToProto(t *testing.T) {
	resources, entitlements := knowsResources, knowsEntitlements
	defer func() { knowsResources, knowsEntitlements = resources, entitlements }()
	knowsResources = func() bool { return false }
	knowsEntitlements = knowsResources

	id := v2.ResourceId_builder{ResourceType: "user", Resource: "u"}.Build()
	resource := v2.Resource_builder{Id: id, DisplayName: "name"}.Build()
	data, err := PutResources(nil, []*v2.Resource{resource, resource}, "scope")
	require.NoError(t, err)
	whole, err := proto.Marshal(&apipb.PutResourcesRequest{List: []*v2.Resource{resource, resource}, SourceScopeKey: "scope"})
	require.NoError(t, err)
	require.Equal(t, whole, data)

	// As it is known, an entitlement is sent without the name of its resource.
	entitlement := v2.Entitlement_builder{Id: "e", Resource: resource}.Build()
	data, err = PutEntitlements(nil, []*v2.Entitlement{entitlement}, "")
	require.NoError(t, err)
	whole, err = proto.Marshal(&apipb.PutEntitlementsRequest{List: []*v2.Entitlement{entitlement}})
	require.NoError(t, err)
	require.Equal(t, whole, data)
}
