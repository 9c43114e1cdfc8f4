package c1z_test

import (
	"context"
	"fmt"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/engine/pebble"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// lister asks for one page with one row.
type lister func(token string) (next string, err error)

// listers are the lists of a store, with and without filters.
func listers(ctx context.Context, store c1zstore.Store) map[string]lister {
	group, member := resource("group", "g1"), entitlement("g1", "member")
	return map[string]lister{
		"ListResourceTypes": func(token string) (string, error) {
			page, err := store.ListResourceTypes(ctx, v2.ResourceTypesServiceListResourceTypesRequest_builder{PageSize: 1, PageToken: token}.Build())
			return page.GetNextPageToken(), err
		},
		"ListResources": func(token string) (string, error) {
			page, err := store.ListResources(ctx, v2.ResourcesServiceListResourcesRequest_builder{PageSize: 1, PageToken: token}.Build())
			return page.GetNextPageToken(), err
		},
		"ListResources of a parent": func(token string) (string, error) {
			page, err := store.ListResources(ctx, v2.ResourcesServiceListResourcesRequest_builder{ParentResourceId: group.GetId(), PageSize: 1, PageToken: token}.Build())
			return page.GetNextPageToken(), err
		},
		"ListEntitlements": func(token string) (string, error) {
			page, err := store.ListEntitlements(ctx, v2.EntitlementsServiceListEntitlementsRequest_builder{PageSize: 1, PageToken: token}.Build())
			return page.GetNextPageToken(), err
		},
		"ListGrants": func(token string) (string, error) {
			page, err := store.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{PageSize: 1, PageToken: token}.Build())
			return page.GetNextPageToken(), err
		},
		"ListGrantsForEntitlement": func(token string) (string, error) {
			page, err := store.ListGrantsForEntitlement(ctx, reader_v2.GrantsReaderServiceListGrantsForEntitlementRequest_builder{Entitlement: member, PageSize: 1, PageToken: token}.Build())
			return page.GetNextPageToken(), err
		},
		"ListGrantsForEntitlements": func(token string) (string, error) {
			page, err := store.ListGrantsForEntitlements(ctx, reader_v2.GrantsReaderServiceListGrantsForEntitlementsRequest_builder{Entitlements: []*v2.Entitlement{member}, PageSize: 1, PageToken: token}.Build())
			return page.GetNextPageToken(), err
		},
		"ListGrantsForPrincipal": func(token string) (string, error) {
			page, err := store.ListGrantsForPrincipal(ctx, reader_v2.GrantsReaderServiceListGrantsForPrincipalRequest_builder{PrincipalId: resourceID("user", "u1"), PageSize: 1, PageToken: token}.Build())
			return page.GetNextPageToken(), err
		},
		"ListGrantsForResourceType": func(token string) (string, error) {
			page, err := store.ListGrantsForResourceType(ctx, reader_v2.GrantsReaderServiceListGrantsForResourceTypeRequest_builder{ResourceTypeId: "user", PageSize: 1, PageToken: token}.Build())
			return page.GetNextPageToken(), err
		},
		"ListSyncs": func(token string) (string, error) {
			page, err := store.ListSyncs(ctx, reader_v2.SyncsReaderServiceListSyncsRequest_builder{PageSize: 1, PageToken: token}.Build())
			return page.GetNextPageToken(), err
		},
		"ListWithAnnotationsForResource": func(token string) (string, error) {
			_, next, err := store.Grants().ListWithAnnotationsForResourcePage(ctx, group, "", token, 1)
			return next, err
		},
		"PendingExpansion": func(token string) (string, error) {
			_, next, err := store.Grants().PendingExpansionPage(ctx, token)
			return next, err
		},
	}
}

// A token of one list must not make another show what it does not hold.
func TestAPageTokenIsGoodForItsOwnListOnly(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	require.NoError(t, store.PutResourceTypes(ctx, resourceType("user"), resourceType("group")))
	require.NoError(t, store.EndSync(ctx))
	_, err := store.(syncLister).StartNewSyncWithID(ctx, "full", "2mQ0QXrMwQFGMJzTqpFvPcZcTtE", "")
	require.NoError(t, err)
	require.NoError(t, store.PutResourceTypes(ctx, resourceType("user"), resourceType("group")))
	for i := range 3 {
		user := resource("user", fmt.Sprintf("u%d", i))
		user.SetParentResourceId(resourceID("group", "g1"))
		require.NoError(t, store.PutResources(ctx, user))
		for _, group := range []string{"g1", "g2"} {
			require.NoError(t, store.PutEntitlements(ctx, entitlement(group, "member")))
			require.NoError(t, store.PutGrants(ctx, grant(group, user.GetId().GetResource())))
		}
	}
	lists := listers(ctx, store)
	for of, list := range lists {
		token, err := list("")
		require.NoError(t, err, of)
		if of == "PendingExpansion" {
			continue // Its pages are of 10,000 rows.
		}
		require.NotEmpty(t, token, of)
		_, err = list(token)
		require.NoError(t, err, of)
		for name, other := range lists {
			if name == of {
				continue
			}
			_, err := other(token)
			require.Equal(t, codes.InvalidArgument, status.Code(err), "a token of %s in %s: %v", of, name, err)
			require.ErrorIs(t, err, pebble.ErrInvalidPageToken)
		}
		for _, broken := range []string{"!", token + "!", "AAAA", "\x7f", "é"} {
			_, err := list(broken)
			require.Equal(t, codes.InvalidArgument, status.Code(err), "%q in %s: %v", broken, of, err)
		}
	}
}

// A list in another order than the one that the token was made for starts again, instead of going on elsewhere.
func TestABatchInAnotherOrderStartsAgain(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u1"), grant("g1", "u2"), grant("g2", "u1"), grant("g2", "u2")))
	page := func(token string, groups ...string) *reader_v2.GrantsReaderServiceListGrantsForEntitlementsResponse {
		request := reader_v2.GrantsReaderServiceListGrantsForEntitlementsRequest_builder{PageSize: 3, PageToken: token}
		for _, group := range groups {
			request.Entitlements = append(request.Entitlements, entitlement(group, "member"))
		}
		response, err := store.ListGrantsForEntitlements(ctx, request.Build())
		require.NoError(t, err)
		return response
	}
	first := page("", "g1", "g2")
	require.Len(t, first.GetList(), 3)
	require.Len(t, page(first.GetNextPageToken(), "g1", "g2").GetList(), 1)
	again := page(first.GetNextPageToken(), "g2", "g1")
	require.Len(t, again.GetList(), 3)
	require.Equal(t, "group:g2:member", again.GetList()[0].GetEntitlement().GetId())
}
