// Package storetest tells whether two stores, of one engine or of several, answer alike: [Read] asks a store everything
// that its interface can be asked, and differences.go names what the engines may answer differently, with the reason.
package storetest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
)

// Readings is what a store answers, by call and argument. The answer to a call that fails is its code.
type Readings map[string]any

// Questions are what a store is asked about beside everything that it lists itself.
type Questions struct {
	// SyncID is the sync that the store has bound.
	SyncID string
	// PageSize is that of every list. A small one makes lists take several calls.
	PageSize      uint32
	ResourceTypes []string
	Resources     []*v2.ResourceId
	// Entitlements need nothing but id and resource.
	Entitlements []*v2.Entitlement
	Grants       []string
	Assets       []string
}

// Read asks a store everything about one sync.
func Read(ctx context.Context, store c1zstore.Store, ask Questions) Readings {
	r := reader{ctx: ctx, store: store, ask: ask, answers: Readings{}}
	r.readResourceTypes()
	r.readResources()
	r.readEntitlements()
	r.readGrants()
	r.readGrantStore()
	r.readDigests()
	r.readAssets()
	r.readSyncs()
	return r.answers
}

// Diff is how two readings differ, and empty if they do not.
func Diff(want, got Readings) string {
	// Comparing is cheap and reporting is not, so only what differs is handed on.
	want, got = maps.Clone(want), maps.Clone(got)
	for call, answer := range want {
		if other, asked := got[call]; asked && alike(answer, other) {
			delete(want, call)
			delete(got, call)
		}
	}
	return cmp.Diff(want, got, protocmp.Transform(), cmpopts.EquateEmpty())
}

// alike compares messages and lists of messages; of other answers it says that they differ.
func alike(want, got any) bool {
	if message, ok := want.(proto.Message); ok {
		other, ok := got.(proto.Message)
		return ok && proto.Equal(message, other)
	}
	list, other := reflect.ValueOf(want), reflect.ValueOf(got)
	if list.Kind() != reflect.Slice || list.Type() != other.Type() || list.Len() != other.Len() {
		return false
	}
	for i := range list.Len() {
		if !alike(list.Index(i).Interface(), other.Index(i).Interface()) {
			return false
		}
	}
	return true
}

// Failures are the calls that failed with anything but codes.NotFound.
func (r Readings) Failures() map[string]codes.Code {
	failures := map[string]codes.Code{}
	for call, answer := range r {
		if code, failed := answer.(codes.Code); failed && code != codes.NotFound {
			failures[call] = code
		}
	}
	return failures
}

type reader struct {
	ctx     context.Context
	store   c1zstore.Store
	ask     Questions
	answers Readings
}

// set keeps the answer to a call.
func set[T any](r *reader, call string, answer T, err error) T {
	if err != nil {
		r.answers[call] = status.Code(err)
	} else {
		r.answers[call] = answer
	}
	return answer
}

func (r *reader) readResourceTypes() {
	all, err := ListResourceTypes(r.ctx, r.store, r.ask.PageSize)
	set(r, "ListResourceTypes", all, err)
	r.ask.ResourceTypes = distinct(r.ask.ResourceTypes, all, (*v2.ResourceType).GetId)
	for _, id := range r.ask.ResourceTypes {
		response, err := r.store.GetResourceType(r.ctx, reader_v2.ResourceTypesReaderServiceGetResourceTypeRequest_builder{ResourceTypeId: id}.Build())
		set(r, "GetResourceType "+id, response.GetResourceType(), err)
		resources, err := ListResources(r.ctx, r.store, id, nil, r.ask.PageSize)
		set(r, "ListResources of type "+id, resources, err)
		grants, err := ListGrantsForResourceType(r.ctx, r.store, id, r.ask.PageSize)
		set(r, grantsForResourceType+id, grants, err)
	}
}

func (r *reader) readResources() {
	all, err := ListResources(r.ctx, r.store, "", nil, r.ask.PageSize)
	set(r, "ListResources", all, err)
	seen := map[string]bool{}
	for _, id := range r.ask.Resources {
		seen[ResourceKey(id)] = true
	}
	for _, resource := range all {
		if !seen[ResourceKey(resource.GetId())] {
			r.ask.Resources = append(slices.Clip(r.ask.Resources), resource.GetId())
		}
	}
	for _, id := range r.ask.Resources {
		key := ResourceKey(id)
		response, err := r.store.GetResource(r.ctx, reader_v2.ResourcesReaderServiceGetResourceRequest_builder{ResourceId: id}.Build())
		set(r, "GetResource "+key, response.GetResource(), err)
		children, err := ListResources(r.ctx, r.store, "", id, r.ask.PageSize)
		set(r, "ListResources of parent "+key, children, err)
		for _, resourceType := range r.ask.ResourceTypes {
			children, err := ListResources(r.ctx, r.store, resourceType, id, r.ask.PageSize)
			if err != nil || len(children) > 0 {
				set(r, "ListResources of type "+resourceType+" and parent "+key, children, err)
			}
		}
	}
	byIDs, err := r.store.ListResourcesByIds(r.ctx, reader_v2.ResourcesReaderServiceListResourcesByIdsRequest_builder{ResourceIds: r.ask.Resources}.Build())
	set(r, "ListResourcesByIds", byIDs.GetList(), err)
}

func (r *reader) readEntitlements() {
	all, err := ListEntitlements(r.ctx, r.store, nil, r.ask.PageSize)
	set(r, "ListEntitlements", all, err)
	for _, id := range r.ask.Resources {
		list, err := ListEntitlements(r.ctx, r.store, v2.Resource_builder{Id: id}.Build(), r.ask.PageSize)
		set(r, "ListEntitlements of "+ResourceKey(id), list, err)
	}
	seen := map[string]bool{}
	for _, e := range r.ask.Entitlements {
		seen[EntitlementKey(e)] = true
	}
	for _, e := range all {
		if !seen[EntitlementKey(e)] {
			r.ask.Entitlements = append(slices.Clip(r.ask.Entitlements), e)
		}
	}
	ids := distinct(nil, r.ask.Entitlements, (*v2.Entitlement).GetId)
	var single []string
	for _, id := range ids {
		response, err := r.store.GetEntitlement(r.ctx, reader_v2.EntitlementsReaderServiceGetEntitlementRequest_builder{EntitlementId: id}.Build())
		set(r, "GetEntitlement "+id, response.GetEntitlement(), err)
		if err == nil || status.Code(err) == codes.NotFound {
			single = append(single, id)
		}
	}
	for name, ids := range map[string][]string{"ListEntitlementsByIds": single, "ListEntitlementsByIds of all": ids} {
		byIDs, err := r.store.ListEntitlementsByIds(r.ctx, reader_v2.EntitlementsReaderServiceListEntitlementsByIdsRequest_builder{EntitlementIds: ids}.Build())
		set(r, name, byIDs.GetList(), err)
	}
	static, err := r.store.ListStaticEntitlements(r.ctx, &v2.EntitlementsServiceListStaticEntitlementsRequest{})
	set(r, "ListStaticEntitlements", static.GetList(), err)
}

func (r *reader) readGrants() {
	all, err := ListGrants(r.ctx, r.store, nil, r.ask.PageSize)
	set(r, "ListGrants", all, err)
	for _, id := range r.ask.Resources {
		on, err := ListGrants(r.ctx, r.store, v2.Resource_builder{Id: id}.Build(), r.ask.PageSize)
		set(r, "ListGrants of "+ResourceKey(id), on, err)
		held, err := ListGrantsForPrincipal(r.ctx, r.store, id, nil, r.ask.PageSize)
		set(r, grantsForPrincipal+ResourceKey(id), held, err)
	}
	for _, e := range r.ask.Entitlements {
		grants, err := ListGrantsForEntitlement(r.ctx, r.store, e, r.ask.PageSize)
		set(r, "ListGrantsForEntitlement "+EntitlementKey(e), grants, err)
		for _, resourceType := range r.ask.ResourceTypes {
			of, err := ListGrantsForEntitlement(r.ctx, r.store, e, r.ask.PageSize, resourceType)
			if err != nil || len(of) > 0 {
				set(r, "ListGrantsForEntitlement "+EntitlementKey(e)+" to "+resourceType, of, err)
			}
		}
	}
	ofAll, err := ListGrantsForEntitlements(r.ctx, r.store, r.ask.Entitlements, r.ask.PageSize)
	set(r, "ListGrantsForEntitlements", ofAll, err)
	for _, g := range all {
		one, err := ListGrantsForPrincipal(r.ctx, r.store, g.GetPrincipal().GetId(), g.GetEntitlement(), r.ask.PageSize)
		set(r, "ListGrantsForPrincipal and entitlement "+GrantKey(g), one, err)
	}
	for _, id := range distinct(r.ask.Grants, all, (*v2.Grant).GetId) {
		response, err := r.store.GetGrant(r.ctx, reader_v2.GrantsReaderServiceGetGrantRequest_builder{GrantId: id}.Build())
		set(r, getGrant+id, response.GetGrant(), err)
	}
}

func (r *reader) readGrantStore() {
	grants := r.store.Grants()
	rows, err := All(func(token string) ([]c1zstore.GrantAnnotation, string, error) {
		return grants.ListWithAnnotationsPage(r.ctx, token)
	})
	set(r, "Grants.ListWithAnnotations", rows, err)
	pending, err := All(func(token string) ([]c1zstore.PendingExpansion, string, error) {
		return grants.PendingExpansionPage(r.ctx, token)
	})
	set(r, "Grants.PendingExpansion", pending, err)
	for _, id := range r.ask.Resources {
		rows, err := All(func(token string) ([]c1zstore.GrantAnnotation, string, error) {
			return grants.ListWithAnnotationsForResourcePage(r.ctx, v2.Resource_builder{Id: id}.Build(), r.ask.SyncID, token, r.ask.PageSize)
		})
		set(r, "Grants.ListWithAnnotationsForResource "+ResourceKey(id), rows, err)
	}
}

// A Digest is what an entitlement's digest says, or that of a sync. One that is not there is the zero value.
type Digest struct {
	Hash  string
	Count int64
	Level int
}

// readDigests asks what engines that keep no digests cannot be asked.
func (r *reader) readDigests() {
	digests, ok := r.store.(connectorstore.EntitlementGrantDigestReader)
	if !ok {
		return
	}
	generation, _, err := r.store.(c1zstore.GrantGenerationDigestReader).GrantGenerationDigest(r.ctx)
	set(r, grantDigest+"of the sync", Digest{Hash: string(generation.Hash), Count: generation.Count}, err)
	for _, e := range r.ask.Entitlements {
		digest, found, err := digests.GetEntitlementGrantDigest(r.ctx, e)
		set(r, grantDigest+EntitlementKey(e), Digest{string(digest.Hash), digest.Count, digest.Level}, err)
		if !found {
			continue
		}
		for _, level := range []int{-1, 0, 1, digest.Level, 3, 16, 17} {
			call := fmt.Sprintf("%sat level %d of %s", grantDigest, level, EntitlementKey(e))
			nodes, _, err := digests.GetEntitlementGrantDigestNodes(r.ctx, e, level)
			if level < 0 || level > 16 {
				set(r, call, fmt.Sprint("is there: ", err == nil), nil)
				continue
			}
			set(r, call, nodes, err)
			for _, node := range nodes {
				bucket := connectorstore.GrantDigestBucket{Level: level, Index: node.Index}
				grants := []*v2.Grant{}
				err := digests.ScanEntitlementGrantBucket(r.ctx, e, bucket, func(grant *v2.Grant) bool {
					grants = append(grants, grant)
					return true
				})
				set(r, fmt.Sprintf("%s, grants of %d", call, node.Index), inOneOrder(grants, GrantKey), err)
			}
		}
	}
}

// An Asset is what GetAsset returns.
type Asset struct {
	ContentType string
	Data        string
}

func (r *reader) readAssets() {
	for _, id := range r.ask.Assets {
		asset, err := readAsset(r.ctx, r.store, id)
		set(r, getAsset+id, asset, err)
	}
}

func readAsset(ctx context.Context, store c1zstore.Store, id string) (Asset, error) {
	contentType, reader, err := store.GetAsset(ctx, v2.AssetServiceGetAssetRequest_builder{Asset: v2.AssetRef_builder{Id: id}.Build()}.Build())
	if err != nil {
		return Asset{}, err
	}
	data, err := io.ReadAll(reader)
	return Asset{contentType, string(data)}, err
}

func (r *reader) readSyncs() {
	ctx, meta := r.ctx, r.store.SyncMeta()
	step, err := r.store.CurrentSyncStep(ctx)
	set(r, "CurrentSyncStep", step, err)
	for name, id := range map[string]string{"": r.ask.SyncID, " of the latest": ""} {
		stats, err := meta.Stats(ctx, connectorstore.SyncTypeFull, id)
		set(r, "SyncMeta.Stats"+name, stats, err)
		statsV2, err := meta.StatsV2(ctx, connectorstore.SyncTypeFull, id)
		set(r, "SyncMeta.StatsV2"+name, statsV2, err)
	}
	full, err := meta.LatestFullSync(ctx)
	set(r, "SyncMeta.LatestFullSync", full, err)
	latest, err := meta.LatestFinishedSyncOfAnyType(ctx)
	set(r, "SyncMeta.LatestFinishedSyncOfAnyType", latest, err)

	syncs, err := ListSyncs(ctx, r.store, r.ask.PageSize)
	set(r, "ListSyncs", syncs, err)
	sync, err := r.store.GetSync(ctx, reader_v2.SyncsReaderServiceGetSyncRequest_builder{SyncId: r.ask.SyncID}.Build())
	set(r, "GetSync", sync.GetSync(), err)
	for _, syncType := range connectorstore.AllSyncTypes {
		finished, err := r.store.GetLatestFinishedSync(ctx, reader_v2.SyncsReaderServiceGetLatestFinishedSyncRequest_builder{SyncType: string(syncType)}.Build())
		set(r, "GetLatestFinishedSync "+string(syncType), finished.GetSync(), err)
	}
}

// distinct are the ids of the list that are not among those given, after those.
func distinct[T any](given []string, list []T, id func(T) string) []string {
	all := slices.Clone(given)
	seen := map[string]bool{}
	for _, id := range given {
		seen[id] = true
	}
	for _, item := range list {
		if id := id(item); !seen[id] {
			seen[id] = true
			all = append(all, id)
		}
	}
	return all
}
