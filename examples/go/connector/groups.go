package connector

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/types/entitlement"
	"github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/conductorone/baton-sdk/pkg/types/resource"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/libc1z/examples/go/accounts"
)

const member = "member"

var groupType = v2.ResourceType_builder{
	Id:          "group",
	DisplayName: "Group",
	Description: "A group of group(5)",
	Traits:      []v2.ResourceType_Trait{v2.ResourceType_TRAIT_GROUP},
}.Build()

type groupSyncer struct {
	machine *accounts.Machine
}

func (s *groupSyncer) ResourceType(context.Context) *v2.ResourceType { return groupType }

func (s *groupSyncer) List(_ context.Context, _ *v2.ResourceId, opts resource.SyncOpAttrs) ([]*v2.Resource, *resource.SyncOpResults, error) {
	return page(s.machine.Groups, opts, groupResource)
}

func (s *groupSyncer) Entitlements(_ context.Context, group *v2.Resource, _ resource.SyncOpAttrs) ([]*v2.Entitlement, *resource.SyncOpResults, error) {
	membership := entitlement.NewAssignmentEntitlement(group, member,
		entitlement.WithDisplayName("Member of "+group.GetDisplayName()),
		entitlement.WithDescription("Has the group's gid among the groups of every process"),
		entitlement.WithGrantableTo(userType),
	)
	return []*v2.Entitlement{membership}, nil, nil
}

func (s *groupSyncer) Grants(_ context.Context, group *v2.Resource, opts resource.SyncOpAttrs) ([]*v2.Grant, *resource.SyncOpResults, error) {
	line, known := s.machine.Group(group.GetId().GetResource())
	if !known {
		return nil, nil, status.Errorf(codes.NotFound, "group %q is not on this machine", group.GetId().GetResource())
	}
	return page(s.machine.Members(line), opts, func(m accounts.Member) (*v2.Grant, error) {
		return membership(group, m), nil
	})
}

func groupResource(group accounts.Group) (*v2.Resource, error) {
	profile := map[string]any{"gid": group.GID}
	return resource.NewGroupResource(group.Name, groupType, group.Name, nil, resource.WithResourceProfile(profile))
}

// membership says in its metadata which of the two files the member is from.
func membership(group *v2.Resource, m accounts.Member) *v2.Grant {
	source := "group(5)"
	if m.Primary {
		source = "passwd(5)"
	}
	return grant.NewGrant(group, member, userID(m.User), grant.WithGrantMetadata(map[string]any{"source": source}))
}

func groupID(group accounts.Group) *v2.ResourceId {
	return v2.ResourceId_builder{ResourceType: groupType.GetId(), Resource: group.Name}.Build()
}
