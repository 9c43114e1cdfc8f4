package c1z

import (
	"context"
	"errors"
	"fmt"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/bid"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/sourcecache"
	"google.golang.org/protobuf/proto"

	"example.com/libc1z/go/internal/apipb"
)

var _ dotc1z.SourceCacheStore = (*store)(nil)

// LookupSourceCacheEntry returns what was put for a scope in the sync that a read is shown. A sync that has ended shows none
// that it could not replay: its rows were changed after the end, or one of them was taken by somebody else.
func (s *store) LookupSourceCacheEntry(ctx context.Context, kind sourcecache.RowKind, scopeKey string) (sourcecache.Entry, bool, error) {
	if err := checkScope(kind, scopeKey); err != nil {
		return sourcecache.Entry{}, false, err
	}
	request := &apipb.GetSourceCacheEntryRequest{RowKind: string(kind), ScopeKey: scopeKey}
	response, err := call[apipb.GetSourceCacheEntryResponse](ctx, s.native, getSourceCacheEntry, request)
	entry := response.GetEntry()
	if err != nil || entry == nil {
		return sourcecache.Entry{}, false, err
	}
	return sourcecache.Entry{CacheValidator: entry.GetCacheValidator(), DiscoveredAt: entry.GetDiscoveredAt().AsTime()}, true, nil
}

// PutSourceCacheEntry keeps the validator of a scope of the bound sync.
func (s *store) PutSourceCacheEntry(ctx context.Context, kind sourcecache.RowKind, scopeKey string, cacheValidator string) error {
	if err := checkScope(kind, scopeKey); err != nil {
		return err
	}
	if cacheValidator == "" {
		return errors.New("source cache: the validator is empty")
	}
	return exec(ctx, s.native, putSourceCacheEntry, &apipb.PutSourceCacheEntryRequest{
		RowKind: string(kind), ScopeKey: scopeKey, CacheValidator: cacheValidator,
	})
}

// ReplaySourceCache makes the rows of a scope in the bound sync those that it has in the sync of prev that ended last: a
// store of this engine, which may be this one. After an error the result is empty, though some rows may be copied: the same
// call makes them whole.
func (s *store) ReplaySourceCache(
	ctx context.Context, prev connectorstore.Reader, kind sourcecache.RowKind, scopeKey string,
) (dotc1z.SourceCacheReplayResult, error) {
	if err := checkScope(kind, scopeKey); err != nil {
		return dotc1z.SourceCacheReplayResult{}, err
	}
	previous, ok := prev.(*store)
	if !ok || previous == nil {
		return dotc1z.SourceCacheReplayResult{}, fmt.Errorf("source cache: %T is no store of engine %s to replay from", prev, Engine)
	}
	request, err := proto.Marshal(&apipb.ReplaySourceCacheRequest{RowKind: string(kind), ScopeKey: scopeKey})
	if err != nil {
		return dotc1z.SourceCacheReplayResult{}, err
	}
	answer, err := s.native.replay(ctx, previous.native, request)
	if err != nil {
		return dotc1z.SourceCacheReplayResult{}, err
	}
	response, err := unmarshal[apipb.ReplaySourceCacheResponse](answer)
	return dotc1z.SourceCacheReplayResult{Rows: int64(response.GetRows()), NeedsExpansion: response.GetNeedsExpansion()}, err
}

// DeleteSourceCacheRows deletes rows of the bound sync by their ids, resources by their Baton ids, on behalf of a scope: any
// other scope that loses a row is not replayed any more. All ids are understood before anything is deleted. Unlike Pebble it
// finds grants whose ids a connector made up, too.
func (s *store) DeleteSourceCacheRows(ctx context.Context, kind sourcecache.RowKind, scopeKey string, ids []string) error {
	if err := checkScope(kind, scopeKey); err != nil {
		return err
	}
	request := &apipb.DeleteSourceCacheRowsRequest{
		RowKind: string(kind), ScopeKey: scopeKey, By: apipb.SourceCacheRowsBy_SOURCE_CACHE_ROWS_BY_PUBLIC_ID,
	}
	if kind != sourcecache.RowKindResources {
		request.Ids = ids
		_, err := s.deleteOfScope(ctx, request)
		return err
	}
	for _, id := range ids {
		resource, err := bid.ParseResourceBid(id)
		if err != nil {
			return fmt.Errorf("source cache: resource id %q: %w", id, err)
		}
		request.ResourceIds = append(request.ResourceIds, v2.ResourceId_builder{
			ResourceType: resource.GetId().GetResourceType(), Resource: resource.GetId().GetResource(),
		}.Build())
	}
	_, err := s.deleteOfScope(ctx, request)
	return err
}

// DeleteSourceCacheRowsInScope deletes rows of a scope: grants by the ids of their principals, resources by their own. After
// an error the number is 0, though rows may be deleted: the same call deletes the others.
func (s *store) DeleteSourceCacheRowsInScope(ctx context.Context, kind sourcecache.RowKind, scopeKey string, ids []string) (int64, error) {
	if err := checkScope(kind, scopeKey); err != nil {
		return 0, err
	}
	return s.deleteOfScope(ctx, &apipb.DeleteSourceCacheRowsRequest{
		RowKind: string(kind), ScopeKey: scopeKey, By: apipb.SourceCacheRowsBy_SOURCE_CACHE_ROWS_BY_OBJECT_ID, Ids: ids,
	})
}

// DeleteSourceCacheGrantsByIDInScope deletes grants of a scope by their ids.
func (s *store) DeleteSourceCacheGrantsByIDInScope(ctx context.Context, scopeKey string, ids []string) (int64, error) {
	kind := sourcecache.RowKindGrants
	if err := checkScope(kind, scopeKey); err != nil {
		return 0, err
	}
	return s.deleteOfScope(ctx, &apipb.DeleteSourceCacheRowsRequest{
		RowKind: string(kind), ScopeKey: scopeKey, By: apipb.SourceCacheRowsBy_SOURCE_CACHE_ROWS_BY_GRANT_ID, Ids: ids,
	})
}

// deleteOfScope sends a request to delete rows. No ids are nothing to do, in any state of the store.
func (s *store) deleteOfScope(ctx context.Context, request *apipb.DeleteSourceCacheRowsRequest) (int64, error) {
	response, err := call[apipb.DeleteSourceCacheRowsResponse](ctx, s.native, deleteSourceCacheRows, request)
	return int64(response.GetRows()), err
}

func checkScope(kind sourcecache.RowKind, scopeKey string) error {
	if err := sourcecache.ValidateRowKind(kind); err != nil {
		return err
	}
	return sourcecache.ValidateScopeKey(scopeKey)
}
