package main

import (
	"cmp"
	"maps"
	"slices"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// The engines of the SDK do not answer every call alike. What is taken away here, with the reason, is all that may
// differ between SQLite, Pebble and RocksDB.

// normalised applies the functions below to every reading.
func normalised(r readings) readings {
	same := readings{}
	for call, answer := range r {
		switch answer := answer.(type) {
		case []*v2.ResourceType:
			same[call] = inOneOrder(answer, (*v2.ResourceType).GetId)
		case []*v2.Resource:
			same[call] = inOneOrder(answer, func(resource *v2.Resource) string { return idText(resource.GetId()) })
		case []*v2.Entitlement:
			same[call] = inOneOrder(each(answer, withoutEmbeddedObjects), (*v2.Entitlement).GetId)
		case *v2.Entitlement:
			same[call] = withoutEmbeddedObjects(answer)
		case []*v2.Grant:
			same[call] = grantRecords(answer)
		case *v2.Grant:
			same[call] = grantRecord(answer)
		case []c1zstore.GrantAnnotation:
			same[call] = inOneOrder(each(answer, annotatedGrantRecord), func(row c1zstore.GrantAnnotation) string { return row.GrantExternalID })
		case []c1zstore.PendingExpansion:
			same[call] = inOneOrder(answer, func(row c1zstore.PendingExpansion) string { return row.GrantExternalID })
		case map[string]int64:
			same[call] = withoutTotals(withoutZeros(answer))
		case *reader_v2.SyncStats:
			same[call] = statsRecord(answer)
		case []*reader_v2.SyncRun:
			same[call] = each(answer, func(run *reader_v2.SyncRun) *reader_v2.SyncRun { return withoutStats(syncRecord(run)) })
		case *reader_v2.SyncRun:
			same[call] = syncRecord(answer)
		case *c1zstore.SyncRun:
			same[call] = storedSyncRecord(answer)
		default:
			same[call] = answer
		}
	}
	return same
}

// inOneOrder: SQLite lists in the order of insertion, the others in the order of keys.
func inOneOrder[T any](list []T, id func(T) string) []T {
	return slices.SortedFunc(slices.Values(list), func(a, b T) int { return cmp.Compare(id(a), id(b)) })
}

// withoutEmbeddedObjects: SQLite returns an entitlement's resource and resource types as the connector sent them, the
// others their ids only.
func withoutEmbeddedObjects(e *v2.Entitlement) *v2.Entitlement {
	e = proto.CloneOf(e)
	e.SetResource(idOnly(e.GetResource()))
	e.SetGrantableTo(each(e.GetGrantableTo(), func(resourceType *v2.ResourceType) *v2.ResourceType {
		return v2.ResourceType_builder{Id: resourceType.GetId()}.Build()
	}))
	return e
}

// withReferencesOnly: SQLite returns a grant's entitlement and principal as the connector sent them, the others their
// ids only.
func withReferencesOnly(g *v2.Grant) *v2.Grant {
	g = proto.CloneOf(g)
	g.SetEntitlement(v2.Entitlement_builder{
		Id:       g.GetEntitlement().GetId(),
		Resource: idOnly(g.GetEntitlement().GetResource()),
	}.Build())
	g.SetPrincipal(idOnly(g.GetPrincipal()))
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

// typeOfGrant: ListGrantsForResourceType selects by the type of the entitlement's resource in SQLite, by the type of
// the principal in the others.
func typeOfGrant(engine c1zstore.Engine, g *v2.Grant) string {
	if engine == c1zstore.EngineSQLite {
		return g.GetEntitlement().GetResource().GetId().GetResourceType()
	}
	return g.GetPrincipal().GetId().GetResourceType()
}

// withoutZeros: SQLite counts the resource types of which nothing is there, the others count assets even then.
func withoutZeros(counts map[string]int64) map[string]int64 {
	counts = maps.Clone(counts)
	maps.DeleteFunc(counts, func(_ string, n int64) bool { return n == 0 })
	return counts
}

// withoutEmptyTypes is withoutZeros for the structured statistics.
func withoutEmptyTypes(stats *reader_v2.SyncStats) *reader_v2.SyncStats {
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

// withoutTimings: the syncer measures its steps and calls for Pebble only, and no two runs take the same time.
func withoutTimings(stats *reader_v2.SyncStats) *reader_v2.SyncStats {
	stats = proto.CloneOf(stats)
	stats.SetStepDurationsMs(nil)
	stats.SetConnectorCallStats(nil)
	stats.SetSessionStoreStats(nil)
	return stats
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
	run.SetStats(nil)
	return run
}

// syncRecord: id and times are those of one run, and its token holds timings.
func syncRecord(run *reader_v2.SyncRun) *reader_v2.SyncRun {
	if run == nil {
		return nil
	}
	return reader_v2.SyncRun_builder{
		SyncType:     run.GetSyncType(),
		ParentSyncId: run.GetParentSyncId(),
		Stats:        statsRecord(run.GetStats()),
	}.Build()
}

// storedSyncRecord is syncRecord for the store's own shape.
func storedSyncRecord(run *c1zstore.SyncRun) *c1zstore.SyncRun {
	if run == nil {
		return nil
	}
	return &c1zstore.SyncRun{
		Type:                        run.Type,
		ParentSyncID:                run.ParentSyncID,
		SupportsDiff:                run.SupportsDiff,
		IngestInvariantVerification: withoutReferential(run.IngestInvariantVerification),
	}
}

func statsRecord(stats *reader_v2.SyncStats) *reader_v2.SyncStats {
	if stats == nil {
		return nil
	}
	return withoutTimings(withoutEmptyTypes(stats))
}

func grantRecord(g *v2.Grant) *v2.Grant { return withoutExpansion(withReferencesOnly(g)) }

func grantRecords(list []*v2.Grant) []*v2.Grant {
	return inOneOrder(each(list, grantRecord), (*v2.Grant).GetId)
}

func annotatedGrantRecord(row c1zstore.GrantAnnotation) c1zstore.GrantAnnotation {
	row.Grant = grantRecord(row.Grant)
	return row
}

func idOnly(resource *v2.Resource) *v2.Resource {
	return v2.Resource_builder{Id: resource.GetId()}.Build()
}

func each[T any](list []T, change func(T) T) []T {
	changed := make([]T, 0, len(list))
	for _, item := range list {
		changed = append(changed, change(item))
	}
	return changed
}
