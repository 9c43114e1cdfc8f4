package c1z_test

import (
	"context"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/engine/pebble"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func expandable(sources ...string) *v2.GrantExpandable {
	return v2.GrantExpandable_builder{EntitlementIds: sources, Shallow: true, ResourceTypeIds: []string{"user"}}.Build()
}

func pending(t *testing.T, store c1zstore.Store) []c1zstore.PendingExpansion {
	t.Helper()
	var rows []c1zstore.PendingExpansion
	for row, err := range store.Grants().PendingExpansion(context.Background()) {
		require.NoError(t, err)
		rows = append(rows, row)
	}
	return rows
}

func TestExpansionStateSurvivesTheExpandersWrites(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u1", expandable("group:g2:member")), grant("g1", "u2"), grant("g2", "u3")))
	rows := pending(t, store)
	require.Len(t, rows, 1)
	require.Equal(t, grant("g1", "u1").GetId(), rows[0].GrantExternalID)
	require.Equal(t, "group:g1:member", rows[0].TargetEntitlementID)
	require.Equal(t, "user", rows[0].PrincipalResourceTypeID)
	require.Equal(t, "u1", rows[0].PrincipalResourceID)
	require.True(t, rows[0].NeedsExpansion)
	equal(t, expandable("group:g2:member"), rows[0].Annotation)

	derived := grant("g1", "u3", expandable("group:g9:member"))
	kept := grant("g1", "u1")
	kept.SetSources(v2.GrantSources_builder{Sources: map[string]*v2.GrantSources_GrantSource{"group:g2:member": {}}}.Build())
	require.NoError(t, store.Grants().StoreExpandedGrants(ctx, derived, nil, kept))
	require.Len(t, pending(t, store), 1, "derived grants do not arm expansion, stored ones keep theirs")

	annotated := map[string]c1zstore.GrantAnnotation{}
	for row, err := range store.Grants().ListWithAnnotations(ctx) {
		require.NoError(t, err)
		require.Equal(t, row.Grant.GetId(), row.GrantExternalID)
		annotated[row.TargetEntitlementID+"/"+row.PrincipalResourceTypeID+"/"+row.PrincipalResourceID] = row
	}
	require.Len(t, annotated, 4)
	require.True(t, annotated["group:g1:member/user/u1"].NeedsExpansion)
	require.NotNil(t, annotated["group:g1:member/user/u1"].Annotation)
	require.Len(t, annotated["group:g1:member/user/u1"].Grant.GetSources().GetSources(), 1)
	require.Nil(t, annotated["group:g1:member/user/u3"].Annotation)
	require.False(t, annotated["group:g1:member/user/u3"].NeedsExpansion)

	onOne, next, err := store.Grants().ListWithAnnotationsForResourcePage(ctx, resource("group", "g2"), "", "", 0)
	require.NoError(t, err)
	require.Empty(t, next)
	require.Len(t, onOne, 1)
	_, _, err = store.Grants().ListWithAnnotationsForResourcePage(ctx, nil, "", "", 0)
	require.Equal(t, codes.InvalidArgument, status.Code(err))
}

func TestGrantIteratorsStopWhereTheLoopDoesAndGiveErrorsOnce(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u1", expandable("a")), grant("g1", "u2", expandable("a"))))
	seen := 0
	for range store.Grants().PendingExpansion(ctx) {
		seen++
		break
	}
	require.Equal(t, 1, seen)

	unbound := openPath(t, newPath(t))
	seen = 0
	for row, err := range unbound.Grants().PendingExpansion(ctx) {
		seen++
		require.ErrorIs(t, err, pebble.ErrNoCurrentSync)
		require.Zero(t, row)
	}
	for row, err := range unbound.Grants().ListWithAnnotations(ctx) {
		seen++
		require.ErrorIs(t, err, pebble.ErrNoCurrentSync)
		require.Zero(t, row)
	}
	require.Equal(t, 2, seen)
}
