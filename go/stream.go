package c1z

import (
	"context"
	"iter"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"google.golang.org/protobuf/proto"

	"example.com/libc1z/go/internal/apipb"
	"example.com/libc1z/go/internal/page"
)

// Streams hold one page in memory, give an error once and last, and let go of the store when they end or the loop is
// left. While one runs the store refuses to close. Without a sync id they show the sync that a list would.

// StreamGrants yields the grants of a sync, of one entitlement or one principal if opts say so. Grants carry their
// GrantExpandable annotation whether opts ask for it or not.
func (s *store) StreamGrants(
	ctx context.Context, syncID string, opts connectorstore.StreamGrantsOptions,
) iter.Seq2[*v2.Grant, error] {
	return stream[v2.GrantsServiceListGrantsResponse](ctx, s.native, scanGrants, page.Grants, &apipb.ScanGrantsRequest{
		SyncId:                  syncID,
		EntitlementId:           opts.EntitlementID,
		PrincipalResourceTypeId: opts.PrincipalResourceType,
		PrincipalResourceId:     opts.PrincipalResourceID,
	})
}

// StreamResources yields the resources of a sync, of one type if opts say so.
func (s *store) StreamResources(
	ctx context.Context, syncID string, opts connectorstore.StreamResourcesOptions,
) iter.Seq2[*v2.Resource, error] {
	return stream[v2.ResourcesServiceListResourcesResponse](ctx, s.native, scanResources, page.Resources, &apipb.ScanResourcesRequest{
		SyncId:         syncID,
		ResourceTypeId: opts.ResourceTypeID,
	})
}

// StreamEntitlements yields the entitlements of a sync.
func (s *store) StreamEntitlements(ctx context.Context, syncID string) iter.Seq2[*v2.Entitlement, error] {
	return stream[v2.EntitlementsServiceListEntitlementsResponse](ctx, s.native, scanEntitlements, page.Entitlements, &apipb.ScanEntitlementsRequest{
		SyncId: syncID,
	})
}

// stream yields the rows of every page that a cursor gives. Pages are the answers of the matching list call.
func stream[Page, Row any, P pageOf[Page, Row]](
	ctx context.Context,
	native *handle,
	scan scanFunction,
	read func(data []byte, into page.Of[Row]) error,
	request proto.Message,
) iter.Seq2[*Row, error] {
	open := func(ctx context.Context, request []byte) (*cursor, error) { return native.scan(ctx, scan, request) }
	return func(yield func(*Row, error) bool) {
		if err := scanInto(ctx, open, func(page buffer) (bool, error) {
			response, err := readPage[Page, Row, P](page, read)
			if err != nil {
				return false, err
			}
			for _, row := range P(response).GetList() {
				if err := checkContext(ctx); err != nil {
					return false, err
				}
				if !yield(row, nil) {
					return false, nil
				}
			}
			return true, nil
		}, request); err != nil {
			yield(nil, err)
		}
	}
}

// scanInto hands page after page to take, which frees it, until there are no more, or take wants none.
func scanInto(
	ctx context.Context,
	open func(ctx context.Context, request []byte) (*cursor, error),
	take func(page buffer) (bool, error),
	request proto.Message,
) error {
	data, err := marshal(request)
	if err != nil {
		return err
	}
	cursor, err := open(ctx, data)
	if err != nil {
		return err
	}
	defer cursor.free()
	for {
		page, more, err := cursor.next(ctx)
		if err != nil || !more {
			return err
		}
		if wanted, err := take(page); err != nil || !wanted {
			return err
		}
	}
}
