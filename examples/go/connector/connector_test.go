package connector

import (
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/types"
	"github.com/conductorone/baton-sdk/pkg/types/resource"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"

	"example.com/libc1z/examples/go/accounts"
)

func newServer(t *testing.T, machine *accounts.Machine) types.ConnectorServer {
	t.Helper()
	server, err := connectorbuilder.NewConnector(t.Context(), New(machine))
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func exampleMachine(t *testing.T) *accounts.Machine {
	t.Helper()
	machine, err := accounts.Open("../../data/passwd", "../../data/group")
	if err != nil {
		t.Fatal(err)
	}
	return machine
}

// pages calls list until there is no next page.
func pages[T any](t *testing.T, list func(token string) ([]T, string, error)) []T {
	t.Helper()
	var all []T
	for token := ""; ; {
		part, next, err := list(token)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, part...)
		if next == "" {
			return all
		}
		token = next
	}
}

func listResources(t *testing.T, server types.ConnectorServer, resourceType string) []*v2.Resource {
	return pages(t, func(token string) ([]*v2.Resource, string, error) {
		response, err := server.ListResources(t.Context(), v2.ResourcesServiceListResourcesRequest_builder{
			ResourceTypeId: resourceType, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

func listEntitlements(t *testing.T, server types.ConnectorServer, of *v2.Resource) []*v2.Entitlement {
	return pages(t, func(token string) ([]*v2.Entitlement, string, error) {
		response, err := server.ListEntitlements(t.Context(), v2.EntitlementsServiceListEntitlementsRequest_builder{
			Resource: of, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

func listGrants(t *testing.T, server types.ConnectorServer, of *v2.Resource) []*v2.Grant {
	return pages(t, func(token string) ([]*v2.Grant, string, error) {
		response, err := server.ListGrants(t.Context(), v2.GrantsServiceListGrantsRequest_builder{
			Resource: of, PageToken: token,
		}.Build())
		return response.GetList(), response.GetNextPageToken(), err
	})
}

func find(t *testing.T, resources []*v2.Resource, id string) *v2.Resource {
	t.Helper()
	for _, r := range resources {
		if r.GetId().GetResource() == id {
			return r
		}
	}
	t.Fatalf("no resource %q", id)
	return nil
}

func TestEveryGrantNamesAKnownPrincipalAndEntitlement(t *testing.T) {
	server := newServer(t, exampleMachine(t))
	response, err := server.ListResourceTypes(t.Context(), &v2.ResourceTypesServiceListResourceTypesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	principals, entitlements, grants := map[string]bool{}, map[string]bool{}, map[string]*v2.Grant{}
	count := map[string]int{}
	for _, resourceType := range response.GetList() {
		for _, r := range listResources(t, server, resourceType.GetId()) {
			count[resourceType.GetId()]++
			principals[key(r.GetId())] = true
			for _, e := range listEntitlements(t, server, r) {
				entitlements[e.GetId()] = true
			}
			for _, g := range listGrants(t, server, r) {
				if grants[g.GetId()] != nil {
					t.Errorf("grant %s twice", g.GetId())
				}
				grants[g.GetId()] = g
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"user": 142, "group": 47, "role": 4}, count); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
	if len(principals) != 142+47+4 || len(entitlements) != 47+4 {
		t.Errorf("%d principals and %d entitlements have ids of their own", len(principals), len(entitlements))
	}
	for id, g := range grants {
		if !principals[key(g.GetPrincipal().GetId())] {
			t.Errorf("grant %s: unknown principal", id)
		}
		if !entitlements[g.GetEntitlement().GetId()] {
			t.Errorf("grant %s: unknown entitlement", id)
		}
	}
}

func key(id *v2.ResourceId) string { return id.GetResourceType() + "/" + id.GetResource() }

func TestUserResource(t *testing.T) {
	users := listResources(t, newServer(t, exampleMachine(t)), "user")
	tests := []struct {
		login       string
		displayName string
		status      *v2.Status
		accountType v2.UserTrait_AccountType
		uid         float64
		gecos       string
	}{
		{"root", "root", enabled, v2.UserTrait_ACCOUNT_TYPE_SERVICE, 0, "root"},
		{"messagebus", "messagebus", disabled("/usr/sbin/nologin"), v2.UserTrait_ACCOUNT_TYPE_SERVICE, 102, ""},
		{"ben", "Ben", enabled, v2.UserTrait_ACCOUNT_TYPE_HUMAN, 1005, "&"},
		{"christine", "christine", enabled, v2.UserTrait_ACCOUNT_TYPE_HUMAN, 1013, ""},
		{"satoshi", "佐藤 さとし", enabled, v2.UserTrait_ACCOUNT_TYPE_HUMAN, 1098, "佐藤 さとし"},
		{"trudy", `Trudy "the intruder" O'Hara; <b>`, disabled("/bin/false"), v2.UserTrait_ACCOUNT_TYPE_HUMAN, 1104, `Trudy "the intruder" O'Hara; <b>`},
		{"nobody", "nobody", disabled("/usr/sbin/nologin"), v2.UserTrait_ACCOUNT_TYPE_SERVICE, 65534, "nobody"},
		{"ldap.guest", "Guest of the directory", enabled, v2.UserTrait_ACCOUNT_TYPE_HUMAN, 4294967293, "Guest of the directory, whose uid needs all 32 bits"},
	}
	for _, tt := range tests {
		t.Run(tt.login, func(t *testing.T) {
			user := find(t, users, tt.login)
			trait, err := resource.GetUserTrait(user)
			if err != nil {
				t.Fatal(err)
			}
			if user.GetDisplayName() != tt.displayName || trait.GetLogin() != tt.login {
				t.Errorf("display name %q, login %q", user.GetDisplayName(), trait.GetLogin())
			}
			if trait.GetAccountType() != tt.accountType {
				t.Errorf("account type %v, want %v", trait.GetAccountType(), tt.accountType)
			}
			if diff := cmp.Diff(tt.status, user.GetStatus(), protocmp.Transform()); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
			profile := user.GetProfile().AsMap()
			if profile["uid"] != tt.uid || profile["gecos"] != tt.gecos {
				t.Errorf("profile %v", profile)
			}
		})
	}
}

var enabled = v2.Status_builder{Status: v2.Status_RESOURCE_STATUS_ENABLED}.Build()

func disabled(shell string) *v2.Status {
	return v2.Status_builder{Status: v2.Status_RESOURCE_STATUS_DISABLED, Details: "shell " + shell}.Build()
}

func TestGroupGrants(t *testing.T) {
	server := newServer(t, exampleMachine(t))
	groups := listResources(t, server, "group")
	tests := []struct {
		group string
		want  []string // with the file that the membership is from
	}{
		{"tty", nil},
		{"docker", []string{"denise passwd(5)", "gitlab-runner group(5)", "leslie group(5)", "radia group(5)", "björn group(5)"}},
		{"wheel", []string{"toor group(5)", "leslie group(5)", "ken group(5)"}},
		{"release_managers", []string{"margaret group(5)", "xavier group(5)"}},
		{"Buchhaltung", []string{"rania passwd(5)"}},
		{"old-project", []string{"alan group(5)"}},
	}
	for _, tt := range tests {
		t.Run(tt.group, func(t *testing.T) {
			var got []string
			for _, g := range listGrants(t, server, find(t, groups, tt.group)) {
				metadata := &v2.GrantMetadata{}
				annos := annotations.Annotations(g.GetAnnotations())
				if _, err := annos.Pick(metadata); err != nil {
					t.Fatal(err)
				}
				got = append(got, g.GetPrincipal().GetId().GetResource()+" "+metadata.GetMetadata().AsMap()["source"].(string))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRoleGrants(t *testing.T) {
	server := newServer(t, exampleMachine(t))
	roles := listResources(t, server, "role")
	tests := []struct {
		role string
		want []string // with the entitlement that the grant expands
	}{
		{"administrator", []string{
			"user/root", "user/toor",
			"group/sudo < group:sudo:member", "group/wheel < group:wheel:member", "group/docker < group:docker:member",
			"group/lxd < group:lxd:member", "group/disk < group:disk:member",
		}},
		{"log-reader", []string{
			"group/adm < group:adm:member", "group/systemd-journal < group:systemd-journal:member",
			"role/administrator < role:administrator:assigned",
		}},
		{"password-hash-reader", []string{"group/shadow < group:shadow:member", "role/administrator < role:administrator:assigned"}},
		{"private-key-reader", []string{"group/ssl-cert < group:ssl-cert:member", "role/administrator < role:administrator:assigned"}},
	}
	for _, tt := range tests {
		t.Run(tt.role, func(t *testing.T) {
			var got []string
			for _, g := range listGrants(t, server, find(t, roles, tt.role)) {
				got = append(got, describe(t, g))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("holders (-want +got):\n%s", diff)
			}
		})
	}
}

func describe(t *testing.T, g *v2.Grant) string {
	t.Helper()
	text := key(g.GetPrincipal().GetId())
	expandable := &v2.GrantExpandable{}
	annos := annotations.Annotations(g.GetAnnotations())
	picked, err := annos.Pick(expandable)
	if err != nil {
		t.Fatal(err)
	}
	if picked {
		for _, id := range expandable.GetEntitlementIds() {
			text += " < " + id
		}
	}
	return text
}

func TestValidatePassesWithStrangers(t *testing.T) {
	machine := accounts.NewMachine(nil, []accounts.Group{{Name: "old", GID: 1, Members: []string{"gone"}}})
	server := newServer(t, machine)
	if _, err := server.Validate(t.Context(), &v2.ConnectorServiceValidateRequest{}); err != nil {
		t.Fatal(err)
	}
}

func TestBadRequestsAreErrors(t *testing.T) {
	server := newServer(t, accounts.NewMachine([]accounts.User{{Name: "ada"}}, nil))
	for _, token := range []string{"x", "-1", "2"} {
		_, err := server.ListResources(t.Context(), v2.ResourcesServiceListResourcesRequest_builder{
			ResourceTypeId: "user", PageToken: token,
		}.Build())
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("page token %q: got %v, want InvalidArgument", token, err)
		}
	}
	for _, id := range []*v2.ResourceId{groupID(accounts.Group{Name: "none"}), roleID("none")} {
		_, err := server.ListGrants(t.Context(), v2.GrantsServiceListGrantsRequest_builder{
			Resource: v2.Resource_builder{Id: id}.Build(),
		}.Build())
		if status.Code(err) != codes.NotFound {
			t.Errorf("%s: got %v, want NotFound", key(id), err)
		}
	}
}
