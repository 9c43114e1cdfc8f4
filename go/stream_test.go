package c1z_test

import (
	"context"
	"fmt"
	"iter"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func collect[T any](t *testing.T, rows iter.Seq2[*T, error], id func(*T) string) []string {
	t.Helper()
	var out []string
	for row, err := range rows {
		require.NoError(t, err)
		out = append(out, id(row))
	}
	return out
}

func TestStreamsYieldWhatListsShow(t *testing.T) {
	ctx := context.Background()
	store, syncID := startedStore(t)
	streams, ok := store.(connectorstore.StreamingReader)
	require.True(t, ok)
	require.NoError(t, store.PutResources(ctx, resource("group", "g1"), resource("group", "g2"), resource("user", "u1")))
	require.NoError(t, store.PutEntitlements(ctx, entitlement("g1", "member"), entitlement("g2", "member")))
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u1", expandable("e")), grant("g1", "u2"), grant("g2", "u1")))
	resourceOf := func(r *v2.Resource) string { return r.GetId().GetResource() }
	heldBy := func(g *v2.Grant) string {
		return g.GetEntitlement().GetResource().GetId().GetResource() + "/" + g.GetPrincipal().GetId().GetResource()
	}

	require.Equal(t, []string{"g1", "g2", "u1"}, collect(t, streams.StreamResources(ctx, "", connectorstore.StreamResourcesOptions{}), resourceOf))
	require.Equal(t, []string{"u1"}, collect(t, streams.StreamResources(ctx, syncID, connectorstore.StreamResourcesOptions{ResourceTypeID: "user"}), resourceOf))
	require.Equal(t, []string{"group:g1:member", "group:g2:member"}, collect(t, streams.StreamEntitlements(ctx, ""), (*v2.Entitlement).GetId))
	for _, test := range []struct {
		options connectorstore.StreamGrantsOptions
		want    []string
	}{
		{connectorstore.StreamGrantsOptions{}, []string{"g1/u1", "g1/u2", "g2/u1"}},
		{connectorstore.StreamGrantsOptions{EntitlementID: "group:g1:member"}, []string{"g1/u1", "g1/u2"}},
		{connectorstore.StreamGrantsOptions{EntitlementID: "unknown"}, nil},
		{connectorstore.StreamGrantsOptions{PrincipalResourceType: "user", PrincipalResourceID: "u1"}, []string{"g1/u1", "g2/u1"}},
	} {
		require.Equal(t, test.want, collect(t, streams.StreamGrants(ctx, "", test.options), heldBy), "%+v", test.options)
	}
}

func TestALeftStreamLetsGoOfTheStore(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	streams := store.(connectorstore.StreamingReader)
	grants := make([]*v2.Grant, 0, 25_000)
	for i := range cap(grants) {
		grants = append(grants, grant("g1", fmt.Sprintf("u%06d", i)))
	}
	require.NoError(t, store.PutGrants(ctx, grants...))
	seen := 0
	for row, err := range streams.StreamGrants(ctx, "", connectorstore.StreamGrantsOptions{}) {
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("u%06d", seen), row.GetPrincipal().GetId().GetResource())
		if seen++; seen == 10 {
			require.Equal(t, codes.FailedPrecondition, status.Code(store.Close(ctx)), "a stream is open")
			break
		}
	}
	seen = 0
	for _, err := range streams.StreamGrants(ctx, "", connectorstore.StreamGrantsOptions{}) {
		require.NoError(t, err)
		seen++
	}
	require.Equal(t, len(grants), seen)
	require.NoError(t, store.EndSync(ctx))
	require.NoError(t, store.Close(ctx), "no stream is open any more")
}

func TestACancelledStreamGivesTheErrorOnceAndLast(t *testing.T) {
	store, _ := startedStore(t)
	require.NoError(t, store.PutResources(context.Background(), resource("user", "u1"), resource("user", "u2"), resource("user", "u3")))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var failures []error
	rows := 0
	for row, err := range store.(connectorstore.StreamingReader).StreamResources(ctx, "", connectorstore.StreamResourcesOptions{}) {
		if err != nil {
			require.Nil(t, row)
			failures = append(failures, err)
			continue
		}
		rows++
		cancel()
	}
	require.Equal(t, 1, rows)
	require.Len(t, failures, 1)
	require.ErrorIs(t, failures[0], context.Canceled)
}
