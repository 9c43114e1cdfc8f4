package c1z_test

import (
	"context"
	"fmt"
	"iter"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	c1z "example.com/libc1z/go"
)

// holding is content with these users, each a member of the group g.
func holding(t *testing.T, users ...string) func(c1zstore.Store) {
	return func(store c1zstore.Store) {
		ctx := context.Background()
		require.NoError(t, store.PutResourceTypes(ctx, resourceType("user")))
		for _, user := range users {
			require.NoError(t, store.PutResources(ctx, resource("user", user)))
			require.NoError(t, store.PutGrants(ctx, grant("g", user)))
		}
	}
}

// told is each difference in a line.
func told(t *testing.T, found iter.Seq2[c1z.Difference, error]) []string {
	t.Helper()
	var lines []string
	name := func(record any) string {
		switch record := record.(type) {
		case nil:
			return "-"
		case *v2.Resource:
			return record.GetId().GetResource() + " " + record.GetDisplayName()
		case *v2.Grant:
			return record.GetId()
		case *c1z.AssetInfo:
			return fmt.Sprint(*record)
		}
		return fmt.Sprintf("%T", record)
	}
	for difference, err := range found {
		require.NoError(t, err)
		lines = append(lines, fmt.Sprint(difference.Change, " ", name(difference.Before), ", ", name(difference.After), " ", difference.Fields))
	}
	return lines
}

func TestCompareYieldsWhatDiffersBetweenFiles(t *testing.T) {
	before, _ := savedFile(t, holding(t, "a", "b"))
	after, _ := savedFile(t, func(store c1zstore.Store) {
		holding(t, "b", "c")(store)
		renamed := resource("user", "b")
		renamed.SetDisplayName("renamed")
		require.NoError(t, store.PutResources(context.Background(), renamed))
	})
	compare := func(opts c1z.CompareOptions) []string {
		opts.TmpDir = t.TempDir()
		return told(t, c1z.Compare(context.Background(), c1z.CompareInput{Path: before}, c1z.CompareInput{Path: after}, opts))
	}
	unnamed := []string{
		"removed a Resource a, - []",
		"added -, c Resource c []",
		"removed group:g:member:user:a, - []",
		"added -, group:g:member:user:c []",
	}
	changed := "changed b Resource b, b renamed [display_name]"
	require.Equal(t, []string{unnamed[0], changed, unnamed[1], unnamed[2], unnamed[3]}, compare(c1z.CompareOptions{}))
	require.Equal(t, unnamed, compare(c1z.CompareOptions{IgnoreDisplay: true}))
}

func TestCompareSyncsYieldsWhatDiffersInAStore(t *testing.T) {
	ctx := context.Background()
	store, first := startedStore(t)
	holding(t, "a", "b")(store)
	require.NoError(t, store.EndSync(ctx))
	second, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	holding(t, "a")(store)
	comparer := store.FileOps().(interface {
		CompareSyncs(ctx context.Context, before, after string, opts c1z.CompareOptions) iter.Seq2[c1z.Difference, error]
	})
	found := comparer.CompareSyncs(ctx, first, second, c1z.CompareOptions{})
	require.Equal(t, []string{"removed b Resource b, - []", "removed group:g:member:user:b, - []"}, told(t, found))
	for difference, err := range comparer.CompareSyncs(ctx, second, first, c1z.CompareOptions{}) {
		require.NoError(t, err)
		require.True(t, proto.Equal(resource("user", "b"), difference.After.(*v2.Resource)))
		break
	}
	for _, err := range comparer.CompareSyncs(ctx, first, "unknown", c1z.CompareOptions{}) {
		require.Equal(t, codes.NotFound, status.Code(err))
	}
	require.NoError(t, store.Close(ctx), "a loop that was left holds no cursor")
}

func TestCompareEndsWithAnErrorAndStopsWhenItsContextDoes(t *testing.T) {
	path, _ := savedFile(t, holding(t, "a", "b"))
	other, _ := savedFile(t, holding(t))
	compare := func(ctx context.Context, path string) (yielded int, last error) {
		for _, err := range c1z.Compare(ctx, c1z.CompareInput{Path: other}, c1z.CompareInput{Path: path}, c1z.CompareOptions{}) {
			yielded, last = yielded+1, err
		}
		return yielded, last
	}
	yielded, err := compare(context.Background(), path+".missing")
	require.Equal(t, 1, yielded)
	require.Equal(t, codes.NotFound, status.Code(err))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	yielded, err = compare(ctx, path)
	require.Equal(t, 1, yielded)
	require.ErrorIs(t, err, context.Canceled)
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	seen := 0
	for _, err := range c1z.Compare(ctx, c1z.CompareInput{Path: other}, c1z.CompareInput{Path: path}, c1z.CompareOptions{}) {
		if seen++; seen == 2 {
			require.ErrorIs(t, err, context.Canceled)
			continue
		}
		require.NoError(t, err)
		cancel()
	}
	require.Equal(t, 2, seen)
}
