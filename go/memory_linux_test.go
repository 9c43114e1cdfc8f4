package c1z_test

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"
)

// TestWhatTheLibraryGivesAwayIsFreed reads pages that take many times the memory that the process may grow by.
func TestWhatTheLibraryGivesAwayIsFreed(t *testing.T) {
	const (
		rows    = 10_000
		reads   = 100
		rowSize = 100 // bytes of a row, at least
		most    = rows * reads * rowSize / 3
	)
	ctx := context.Background()
	path, _ := savedFile(t, func(store c1zstore.Store) {
		grants := make([]*v2.Grant, rows)
		for i := range grants {
			grants[i] = grant("a-group-with-a-long-name", "a-user-with-a-long-name-"+strconv.Itoa(i))
		}
		require.NoError(t, store.PutGrants(ctx, grants...))
	})
	store := openPath(t, path, dotc1z.WithReadOnly(true))
	list := func(times int) {
		for range times {
			page, err := store.ListGrants(ctx, &v2.GrantsServiceListGrantsRequest{})
			require.NoError(t, err)
			require.Len(t, page.GetList(), rows)
		}
	}
	list(reads / 10)
	before := residentBytes(t)
	list(reads)
	if grown := residentBytes(t) - before; grown > most {
		t.Errorf("%d reads of %d rows take %d MiB", reads, rows, grown>>20)
	}
}

// residentBytes is the memory that the process has.
func residentBytes(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	pages, err := strconv.Atoi(strings.Fields(string(status))[1])
	require.NoError(t, err)
	return pages * os.Getpagesize()
}
