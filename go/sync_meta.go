package c1z

import (
	"context"
	"maps"
	"time"

	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"google.golang.org/protobuf/types/known/timestamppb"

	"example.com/libc1z/go/internal/apipb"
)

// syncMeta is the view of a store on its syncs. No call needs a bound sync.
type syncMeta struct{ native *handle }

var (
	_ c1zstore.SyncMeta                          = syncMeta{}
	_ c1zstore.IngestInvariantVerificationWriter = syncMeta{}
)

// MarkSyncSupportsDiff marks a sync whose collection is complete. It fails with codes.NotFound for an unknown id.
func (m syncMeta) MarkSyncSupportsDiff(ctx context.Context, syncID string) error {
	return exec(ctx, m.native, markSyncSupportsDiff, &apipb.MarkSyncSupportsDiffRequest{SyncId: syncID})
}

// MarkIngestInvariantsVerified records which checks a sync passed. It fails unless the sync has ended and the
// verification is complete.
func (m syncMeta) MarkIngestInvariantsVerified(
	ctx context.Context, syncID string, verification c1zstore.IngestInvariantVerification,
) error {
	return exec(ctx, m.native, markSyncVerified, &apipb.MarkSyncVerifiedRequest{
		SyncId: syncID,
		Verification: &apipb.Verification{
			Generation: verification.Generation,
			Coverage:   verification.Coverage,
			Mode:       string(verification.Mode),
		},
	})
}

// ClearIngestInvariantVerification takes the record of passed checks away.
func (m syncMeta) ClearIngestInvariantVerification(ctx context.Context, syncID string) error {
	return exec(ctx, m.native, clearSyncVerification, &apipb.ClearSyncVerificationRequest{SyncId: syncID})
}

// LatestFullSync returns the newest finished full sync, or nil.
func (m syncMeta) LatestFullSync(ctx context.Context) (*c1zstore.SyncRun, error) {
	return m.latest(ctx, connectorstore.SyncTypeFull)
}

// LatestFinishedSyncOfAnyType returns the newest finished sync, or nil.
func (m syncMeta) LatestFinishedSyncOfAnyType(ctx context.Context) (*c1zstore.SyncRun, error) {
	return m.latest(ctx, connectorstore.SyncTypeAny)
}

func (m syncMeta) latest(ctx context.Context, syncType connectorstore.SyncType) (*c1zstore.SyncRun, error) {
	latest, err := call[apipb.GetLatestSyncRunResponse](ctx, m.native, getLatestSyncRun, &apipb.GetLatestSyncRunRequest{
		SyncType: string(syncType),
	})
	if err != nil || latest.GetSync() == nil {
		return nil, err
	}
	return syncRun(latest.GetSync()), nil
}

// Stats counts the records of a sync by kind, and its resources by type as well. Without an id it takes the newest
// finished sync of the type. It fails with codes.NotFound when there is no such sync.
func (m syncMeta) Stats(ctx context.Context, syncType connectorstore.SyncType, syncID string) (map[string]int64, error) {
	stats, err := m.StatsV2(ctx, syncType, syncID)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{
		"resource_types": stats.GetResourceTypes(),
		"resources":      stats.GetResources(),
		"entitlements":   stats.GetEntitlements(),
		"grants":         stats.GetGrants(),
		"assets":         stats.GetAssets(),
	}
	maps.Copy(counts, stats.GetResourcesByResourceType())
	return counts, nil
}

// StatsV2 is Stats with all that is counted.
func (m syncMeta) StatsV2(
	ctx context.Context, syncType connectorstore.SyncType, syncID string,
) (*reader_v2.SyncStats, error) {
	response, err := call[apipb.GetStatsResponse](ctx, m.native, getStats, &apipb.GetStatsRequest{
		SyncType: string(syncType), SyncId: syncID,
	})
	if err != nil {
		return nil, statusText{err}
	}
	return response.GetStats(), nil
}

// RecalculateStats counts a sync's records anew; without an id those of the bound sync.
func (m syncMeta) RecalculateStats(ctx context.Context, syncID string) error {
	return exec(ctx, m.native, recalculateStats, &apipb.RecalculateStatsRequest{SyncId: syncID})
}

// Stats is that of SyncMeta; hosts look for it on the store itself.
func (s *store) Stats(ctx context.Context, syncType connectorstore.SyncType, syncID string) (map[string]int64, error) {
	return syncMeta{s.native}.Stats(ctx, syncType, syncID)
}

// SetSupportsDiff is MarkSyncSupportsDiff; the SDK's sanitizer looks for it on the store itself.
func (s *store) SetSupportsDiff(ctx context.Context, syncID string) error {
	return syncMeta{s.native}.MarkSyncSupportsDiff(ctx, syncID)
}

// LatestFinishedSyncID returns the id of the newest finished sync of a type, or of any, and "" when there is none.
func (s *store) LatestFinishedSyncID(ctx context.Context, syncType connectorstore.SyncType) (string, error) {
	latest, err := syncMeta{s.native}.latest(ctx, syncType)
	if err != nil || latest == nil {
		return "", err
	}
	return latest.ID, nil
}

// ListSyncRuns returns one page of the file's syncs with all that is known of them, unfinished ones among them.
func (s *store) ListSyncRuns(
	ctx context.Context, pageToken string, pageSize uint32,
) ([]*c1zstore.SyncRun, string, error) {
	page, err := call[apipb.ListSyncRunsResponse](ctx, s.native, listSyncRuns, &apipb.ListSyncRunsRequest{
		PageSize: pageSize, PageToken: pageToken,
	})
	if err != nil {
		return nil, "", err
	}
	runs := make([]*c1zstore.SyncRun, 0, len(page.GetList()))
	for _, run := range page.GetList() {
		runs = append(runs, syncRun(run))
	}
	return runs, page.GetNextPageToken(), nil
}

func syncRun(run *apipb.SyncRun) *c1zstore.SyncRun {
	return &c1zstore.SyncRun{
		ID:                          run.GetId(),
		StartedAt:                   timePointer(run.GetStartedAt()),
		EndedAt:                     timePointer(run.GetEndedAt()),
		SyncToken:                   run.GetSyncToken(),
		Type:                        connectorstore.SyncType(run.GetSyncType()),
		ParentSyncID:                run.GetParentSyncId(),
		SupportsDiff:                run.GetSupportsDiff(),
		Compacted:                   run.GetCompacted(),
		Stats:                       run.GetStats(),
		IngestInvariantVerification: verification(run.GetVerification()),
	}
}

// verification is zero unless it is complete, so that nobody takes half of one for proof.
func verification(stored *apipb.Verification) c1zstore.IngestInvariantVerification {
	complete := c1zstore.IngestInvariantVerification{
		Generation: stored.GetGeneration(),
		Coverage:   stored.GetCoverage(),
		Mode:       c1zstore.IngestInvariantVerificationMode(stored.GetMode()),
	}
	if !complete.IsVerified() {
		return c1zstore.IngestInvariantVerification{}
	}
	return complete
}

func timePointer(timestamp *timestamppb.Timestamp) *time.Time {
	if timestamp == nil {
		return nil
	}
	instant := timestamp.AsTime()
	return &instant
}
