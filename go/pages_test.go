package c1z_test

import (
	"context"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"

	c1z "example.com/libc1z/go"
)

type pageStore interface {
	CommitPage(ctx context.Context, page *c1z.Page) error
	NamedValues(ctx context.Context, names ...string) (map[string][]byte, error)
	ListNamedValues(ctx context.Context, prefix, pageToken string, pageSize uint32) ([]c1z.NamedValue, string, error)
}

func grantIDs(t *testing.T, store c1zstore.Store) []string {
	t.Helper()
	grants, err := store.ListGrants(context.Background(), &v2.GrantsServiceListGrantsRequest{})
	require.NoError(t, err)
	return ids(grants.GetList(), (*v2.Grant).GetId)
}

func TestAPageIsStoredWholeOrNotAtAll(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	pages := store.(pageStore)
	first, second := grant("g", "u1"), grant("g", "u2")
	require.NoError(t, pages.CommitPage(ctx, &c1z.Page{
		ResourceTypes: []*v2.ResourceType{resourceType("group"), nil},
		Resources:     []*v2.Resource{resource("group", "g")},
		Entitlements:  []*v2.Entitlement{entitlement("g", "member")},
		Grants:        []*v2.Grant{first},
		Values:        map[string][]byte{"page/1": []byte("one"), "page/2": []byte("two"), "other": {}},
	}))
	require.Equal(t, []string{first.GetId()}, grantIDs(t, store))

	refused := &c1z.Page{
		DeleteGrants: []*v2.Grant{first},
		Grants:       []*v2.Grant{second},
		Values:       map[string][]byte{strings.Repeat("n", 513): nil},
	}
	require.Error(t, pages.CommitPage(ctx, refused))
	require.Equal(t, []string{first.GetId()}, grantIDs(t, store))

	refused.Values, refused.DeleteValues = map[string][]byte{"page/1": []byte("anew")}, []string{"page/1", "page/2"}
	require.NoError(t, pages.CommitPage(ctx, refused))
	require.Equal(t, []string{second.GetId()}, grantIDs(t, store))
	values, err := pages.NamedValues(ctx, "page/1", "page/2", "other")
	require.NoError(t, err)
	require.Equal(t, map[string][]byte{"page/1": []byte("anew"), "other": nil}, values)

	listed, token, err := pages.ListNamedValues(ctx, "", "", 1)
	require.NoError(t, err)
	require.Equal(t, []c1z.NamedValue{{Name: "other"}}, listed)
	listed, token, err = pages.ListNamedValues(ctx, "", token, 1)
	require.NoError(t, err)
	require.Equal(t, []c1z.NamedValue{{Name: "page/1", Value: []byte("anew")}}, listed)
	require.Empty(t, token)

	require.NoError(t, store.EndSync(ctx))
	require.Error(t, pages.CommitPage(ctx, &c1z.Page{Grants: []*v2.Grant{first}}), "the sync has ended")
}
