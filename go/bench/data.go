package main

import (
	"fmt"
	"math/rand/v2"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

const grantsPerGroup = 200

// data is an organisation of n grants: groups of 200 members each, and a twentieth as many users as grants, so that of
// 20,000 and more grants each user has twenty. No grant comes twice.
type data struct{ grants, groups, users int }

func dataOf(n int) data {
	return data{grants: n, groups: (n + grantsPerGroup - 1) / grantsPerGroup, users: max(1000, n/20)}
}

func resourceTypes() []*v2.ResourceType {
	return []*v2.ResourceType{
		v2.ResourceType_builder{Id: "user", DisplayName: "User", Traits: []v2.ResourceType_Trait{v2.ResourceType_TRAIT_USER}}.Build(),
		v2.ResourceType_builder{Id: "group", DisplayName: "Group", Traits: []v2.ResourceType_Trait{v2.ResourceType_TRAIT_GROUP}}.Build(),
	}
}

func user(i int) *v2.Resource {
	name := fmt.Sprintf("user-%07d", i)
	return v2.Resource_builder{
		Id:          v2.ResourceId_builder{ResourceType: "user", Resource: name}.Build(),
		DisplayName: "Somebody Number " + name,
		Annotations: []*anypb.Any{pack(v2.UserTrait_builder{
			Emails: []*v2.UserTrait_Email{v2.UserTrait_Email_builder{Address: name + "@example.com", IsPrimary: true}.Build()},
			Login:  name,
		}.Build())},
	}.Build()
}

func group(i int) *v2.Resource {
	name := fmt.Sprintf("group-%06d", i)
	return v2.Resource_builder{
		Id:          v2.ResourceId_builder{ResourceType: "group", Resource: name}.Build(),
		DisplayName: "Group " + name,
		Annotations: []*anypb.Any{pack(&v2.GroupTrait{})},
	}.Build()
}

// member is the entitlement to be in a group or, elsewhere, to have a role.
func member(of *v2.Resource) *v2.Entitlement {
	return v2.Entitlement_builder{
		Id:          of.GetId().GetResourceType() + ":" + of.GetId().GetResource() + ":member",
		Resource:    of,
		DisplayName: of.GetDisplayName() + " Member",
		Description: "Member of " + of.GetDisplayName(),
		GrantableTo: resourceTypes(),
		Purpose:     v2.Entitlement_PURPOSE_VALUE_ASSIGNMENT,
		Slug:        "member",
	}.Build()
}

// grant holds its entitlement and principal whole, as the SDK's helpers for connectors make them.
func grant(held *v2.Entitlement, principal *v2.Resource, annotations ...*anypb.Any) *v2.Grant {
	return v2.Grant_builder{
		Id:          held.GetId() + ":" + principal.GetId().GetResourceType() + ":" + principal.GetId().GetResource(),
		Entitlement: held,
		Principal:   principal,
		Annotations: annotations,
	}.Build()
}

func (d data) grant(i int) *v2.Grant {
	return grant(member(group(i/grantsPerGroup)), user(d.memberOf(i)))
}

// memberOf spreads the members of each group over all users: 7919 is prime, and no divisor of a number of users that is
// a power of ten, or a twentieth of one.
func (d data) memberOf(i int) int { return i * 7919 % d.users }

func (d data) grantID(i int) string { return d.grant(i).GetId() }

// order is the grants' numbers, shuffled or not.
func (d data) order(shuffled bool) []int {
	if shuffled {
		return rand.New(rand.NewPCG(3, 4)).Perm(d.grants)
	}
	numbers := make([]int, d.grants)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

func pack(message proto.Message) *anypb.Any {
	packed, err := anypb.New(message)
	if err != nil {
		panic(err) // only a message that cannot be encoded
	}
	return packed
}
