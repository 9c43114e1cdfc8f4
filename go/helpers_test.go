package c1z_test

import (
	"context"
	"path/filepath"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	c1z "example.com/libc1z/go"
)

// openPath opens a file as programs of the SDK do, and closes it with the test.
func openPath(t testing.TB, path string, options ...dotc1z.C1ZOption) c1zstore.Store {
	t.Helper()
	require.NoError(t, c1z.Register())
	options = append([]dotc1z.C1ZOption{dotc1z.WithEngine(c1z.Engine), dotc1z.WithTmpDir(t.TempDir())}, options...)
	store, err := dotc1z.NewStore(context.Background(), path, options...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close(context.Background()) })
	return store
}

// newPath is a path for a file in a folder of its own.
func newPath(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "test.c1z")
}

// startedStore is a new file with a bound full sync.
func startedStore(t testing.TB, options ...dotc1z.C1ZOption) (store c1zstore.Store, syncID string) {
	t.Helper()
	store = openPath(t, newPath(t), options...)
	syncID, err := store.StartNewSync(context.Background(), connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	return store, syncID
}

// savedFile is a file with one finished full sync of fill.
func savedFile(t testing.TB, fill func(store c1zstore.Store)) (path, syncID string) {
	t.Helper()
	path = newPath(t)
	store := openPath(t, path)
	syncID, err := store.StartNewSync(context.Background(), connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	fill(store)
	require.NoError(t, store.EndSync(context.Background()))
	require.NoError(t, store.Close(context.Background()))
	return path, syncID
}

func resourceType(id string) *v2.ResourceType {
	return v2.ResourceType_builder{Id: id, DisplayName: "Type " + id, Traits: []v2.ResourceType_Trait{v2.ResourceType_TRAIT_USER}}.Build()
}

func resourceID(resourceTypeID, id string) *v2.ResourceId {
	return v2.ResourceId_builder{ResourceType: resourceTypeID, Resource: id}.Build()
}

func resource(resourceTypeID, id string) *v2.Resource {
	return v2.Resource_builder{Id: resourceID(resourceTypeID, id), DisplayName: "Resource " + id}.Build()
}

func entitlement(group, slug string) *v2.Entitlement {
	return v2.Entitlement_builder{
		Id:          "group:" + group + ":" + slug,
		Resource:    resource("group", group),
		DisplayName: slug + " of " + group,
		Slug:        slug,
		Purpose:     v2.Entitlement_PURPOSE_VALUE_ASSIGNMENT,
	}.Build()
}

func grant(group, user string, annotations ...proto.Message) *v2.Grant {
	held := entitlement(group, "member")
	packed := make([]*anypb.Any, 0, len(annotations))
	for _, annotation := range annotations {
		message, err := anypb.New(annotation)
		if err != nil {
			panic(err)
		}
		packed = append(packed, message)
	}
	return v2.Grant_builder{
		Id:          held.GetId() + ":user:" + user,
		Entitlement: held,
		Principal:   resource("user", user),
		Annotations: packed,
	}.Build()
}

// ids are what the function gives of each element.
func ids[T any](list []*T, id func(*T) string) []string {
	out := make([]string, 0, len(list))
	for _, element := range list {
		out = append(out, id(element))
	}
	return out
}

// equal compares messages as messages.
func equal(t testing.TB, want, got proto.Message) {
	t.Helper()
	require.True(t, proto.Equal(want, got), "want %v\ngot  %v", want, got)
}
