package c1z_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"

	c1z "example.com/libc1z/go"
)

// TestGoroutinesThatWaitTakeNoThreads has many more goroutines in every call than there are turns. Go keeps every thread
// that it has started, so they can be counted afterwards.
func TestGoroutinesThatWaitTakeNoThreads(t *testing.T) {
	const many, enough = 3_000, 300
	// Beside those of calls: Go's own, RocksDB's, and those of a few stores that other tests have had.
	const others = 64
	ctx := context.Background()
	file, _ := savedFile(t, func(store c1zstore.Store) {
		for i := range 2_000 {
			require.NoError(t, store.PutGrants(ctx, benchmarkedGrant(1, i)))
		}
	})
	small, _ := savedFile(t, func(c1zstore.Store) {})
	store, _ := startedStore(t)
	readOnly := openPath(t, file, dotc1z.WithReadOnly(true))
	for name, test := range map[string]struct {
		goroutines int
		call       func(i int) error
	}{
		"put": {many, func(i int) error {
			if i%2 == 0 {
				return store.CheckpointSync(ctx, fmt.Sprint(i))
			}
			return store.PutGrants(ctx, grant("g1", fmt.Sprint(i)))
		}},
		"put and read": {many, func(i int) error {
			if err := store.PutResources(ctx, resource("user", fmt.Sprint(i))); err != nil {
				return err
			}
			_, err := store.GetResource(ctx, reader_v2.ResourcesReaderServiceGetResourceRequest_builder{ResourceId: resourceID("user", fmt.Sprint(i))}.Build())
			return err
		}},
		"read": {enough, func(int) error {
			_, err := readOnly.ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{})
			return err
		}},
		"stream": {enough, func(int) error {
			for _, err := range readOnly.(connectorstore.StreamingReader).StreamGrants(ctx, "", connectorstore.StreamGrantsOptions{}) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		"save": {enough, func(i int) error {
			if err := store.CheckpointSync(ctx, fmt.Sprint(i)); err != nil {
				return err
			}
			return store.(interface{ Save(context.Context) error }).Save(ctx)
		}},
		"read header": {many, func(int) error { _, err := c1z.ReadHeader(small); return err }},
		"verify": {enough, func(int) error {
			_, err := c1z.Verify(ctx, small, c1z.VerifyOptions{Threads: 1})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			start := make(chan struct{})
			failures := make(chan error, test.goroutines)
			var group sync.WaitGroup
			for i := range test.goroutines {
				group.Go(func() {
					<-start
					if err := test.call(i); err != nil {
						failures <- err
					}
				})
			}
			close(start)
			group.Wait()
			close(failures)
			require.NoError(t, <-failures)
			require.LessOrEqual(t, threads(t), c1z.MaxThreads()+others)
		})
	}
}

// threads are what the system says that the process has.
func threads(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	line := regexp.MustCompile(`(?m)^Threads:\s*(\d+)$`).FindSubmatch(status)
	require.NotNil(t, line)
	count, err := strconv.Atoi(string(line[1]))
	require.NoError(t, err)
	return count
}
