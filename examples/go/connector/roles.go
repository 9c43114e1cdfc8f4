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

const assigned = "assigned"

var roleType = v2.ResourceType_builder{
	Id:          "role",
	DisplayName: "Role",
	Description: "What members of certain groups may do",
	Traits:      []v2.ResourceType_Trait{v2.ResourceType_TRAIT_ROLE},
}.Build()

type roleSyncer struct {
	machine *accounts.Machine
}

func (s *roleSyncer) ResourceType(context.Context) *v2.ResourceType { return roleType }

func (s *roleSyncer) List(_ context.Context, _ *v2.ResourceId, opts resource.SyncOpAttrs) ([]*v2.Resource, *resource.SyncOpResults, error) {
	return page(roles, opts, roleResource)
}

func (s *roleSyncer) Entitlements(_ context.Context, role *v2.Resource, _ resource.SyncOpAttrs) ([]*v2.Entitlement, *resource.SyncOpResults, error) {
	assignment := entitlement.NewAssignmentEntitlement(role, assigned,
		entitlement.WithDisplayName(role.GetDisplayName()),
		entitlement.WithDescription(role.GetDescription()),
		entitlement.WithGrantableTo(userType, groupType, roleType),
	)
	return []*v2.Entitlement{assignment}, nil, nil
}

func (s *roleSyncer) Grants(_ context.Context, res *v2.Resource, opts resource.SyncOpAttrs) ([]*v2.Grant, *resource.SyncOpResults, error) {
	role, known := roleByID(res.GetId().GetResource())
	if !known {
		return nil, nil, status.Errorf(codes.NotFound, "no role %q", res.GetId().GetResource())
	}
	return page(s.holders(role), opts, func(h holder) (*v2.Grant, error) {
		return assignment(res, h), nil
	})
}

// A holder has a role itself and, unless it is a user, hands it on to whoever holds the entitlement named through.
type holder struct {
	principal *v2.ResourceId
	through   string
}

// holders lists who has role by itself: superusers, the groups that confer it, and the role that includes it.
func (s *roleSyncer) holders(role role) []holder {
	var all []holder
	if role.id == administrator {
		for _, user := range s.machine.Users {
			if user.Superuser() {
				all = append(all, holder{principal: userID(user)})
			}
		}
	}
	for _, name := range role.conferredBy {
		if group, known := s.machine.Group(name); known {
			all = append(all, handsOn(groupID(group), member))
		}
	}
	if role.includedIn != "" {
		all = append(all, handsOn(roleID(role.includedIn), assigned))
	}
	return all
}

// handsOn is a holder that hands the role on to the holders of one of its own entitlements.
func handsOn(id *v2.ResourceId, slug string) holder {
	return holder{principal: id, through: entitlement.NewEntitlementID(v2.Resource_builder{Id: id}.Build(), slug)}
}

func roleResource(role role) (*v2.Resource, error) {
	return resource.NewRoleResource(role.name, roleType, role.id, nil, resource.WithDescription(role.description))
}

// assignment is not shallow: whoever holds the source entitlement by derivation hands the role on too.
func assignment(role *v2.Resource, h holder) *v2.Grant {
	if h.through == "" {
		return grant.NewGrant(role, assigned, h.principal)
	}
	return grant.NewGrant(role, assigned, h.principal, grant.WithAnnotation(v2.GrantExpandable_builder{
		EntitlementIds:  []string{h.through},
		ResourceTypeIds: []string{userType.GetId()},
	}.Build()))
}

func roleID(id string) *v2.ResourceId {
	return v2.ResourceId_builder{ResourceType: roleType.GetId(), Resource: id}.Build()
}
