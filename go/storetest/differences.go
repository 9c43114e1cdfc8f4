package storetest

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// Engines do not answer every call alike. What is taken away below, with the reason, is all that may differ: between
// SQLite, Pebble and RocksDB (AcrossEngines), between Pebble and RocksDB (AcrossKeyed), between two runs (OfOneRun).
//
// What SQLite does differently when it is written to cannot be taken away from what is read; whoever compares it avoids
// that: two ids on one identity are two rows in SQLite and one in the others; one id on two identities is one row in
// SQLite and two, neither to be had by the id, in the others; a resource that moves is listed under its first parent; an
// empty asset is not stored, and an asset keeps its first content type. Likewise with Pebble: of several GrantExpandable
// annotations on one grant the expander's write drops one, RocksDB's all.

// The calls that a difference is about.
const (
	grantsForResourceType = "ListGrantsForResourceType "
	grantsForPrincipal    = "ListGrantsForPrincipal "
	getGrant              = "GetGrant "
	getAsset              = "GetAsset "
	grantDigest           = "GrantDigest "
)

// AcrossEngines leaves what all engines have to answer alike.
func AcrossEngines(r Readings) Readings {
	same := Readings{}
	for call, answer := range withoutListsOfUnlikeMeaning(AcrossKeyed(r)) {
		switch answer := answer.(type) {
		case []*v2.ResourceType:
			same[call] = inOneOrder(answer, (*v2.ResourceType).GetId)
		case []*v2.Resource:
			same[call] = inOneOrder(answer, func(resource *v2.Resource) string { return ResourceKey(resource.GetId()) })
		case []*v2.Entitlement:
			same[call] = inOneOrder(each(answer, withoutEmbeddedObjects), EntitlementKey)
		case *v2.Entitlement:
			same[call] = withoutEmbeddedObjects(answer)
		case []*v2.Grant:
			same[call] = GrantRecords(answer)
		case *v2.Grant:
			same[call] = grantRecord(answer)
		case []c1zstore.GrantAnnotation:
			same[call] = inOneOrder(each(answer, annotatedGrantRecord), func(row c1zstore.GrantAnnotation) string { return row.GrantExternalID })
		case []c1zstore.PendingExpansion:
			same[call] = inOneOrder(answer, func(row c1zstore.PendingExpansion) string { return row.GrantExternalID })
		case map[string]int64:
			same[call] = withoutAssets(withoutTotals(withoutZeros(answer)))
		case *reader_v2.SyncStats:
			same[call] = withoutTimings(withoutEmptyTypes(answer))
		case []*reader_v2.SyncRun:
			same[call] = each(answer, withoutStats)
		case *reader_v2.SyncRun:
			same[call] = syncRecord(answer)
		case *c1zstore.SyncRun:
			same[call] = storedWithoutReferential(answer)
		default:
			same[call] = answer
		}
	}
	return same
}

// AcrossKeyed leaves what Pebble and RocksDB have to answer alike.
func AcrossKeyed(r Readings) Readings {
	same := Readings{}
	for call, answer := range withGrantsByID(r) {
		switch answer := answer.(type) {
		case []*v2.Resource:
			same[call] = each(answer, withoutDeprecatedFields)
		case *v2.Resource:
			same[call] = withoutDeprecatedFields(answer)
		case []c1zstore.GrantAnnotation:
			same[call] = each(answer, named)
		case []c1zstore.PendingExpansion:
			same[call] = each(answer, pendingNamed)
		case *c1zstore.SyncRun:
			same[call] = storedWithoutStats(answer)
		case codes.Code:
			same[call] = kindOf(answer)
		default:
			same[call] = answer
		}
	}
	return same
}

// OfOneRun takes away what no two runs of a sync have in common: ids and times.
func OfOneRun(r Readings) Readings {
	same := Readings{}
	for call, answer := range r {
		switch answer := answer.(type) {
		case []*reader_v2.SyncRun:
			same[call] = each(answer, withoutIdentity)
		case *reader_v2.SyncRun:
			same[call] = withoutIdentity(answer)
		case *c1zstore.SyncRun:
			same[call] = storedWithoutIdentity(answer)
		default:
			same[call] = answer
		}
	}
	return same
}

// OfOneSyncer takes away the syncer's tokens, which hold what it measured.
func OfOneSyncer(r Readings) Readings {
	same := Readings{}
	for call, answer := range r {
		switch answer := answer.(type) {
		case []*reader_v2.SyncRun:
			same[call] = each(answer, withoutToken)
		case *reader_v2.SyncRun:
			same[call] = withoutToken(answer)
		case *c1zstore.SyncRun:
			same[call] = storedWithoutToken(answer)
		default:
			same[call] = answer
		}
	}
	delete(same, "CurrentSyncStep")
	return same
}

// AcrossCompactors leaves what results of merging have to answer alike beside that: with a Pebble store the syncer measures
// what expanding takes, and looks for references to nothing; the others cannot be asked what it needs for that.
func AcrossCompactors(r Readings) Readings {
	same := Readings{}
	for call, answer := range r {
		switch answer := answer.(type) {
		case *reader_v2.SyncStats:
			same[call] = withoutTimings(answer)
		case *reader_v2.SyncRun:
			same[call] = runWithoutTimings(answer)
		case []*reader_v2.SyncRun:
			same[call] = each(answer, runWithoutTimings)
		case *c1zstore.SyncRun:
			same[call] = storedWithoutReferential(answer)
		default:
			same[call] = answer
		}
	}
	return same
}

// OfRecords leaves out syncs and what is still to be expanded: SQLite's compactor keeps the statistics of the sync before
// anything was merged into it, does not say that it made the sync, and leaves nothing to expand of a partial one.
func OfRecords(r Readings) Readings {
	same := Readings{}
	for call, answer := range r {
		switch answer.(type) {
		case []*v2.ResourceType, *v2.ResourceType, []*v2.Resource, *v2.Resource, []*v2.Entitlement, *v2.Entitlement,
			[]*v2.Grant, *v2.Grant, []c1zstore.GrantAnnotation:
			same[call] = answer
		}
	}
	return same
}

// OfOneSync leaves one sync in lists of syncs: Pebble keeps one a file, the others keep older ones until Cleanup.
func OfOneSync(r Readings, syncID string) Readings {
	r = maps.Clone(r)
	if syncs, ok := r["ListSyncs"].([]*reader_v2.SyncRun); ok {
		r["ListSyncs"] = slices.DeleteFunc(slices.Clone(syncs), func(run *reader_v2.SyncRun) bool { return run.GetId() != syncID })
	}
	return r
}

// OfAnOpenSync leaves out what Pebble shows at EndSync only: all of a principal's grants, because the index of those that
// the expander stored is built then, and the timings of the token among the statistics.
func OfAnOpenSync(r Readings) Readings {
	same := Readings{}
	for call, answer := range r {
		switch answer := answer.(type) {
		case *reader_v2.SyncStats:
			same[call] = withoutTimings(answer)
		case *reader_v2.SyncRun:
			same[call] = runWithoutTimings(answer)
		case []*reader_v2.SyncRun:
			same[call] = each(answer, runWithoutTimings)
		default:
			same[call] = answer
		}
	}
	maps.DeleteFunc(same, func(call string, _ any) bool {
		return strings.HasPrefix(call, grantsForPrincipal) || strings.HasPrefix(call, grantsForResourceType)
	})
	return same
}

// OfAnUnboundSync leaves out assets, which Pebble shows of the bound sync only, the others of the sync that is shown.
func OfAnUnboundSync(r Readings) Readings {
	r = maps.Clone(r)
	maps.DeleteFunc(r, func(call string, _ any) bool { return strings.HasPrefix(call, getAsset) })
	return r
}

// RefusedByRocksDB are wrong calls that Pebble takes and does nothing for, or finds fault with elsewhere: RocksDB says
// which argument is wrong, that a sync does not exist, and before anything else that a store is read-only.
var RefusedByRocksDB = map[string][]codes.Code{
	"DeleteEntitlementByRefs without a resource": {codes.InvalidArgument},
	"RecalculateStats of an unknown id":          {codes.NotFound},
	"MarkSyncSupportsDiff of an unknown id":      {codes.NotFound, codes.FailedPrecondition},
}

// SameCode: where Pebble and SQLite give an error without a code, RocksDB says that the argument or the state is wrong; and
// where both are, engines name one or the other.
func SameCode(want, got codes.Code) bool { return kindOf(want) == kindOf(got) }

// kindOf is one code for all wrong arguments and states.
func kindOf(code codes.Code) codes.Code {
	if code == codes.InvalidArgument || code == codes.FailedPrecondition {
		return codes.Unknown
	}
	return code
}

// GrantsWithID are the grants with a public id; a bare id that several have is ambiguous.
func GrantsWithID(list []*v2.Grant, id string) []*v2.Grant {
	return slices.DeleteFunc(slices.Clone(list), func(g *v2.Grant) bool { return g.GetId() != id })
}

// withGrantsByID: Pebble computes where a bare id can lead before it looks whose id it is. So it misses a grant that was
// put without an id on an entitlement that is not stored, and takes the grant that an id leads to when others have that
// id too. RocksDB goes by who has the id.
func withGrantsByID(r Readings) Readings {
	r = maps.Clone(r)
	all, _ := r["ListGrants"].([]*v2.Grant)
	for call, answer := range r {
		id, isByID := strings.CutPrefix(call, getGrant)
		if !isByID {
			continue
		}
		switch having := GrantsWithID(all, id); {
		case len(having) > 1:
			r[call] = codes.FailedPrecondition
		case len(having) == 1 && answer == codes.NotFound && id == madeUpID(having[0]):
			r[call] = having[0]
		}
	}
	return r
}

// madeUpID is the id of a grant that was put without one.
func madeUpID(g *v2.Grant) string {
	principal := g.GetPrincipal().GetId()
	return strings.Join([]string{g.GetEntitlement().GetId(), principal.GetResourceType(), principal.GetResource()}, ":")
}

// named: Pebble leaves the id out of the row of a grant that was put without one, and shows it in the grant alone.
func named(row c1zstore.GrantAnnotation) c1zstore.GrantAnnotation {
	row.GrantExternalID = row.Grant.GetId()
	return row
}

// pendingNamed is named for rows without a grant.
func pendingNamed(row c1zstore.PendingExpansion) c1zstore.PendingExpansion {
	if row.GrantExternalID == "" {
		row.GrantExternalID = strings.Join([]string{row.TargetEntitlementID, row.PrincipalResourceTypeID, row.PrincipalResourceID}, ":")
	}
	return row
}

// withoutDeprecatedFields: SQLite and RocksDB keep a resource's external id and creation source, Pebble loses both;
// baton_resource is kept by SQLite only.
func withoutDeprecatedFields(resource *v2.Resource) *v2.Resource {
	if resource == nil {
		return nil
	}
	resource = proto.CloneOf(resource)
	resource.ClearExternalId()
	resource.SetCreationSource(0)
	resource.SetBatonResource(false)
	for _, id := range []*v2.ResourceId{resource.GetId(), resource.GetParentResourceId()} {
		if id != nil {
			id.SetBatonResource(false)
		}
	}
	return resource
}

// inOneOrder: SQLite lists in the order of insertion, the others in the order of keys.
func inOneOrder[T any](list []T, id func(T) string) []T {
	return slices.SortedStableFunc(slices.Values(list), func(a, b T) int { return cmp.Compare(id(a), id(b)) })
}

// withoutEmbeddedObjects: SQLite returns an entitlement's resource and resource types as the connector sent them, the
// others their ids only.
func withoutEmbeddedObjects(e *v2.Entitlement) *v2.Entitlement {
	if e == nil {
		return nil
	}
	e = proto.CloneOf(e)
	e.SetResource(v2.Resource_builder{Id: e.GetResource().GetId()}.Build())
	e.SetGrantableTo(each(e.GetGrantableTo(), func(resourceType *v2.ResourceType) *v2.ResourceType {
		return v2.ResourceType_builder{Id: resourceType.GetId()}.Build()
	}))
	return e
}

// withReferencesOnly: SQLite returns a grant's entitlement and principal as the connector sent them, the others their
// ids and the principal's parent.
func withReferencesOnly(g *v2.Grant) *v2.Grant {
	g = proto.CloneOf(g)
	g.SetEntitlement(v2.Entitlement_builder{
		Id:       g.GetEntitlement().GetId(),
		Resource: v2.Resource_builder{Id: g.GetEntitlement().GetResource().GetId()}.Build(),
	}.Build())
	g.SetPrincipal(v2.Resource_builder{
		Id:               g.GetPrincipal().GetId(),
		ParentResourceId: g.GetPrincipal().GetParentResourceId(),
	}.Build())
	return g
}

// withoutExpansion: SQLite strips the GrantExpandable annotation from grants, the others show it; all show it beside
// the grant in ListWithAnnotations, where it is compared.
func withoutExpansion(g *v2.Grant) *v2.Grant {
	g = proto.CloneOf(g)
	g.SetAnnotations(slices.DeleteFunc(g.GetAnnotations(), func(annotation *anypb.Any) bool {
		return annotation.MessageIs(&v2.GrantExpandable{})
	}))
	return g
}

// IsGrantForType: ListGrantsForResourceType selects by the type of the entitlement's resource in SQLite, by the type of
// the principal in the others.
func IsGrantForType(engine c1zstore.Engine, g *v2.Grant, resourceType string) bool {
	if engine == c1zstore.EngineSQLite {
		return g.GetEntitlement().GetResource().GetId().GetResourceType() == resourceType
	}
	return g.GetPrincipal().GetId().GetResourceType() == resourceType
}

// IsOfDigests says whether a call asked about digests.
func IsOfDigests(call string) bool { return strings.HasPrefix(call, grantDigest) }

// withoutListsOfUnlikeMeaning leaves out ListGrantsForResourceType, which IsGrantForType is the measure of, and digests,
// which SQLite does not keep.
func withoutListsOfUnlikeMeaning(r Readings) Readings {
	r = maps.Clone(r)
	maps.DeleteFunc(r, func(call string, _ any) bool {
		return strings.HasPrefix(call, grantsForResourceType) || IsOfDigests(call)
	})
	return r
}

// withoutZeros: SQLite counts the resource types of which nothing is there, the others count assets even then.
func withoutZeros(counts map[string]int64) map[string]int64 {
	counts = maps.Clone(counts)
	maps.DeleteFunc(counts, func(_ string, n int64) bool { return n == 0 })
	return counts
}

// withoutAssets: Stats counts assets in Pebble and RocksDB only.
func withoutAssets(counts map[string]int64) map[string]int64 {
	counts = maps.Clone(counts)
	delete(counts, "assets")
	return counts
}

// withoutEmptyTypes is withoutZeros for the structured statistics.
func withoutEmptyTypes(stats *reader_v2.SyncStats) *reader_v2.SyncStats {
	if stats == nil {
		return nil
	}
	stats = proto.CloneOf(stats)
	stats.SetResourcesByResourceType(withoutZeros(stats.GetResourcesByResourceType()))
	stats.SetEntitlementsByResourceType(withoutZeros(stats.GetEntitlementsByResourceType()))
	stats.SetGrantsByResourceType(withoutZeros(stats.GetGrantsByResourceType()))
	return stats
}

// withoutTotals: Stats counts resources by type only in SQLite, in total too in the others.
func withoutTotals(stats map[string]int64) map[string]int64 {
	stats = maps.Clone(stats)
	delete(stats, "resources")
	return stats
}

// withoutTimings: the syncer measures its steps and calls for Pebble only.
func withoutTimings(stats *reader_v2.SyncStats) *reader_v2.SyncStats {
	if stats == nil {
		return nil
	}
	stats = proto.CloneOf(stats)
	stats.SetStepDurationsMs(nil)
	stats.SetConnectorCallStats(nil)
	stats.SetSessionStoreStats(nil)
	return stats
}

func runWithoutTimings(run *reader_v2.SyncRun) *reader_v2.SyncRun {
	if run == nil {
		return nil
	}
	run = proto.CloneOf(run)
	run.SetStats(withoutTimings(run.GetStats()))
	return run
}

// withoutReferential: after a sync the SDK looks for references to nothing (I3, I7, I8, I9) in stores that can seek by
// key, which SQLite is not.
func withoutReferential(verification c1zstore.IngestInvariantVerification) c1zstore.IngestInvariantVerification {
	referential := []string{"I3", "I7", "I8", "I9"}
	verification.Coverage = slices.DeleteFunc(slices.Clone(verification.Coverage), func(invariant string) bool {
		return slices.Contains(referential, invariant)
	})
	return verification
}

// withoutStats: ListSyncs leaves statistics out in SQLite only.
func withoutStats(run *reader_v2.SyncRun) *reader_v2.SyncRun {
	run = proto.CloneOf(run)
	run.SetStats(nil)
	return run
}

func syncRecord(run *reader_v2.SyncRun) *reader_v2.SyncRun {
	if run == nil {
		return nil
	}
	run = proto.CloneOf(run)
	run.SetStats(withoutTimings(withoutEmptyTypes(run.GetStats())))
	return run
}

// storedWithoutStats: only RocksDB has statistics in the runs of SyncMeta.
func storedWithoutStats(run *c1zstore.SyncRun) *c1zstore.SyncRun {
	if run == nil {
		return nil
	}
	same := *run
	same.Stats = nil
	return &same
}

func storedWithoutReferential(run *c1zstore.SyncRun) *c1zstore.SyncRun {
	if run == nil {
		return nil
	}
	record := *run
	record.IngestInvariantVerification = withoutReferential(run.IngestInvariantVerification)
	return &record
}

func withoutIdentity(run *reader_v2.SyncRun) *reader_v2.SyncRun {
	if run == nil {
		return nil
	}
	return reader_v2.SyncRun_builder{
		SyncToken: run.GetSyncToken(), SyncType: run.GetSyncType(), ParentSyncId: run.GetParentSyncId(), Stats: run.GetStats(),
	}.Build()
}

func storedWithoutIdentity(run *c1zstore.SyncRun) *c1zstore.SyncRun {
	if run == nil {
		return nil
	}
	same := *run
	same.ID, same.StartedAt, same.EndedAt = "", nil, nil
	return &same
}

func withoutToken(run *reader_v2.SyncRun) *reader_v2.SyncRun {
	if run == nil {
		return nil
	}
	run = proto.CloneOf(run)
	run.SetSyncToken("")
	return run
}

func storedWithoutToken(run *c1zstore.SyncRun) *c1zstore.SyncRun {
	if run == nil {
		return nil
	}
	same := *run
	same.SyncToken = ""
	return &same
}

func grantRecord(g *v2.Grant) *v2.Grant {
	if g == nil {
		return nil
	}
	return withoutExpansion(withReferencesOnly(g))
}

// GrantRecords are grants as all engines have to show them.
func GrantRecords(list []*v2.Grant) []*v2.Grant {
	return inOneOrder(each(list, grantRecord), (*v2.Grant).GetId)
}

func annotatedGrantRecord(row c1zstore.GrantAnnotation) c1zstore.GrantAnnotation {
	row.Grant = grantRecord(row.Grant)
	return row
}

func each[T any](list []T, change func(T) T) []T {
	changed := make([]T, 0, len(list))
	for _, item := range list {
		changed = append(changed, change(item))
	}
	return changed
}
