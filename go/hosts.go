package c1z

import (
	"cmp"
	"context"
	"slices"

	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"

	"example.com/libc1z/go/internal/apipb"
)

// What the SDK's own engines have beside their interfaces, for hosts that look for it on the store.

// GrantStats counts the grants of a sync by the type of the resource whose entitlement is held. Without an id it takes the
// newest finished sync of the type; of a sync of another type it returns nil.
func (s *store) GrantStats(ctx context.Context, syncType connectorstore.SyncType, syncID string) (map[string]int64, error) {
	if syncID != "" && syncType != connectorstore.SyncTypeAny {
		found, err := s.GetSync(ctx, reader_v2.SyncsReaderServiceGetSyncRequest_builder{SyncId: syncID}.Build())
		if err != nil || found.GetSync().GetSyncType() != string(syncType) {
			return nil, err
		}
	}
	stats, err := syncMeta{s.native}.StatsV2(ctx, syncType, syncID)
	if err != nil {
		return nil, err
	}
	return stats.GetGrantsByResourceType(), nil
}

// OutputFilepath is the absolute path of the file that saves write.
func (s *store) OutputFilepath() (string, error) {
	metadata, err := call[apipb.GetMetadataResponse](context.Background(), s.native, getMetadata, &apipb.GetMetadataRequest{})
	if err != nil {
		return "", err
	}
	if path := metadata.GetPathBytes(); len(path) > 0 {
		return string(path), nil
	}
	return metadata.GetPath(), nil
}

// CleanupCandidates are all syncs of the file, those that started first before the others.
func (s *store) CleanupCandidates(ctx context.Context) ([]c1zstore.SyncRun, error) {
	var runs []c1zstore.SyncRun
	for token := ""; ; {
		page, next, err := s.ListSyncRuns(ctx, token, 0)
		if err != nil {
			return nil, err
		}
		for _, run := range page {
			runs = append(runs, *run)
		}
		if token = next; token == "" {
			break
		}
	}
	slices.SortStableFunc(runs, func(a, b c1zstore.SyncRun) int {
		if a.StartedAt == nil || b.StartedAt == nil {
			return cmp.Compare(a.ID, b.ID)
		}
		return cmp.Or(a.StartedAt.Compare(*b.StartedAt), cmp.Compare(a.ID, b.ID))
	})
	return runs, nil
}

// InitCurrentSync binds the newest finished sync, unless one is bound.
func (s *store) InitCurrentSync(ctx context.Context) error {
	bound, err := call[apipb.GetCurrentSyncResponse](ctx, s.native, getCurrentSync, &apipb.GetCurrentSyncRequest{})
	if err != nil || bound.GetSyncId() != "" {
		return err
	}
	id, err := s.LatestFinishedSyncID(ctx, connectorstore.SyncTypeAny)
	if err != nil || id == "" {
		return err
	}
	return s.SetCurrentSync(ctx, id)
}
