package c1z

import (
	"context"
	"errors"
	"time"

	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/types/sessions"
	"google.golang.org/grpc/codes"

	"example.com/libc1z/go/internal/apipb"
)

// store is an open file. What the SDK asserts on the store object itself is a method here; the sub-stores are views of
// the same handle.
type store struct {
	native      *handle
	metadata    connectorstore.StoreMetadata
	tmpDir      string
	syncLimit   int
	skipCleanup bool
	layer       layer
}

var (
	_ c1zstore.Store                             = (*store)(nil)
	_ connectorstore.StreamingReader             = (*store)(nil)
	_ connectorstore.LatestFinishedSyncIDFetcher = (*store)(nil)
	_ connectorstore.DBSizeProvider              = (*store)(nil)
)

func newStore(ctx context.Context, native *handle, opts dotc1z.StoreOptions) (*store, error) {
	metadata, err := call[apipb.GetMetadataResponse](ctx, native, getMetadata, &apipb.GetMetadataRequest{})
	if err != nil {
		native.free()
		return nil, err
	}
	return &store{
		native: native,
		metadata: connectorstore.StoreMetadata{
			Engine:          metadata.GetEngine(),
			Format:          metadata.GetFormat(),
			PayloadEncoding: c1zstore.PayloadEncoding(metadata.GetPayloadEncoding()).String(),
		},
		tmpDir:      opts.TmpDir,
		syncLimit:   opts.SyncLimit,
		skipCleanup: opts.SkipCleanup,
	}, nil
}

// Metadata says how the file is stored. It works on a closed store too.
func (s *store) Metadata() connectorstore.StoreMetadata { return s.metadata }

// CurrentDBSizeBytes is the size of the working copy on disk.
func (s *store) CurrentDBSizeBytes() (int64, error) {
	metadata, err := call[apipb.GetMetadataResponse](context.Background(), s.native, getMetadata, &apipb.GetMetadataRequest{})
	if err != nil {
		return 0, err
	}
	return int64(metadata.GetDatabaseSizeBytes()), nil
}

// Save writes what has changed to the file and leaves the store open. On failure, dotc1z.ErrArtifactUnusable, the
// previous file is untouched.
func (s *store) Save(ctx context.Context) error {
	return exec(ctx, s.native, save, &apipb.SaveRequest{})
}

// Close saves if anything has changed, and closes, also when the context is done: dotc1z.FinalizeTimeout alone limits
// the time that it takes. Closing a closed store does nothing.
//
// When the file cannot be saved, or not in time, the error is dotc1z.ErrArtifactUnusable, the previous file is untouched
// and the store stays open: Close can be called again, or Discard. With a stream still open it fails with
// codes.FailedPrecondition.
func (s *store) Close(ctx context.Context) error {
	return s.closeWithin(ctx, dotc1z.FinalizeTimeout())
}

// saveNew writes the file of a store of no file yet, where nothing may be by now.
func (s *store) saveNew(ctx context.Context) error {
	err := s.Save(ctx)
	var failure *Error
	if errors.As(err, &failure) && failure.reason == "CONFLICT" {
		return newError(codes.AlreadyExists, "ALREADY_EXISTS", failure.message)
	}
	return err
}

func (s *store) closeWithin(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	return s.close(ctx, &apipb.CloseRequest{})
}

// Discard closes without saving, and removes the working copy: for a store that cannot be saved. Otherwise the working
// copy stays until the store is collected as garbage or, once the process has ended, until the next store is opened.
func (s *store) Discard() error {
	return s.close(context.Background(), &apipb.CloseRequest{Discard: true})
}

func (s *store) close(ctx context.Context, request *apipb.CloseRequest) error {
	s.layer.end()
	data, err := marshal(request)
	if err != nil {
		return err
	}
	return s.native.close(ctx, data)
}

// Grants is the view for grant expansion.
func (s *store) Grants() c1zstore.GrantStore { return grantStore{s.native, &s.layer} }

// SyncMeta is the view on the syncs themselves.
func (s *store) SyncMeta() c1zstore.SyncMeta { return syncMeta{s.native} }

// FileOps makes files and syncs out of a sync.
func (s *store) FileOps() c1zstore.FileOps { return fileOps{s.native, s.tmpDir} }

// SessionStore keeps values of a connector beside the sync.
func (s *store) SessionStore() sessions.SessionStore { return sessionStore{s.native} }
