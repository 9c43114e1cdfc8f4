package c1z_test

import (
	"context"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// deepest is how many objects of a profile may lie in one another: with a page, a resource and the profile around them,
// each is three of the 10,000 messages that Go reads (entry, value, object). The SDK's own engines read as many.
const deepest = 3332

// nestedProfile is a resource whose profile holds that many objects in one another, and a text.
func nestedProfile(id string, levels int) *v2.Resource {
	inner := &structpb.Struct{}
	for range levels {
		inner = &structpb.Struct{Fields: map[string]*structpb.Value{"in": structpb.NewStructValue(inner)}}
	}
	r := resource("user", id)
	r.SetProfile(inner)
	return r
}

func TestGoReadsProfilesAsDeepAsTheyMayBePut(t *testing.T) {
	for levels, readable := range map[int]bool{deepest: true, deepest + 1: false} {
		page := v2.ResourcesServiceListResourcesResponse_builder{List: []*v2.Resource{nestedProfile("u", levels)}}.Build()
		data, err := proto.Marshal(page)
		require.NoError(t, err)
		err = proto.Unmarshal(data, &v2.ResourcesServiceListResourcesResponse{})
		require.Equal(t, readable, err == nil, "%d levels: %v", levels, err)
	}
}

func TestAProfileMayBeAsDeepAsGoReadsIt(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	for id, levels := range map[string]int{"34": 34, "59": 59, "1000": 1000, "deepest": deepest} {
		put := nestedProfile(id, levels)
		require.NoError(t, store.PutResources(ctx, put), "%d levels", levels)
		got, err := store.GetResource(ctx, reader_v2.ResourcesReaderServiceGetResourceRequest_builder{ResourceId: put.GetId()}.Build())
		require.NoError(t, err, "%d levels", levels)
		require.True(t, sameBytes(t, put, got.GetResource()), "%d levels", levels)
	}
	page, err := store.ListResources(ctx, &v2.ResourcesServiceListResourcesRequest{})
	require.NoError(t, err)
	require.Len(t, page.GetList(), 4)

	err = store.PutResources(ctx, resource("user", "flat"), nestedProfile("deeper", deepest+1))
	require.Equal(t, codes.InvalidArgument, status.Code(err), "%v", err)
	require.ErrorContains(t, err, `resource 1 of the call, "user:deeper", cannot be read: messages nest deeper than 10000`)
}

// sameBytes compares messages that are too deep to be shown when they differ.
func sameBytes(t *testing.T, a, b proto.Message) bool {
	t.Helper()
	options := proto.MarshalOptions{Deterministic: true}
	first, err := options.Marshal(a)
	require.NoError(t, err)
	second, err := options.Marshal(b)
	require.NoError(t, err)
	return string(first) == string(second)
}
