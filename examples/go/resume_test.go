package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/types"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/libc1z/examples/go/accounts"
	"example.com/libc1z/examples/go/connector"
	"example.com/libc1z/go/storetest"
)

// cancelling cancels the sync in the call of one name that is left when left calls of that name have been answered.
type cancelling struct {
	types.ConnectorServer
	call   string
	left   *atomic.Int32
	cancel context.CancelFunc
}

func (c cancelling) now(ctx context.Context, call string) error {
	if call != c.call || c.left.Add(-1) >= 0 {
		return nil
	}
	c.cancel()
	<-ctx.Done()
	return ctx.Err()
}

func (c cancelling) ListResourceTypes(ctx context.Context, request *v2.ResourceTypesServiceListResourceTypesRequest) (*v2.ResourceTypesServiceListResourceTypesResponse, error) {
	if err := c.now(ctx, "ListResourceTypes"); err != nil {
		return nil, err
	}
	return c.ConnectorServer.ListResourceTypes(ctx, request)
}

func (c cancelling) ListResources(ctx context.Context, request *v2.ResourcesServiceListResourcesRequest) (*v2.ResourcesServiceListResourcesResponse, error) {
	if err := c.now(ctx, "ListResources"); err != nil {
		return nil, err
	}
	return c.ConnectorServer.ListResources(ctx, request)
}

func (c cancelling) ListEntitlements(ctx context.Context, request *v2.EntitlementsServiceListEntitlementsRequest) (*v2.EntitlementsServiceListEntitlementsResponse, error) {
	if err := c.now(ctx, "ListEntitlements"); err != nil {
		return nil, err
	}
	return c.ConnectorServer.ListEntitlements(ctx, request)
}

func (c cancelling) ListGrants(ctx context.Context, request *v2.GrantsServiceListGrantsRequest) (*v2.GrantsServiceListGrantsResponse, error) {
	if err := c.now(ctx, "ListGrants"); err != nil {
		return nil, err
	}
	return c.ConnectorServer.ListGrants(ctx, request)
}

// TestACancelledSyncIsResumed stops syncs in all their phases, resumes them from the saved file, and compares what is in
// it in the end with a sync that nobody stopped.
func TestACancelledSyncIsResumed(t *testing.T) {
	machine, err := accounts.Open(exampleMachine.passwd, exampleMachine.group)
	noError(t, err)
	server, err := connectorbuilder.NewConnector(t.Context(), connector.New(machine))
	noError(t, err)
	noError(t, registerEngines())
	store, syncID := open(t, synced(t, exampleMachine, rocksdb, 1))
	want := readings(t, store, syncID)
	for _, stop := range []struct {
		call    string
		after   int32
		workers int
	}{
		{"ListResourceTypes", 0, 1},
		{"ListResources", 1, 1},
		{"ListEntitlements", 0, 4},
		{"ListGrants", 0, 1},
		{"ListGrants", 20, 1},
		{"ListGrants", 40, 4},
	} {
		for _, engine := range engines {
			t.Run(fmt.Sprintf("%s, %s after %d with %d workers", engine, stop.call, stop.after, stop.workers), func(t *testing.T) {
				to := target{path: filepath.Join(t.TempDir(), "out.c1z"), engine: string(engine), workers: stop.workers}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				left := &atomic.Int32{}
				left.Store(stop.after)
				_, err := fullSync(ctx, cancelling{server, stop.call, left, cancel}, to)
				if status.Code(err) != codes.Canceled && !errors.Is(err, context.Canceled) {
					t.Fatalf("got %v, want a cancellation", err)
				}
				begun := syncIDs(t, to.path)
				_, err = fullSync(t.Context(), server, to)
				noError(t, err)
				if diff := cmp.Diff(begun, syncIDs(t, to.path)); diff != "" || len(begun) != 1 {
					t.Errorf("syncs (-cancelled +resumed):\n%s", diff)
				}
				store, syncID := open(t, to.path)
				if diff := storetest.Diff(want, readings(t, store, syncID)); diff != "" {
					t.Errorf("reads (-not cancelled +resumed):\n%s", diff)
				}
			})
		}
	}
}

// syncIDs lists the syncs of a file, finished or not.
func syncIDs(t *testing.T, path string) []string {
	t.Helper()
	store, err := dotc1z.NewStore(t.Context(), path, dotc1z.WithReadOnly(true))
	noError(t, err)
	syncs, err := store.ListSyncs(t.Context(), &reader_v2.SyncsReaderServiceListSyncsRequest{})
	noError(t, errors.Join(err, store.Close(t.Context())))
	var ids []string
	for _, sync := range syncs.GetSyncs() {
		ids = append(ids, sync.GetId())
	}
	return ids
}
