package c1z_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"example.com/libc1z/go/storetest"
)

// records makes records at random, out of few ids, so that puts collide and references meet.
type records struct {
	*rand.Rand
	// hostile records may be what no connector sends: several ids on one identity, one id on several identities, ids that
	// read as other ids, incomplete references.
	hostile      bool
	types        []string
	resources    []*v2.ResourceId
	entitlements []*v2.Entitlement
	// The ids of ordinary grants, by identity: each has one, and no other has it.
	grantIDs map[string]string
	taken    map[string]bool
	// The parents of ordinary resources.
	parents map[string]*v2.ResourceId
}

var (
	ordinaryTypes = []string{"user", "group", "app:prod", "équipe|#", "role"}
	ordinaryIDs   = []string{
		"u1", "u2", "u10", "g1", `CN=Doe\, Jane,OU=Staff,DC=example,DC=com`, "arn:aws:iam::123456789012:role/Admin",
		"https://example.com/a|b#c?d=e", "Zoë.Ünïcödé", "日本語", "100%_sure", " blanks ", "a:b:c",
	}
	ordinarySlugs = []string{"member", "owner", "a,b|c#d", "role:admin", "é"}

	hostileTypes          = []string{"a", "a:b", "b", "\x00", "user"}
	hostileIDs            = []string{"a", "b", "b:a", "a\x00", "\x01é", ":", "a|b"}
	hostileEntitlementIDs = []string{"m", "a:b:m", "a:b:a:m", "a:b:a:", "a:a:m", "ab", "a:b:m:a:a", "é\x00"}
	hostileGrantIDs       = []string{"g", "a:b:m:a:a", "a:b:a:m:b:b", "g:1", "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19", "\x00"}
)

func newRecords(random *rand.Rand, hostile bool) *records {
	r := &records{
		Rand: random, hostile: hostile, types: ordinaryTypes,
		grantIDs: map[string]string{}, taken: map[string]bool{}, parents: map[string]*v2.ResourceId{},
	}
	ids, count := ordinaryIDs, 24
	if hostile {
		r.types, ids, count = hostileTypes, hostileIDs, 14
	}
	seen := map[string]bool{}
	for len(r.resources) < count {
		id := resourceID(one(r, r.types), one(r, ids))
		if !seen[storetest.ResourceKey(id)] {
			seen[storetest.ResourceKey(id)] = true
			r.resources = append(r.resources, id)
		}
	}
	for range count * 2 / 3 {
		r.addEntitlement()
	}
	return r
}

// addEntitlement makes up an entitlement; an ordinary one has an id that no other has.
func (r *records) addEntitlement() {
	on := one(r, r.resources[:len(r.resources)/2])
	id := on.GetResourceType() + ":" + on.GetResource() + ":" + one(r, ordinarySlugs)
	switch {
	case r.hostile && r.IntN(3) > 0:
		id = one(r, hostileEntitlementIDs)
	case r.IntN(4) == 0:
		id = fmt.Sprintf("%s@%s/%d", one(r, ordinarySlugs), on.GetResource(), r.IntN(1000))
	}
	if !r.hostile {
		if r.taken[id] {
			return
		}
		r.taken[id] = true
	}
	r.entitlements = append(r.entitlements, v2.Entitlement_builder{Id: id, Resource: v2.Resource_builder{Id: on}.Build()}.Build())
}

func one[T any](r *records, list []T) T { return list[r.IntN(len(list))] }

func (r *records) chance(percent int) bool { return r.IntN(100) < percent }

func (r *records) text(name string) string { return fmt.Sprintf("%s %d", name, r.IntN(1000)) }

// several makes up to most elements; of hostile ones some are nil, and some are there twice.
func several[T any](r *records, most int, make func() *T) []*T {
	var list []*T
	for range 1 + r.IntN(most) {
		list = append(list, make())
		if r.chance(10) {
			list = append(list, list[0])
		}
		if r.hostile && r.chance(3) {
			list = append(list, nil)
		}
	}
	return list
}

func (r *records) resourceType() *v2.ResourceType {
	made := v2.ResourceType_builder{
		Id: one(r, r.types), DisplayName: r.text("type"), SourcedExternally: r.chance(30),
		Annotations: r.annotations(),
	}.Build()
	if r.chance(70) {
		made.SetTraits([]v2.ResourceType_Trait{v2.ResourceType_TRAIT_USER, v2.ResourceType_Trait(r.IntN(6))})
	}
	return made
}

func (r *records) resource() *v2.Resource {
	made := v2.Resource_builder{
		Id: one(r, r.resources), DisplayName: r.text("resource"), Description: r.text(""), Annotations: r.annotations(),
	}.Build()
	made.SetParentResourceId(r.parent(made.GetId()))
	if r.chance(30) {
		profile, err := structpb.NewStruct(map[string]any{"login": r.text("é"), "n": r.IntN(10), "tags": []any{"x", true, nil}})
		if err != nil {
			panic(err)
		}
		made.SetProfile(profile)
	}
	if r.chance(30) {
		made.SetStatus(v2.Status_builder{Status: v2.Status_ResourceStatus(r.IntN(5)), Details: r.text("status")}.Build())
		made.SetCreatedAt(timestamppb.New(time.Unix(int64(r.IntN(1_000_000_000)), int64(r.IntN(1000)))))
	}
	if r.chance(30) {
		made.SetIcon(v2.AssetRef_builder{Id: "icon"}.Build())
	}
	if r.chance(30) {
		made.SetExternalId(v2.ExternalId_builder{Id: r.text("external")}.Build())
	}
	if r.hostile && r.chance(5) {
		made.SetParentResourceId(resourceID(one(r, r.types), ""))
	}
	return made
}

// parent is any resource or none; an ordinary resource never moves.
func (r *records) parent(of *v2.ResourceId) *v2.ResourceId {
	parent, known := r.parents[storetest.ResourceKey(of)]
	if known && !r.hostile {
		return parent
	}
	if r.chance(60) {
		parent = one(r, r.resources)
	}
	r.parents[storetest.ResourceKey(of)] = parent
	return parent
}

func (r *records) entitlement() *v2.Entitlement {
	made := proto.CloneOf(one(r, r.entitlements))
	made.SetDisplayName(r.text("entitlement"))
	made.SetSlug(one(r, ordinarySlugs))
	made.SetPurpose(v2.Entitlement_PurposeValue(r.IntN(3)))
	made.SetAnnotations(r.annotations())
	made.GetResource().SetDisplayName(r.text("embedded"))
	if r.chance(50) {
		made.SetGrantableTo([]*v2.ResourceType{r.resourceType()})
	}
	if r.hostile && r.chance(2) {
		made.ClearResource()
	}
	return made
}

func (r *records) grant() *v2.Grant {
	made := v2.Grant_builder{
		Entitlement: proto.CloneOf(one(r, r.entitlements)),
		Principal:   v2.Resource_builder{Id: one(r, r.resources)}.Build(),
		Annotations: r.annotations(),
	}.Build()
	made.SetId(r.grantID(made))
	if r.chance(30) {
		made.GetPrincipal().SetParentResourceId(one(r, r.resources))
	}
	if r.chance(40) {
		made.SetAnnotations(append(made.GetAnnotations(), packed(r.expandable())))
		r.Shuffle(len(made.GetAnnotations()), func(i, j int) {
			list := made.GetAnnotations()
			list[i], list[j] = list[j], list[i]
		})
	}
	if r.chance(40) {
		sources := map[string]*v2.GrantSources_GrantSource{}
		for range 1 + r.IntN(3) {
			sources[one(r, r.entitlements).GetId()] = v2.GrantSources_GrantSource_builder{IsDirect: r.chance(50)}.Build()
		}
		made.SetSources(v2.GrantSources_builder{Sources: sources}.Build())
	}
	if r.hostile {
		r.spoil(made)
	}
	return made
}

// expandedGrant is a grant with one GrantExpandable annotation at most, and that a whole one.
func (r *records) expandedGrant() *v2.Grant {
	made := r.grant()
	if r.hostile {
		made.SetAnnotations(r.annotations())
		if r.chance(40) {
			made.SetAnnotations(append(made.GetAnnotations(), packed(r.expandable())))
		}
	}
	return made
}

// spoil makes of some grants what no connector should send.
func (r *records) spoil(made *v2.Grant) {
	switch r.IntN(60) {
	case 0:
		made.ClearPrincipal()
	case 1:
		made.ClearEntitlement()
	case 2:
		made.SetAnnotations(append(made.GetAnnotations(), packed(r.expandable()), packed(r.expandable())))
	case 3:
		broken := packed(r.expandable())
		broken.Value = []byte{0xff}
		made.SetAnnotations(append([]*anypb.Any{broken}, made.GetAnnotations()...))
	case 4, 5:
		made.SetAnnotations(append(made.GetAnnotations(), packed(v2.GrantExpandable_builder{EntitlementIds: []string{" ", ""}}.Build())))
	}
}

// grantID is the id of an ordinary grant's identity, or any id.
func (r *records) grantID(of *v2.Grant) string {
	canonical := func(g *v2.Grant) string {
		return strings.Join([]string{g.GetEntitlement().GetId(), g.GetPrincipal().GetId().GetResourceType(), g.GetPrincipal().GetId().GetResource()}, ":")
	}
	if r.hostile {
		switch r.IntN(6) {
		case 0:
			return ""
		case 1, 2:
			return canonical(of)
		case 3:
			return canonical(v2.Grant_builder{Entitlement: one(r, r.entitlements), Principal: v2.Resource_builder{Id: one(r, r.resources)}.Build()}.Build())
		default:
			return one(r, hostileGrantIDs)
		}
	}
	identity := storetest.GrantKey(of)
	if _, known := r.grantIDs[identity]; !known {
		id := canonical(of)
		if r.taken[id] || r.chance(30) {
			id = fmt.Sprintf("grant|#%d:é", len(r.grantIDs))
		}
		r.taken[id] = true
		r.grantIDs[identity] = id
	}
	return r.grantIDs[identity]
}

func (r *records) expandable() *v2.GrantExpandable {
	return v2.GrantExpandable_builder{
		EntitlementIds: []string{one(r, r.entitlements).GetId()}, Shallow: r.chance(50), ResourceTypeIds: []string{one(r, r.types)},
	}.Build()
}

func (r *records) annotations() []*anypb.Any {
	var list []*anypb.Any
	if r.chance(40) {
		list = append(list, packed(v2.GrantImmutable_builder{SourceId: r.text("source")}.Build()))
	}
	if r.chance(20) {
		list = append(list, packed(v2.ExternalLink_builder{Url: "https://example.com/" + r.text("é")}.Build()))
	}
	return list
}

func packed(message proto.Message) *anypb.Any {
	made, err := anypb.New(message)
	if err != nil {
		panic(err)
	}
	return made
}

// clones are copies for one store: a store keeps none of what it is given, and this finds out.
func clones[T proto.Message](list []T) []T {
	copied := slices.Clone(list)
	for i, message := range list {
		if message.ProtoReflect().IsValid() {
			copied[i] = proto.CloneOf(message)
		}
	}
	return copied
}
