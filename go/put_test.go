package c1z

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"example.com/libc1z/go/internal/apipb"
	"example.com/libc1z/go/internal/randompb"
)

// TestShortPutsStoreWhatWholeOnesStore puts the same rows as they are encoded here and as proto.Marshal encodes them.
func TestShortPutsStoreWhatWholeOnesStore(t *testing.T) {
	ctx := context.Background()
	short, whole := startedInternalStore(t), startedInternalStore(t)
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 5))
		grants, entitlements, resources := randomGrants(random), randomEntitlements(random), randomResources(random)
		requireSameOutcome(t,
			exec(ctx, whole.native, putResources, &apipb.PutResourcesRequest{List: resources}),
			short.PutResources(ctx, resources...))
		requireSameOutcome(t,
			exec(ctx, whole.native, putEntitlements, &apipb.PutEntitlementsRequest{List: entitlements}),
			short.PutEntitlements(ctx, entitlements...))
		requireSameOutcome(t,
			exec(ctx, whole.native, putGrants, &apipb.PutGrantsRequest{List: grants}),
			short.PutGrants(ctx, grants...))
		if seed%3 == 0 {
			expanded := append(randomGrants(random), grants...)
			requireSameOutcome(t,
				exec(ctx, whole.native, putExpandedGrants, &apipb.PutExpandedGrantsRequest{List: expanded}),
				short.Grants().StoreExpandedGrants(ctx, expanded...))
		}
	}
	for _, list := range []struct {
		call  *function
		empty func() proto.Message
	}{
		{listResources, func() proto.Message { return &v2.ResourcesServiceListResourcesResponse{} }},
		{listEntitlements, func() proto.Message { return &v2.EntitlementsServiceListEntitlementsResponse{} }},
		{listGrants, func() proto.Message { return &v2.GrantsServiceListGrantsResponse{} }},
		{listGrantsWithAnnotations, func() proto.Message { return &apipb.ListGrantsWithAnnotationsResponse{} }},
		{listPendingExpansion, func() proto.Message { return &apipb.ListPendingExpansionResponse{} }},
	} {
		want, got := answerOf(t, whole, list.call), answerOf(t, short, list.call)
		require.Greater(t, len(want), 1000, "nothing was stored")
		if string(want) != string(got) {
			wanted, gotten := list.empty(), list.empty()
			require.NoError(t, proto.Unmarshal(want, wanted))
			require.NoError(t, proto.Unmarshal(got, gotten))
			require.Equal(t, fmt.Sprint(wanted), fmt.Sprint(gotten))
		}
		require.Equal(t, want, got)
	}
}

// answerOf is what a call without a request answers.
func answerOf(t *testing.T, s *store, fn *function) []byte {
	t.Helper()
	answer, err := s.native.call(context.Background(), fn, nil)
	require.NoError(t, err)
	defer answer.free()
	return bytes.Clone(answer.data)
}

func TestTextThatIsNotUTF8IsRefusedWhereverItIsKept(t *testing.T) {
	ctx := context.Background()
	s := startedInternalStore(t)
	for name, spoil := range map[string]func(*v2.Grant){
		"id":              func(grant *v2.Grant) { grant.SetId("\xff") },
		"entitlement":     func(grant *v2.Grant) { grant.GetEntitlement().SetId("\xff") },
		"resource":        func(grant *v2.Grant) { grant.GetEntitlement().GetResource().GetId().SetResource("\xff") },
		"principal":       func(grant *v2.Grant) { grant.GetPrincipal().GetId().SetResourceType("\xff") },
		"parent":          func(grant *v2.Grant) { grant.GetPrincipal().GetParentResourceId().SetResource("\xff") },
		"annotation type": func(grant *v2.Grant) { grant.GetAnnotations()[0].TypeUrl = "\xff" },
		"source": func(grant *v2.Grant) {
			grant.GetSources().GetSources()["\xff"] = &v2.GrantSources_GrantSource{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			grant := &v2.Grant{}
			randompb.Populate(rand.New(rand.NewPCG(1, 6)), grant, 1)
			identify(grant, 1)
			require.NoError(t, s.PutGrants(ctx, grant))
			spoil(grant)
			whole := exec(ctx, s.native, putGrants, &apipb.PutGrantsRequest{List: []*v2.Grant{grant}})
			require.Error(t, whole)
			requireSameOutcome(t, whole, s.PutGrants(ctx, grant))
		})
	}
}

func TestTextOfAResourceThatIsNotUTF8IsRefused(t *testing.T) {
	ctx := context.Background()
	s := startedInternalStore(t)
	for name, spoil := range map[string]func(*v2.Resource){
		"id":              func(resource *v2.Resource) { resource.GetId().SetResource("\xff") },
		"parent":          func(resource *v2.Resource) { resource.SetParentResourceId(&v2.ResourceId{Resource: "\xff"}) },
		"name":            func(resource *v2.Resource) { resource.SetDisplayName("\xff") },
		"description":     func(resource *v2.Resource) { resource.SetDescription("\xff") },
		"annotation type": func(resource *v2.Resource) { resource.SetAnnotations([]*anypb.Any{{TypeUrl: "\xff"}}) },
		"icon":            func(resource *v2.Resource) { resource.SetIcon(v2.AssetRef_builder{Id: "\xff"}.Build()) },
	} {
		t.Run(name, func(t *testing.T) {
			resource := &v2.Resource{}
			nameResource(resource, "user", 1)
			require.NoError(t, s.PutResources(ctx, resource))
			spoil(resource)
			require.Equal(t, codes.InvalidArgument, status.Code(s.PutResources(ctx, resource)))
		})
	}
}

func requireSameOutcome(t *testing.T, want, got error) {
	t.Helper()
	require.Equal(t, status.Code(want), status.Code(got), "want %v\ngot  %v", want, got)
}

func startedInternalStore(t *testing.T) *store {
	t.Helper()
	ctx := context.Background()
	opened, err := Driver{}.OpenStore(ctx, filepath.Join(t.TempDir(), "test.c1z"), dotc1z.StoreOptions{TmpDir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close(ctx)) })
	_, err = opened.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	return opened.(*store)
}

// randomGrants now and then lack a part that they need.
func randomGrants(random *rand.Rand) []*v2.Grant {
	var list []*v2.Grant
	complete := random.IntN(8) > 0
	for range 1 + random.IntN(6) {
		grant := &v2.Grant{}
		randompb.Populate(random, grant, []float64{1, 0.6, 0.2}[random.IntN(3)])
		if complete {
			identify(grant, random.IntN(100))
		}
		if random.IntN(2) == 0 {
			expandable, err := anypb.New(v2.GrantExpandable_builder{EntitlementIds: []string{"e", ""}, Shallow: true}.Build())
			if err != nil {
				panic(err)
			}
			at := random.IntN(len(grant.GetAnnotations()) + 1)
			grant.SetAnnotations(append(grant.GetAnnotations()[:at:at], append([]*anypb.Any{expandable}, grant.GetAnnotations()[at:]...)...))
		}
		list = append(list, grant)
	}
	return list
}

// identify names all that a grant needs, and leaves the rest of its parts as they are.
func identify(grant *v2.Grant, number int) {
	if !grant.HasEntitlement() {
		grant.SetEntitlement(&v2.Entitlement{})
	}
	nameEntitlement(grant.GetEntitlement(), number%10)
	if !grant.HasPrincipal() {
		grant.SetPrincipal(&v2.Resource{})
	}
	nameResource(grant.GetPrincipal(), "user", number)
}

func nameEntitlement(entitlement *v2.Entitlement, number int) {
	if !entitlement.HasResource() {
		entitlement.SetResource(&v2.Resource{})
	}
	nameResource(entitlement.GetResource(), "group", number)
	entitlement.SetId(fmt.Sprintf("group:%d:member", number))
}

func nameResource(resource *v2.Resource, resourceType string, number int) {
	if !resource.HasId() {
		resource.SetId(&v2.ResourceId{})
	}
	resource.GetId().SetResourceType(resourceType)
	resource.GetId().SetResource(fmt.Sprint(number))
}

func randomResources(random *rand.Rand) []*v2.Resource {
	var list []*v2.Resource
	for range 1 + random.IntN(4) {
		resource := &v2.Resource{}
		randompb.Populate(random, resource, []float64{1, 0.6, 0.2, 0}[random.IntN(4)])
		nameResource(resource, "user", random.IntN(20))
		list = append(list, resource)
	}
	return list
}

func randomEntitlements(random *rand.Rand) []*v2.Entitlement {
	var list []*v2.Entitlement
	complete := random.IntN(8) > 0
	for range 1 + random.IntN(4) {
		entitlement := &v2.Entitlement{}
		randompb.Populate(random, entitlement, []float64{1, 0.6, 0.2}[random.IntN(3)])
		if complete {
			nameEntitlement(entitlement, random.IntN(20))
		}
		list = append(list, entitlement)
	}
	return list
}
