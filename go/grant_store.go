package c1z

import (
	"context"
	"iter"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"

	"example.com/libc1z/go/internal/apipb"
	"example.com/libc1z/go/internal/encode"
)

// grantStore is the view of a store for grant expansion. Its lists are of the bound sync and have pages of up to
// 10,000 rows.
type grantStore struct {
	native *handle
	layer  *layer
}

var _ c1zstore.GrantStore = grantStore{}

// StoreExpandedGrants stores what expansion derived or completed: it replaces everything but a stored grant's own
// expansion state, and never arms expansion.
func (g grantStore) StoreExpandedGrants(ctx context.Context, grants ...*v2.Grant) error {
	return put(ctx, g.native, putExpandedGrants, grants, "", encode.PutGrants)
}

// PendingExpansionPage returns one page of the grants that wait for expansion.
func (g grantStore) PendingExpansionPage(
	ctx context.Context, pageToken string,
) ([]c1zstore.PendingExpansion, string, error) {
	page, err := call[apipb.ListPendingExpansionResponse](ctx, g.native, listPendingExpansion, &apipb.ListPendingExpansionRequest{
		PageToken: pageToken,
	})
	if err != nil {
		return nil, "", err
	}
	rows := make([]c1zstore.PendingExpansion, 0, len(page.GetList()))
	for _, row := range page.GetList() {
		rows = append(rows, c1zstore.PendingExpansion{
			GrantExternalID:         row.GetGrantId(),
			TargetEntitlementID:     row.GetEntitlementId(),
			PrincipalResourceTypeID: row.GetPrincipal().GetResourceType(),
			PrincipalResourceID:     row.GetPrincipal().GetResource(),
			Annotation:              row.GetAnnotation(),
			NeedsExpansion:          true,
		})
	}
	return rows, page.GetNextPageToken(), nil
}

// PendingExpansion walks all pages of PendingExpansionPage; an error comes once and last.
func (g grantStore) PendingExpansion(ctx context.Context) iter.Seq2[c1zstore.PendingExpansion, error] {
	return pages(ctx, g.PendingExpansionPage)
}

// ListWithAnnotationsPage returns one page of all grants with their expansion state.
func (g grantStore) ListWithAnnotationsPage(
	ctx context.Context, pageToken string,
) ([]c1zstore.GrantAnnotation, string, error) {
	return g.listWithAnnotations(ctx, &apipb.ListGrantsWithAnnotationsRequest{PageToken: pageToken})
}

// ListWithAnnotationsForResourcePage is ListWithAnnotationsPage for the grants whose entitlement is on a resource, which
// must be named, of the sync with the id, or of the bound one.
func (g grantStore) ListWithAnnotationsForResourcePage(
	ctx context.Context, resource *v2.Resource, syncID, pageToken string, pageSize uint32,
) ([]c1zstore.GrantAnnotation, string, error) {
	if resource == nil {
		return nil, "", invalidArgument("a resource is required")
	}
	return g.listWithAnnotations(ctx, &apipb.ListGrantsWithAnnotationsRequest{
		Resource: resource, PageSize: pageSize, PageToken: pageToken, SyncId: syncID,
	})
}

// ListWithAnnotations walks all pages of ListWithAnnotationsPage; an error comes once and last.
func (g grantStore) ListWithAnnotations(ctx context.Context) iter.Seq2[c1zstore.GrantAnnotation, error] {
	return pages(ctx, g.ListWithAnnotationsPage)
}

func (g grantStore) listWithAnnotations(
	ctx context.Context, request *apipb.ListGrantsWithAnnotationsRequest,
) ([]c1zstore.GrantAnnotation, string, error) {
	page, err := call[apipb.ListGrantsWithAnnotationsResponse](ctx, g.native, listGrantsWithAnnotations, request)
	if err != nil {
		return nil, "", err
	}
	rows := make([]c1zstore.GrantAnnotation, 0, len(page.GetList()))
	for _, row := range page.GetList() {
		grant := row.GetGrant()
		rows = append(rows, c1zstore.GrantAnnotation{
			Grant:                   grant,
			Annotation:              row.GetAnnotation(),
			GrantExternalID:         grant.GetId(),
			TargetEntitlementID:     grant.GetEntitlement().GetId(),
			PrincipalResourceTypeID: grant.GetPrincipal().GetId().GetResourceType(),
			PrincipalResourceID:     grant.GetPrincipal().GetId().GetResource(),
			NeedsExpansion:          row.GetNeedsExpansion(),
		})
	}
	return rows, page.GetNextPageToken(), nil
}

// pages yields the rows of all pages, then the error that ended them, if one did.
func pages[Row any](ctx context.Context, page func(context.Context, string) ([]Row, string, error)) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for token := ""; ; {
			rows, next, err := page(ctx, token)
			if err != nil {
				var none Row
				yield(none, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			token = next
		}
	}
}
