package c1z_test

import (
	"context"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"

	"example.com/libc1z/go/storetest"
)

// TestEveryChangeAloneIsSaved makes one change in a file that was opened for it, and finds it in the file. A change that
// Close does not know of would be lost.
func TestEveryChangeAloneIsSaved(t *testing.T) {
	ctx := context.Background()
	passed := c1zstore.IngestInvariantVerification{
		Generation: "1", Coverage: []string{"I5"}, Mode: c1zstore.IngestInvariantVerificationModeConnector,
	}
	for name, change := range map[string]func(store c1zstore.Store, syncID string) error{
		"StartNewSync": func(store c1zstore.Store, _ string) error {
			_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
			return err
		},
		"StartOrResumeSync": func(store c1zstore.Store, _ string) error {
			_, _, err := store.StartOrResumeSync(ctx, connectorstore.SyncTypePartial, "")
			return err
		},
		"CheckpointSync": func(store c1zstore.Store, _ string) error { return store.CheckpointSync(ctx, "another token") },
		"EndSync":        func(store c1zstore.Store, _ string) error { return store.EndSync(ctx) },
		"PutResourceTypes": func(store c1zstore.Store, _ string) error {
			return store.PutResourceTypes(ctx, resourceType("one more"))
		},
		"PutResources": func(store c1zstore.Store, _ string) error {
			return store.PutResources(ctx, resource("user", "one more"))
		},
		"PutEntitlements": func(store c1zstore.Store, _ string) error {
			return store.PutEntitlements(ctx, entitlement("g1", "one more"))
		},
		"PutGrants": func(store c1zstore.Store, _ string) error { return store.PutGrants(ctx, grant("g1", "one more")) },
		"PutAsset": func(store c1zstore.Store, _ string) error {
			return store.PutAsset(ctx, v2.AssetRef_builder{Id: "icon"}.Build(), "text/plain", nil)
		},
		"StoreExpandedGrants": func(store c1zstore.Store, _ string) error {
			return store.Grants().StoreExpandedGrants(ctx, grant("g1", "derived"))
		},
		"DeleteGrant": func(store c1zstore.Store, _ string) error { return store.DeleteGrant(ctx, grant("g1", "u1").GetId()) },
		"DeleteGrantByRefs": func(store c1zstore.Store, _ string) error {
			return store.(byRefs).DeleteGrantByRefs(ctx, grant("g1", "u1"))
		},
		"DeleteGrantsByRefs": func(store c1zstore.Store, _ string) error {
			return store.(byRefs).DeleteGrantsByRefs(ctx, grant("g1", "u1"))
		},
		"DeleteResourceRecord": func(store c1zstore.Store, _ string) error {
			return store.(byRefs).DeleteResourceRecord(ctx, "user", "u1")
		},
		"DeleteEntitlementByRefs": func(store c1zstore.Store, _ string) error {
			return store.(byRefs).DeleteEntitlementByRefs(ctx, entitlement("g1", "member"))
		},
		"MarkSyncSupportsDiff": func(store c1zstore.Store, syncID string) error {
			return store.SyncMeta().MarkSyncSupportsDiff(ctx, syncID)
		},
		"SetSupportsDiff": func(store c1zstore.Store, syncID string) error {
			return store.(syncLister).SetSupportsDiff(ctx, syncID)
		},
		"MarkIngestInvariantsVerified": func(store c1zstore.Store, syncID string) error {
			return store.SyncMeta().(c1zstore.IngestInvariantVerificationWriter).MarkIngestInvariantsVerified(ctx, syncID, passed)
		},
		"session Set": func(store c1zstore.Store, syncID string) error {
			return store.SessionStore().Set(ctx, "key", []byte("value"), session(syncID))
		},
		"session Delete": func(store c1zstore.Store, syncID string) error {
			return store.SessionStore().Delete(ctx, "kept", session(syncID))
		},
		"session Clear": func(store c1zstore.Store, syncID string) error {
			return store.SessionStore().Clear(ctx, session(syncID))
		},
		"GenerateSyncDiff": func(store c1zstore.Store, syncID string) error {
			second, err := store.(syncLister).StartNewSyncWithID(ctx, connectorstore.SyncTypeFull, "2mQ0QXrMwQFGMJzTqpFvPcZcTtE", "")
			if err == nil {
				err = store.EndSync(ctx)
			}
			if err != nil {
				return err
			}
			_, err = store.FileOps().(interface {
				GenerateSyncDiff(ctx context.Context, baseSyncID, appliedSyncID string) (string, error)
			}).GenerateSyncDiff(ctx, second, syncID)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			path, syncID := savedFile(t, func(store c1zstore.Store) {
				require.NoError(t, store.PutResourceTypes(ctx, resourceType("user")))
				require.NoError(t, store.PutResources(ctx, resource("user", "u1")))
				require.NoError(t, store.PutEntitlements(ctx, entitlement("g1", "member")))
				require.NoError(t, store.PutGrants(ctx, grant("g1", "u1"), grant("g1", "u2")))
				latest, err := storetest.ListSyncs(ctx, store, 0)
				require.NoError(t, err)
				require.NoError(t, store.SessionStore().Set(ctx, "kept", []byte("value"), session(latest[0].GetId())))
			})
			ask := storetest.Questions{SyncID: syncID, Assets: []string{"icon"}}
			before := everything(t, openPath(t, path, dotc1z.WithReadOnly(true)), ask)

			store := openPath(t, path)
			require.NoError(t, change(store, syncID))
			require.NoError(t, store.SetCurrentSync(ctx, syncID))
			changed := everything(t, store, ask)
			require.NotEmpty(t, storetest.Diff(before, changed), "the change shows")
			require.NoError(t, store.Close(ctx))
			require.Empty(t, storetest.Diff(changed, everything(t, openPath(t, path, dotc1z.WithReadOnly(true)), ask)))
		})
	}
}

// everything is all that a store says of one sync, with what only this engine can tell.
func everything(t *testing.T, store c1zstore.Store, ask storetest.Questions) storetest.Readings {
	t.Helper()
	ctx := context.Background()
	require.NoError(t, store.SetCurrentSync(ctx, ask.SyncID))
	all := storetest.Read(ctx, store, ask)
	runs, _, err := store.(syncLister).ListSyncRuns(ctx, "", 0)
	require.NoError(t, err)
	all["ListSyncRuns"] = runs
	values, _, err := store.SessionStore().GetAll(ctx, "", session(ask.SyncID))
	require.NoError(t, err)
	all["session"] = values
	return all
}
