package c1z

import (
	"context"

	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"

	"example.com/libc1z/go/internal/apipb"
)

// StartNewSync starts and binds a sync beside those that the file already has. Only a partial sync may have a parent.
func (s *store) StartNewSync(ctx context.Context, syncType connectorstore.SyncType, parentSyncID string) (string, error) {
	return s.startSync(ctx, syncType, "", parentSyncID)
}

// StartNewSyncWithID is StartNewSync under an id that the caller has, a KSUID, for conversions that keep ids.
func (s *store) StartNewSyncWithID(
	ctx context.Context, syncType connectorstore.SyncType, syncID, parentSyncID string,
) (string, error) {
	if syncID == "" {
		return "", invalidArgument("a sync id is required")
	}
	return s.startSync(ctx, syncType, syncID, parentSyncID)
}

func (s *store) startSync(ctx context.Context, syncType connectorstore.SyncType, syncID, parentSyncID string) (string, error) {
	bound, err := call[apipb.BoundSyncResponse](ctx, s.native, startSync, &apipb.StartSyncRequest{
		SyncType: string(syncType), ParentSyncId: parentSyncID, SyncId: syncID,
	})
	return bound.GetSyncId(), err
}

// StartOrResumeSync binds the sync with the id, ended or not; without an id the latest unfinished one of the type that
// started within a week, or else a new one. It tells whether it started one, and fails with codes.NotFound for an id
// that the file does not have.
func (s *store) StartOrResumeSync(
	ctx context.Context, syncType connectorstore.SyncType, syncID string,
) (string, bool, error) {
	bound, err := call[apipb.BoundSyncResponse](ctx, s.native, startOrResumeSync, &apipb.StartOrResumeSyncRequest{
		SyncType: string(syncType), SyncId: syncID,
	})
	return bound.GetSyncId(), bound.GetStarted(), err
}

// ResumeSync binds a sync for writing, also one that has ended.
func (s *store) ResumeSync(ctx context.Context, syncType connectorstore.SyncType, syncID string) (string, error) {
	bound, err := call[apipb.BoundSyncResponse](ctx, s.native, resumeSync, &apipb.ResumeSyncRequest{
		SyncType: string(syncType), SyncId: syncID,
	})
	return bound.GetSyncId(), err
}

// SetCurrentSync binds a sync for writing and for viewing; it works on a read-only store too.
func (s *store) SetCurrentSync(ctx context.Context, syncID string) error {
	return exec(ctx, s.native, setCurrentSync, &apipb.SetCurrentSyncRequest{SyncId: syncID})
}

// CurrentSyncStep returns the token of the bound sync's last checkpoint, and "" when no sync is bound.
func (s *store) CurrentSyncStep(ctx context.Context) (string, error) {
	current, err := call[apipb.GetCurrentSyncResponse](ctx, s.native, getCurrentSync, &apipb.GetCurrentSyncRequest{})
	return current.GetSyncToken(), err
}

// CheckpointSync stores the token of the bound sync, also when the context is done. The file has it, and what was put
// before, once it is saved.
func (s *store) CheckpointSync(ctx context.Context, syncToken string) error {
	return exec(context.WithoutCancel(ctx), s.native, checkpointSync, &apipb.CheckpointSyncRequest{SyncToken: syncToken})
}

// EndSync makes the bound sync complete and unbinds it; the file has it once it is saved. After a failure it is still
// bound, and EndSync can be called again.
func (s *store) EndSync(ctx context.Context) error {
	return exec(ctx, s.native, endSync, &apipb.EndSyncRequest{})
}

// Cleanup drops old syncs by the SDK's retention policy, unless an option or the environment says not to.
func (s *store) Cleanup(ctx context.Context) error {
	if s.skipCleanup || c1zstore.CleanupSkippedByEnv() {
		return nil
	}
	// The library itself counts an unfinished bound sync as one of those to keep.
	keep := c1zstore.ResolveCleanupSyncLimit(s.syncLimit, false)
	return exec(ctx, s.native, cleanUp, &apipb.CleanupRequest{Keep: uint32(keep)})
}

// GetSync fails with codes.NotFound when the file has no sync with the id.
func (s *store) GetSync(
	ctx context.Context, request *reader_v2.SyncsReaderServiceGetSyncRequest,
) (*reader_v2.SyncsReaderServiceGetSyncResponse, error) {
	return call[reader_v2.SyncsReaderServiceGetSyncResponse](ctx, s.native, getSync, request)
}

// ListSyncs returns one page of the file's syncs, unfinished ones among them.
func (s *store) ListSyncs(
	ctx context.Context, request *reader_v2.SyncsReaderServiceListSyncsRequest,
) (*reader_v2.SyncsReaderServiceListSyncsResponse, error) {
	return call[reader_v2.SyncsReaderServiceListSyncsResponse](ctx, s.native, listSyncs, request)
}

// GetLatestFinishedSync returns the newest finished sync of a type, or of any; the response is empty when there is none.
func (s *store) GetLatestFinishedSync(
	ctx context.Context, request *reader_v2.SyncsReaderServiceGetLatestFinishedSyncRequest,
) (*reader_v2.SyncsReaderServiceGetLatestFinishedSyncResponse, error) {
	return call[reader_v2.SyncsReaderServiceGetLatestFinishedSyncResponse](ctx, s.native, getLatestFinishedSync, request)
}
