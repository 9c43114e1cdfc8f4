package c1z

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/libc1z/go/internal/apipb"
)

var _ dotc1z.IngestInvariantStore = (*store)(nil)

// insertFact says that a connector wants the resources of its grants stored.
const insertFact = "c1.connector.v2.InsertResourceGrants"

// ForEachDistinctGrantEntitlementResource calls visit with each resource whose entitlements grants hold: one seek for
// each, however many grants there are. An error of visit ends the walk and is returned.
func (s *store) ForEachDistinctGrantEntitlementResource(ctx context.Context, visit func(resourceTypeID, resourceID string) error) error {
	return s.forEachReference(ctx, apipb.ReferenceKind_REFERENCE_KIND_GRANT_RESOURCES, func(found *apipb.Reference) error {
		return visit(found.GetResourceTypeId(), found.GetResourceId())
	})
}

// ForEachDistinctEntitlementResource calls visit with each resource that entitlements are on: one seek for each.
func (s *store) ForEachDistinctEntitlementResource(ctx context.Context, visit func(resourceTypeID, resourceID string) error) error {
	return s.forEachReference(ctx, apipb.ReferenceKind_REFERENCE_KIND_ENTITLEMENT_RESOURCES, func(found *apipb.Reference) error {
		return visit(found.GetResourceTypeId(), found.GetResourceId())
	})
}

// ForEachDanglingGrantEntitlement calls visit with each entitlement that grants hold and that is not stored: one seek and
// one lookup for each entitlement.
func (s *store) ForEachDanglingGrantEntitlement(ctx context.Context, visit func(entitlementID, resourceTypeID, resourceID string) error) error {
	return s.forEachReference(ctx, apipb.ReferenceKind_REFERENCE_KIND_MISSING_ENTITLEMENTS, func(found *apipb.Reference) error {
		return visit(found.GetEntitlementId(), found.GetResourceTypeId(), found.GetResourceId())
	})
}

// ForEachDanglingGrantPrincipal calls visit with each principal that holds grants and is not stored as a resource: one
// seek and one lookup for each principal; only the grants of those that are missing are read. carrierGrants is how many of
// them carry an ExternalResourceMatch annotation of any kind, and matchAnnotatedOnly that all do.
func (s *store) ForEachDanglingGrantPrincipal(
	ctx context.Context, visit func(principalRT, principalID string, matchAnnotatedOnly bool, carrierGrants int64) error,
) error {
	return s.forEachReference(ctx, apipb.ReferenceKind_REFERENCE_KIND_MISSING_PRINCIPALS, func(found *apipb.Reference) error {
		carriers := found.GetExternalMatchGrants()
		return visit(found.GetResourceTypeId(), found.GetResourceId(), carriers == found.GetGrants(), int64(carriers))
	})
}

// EnsureGrantIndexes has nothing to do: the index of grants by principal is complete whenever it is read.
func (s *store) EnsureGrantIndexes(context.Context) error { return nil }

// HasResourceRecord says whether a resource is stored.
func (s *store) HasResourceRecord(ctx context.Context, resourceTypeID, resourceID string) (bool, error) {
	_, err := s.GetResource(ctx, reader_v2.ResourcesReaderServiceGetResourceRequest_builder{
		ResourceId: v2.ResourceId_builder{ResourceType: resourceTypeID, Resource: resourceID}.Build(),
	}.Build())
	if status.Code(err) == codes.NotFound {
		return false, nil
	}
	return err == nil, err
}

// GrantsForEntResourceCarryInsertFact says whether any grant of an entitlement on the resource carries an
// InsertResourceGrants annotation. It reads grants until one does.
func (s *store) GrantsForEntResourceCarryInsertFact(ctx context.Context, resourceTypeID, resourceID string) (bool, error) {
	found, err := call[apipb.FindGrantAnnotationResponse](ctx, s.native, findGrantAnnotation, &apipb.FindGrantAnnotationRequest{
		ResourceId:     v2.ResourceId_builder{ResourceType: resourceTypeID, Resource: resourceID}.Build(),
		AnnotationType: insertFact,
	})
	return found.GetAny(), err
}

// GrantsForEntitlementAllCarryInsertFact says whether every grant of the entitlement carries an InsertResourceGrants
// annotation. It reads grants until one does not.
func (s *store) GrantsForEntitlementAllCarryInsertFact(
	ctx context.Context, entitlementID, entResourceTypeID, entResourceID string,
) (bool, error) {
	found, err := call[apipb.FindGrantAnnotationResponse](ctx, s.native, findGrantAnnotation, &apipb.FindGrantAnnotationRequest{
		Entitlement: v2.Entitlement_builder{
			Id: entitlementID,
			Resource: v2.Resource_builder{
				Id: v2.ResourceId_builder{ResourceType: entResourceTypeID, Resource: entResourceID}.Build(),
			}.Build(),
		}.Build(),
		AnnotationType: insertFact,
	})
	return found.GetAll(), err
}

func (s *store) forEachReference(ctx context.Context, kind apipb.ReferenceKind, visit func(*apipb.Reference) error) error {
	request := &apipb.ListReferencesRequest{Kind: kind}
	for {
		page, err := call[apipb.ListReferencesResponse](ctx, s.native, listReferences, request)
		if err != nil {
			return err
		}
		for _, found := range page.GetList() {
			if err := visit(found); err != nil {
				return err
			}
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			return nil
		}
	}
}
