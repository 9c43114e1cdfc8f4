package c1z

import (
	"cmp"
	"context"

	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"

	"example.com/libc1z/go/internal/apipb"
)

// fileOps makes files and syncs out of a store's syncs; the store itself may be read-only to be cloned.
type fileOps struct {
	native *handle
	tmpDir string
}

var _ c1zstore.FileOps = fileOps{}

// CloneSync writes one finished sync into a file of its own at outPath, which must not exist; without an id the newest
// finished full one. It fails with codes.NotFound for an unknown id, codes.FailedPrecondition for an unfinished sync.
// Sessions are not part of a clone.
func (f fileOps) CloneSync(ctx context.Context, outPath, syncID string, opts ...c1zstore.CloneSyncOption) error {
	options := c1zstore.NewCloneSyncOptions(opts...)
	tmpDir := cmp.Or(options.TmpDir, f.tmpDir)
	return exec(ctx, f.native, cloneSync, &apipb.CloneSyncRequest{
		Path: asText(outPath), PathBytes: asBytes(outPath), SyncId: syncID,
		TmpDir: asText(tmpDir), TmpDirBytes: asBytes(tmpDir),
	})
}

// CopyIsolateSync is CloneSync: in this engine both come down to the same work.
func (f fileOps) CopyIsolateSync(ctx context.Context, outPath, syncID string, opts ...c1zstore.CloneSyncOption) error {
	return f.CloneSync(ctx, outPath, syncID, opts...)
}

// GenerateSyncDiff makes a new finished partial sync of what the applied sync holds and the base does not, and returns
// its id. Changed and deleted records leave no trace in it.
func (f fileOps) GenerateSyncDiff(ctx context.Context, baseSyncID, appliedSyncID string) (string, error) {
	diff, err := call[apipb.DiffSyncsResponse](ctx, f.native, diffSyncs, &apipb.DiffSyncsRequest{
		BaseSyncId: baseSyncID, AppliedSyncId: appliedSyncID,
	})
	return diff.GetSyncId(), err
}

// MergeSyncs merges finished syncs of the store, first the base, then newer ones, the oldest first, and returns the new
// sync's id; see [Compact] for which records win. The new sync takes their place, or comes beside them if keepInputs says
// so. It fails with codes.NotFound for an unknown id, codes.FailedPrecondition for a sync that is unfinished or bound.
func (f fileOps) MergeSyncs(ctx context.Context, syncIDs []string, keepInputs bool) (string, error) {
	merged, err := call[apipb.MergeResponse](ctx, f.native, mergeSyncs, &apipb.MergeSyncsRequest{
		SyncIds: syncIDs, KeepInputs: keepInputs,
	})
	return merged.GetSyncId(), err
}
