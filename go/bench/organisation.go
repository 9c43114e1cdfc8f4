package main

import (
	"context"
	"fmt"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/types"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/anypb"
)

// The organisation of the full sync.
const (
	groupsOfPerson = 2
	teamsInTeam    = 3
	teamsOfRole    = 4
)

// sizes are how much there is in an organisation of so many people: 200 teams and 25 roles for 5,000, and more for more.
func sizes(people int) (teams, topTeams, roles int) {
	teams = max(200, people/25)
	// At most five levels of teams in teams: each at the top stands for 1 + 3 + 9 + 27 + 81.
	topTeams = max(5, (teams+120)/121)
	return teams, topTeams, max(25, people/200)
}

// organisation is a connector in memory: people are in teams, teams in other teams, and teams have roles. Members of a
// team are members of the team around it, and have its roles.
type organisation struct {
	types.ConnectorClient // what a full sync does not call

	resources    map[string][]*v2.Resource    // by type
	entitlements map[string][]*v2.Entitlement // by resource
	grants       map[string][]*v2.Grant       // by resource
}

func newOrganisation(people int) *organisation {
	teams, topTeams, roles := sizes(people)
	o := &organisation{
		resources:    map[string][]*v2.Resource{},
		entitlements: map[string][]*v2.Entitlement{},
		grants:       map[string][]*v2.Grant{},
	}
	for i := range people {
		o.resources["user"] = append(o.resources["user"], user(i))
	}
	for i := range teams {
		o.addHeld("group", group(i))
	}
	for i := range roles {
		o.addHeld("role", role(i))
	}
	for i := range people {
		for k := range groupsOfPerson {
			o.addGrant(grant(o.member("group", (i*7+k*101)%teams), user(i)))
		}
	}
	for i := topTeams; i < teams; i++ {
		o.addNested(o.member("group", (i-topTeams)/teamsInTeam), i)
	}
	for i := range roles {
		for k := range teamsOfRole {
			o.addNested(o.member("role", i), (i*teamsOfRole+k)*2%teams)
		}
	}
	return o
}

func role(i int) *v2.Resource {
	name := fmt.Sprintf("role-%03d", i)
	return v2.Resource_builder{
		Id:          v2.ResourceId_builder{ResourceType: "role", Resource: name}.Build(),
		DisplayName: "Role " + name,
		Annotations: []*anypb.Any{pack(&v2.RoleTrait{})},
	}.Build()
}

func (o *organisation) member(resourceType string, i int) *v2.Entitlement {
	return o.entitlements[o.resources[resourceType][i].GetId().GetResource()][0]
}

// addHeld adds a resource with one entitlement.
func (o *organisation) addHeld(resourceType string, resource *v2.Resource) {
	o.resources[resourceType] = append(o.resources[resourceType], resource)
	o.entitlements[resource.GetId().GetResource()] = []*v2.Entitlement{member(resource)}
}

func (o *organisation) addGrant(grant *v2.Grant) {
	on := grant.GetEntitlement().GetResource().GetId().GetResource()
	o.grants[on] = append(o.grants[on], grant)
}

// addNested gives a team what its members shall have.
func (o *organisation) addNested(held *v2.Entitlement, team int) {
	expandable := pack(v2.GrantExpandable_builder{EntitlementIds: []string{o.member("group", team).GetId()}}.Build())
	o.addGrant(grant(held, o.resources["group"][team], expandable))
}

func (o *organisation) ListResourceTypes(
	context.Context, *v2.ResourceTypesServiceListResourceTypesRequest, ...grpc.CallOption,
) (*v2.ResourceTypesServiceListResourceTypesResponse, error) {
	list := append(resourceTypes(), v2.ResourceType_builder{
		Id: "role", DisplayName: "Role", Traits: []v2.ResourceType_Trait{v2.ResourceType_TRAIT_ROLE},
	}.Build())
	return v2.ResourceTypesServiceListResourceTypesResponse_builder{List: list}.Build(), nil
}

func (o *organisation) ListResources(
	_ context.Context, request *v2.ResourcesServiceListResourcesRequest, _ ...grpc.CallOption,
) (*v2.ResourcesServiceListResourcesResponse, error) {
	return v2.ResourcesServiceListResourcesResponse_builder{List: o.resources[request.GetResourceTypeId()]}.Build(), nil
}

func (o *organisation) ListEntitlements(
	_ context.Context, request *v2.EntitlementsServiceListEntitlementsRequest, _ ...grpc.CallOption,
) (*v2.EntitlementsServiceListEntitlementsResponse, error) {
	list := o.entitlements[request.GetResource().GetId().GetResource()]
	return v2.EntitlementsServiceListEntitlementsResponse_builder{List: list}.Build(), nil
}

func (o *organisation) ListStaticEntitlements(
	context.Context, *v2.EntitlementsServiceListStaticEntitlementsRequest, ...grpc.CallOption,
) (*v2.EntitlementsServiceListStaticEntitlementsResponse, error) {
	return &v2.EntitlementsServiceListStaticEntitlementsResponse{}, nil
}

func (o *organisation) ListGrants(
	_ context.Context, request *v2.GrantsServiceListGrantsRequest, _ ...grpc.CallOption,
) (*v2.GrantsServiceListGrantsResponse, error) {
	list := o.grants[request.GetResource().GetId().GetResource()]
	return v2.GrantsServiceListGrantsResponse_builder{List: list}.Build(), nil
}

func (o *organisation) GetMetadata(
	context.Context, *v2.ConnectorServiceGetMetadataRequest, ...grpc.CallOption,
) (*v2.ConnectorServiceGetMetadataResponse, error) {
	metadata := v2.ConnectorMetadata_builder{DisplayName: "Organisation"}.Build()
	return v2.ConnectorServiceGetMetadataResponse_builder{Metadata: metadata}.Build(), nil
}

func (o *organisation) Validate(
	context.Context, *v2.ConnectorServiceValidateRequest, ...grpc.CallOption,
) (*v2.ConnectorServiceValidateResponse, error) {
	return &v2.ConnectorServiceValidateResponse{}, nil
}

func (o *organisation) Cleanup(
	context.Context, *v2.ConnectorServiceCleanupRequest, ...grpc.CallOption,
) (*v2.ConnectorServiceCleanupResponse, error) {
	return &v2.ConnectorServiceCleanupResponse{}, nil
}
