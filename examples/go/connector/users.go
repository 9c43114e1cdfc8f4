package connector

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/types/resource"

	"example.com/libc1z/examples/go/accounts"
)

// Users hold entitlements and offer none.
var userType = v2.ResourceType_builder{
	Id:          "user",
	DisplayName: "User",
	Description: "An account of passwd(5)",
	Traits:      []v2.ResourceType_Trait{v2.ResourceType_TRAIT_USER},
	Annotations: annotations.New(&v2.SkipEntitlementsAndGrants{}),
}.Build()

type userSyncer struct {
	machine *accounts.Machine
}

func (s *userSyncer) ResourceType(context.Context) *v2.ResourceType { return userType }

func (s *userSyncer) List(_ context.Context, _ *v2.ResourceId, opts resource.SyncOpAttrs) ([]*v2.Resource, *resource.SyncOpResults, error) {
	return page(s.machine.Users, opts, userResource)
}

func (s *userSyncer) Entitlements(context.Context, *v2.Resource, resource.SyncOpAttrs) ([]*v2.Entitlement, *resource.SyncOpResults, error) {
	return nil, nil, nil
}

func (s *userSyncer) Grants(context.Context, *v2.Resource, resource.SyncOpAttrs) ([]*v2.Grant, *resource.SyncOpResults, error) {
	return nil, nil, nil
}

// The id is the login name: two accounts may share one uid, as root and toor do.
func userResource(user accounts.User) (*v2.Resource, error) {
	profile := map[string]any{
		"uid":   user.UID,
		"gid":   user.GID,
		"gecos": user.Gecos,
		"home":  user.Home,
		"shell": user.Shell,
	}
	accountType := v2.UserTrait_ACCOUNT_TYPE_HUMAN
	if user.System() {
		accountType = v2.UserTrait_ACCOUNT_TYPE_SERVICE
	}
	trait := []resource.UserTraitOption{
		resource.WithUserLogin(user.Name),
		resource.WithAccountType(accountType),
		userStatus(user),
	}
	return resource.NewUserResource(user.FullName(), userType, user.Name, trait, resource.WithResourceProfile(profile))
}

// The SDK copies the trait's status to the resource. Set on the resource alone, the trait would still say "enabled".
func userStatus(user accounts.User) resource.UserTraitOption {
	if user.Disabled() {
		return resource.WithDetailedStatus(v2.UserTrait_Status_STATUS_DISABLED, "shell "+user.Shell) //nolint:staticcheck // deprecated only
	}
	return resource.WithStatus(v2.UserTrait_Status_STATUS_ENABLED) //nolint:staticcheck // deprecated only
}

func userID(user accounts.User) *v2.ResourceId {
	return v2.ResourceId_builder{ResourceType: userType.GetId(), Resource: user.Name}.Build()
}
