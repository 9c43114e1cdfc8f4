package encode_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	v3 "github.com/conductorone/baton-sdk/pb/c1/storage/v3"
	batonGrant "github.com/conductorone/baton-sdk/pkg/types/grant"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"

	"example.com/libc1z/go/internal/apipb"
	"example.com/libc1z/go/internal/encode"
	"example.com/libc1z/go/internal/randompb"
)

func ids(id *v2.ResourceId) *v2.ResourceId {
	if id == nil {
		return nil
	}
	return v2.ResourceId_builder{ResourceType: id.GetResourceType(), Resource: id.GetResource()}.Build()
}

func reference(entitlement *v2.Entitlement) *v2.Entitlement {
	return v2.Entitlement_builder{
		Id:       entitlement.GetId(),
		Resource: v2.Resource_builder{Id: ids(entitlement.GetResource().GetId())}.Build(),
	}.Build()
}

// keptOfGrant is what a request says of a grant: the ids of its parts, its id, annotations and sources.
func keptOfGrant(grant *v2.Grant) *v2.Grant {
	kept := v2.Grant_builder{Id: grant.GetId(), Annotations: grant.GetAnnotations()}.Build()
	if entitlement := grant.GetEntitlement(); entitlement != nil {
		kept.SetEntitlement(reference(entitlement))
	}
	if principal := grant.GetPrincipal(); principal != nil {
		kept.SetPrincipal(v2.Resource_builder{
			Id: ids(principal.GetId()), ParentResourceId: ids(principal.GetParentResourceId()),
		}.Build())
	}
	if sources := grant.GetSources(); sources != nil {
		direct := map[string]*v2.GrantSources_GrantSource{}
		for id, source := range sources.GetSources() {
			direct[id] = v2.GrantSources_GrantSource_builder{IsDirect: source.GetIsDirect()}.Build()
		}
		kept.SetSources(v2.GrantSources_builder{Sources: direct}.Build())
	}
	return kept
}

// keptOfEntitlement is all of an entitlement but what is more than an id in its parts.
func keptOfEntitlement(entitlement *v2.Entitlement) *v2.Entitlement {
	kept := proto.CloneOf(entitlement)
	if resource := entitlement.GetResource(); resource != nil {
		kept.SetResource(v2.Resource_builder{Id: ids(resource.GetId())}.Build())
	}
	for i, resourceType := range entitlement.GetGrantableTo() {
		kept.GetGrantableTo()[i] = v2.ResourceType_builder{Id: resourceType.GetId()}.Build()
	}
	return kept
}

func requireRequest(t *testing.T, want, got proto.Message, data []byte) {
	t.Helper()
	require.NoError(t, proto.Unmarshal(data, got))
	require.True(t, proto.Equal(want, got), "want %v\ngot  %v", want, got)
}

func TestGrantsAreEncodedWithWhatIsKeptOfThem(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 3))
		want := &apipb.PutGrantsRequest{SourceScopeKey: strings.Repeat("s", int(seed))}
		var list []*v2.Grant
		for _, probability := range []float64{1, 0.7, 0.3, 0} {
			grant := &v2.Grant{}
			randompb.Populate(random, grant, probability)
			list = append(list, grant)
			want.List = append(want.List, keptOfGrant(grant))
		}
		requireRequest(t, want, &apipb.PutGrantsRequest{}, encoded(t, encode.PutGrants, list, want.GetSourceScopeKey()))
	}
}

func TestEntitlementsAreEncodedWithWhatIsKeptOfThem(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 4))
		want := &apipb.PutEntitlementsRequest{SourceScopeKey: "scope"}
		var list []*v2.Entitlement
		for _, probability := range []float64{1, 0.7, 0.3, 0} {
			entitlement := &v2.Entitlement{}
			randompb.Populate(random, entitlement, probability)
			list = append(list, entitlement)
			want.List = append(want.List, keptOfEntitlement(entitlement))
		}
		requireRequest(t, want, &apipb.PutEntitlementsRequest{}, encoded(t, encode.PutEntitlements, list, "scope"))
	}
}

func TestResourcesAreEncodedWhole(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 6))
		want := &apipb.PutResourcesRequest{SourceScopeKey: "scope"}
		for _, probability := range []float64{1, 0.7, 0.3, 0} {
			resource := &v2.Resource{}
			randompb.Populate(random, resource, probability)
			want.List = append(want.List, resource, plain(resource))
		}
		requireRequest(t, want, &apipb.PutResourcesRequest{}, encoded(t, encode.PutResources, want.List, "scope"))
	}
}

// plain is a resource without the fields that few have.
func plain(resource *v2.Resource) *v2.Resource {
	plain := proto.CloneOf(resource)
	for _, field := range []protoreflect.Name{"external_id", "creation_source", "profile", "icon", "status", "created_at"} {
		plain.ProtoReflect().Clear(plain.ProtoReflect().Descriptor().Fields().ByName(field))
	}
	return plain
}

func TestContributionsAreEncodedAsTheyAre(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 7))
		held := &v2.Entitlement{}
		randompb.Populate(random, held, 0.9)
		want := &apipb.PutGrantContributionsRequest{Entitlement: reference(held), PromisedNew: true}
		var principals []*v3.PrincipalRef
		var sources []batonGrant.Sources
		for _, probability := range []float64{1, 0.7, 0.3, 0} {
			principal := &v3.PrincipalRef{}
			randompb.Populate(random, principal, probability)
			principal.ProtoReflect().SetUnknown(nil)
			of := batonGrant.Sources{}
			for i := range random.IntN(4) {
				of = append(of, batonGrant.Source{EntitlementID: strings.Repeat("e", i*70), IsDirect: random.IntN(2) == 0})
			}
			direct := map[string]*v2.GrantSources_GrantSource{}
			for id, is := range of.ToBoolMap() {
				direct[id] = v2.GrantSources_GrantSource_builder{IsDirect: is}.Build()
			}
			principals, sources = append(principals, nil, principal), append(sources, nil, of)
			want.List = append(want.List, &apipb.GrantContribution{
				Principal: principal, Sources: v2.GrantSources_builder{Sources: direct}.Build(),
			})
		}
		data := encode.PutGrantContributions([]byte("before"), held, principals, sources)
		requireRequest(t, want, &apipb.PutGrantContributionsRequest{}, data[len("before"):])
	}
}

func TestAResourceThatProtoRefusesIsRefused(t *testing.T) {
	profile := &structpb.Struct{Fields: map[string]*structpb.Value{"\xff": nil}}
	_, err := encode.PutResources(nil, []*v2.Resource{{}, v2.Resource_builder{Profile: profile}.Build()}, "")
	require.ErrorContains(t, err, "UTF-8")
}

// encoded is what a put request encodes to behind what is there already.
func encoded[Row any](
	t *testing.T, put func(request []byte, list []*Row, scope string) ([]byte, error), list []*Row, scope string,
) []byte {
	t.Helper()
	data, err := put([]byte("before"), list, scope)
	require.NoError(t, err)
	require.Equal(t, "before", string(data[:6]))
	return data[6:]
}

// made is a message with some of its fields set, and the same without unknown fields of its own.
func made[M any, P interface {
	*M
	proto.Message
}](random *rand.Rand, probability float64) (request, want P) {
	request = P(new(M))
	randompb.Populate(random, request, probability)
	want = proto.CloneOf(request)
	want.ProtoReflect().SetUnknown(nil)
	return request, want
}

func TestListsAreAskedForByReferences(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 5))
		for _, probability := range []float64{1, 0.7, 0.3, 0} {
			one, want := made[reader_v2.GrantsReaderServiceListGrantsForEntitlementRequest](random, probability)
			if one.GetEntitlement() != nil {
				want.SetEntitlement(reference(one.GetEntitlement()))
			}
			want.SetPrincipalId(ids(one.GetPrincipalId()))
			requireRequest(t, want, new(reader_v2.GrantsReaderServiceListGrantsForEntitlementRequest),
				encode.ListGrantsForEntitlement(nil, one))

			several, wanted := made[reader_v2.GrantsReaderServiceListGrantsForEntitlementsRequest](random, probability)
			for i, entitlement := range several.GetEntitlements() {
				wanted.GetEntitlements()[i] = reference(entitlement)
			}
			requireRequest(t, wanted, new(reader_v2.GrantsReaderServiceListGrantsForEntitlementsRequest),
				encode.ListGrantsForEntitlements(nil, several))

			held, expected := made[reader_v2.GrantsReaderServiceListGrantsForPrincipalRequest](random, probability)
			if held.GetEntitlement() != nil {
				expected.SetEntitlement(reference(held.GetEntitlement()))
			}
			expected.SetPrincipalId(ids(held.GetPrincipalId()))
			requireRequest(t, expected, new(reader_v2.GrantsReaderServiceListGrantsForPrincipalRequest),
				encode.ListGrantsForPrincipal(nil, held))
		}
	}
}

func TestNilPartsAreEncodedAsProtoEncodesThem(t *testing.T) {
	grant := v2.Grant_builder{
		Annotations: []*anypb.Any{nil, {TypeUrl: "t"}},
		Sources:     v2.GrantSources_builder{Sources: map[string]*v2.GrantSources_GrantSource{"": nil}}.Build(),
	}.Build()
	data, err := proto.Marshal(grant)
	require.NoError(t, err)
	want := &v2.Grant{}
	require.NoError(t, proto.Unmarshal(data, want))
	requireRequest(t, &apipb.PutGrantsRequest{List: []*v2.Grant{want}}, &apipb.PutGrantsRequest{}, encoded(t, encode.PutGrants, []*v2.Grant{grant}, ""))

	entitlement := v2.Entitlement_builder{GrantableTo: []*v2.ResourceType{nil}, Purpose: -1}.Build()
	kept := v2.Entitlement_builder{GrantableTo: []*v2.ResourceType{{}}, Purpose: -1}.Build()
	requireRequest(t, &apipb.PutEntitlementsRequest{List: []*v2.Entitlement{kept}},
		&apipb.PutEntitlementsRequest{}, encoded(t, encode.PutEntitlements, []*v2.Entitlement{entitlement}, ""))
}

func TestPartsOfEveryLengthAreEncoded(t *testing.T) {
	for _, length := range []int{0, 1, 120, 127, 128, 129, 16_380, 16_383, 16_384, 2_097_151, 2_097_152} {
		grant := v2.Grant_builder{Principal: v2.Resource_builder{
			Id: v2.ResourceId_builder{Resource: strings.Repeat("r", length)}.Build(),
		}.Build()}.Build()
		want := &apipb.PutGrantsRequest{List: []*v2.Grant{grant, grant}}
		requireRequest(t, want, &apipb.PutGrantsRequest{}, encoded(t, encode.PutGrants, want.List, ""))
	}
}

func TestEncodingAppendsAndAllocatesNothingOnceThereIsRoom(t *testing.T) {
	id := v2.ResourceId_builder{ResourceType: "user", Resource: strings.Repeat("u", 200)}.Build()
	annotations := []*anypb.Any{{TypeUrl: "t", Value: []byte("v")}}
	resource := v2.Resource_builder{Id: id, DisplayName: "n", Annotations: annotations}.Build()
	entitlement := v2.Entitlement_builder{Id: "e", Resource: resource, Annotations: annotations}.Build()
	grant := v2.Grant_builder{Id: "g", Entitlement: entitlement, Principal: resource, Annotations: annotations}.Build()
	requireNoAllocation(t, encode.PutResources, resource)
	requireNoAllocation(t, encode.PutEntitlements, entitlement)
	requireNoAllocation(t, encode.PutGrants, grant)
}

func requireNoAllocation[Row any](t *testing.T, put func(request []byte, list []*Row, scope string) ([]byte, error), row *Row) {
	t.Helper()
	list := slices.Repeat([]*Row{row}, 10)
	buffer, err := put([]byte("before"), list, "scope")
	require.NoError(t, err)
	require.Equal(t, "before", string(buffer[:6]))
	alone, err := put(nil, list, "scope")
	require.NoError(t, err)
	require.Equal(t, alone, buffer[6:])
	require.Zero(t, testing.AllocsPerRun(10, func() { buffer, _ = put(buffer[:0], list, "scope") }))
}
