package c1z_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/engine/pebble"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	c1z "example.com/libc1z/go"
)

// writes are calls that need a bound sync.
func writes(store c1zstore.Store) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"PutResourceTypes":    func(ctx context.Context) error { return store.PutResourceTypes(ctx, resourceType("user")) },
		"PutResources":        func(ctx context.Context) error { return store.PutResources(ctx, resource("user", "u1")) },
		"PutEntitlements":     func(ctx context.Context) error { return store.PutEntitlements(ctx, entitlement("g1", "member")) },
		"PutGrants":           func(ctx context.Context) error { return store.PutGrants(ctx, grant("g1", "u1")) },
		"StoreExpandedGrants": func(ctx context.Context) error { return store.Grants().StoreExpandedGrants(ctx, grant("g1", "u1")) },
		"PutAsset": func(ctx context.Context) error {
			return store.PutAsset(ctx, v2.AssetRef_builder{Id: "a"}.Build(), "text/plain", []byte("x"))
		},
		"DeleteGrant": func(ctx context.Context) error { return store.DeleteGrant(ctx, "g") },
	}
}

// longCalls are those that a context can stop midway.
func longCalls(store c1zstore.Store, folder string) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"EndSync":          store.EndSync,
		"Cleanup":          store.Cleanup,
		"RecalculateStats": func(ctx context.Context) error { return store.SyncMeta().RecalculateStats(ctx, "") },
		"CloneSync":        func(ctx context.Context) error { return store.FileOps().CloneSync(ctx, folder+"/clone.c1z", "") },
		"Save":             func(ctx context.Context) error { return store.(interface{ Save(context.Context) error }).Save(ctx) },
	}
}

func TestWritesNeedABoundSync(t *testing.T) {
	ctx := context.Background()
	store := openPath(t, newPath(t))
	for name, write := range writes(store) {
		t.Run(name, func(t *testing.T) {
			err := write(ctx)
			require.ErrorIs(t, err, pebble.ErrNoCurrentSync)
			require.Equal(t, codes.FailedPrecondition, status.Code(err))
		})
	}
	_, err := store.ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{})
	require.ErrorIs(t, err, pebble.ErrNoCurrentSync, "nothing to view")
	require.Error(t, store.CheckpointSync(ctx, "token"))
	require.Error(t, store.EndSync(ctx))
}

func TestASealedSyncTakesNoRecordsButMetadataAndSessions(t *testing.T) {
	ctx := context.Background()
	store, syncID := startedStore(t)
	require.NoError(t, store.EndSync(ctx))
	for name, write := range writes(store) {
		t.Run(name, func(t *testing.T) {
			err := write(ctx)
			require.True(t, errors.Is(err, pebble.ErrEngineSealed) || errors.Is(err, pebble.ErrNoCurrentSync), "%v", err)
			require.Equal(t, codes.FailedPrecondition, status.Code(err))
		})
	}
	require.NoError(t, store.SyncMeta().MarkSyncSupportsDiff(ctx, syncID))
	require.NoError(t, store.SessionStore().Set(ctx, "k", []byte("v"), session(syncID)))
	require.NoError(t, store.SessionStore().Clear(ctx, session(syncID)))
}

func TestAReadOnlyStoreRefusesWrites(t *testing.T) {
	ctx := context.Background()
	path, syncID := savedFile(t, func(store c1zstore.Store) {
		require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
	})
	store := openPath(t, path, dotc1z.WithReadOnly(true))
	require.NoError(t, store.SetCurrentSync(ctx, syncID), "binding writes nothing")
	refused := writes(store)
	refused["SessionSet"] = func(ctx context.Context) error {
		return store.SessionStore().Set(ctx, "k", []byte("v"), session(syncID))
	}
	refused["MarkSyncSupportsDiff"] = func(ctx context.Context) error { return store.SyncMeta().MarkSyncSupportsDiff(ctx, syncID) }
	refused["StartNewSync"] = func(ctx context.Context) error {
		_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
		return err
	}
	for name, write := range refused {
		t.Run(name, func(t *testing.T) {
			err := write(ctx)
			require.ErrorIs(t, err, dotc1z.ErrReadOnly)
			require.Equal(t, codes.FailedPrecondition, status.Code(err))
		})
	}
	grants, err := store.ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{})
	require.NoError(t, err)
	require.Len(t, grants.GetList(), 1)
	require.NoError(t, store.Close(ctx))
}

func TestAClosedStoreIsUnavailable(t *testing.T) {
	ctx := context.Background()
	store, syncID := startedStore(t)
	require.NoError(t, store.Close(ctx))
	require.NoError(t, store.Close(ctx), "closing twice is fine")
	refused := writes(store)
	for name, call := range longCalls(store, t.TempDir()) {
		refused[name] = call
	}
	refused["ListGrants"] = func(ctx context.Context) error {
		_, err := store.ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{})
		return err
	}
	refused["SessionGet"] = func(ctx context.Context) error {
		_, _, err := store.SessionStore().Get(ctx, "k", session(syncID))
		return err
	}
	refused["CurrentDBSizeBytes"] = func(context.Context) error {
		_, err := store.(connectorstore.DBSizeProvider).CurrentDBSizeBytes()
		return err
	}
	refused["StreamGrants"] = func(ctx context.Context) error {
		for _, err := range store.(connectorstore.StreamingReader).StreamGrants(ctx, "", connectorstore.StreamGrantsOptions{}) {
			return err
		}
		return nil
	}
	for name, call := range refused {
		t.Run(name, func(t *testing.T) {
			err := call(ctx)
			require.Equal(t, codes.Unavailable, status.Code(err), "%v", err)
			require.ErrorIs(t, err, pebble.ErrEngineClosing)
			var failure *c1z.Error
			require.ErrorAs(t, fmt.Errorf("wrapped: %w", err), &failure)
			require.Equal(t, "CLOSED", failure.Reason())
		})
	}
}

// TestADoneContextEndsEveryCall but for those of TestADoneContextKeepsTheWorkThatWasDone.
func TestADoneContextEndsEveryCall(t *testing.T) {
	done := doneContexts(t)
	cancelled, expired := done["cancelled"], done["expired"]
	store, syncID := startedStore(t)
	calls := writes(store)
	calls["StartNewSync"] = func(ctx context.Context) error {
		_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
		return err
	}
	calls["StartOrResumeSync"] = func(ctx context.Context) error {
		_, _, err := store.StartOrResumeSync(ctx, connectorstore.SyncTypeFull, "")
		return err
	}
	calls["ResumeSync"] = func(ctx context.Context) error {
		_, err := store.ResumeSync(ctx, connectorstore.SyncTypeFull, syncID)
		return err
	}
	calls["SetCurrentSync"] = func(ctx context.Context) error { return store.SetCurrentSync(ctx, syncID) }
	calls["MarkSyncSupportsDiff"] = func(ctx context.Context) error { return store.SyncMeta().MarkSyncSupportsDiff(ctx, syncID) }
	calls["session Set"] = func(ctx context.Context) error { return store.SessionStore().Set(ctx, "k", nil, session(syncID)) }
	calls["session Get"] = func(ctx context.Context) error {
		_, _, err := store.SessionStore().Get(ctx, "k", session(syncID))
		return err
	}
	calls["session Clear"] = func(ctx context.Context) error { return store.SessionStore().Clear(ctx, session(syncID)) }
	calls["CurrentSyncStep"] = func(ctx context.Context) error { _, err := store.CurrentSyncStep(ctx); return err }
	calls["ListGrants"] = func(ctx context.Context) error {
		_, err := store.ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{})
		return err
	}
	for name, call := range longCalls(store, t.TempDir()) {
		calls[name] = call
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			err := call(cancelled)
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, codes.Canceled, status.Code(err))
			err = call(expired)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, codes.DeadlineExceeded, status.Code(err))
		})
	}
	require.NoError(t, store.PutGrants(context.Background(), grant("g1", "u1")), "the sync is bound as before")
	_, err := dotc1z.NewStore(cancelled, newPath(t), dotc1z.WithEngine(c1z.Engine))
	require.ErrorIs(t, err, context.Canceled)
}
