package c1z_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestManyGoroutinesPutAndRead(t *testing.T) {
	ctx := context.Background()
	store, syncID := startedStore(t)
	const workers, each = 8, 50
	var group sync.WaitGroup
	failures := make(chan error, workers)
	for worker := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			name := fmt.Sprintf("g%d", worker)
			failures <- func() error {
				for i := range each {
					user := fmt.Sprintf("u%03d", i)
					if err := store.PutResources(ctx, resource(name, user)); err != nil {
						return err
					}
					if _, err := store.GetResource(ctx, reader_v2.ResourcesReaderServiceGetResourceRequest_builder{ResourceId: resourceID(name, user)}.Build()); err != nil {
						return fmt.Errorf("a resource that was just put: %w", err)
					}
					if err := store.PutGrants(ctx, grant(name, user)); err != nil {
						return err
					}
					if err := store.SessionStore().Set(ctx, name+user, []byte(user), session(syncID)); err != nil {
						return err
					}
					if i%10 == 0 {
						if err := store.CheckpointSync(ctx, user); err != nil {
							return err
						}
						if _, err := store.ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{}); err != nil {
							return err
						}
					}
				}
				return nil
			}()
		}()
	}
	group.Wait()
	for range workers {
		require.NoError(t, <-failures)
	}
	require.NoError(t, store.EndSync(ctx))
	counts, err := store.SyncMeta().Stats(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.EqualValues(t, workers*each, counts["grants"])
	require.EqualValues(t, workers*each, counts["resources"])
}

// TestCloseWhileOthersCall proves that a call either works or says that the store is closed.
func TestCloseWhileOthersCall(t *testing.T) {
	ctx := context.Background()
	store, syncID := startedStore(t)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
	require.NoError(t, store.EndSync(ctx))
	var group sync.WaitGroup
	failures := make(chan error, 8)
	started := make(chan struct{}, 8)
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			started <- struct{}{}
			for {
				_, err := store.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{ActiveSyncId: syncID}.Build())
				if err != nil {
					failures <- err
					return
				}
			}
		}()
	}
	for range 8 {
		<-started
	}
	require.NoError(t, store.Close(ctx))
	group.Wait()
	for range 8 {
		require.Equal(t, codes.Unavailable, status.Code(<-failures))
	}
}

func TestNoGoroutineOutlivesACall(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	store, _ := startedStore(t)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
	before := runtime.NumGoroutine()
	for range 20 {
		require.NoError(t, store.(interface{ Save(context.Context) error }).Save(ctx))
		require.NoError(t, store.SyncMeta().RecalculateStats(ctx, ""))
	}
	// Not require.Eventually: it runs its condition in a goroutine of its own.
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}
