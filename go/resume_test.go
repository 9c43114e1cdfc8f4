package c1z_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"

	"example.com/libc1z/go/storetest"
)

// The syncer keeps the token of the page of pending expansion that it is at in its checkpoint.
func TestAPageOfPendingExpansionIsFoundAgainAfterReopening(t *testing.T) {
	const count = 10_500 // A page has 10,000 rows.
	ctx, path := context.Background(), newPath(t)
	store := openPath(t, path)
	_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	grants := make([]*v2.Grant, 0, count)
	for i := range count {
		grants = append(grants, grant("g1", fmt.Sprintf("u%05d", i), expandable("group:g2:member")))
	}
	require.NoError(t, store.PutGrants(ctx, grants...))
	first, token, err := store.Grants().PendingExpansionPage(ctx, "")
	require.NoError(t, err)
	require.NotEmpty(t, token)
	require.NoError(t, store.CheckpointSync(ctx, token))
	require.NoError(t, store.Close(ctx))

	store = openPath(t, path)
	_, started, err := store.StartOrResumeSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.False(t, started)
	token, err = store.CurrentSyncStep(ctx)
	require.NoError(t, err)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u00000x", expandable("a")), grant("g1", "u99999", expandable("a"))))
	require.NoError(t, store.DeleteGrant(ctx, grant("g1", fmt.Sprintf("u%05d", len(first)-1)).GetId()), "the row that the token is about")
	rest, next, err := store.Grants().PendingExpansionPage(ctx, token)
	require.NoError(t, err)
	require.Empty(t, next)
	var principals []string
	for _, row := range append(first, rest...) {
		principals = append(principals, row.PrincipalResourceID)
	}
	require.Len(t, principals, count+1, "what is put before the token is not shown, what is put after it is")
	require.IsIncreasing(t, principals)
	require.Equal(t, "u99999", principals[count])
}

// TestTheTokenOfACheckpointIsWhatWasWrittenLast: a token that is kept anywhere but in the file would start a sync from
// its beginning, or from elsewhere.
func TestTheTokenOfACheckpointIsWhatWasWrittenLast(t *testing.T) {
	ctx, path := context.Background(), newPath(t)
	store := openPath(t, path)
	first, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	tokens := []string{"1", "", `{"é":"日本"}`, strings.Repeat("long ", 1<<20), "short"}
	for _, token := range tokens {
		require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
		require.NoError(t, store.CheckpointSync(ctx, token))
		requireStep(t, store, token)
		require.NoError(t, store.Close(ctx))
		store = openPath(t, path)
		requireStep(t, store, token)
		require.NoError(t, store.SetCurrentSync(ctx, first))
		requireStep(t, store, token)
		resumed, err := store.ResumeSync(ctx, connectorstore.SyncTypeFull, first)
		require.NoError(t, err)
		require.Equal(t, first, resumed)
		requireStep(t, store, token)
	}
	require.NoError(t, store.EndSync(ctx))
	_, err = store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	requireStep(t, store, "")
	require.NoError(t, store.CheckpointSync(ctx, "of the second"))
	require.NoError(t, store.SetCurrentSync(ctx, first))
	requireStep(t, store, "short")
}

func requireStep(t *testing.T, store c1zstore.Store, want string) {
	t.Helper()
	step, err := store.CurrentSyncStep(context.Background())
	require.NoError(t, err)
	require.True(t, want == step, "want %.40q, got %.40q", want, step)
}

// TestAnUnfinishedFileIsReadWithoutBinding: whoever opens the file of an interrupted sync sees what is there.
func TestAnUnfinishedFileIsReadWithoutBinding(t *testing.T) {
	ctx, path := context.Background(), newPath(t)
	store := openPath(t, path)
	syncID, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, store.PutResourceTypes(ctx, resourceType("user"), resourceType("group")))
	require.NoError(t, store.PutResources(ctx, resource("group", "g1"), resource("user", "u1")))
	require.NoError(t, store.PutEntitlements(ctx, entitlement("g1", "member")))
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u1", expandable("e"))))
	require.NoError(t, store.PutAsset(ctx, v2.AssetRef_builder{Id: "icon"}.Build(), "image/png", []byte("x")))
	require.NoError(t, store.CheckpointSync(ctx, "token"))
	ask := storetest.Questions{SyncID: syncID, PageSize: 1, Assets: []string{"icon"}}
	want := storetest.Read(ctx, store, ask)
	require.Empty(t, want.Failures())
	require.NoError(t, store.Close(ctx))
	require.Empty(t, storetest.Diff(want, storetest.Read(ctx, openPath(t, path), ask)))
}
