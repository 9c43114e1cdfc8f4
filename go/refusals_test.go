package c1z_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	c1z "example.com/libc1z/go"
	"example.com/libc1z/go/storetest"
)

// wrongCalls are calls with missing, unknown or broken arguments, by name.
func wrongCalls(ctx context.Context, store c1zstore.Store) map[string]func() error {
	const unknown = "2mQ0QXrMwQFGMJzTqpFvPcZcTtE"
	brokenDetails := []*anypb.Any{{TypeUrl: "type.googleapis.com/c1.c1z.v1.SyncDetails", Value: []byte{0xff}}}
	calls := map[string]func() error{
		"GetResourceType without an id": func() error {
			_, err := store.GetResourceType(ctx, &reader_v2.ResourceTypesReaderServiceGetResourceTypeRequest{})
			return err
		},
		"GetResource without an id": func() error {
			_, err := store.GetResource(ctx, &reader_v2.ResourcesReaderServiceGetResourceRequest{})
			return err
		},
		"GetEntitlement without an id": func() error {
			_, err := store.GetEntitlement(ctx, &reader_v2.EntitlementsReaderServiceGetEntitlementRequest{})
			return err
		},
		"GetGrant without an id": func() error {
			_, err := store.GetGrant(ctx, &reader_v2.GrantsReaderServiceGetGrantRequest{})
			return err
		},
		"ListGrantsForEntitlement without an entitlement": func() error {
			_, err := store.ListGrantsForEntitlement(ctx, &reader_v2.GrantsReaderServiceListGrantsForEntitlementRequest{})
			return err
		},
		"ListGrantsForPrincipal without a principal": func() error {
			_, err := store.ListGrantsForPrincipal(ctx, &reader_v2.GrantsReaderServiceListGrantsForPrincipalRequest{})
			return err
		},
		"ListGrantsForResourceType without a type": func() error {
			_, err := store.ListGrantsForResourceType(ctx, &reader_v2.GrantsReaderServiceListGrantsForResourceTypeRequest{})
			return err
		},
		"ListGrantsForEntitlements without entitlements": func() error {
			_, err := store.ListGrantsForEntitlements(ctx, &reader_v2.GrantsReaderServiceListGrantsForEntitlementsRequest{})
			return err
		},
		"ListResourcesByIds without ids": func() error {
			_, err := store.ListResourcesByIds(ctx, reader_v2.ResourcesReaderServiceListResourcesByIdsRequest_builder{ResourceIds: []*v2.ResourceId{nil}}.Build())
			return err
		},
		"ListWithAnnotationsForResourcePage without a resource": func() error {
			_, _, err := store.Grants().ListWithAnnotationsForResourcePage(ctx, nil, "", "", 0)
			return err
		},
		"GetSync without an id": func() error {
			_, err := store.GetSync(ctx, &reader_v2.SyncsReaderServiceGetSyncRequest{})
			return err
		},
		"GetSync of an unknown id": func() error {
			_, err := store.GetSync(ctx, reader_v2.SyncsReaderServiceGetSyncRequest_builder{SyncId: unknown}.Build())
			return err
		},
		"ResumeSync of an unknown id": func() error {
			_, err := store.ResumeSync(ctx, connectorstore.SyncTypeFull, unknown)
			return err
		},
		"ResumeSync of no KSUID": func() error {
			_, err := store.ResumeSync(ctx, connectorstore.SyncTypeFull, "x")
			return err
		},
		"MarkSyncSupportsDiff without an id":    func() error { return store.SyncMeta().MarkSyncSupportsDiff(ctx, "") },
		"MarkSyncSupportsDiff of an unknown id": func() error { return store.SyncMeta().MarkSyncSupportsDiff(ctx, unknown) },
		"RecalculateStats of an unknown id":     func() error { return store.SyncMeta().RecalculateStats(ctx, unknown) },
		"Stats of an unknown id":                func() error { _, err := store.SyncMeta().Stats(ctx, "", unknown); return err },
		"CloneSync of an unknown id":            func() error { return store.FileOps().CloneSync(ctx, "none.c1z", unknown) },
		"DeleteGrantByRefs without references":  func() error { return store.(byRefs).DeleteGrantByRefs(ctx, &v2.Grant{}) },
		"DeleteGrantsByRefs with a nil grant":   func() error { return store.(byRefs).DeleteGrantsByRefs(ctx, nil, grant("g", "u")) },
		"DeleteEntitlementByRefs without a resource": func() error {
			return store.(byRefs).DeleteEntitlementByRefs(ctx, v2.Entitlement_builder{Id: "e"}.Build())
		},
		"PutAsset without a reference": func() error { return store.PutAsset(ctx, nil, "", nil) },
		"PutAsset without an id":       func() error { return store.PutAsset(ctx, &v2.AssetRef{}, "", nil) },
		"GetAsset without a reference": func() error {
			_, _, err := store.GetAsset(ctx, &v2.AssetServiceGetAssetRequest{})
			return err
		},
		"GetAsset of an unknown id": func() error { _, err := readAsset(ctx, store, "none"); return err },
		"a broken SyncDetails annotation": func() error {
			_, err := store.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{Annotations: brokenDetails}.Build())
			return err
		},
		"a broken SyncDetails annotation on a getter": func() error {
			_, err := store.GetGrant(ctx, reader_v2.GrantsReaderServiceGetGrantRequest_builder{GrantId: "g", Annotations: brokenDetails}.Build())
			return err
		},
		"PutGrants": func() error { return store.PutGrants(ctx, grant("g", "u")) },
		"StoreExpandedGrants without references": func() error {
			return store.Grants().StoreExpandedGrants(ctx, v2.Grant_builder{Id: "g"}.Build())
		},
		"CheckpointSync": func() error { return store.CheckpointSync(ctx, "token") },
	}
	for name, list := range listers(ctx, store) {
		calls["a broken token in "+name] = func() error { _, err := list("!"); return err }
	}
	return calls
}

func readAsset(ctx context.Context, store c1zstore.Store, id string) (string, error) {
	contentType, _, err := store.GetAsset(ctx, v2.AssetServiceGetAssetRequest_builder{Asset: v2.AssetRef_builder{Id: id}.Build()}.Build())
	return contentType, err
}

// TestKeyedEnginesRefuseAlike makes wrong calls of Pebble and RocksDB in every state of a store.
func TestKeyedEnginesRefuseAlike(t *testing.T) {
	require.NoError(t, c1z.Register())
	ctx := context.Background()
	fill := func(t *testing.T, store c1zstore.Store) {
		require.NoError(t, store.PutResourceTypes(ctx, resourceType("user")))
		require.NoError(t, store.PutEntitlements(ctx, entitlement("g1", "member")))
		require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
	}
	start := func(t *testing.T, store c1zstore.Store) {
		_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
		require.NoError(t, err)
	}
	for state, reach := range map[string]func(t *testing.T, path string, engine c1zstore.Engine) c1zstore.Store{
		"new": func(t *testing.T, path string, engine c1zstore.Engine) c1zstore.Store {
			return openPath(t, path, dotc1z.WithEngine(engine))
		},
		"open": func(t *testing.T, path string, engine c1zstore.Engine) c1zstore.Store {
			store := openPath(t, path, dotc1z.WithEngine(engine))
			start(t, store)
			fill(t, store)
			return store
		},
		"ended": func(t *testing.T, path string, engine c1zstore.Engine) c1zstore.Store {
			store := openPath(t, path, dotc1z.WithEngine(engine))
			start(t, store)
			fill(t, store)
			require.NoError(t, store.EndSync(ctx))
			return store
		},
		"saved, read-only": func(t *testing.T, path string, engine c1zstore.Engine) c1zstore.Store {
			store := openPath(t, path, dotc1z.WithEngine(engine))
			start(t, store)
			fill(t, store)
			require.NoError(t, store.EndSync(ctx))
			require.NoError(t, store.Close(ctx))
			return openPath(t, path, dotc1z.WithEngine(engine), dotc1z.WithReadOnly(true))
		},
	} {
		t.Run(state, func(t *testing.T) {
			theirs := wrongCalls(ctx, reach(t, newPath(t), c1zstore.EnginePebble))
			ours := wrongCalls(ctx, reach(t, newPath(t), c1z.Engine))
			for _, name := range slices.Sorted(maps.Keys(ours)) {
				want, got := theirs[name](), ours[name]()
				refused := slices.Contains(storetest.RefusedByRocksDB[name], status.Code(got))
				if !refused && !storetest.SameCode(status.Code(want), status.Code(got)) {
					t.Errorf("%s: pebble %s (%v), rocksdb %s (%v)", name, status.Code(want), want, status.Code(got), got)
				}
				if got != nil && status.Code(got) == codes.Unknown {
					t.Errorf("%s: no code: %v", name, got)
				}
			}
		})
	}
}
