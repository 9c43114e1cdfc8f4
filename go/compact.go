package c1z

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/sdk"
	"github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/conductorone/baton-sdk/pkg/synccompactor"
	"github.com/conductorone/baton-sdk/pkg/tempdir"
	"google.golang.org/grpc/codes"

	"example.com/libc1z/go/internal/apipb"
)

// CompactOption says how [Compact] is to work.
type CompactOption func(*compaction)

// WithSkipGrantExpansion leaves the merged grants as they are.
func WithSkipGrantExpansion() CompactOption {
	return func(c *compaction) { c.skipExpansion = true }
}

// WithTmpDir says where databases are unpacked to. Without it that is what BATON_TMPDIR says, or the system's temporary
// folder.
func WithTmpDir(path string) CompactOption {
	return func(c *compaction) { c.tmpDir = path }
}

// WithRunDuration limits the time of the whole; 0 does not.
func WithRunDuration(limit time.Duration) CompactOption {
	return func(c *compaction) { c.runDuration = limit }
}

// WithFailFastInvariants makes the expansion fail where the syncer finds something wrong with the merged sync, not only say
// so. What refers to nothing the syncer looks for in Pebble's files only.
func WithFailFastInvariants() CompactOption {
	return func(c *compaction) { c.failFastInvariants = true }
}

// Compact merges a sync of each input into a new file, outputDir/compacted-<id of the new sync>.c1z, and expands its
// grants. It does what synccompactor.NewCompactor and its Compact do, for files of every engine; those of SQLite and Pebble
// are converted into temporary files first. The first input is the base, each that follows is newer. The path of the result
// is absolute. Inputs are never changed.
//
// As in the SDK the sync of an input is the newest finished one of type full, resources_only or partial, whatever its
// SyncID says. Of the records with one identity the one with the latest discovered_at wins, of several such that of the
// newest input. What an input does not hold is not deleted. Unlike the SDK's compactor this one merges assets too.
//
// Grants are expanded by the SDK's syncer, unless the options say otherwise or the result is a partial sync.
//
// The file appears in one step and replaces none. Until then it is in a folder in outputDir, which is removed when Compact
// returns; what a killed process leaves, the next Compact into outputDir removes. outputDir has to exist.
//
// Databases are opened with the settings of the registered [Driver], or with the default ones if none is registered.
//
// The error is [synccompactor.ErrNotEnoughFilesToCompact] for fewer than two inputs. errors.Is finds os.ErrNotExist for a
// missing input, and the context's error when that ended the call. Fails with codes.FailedPrecondition when an input has
// no finished sync or is a file of an engine that nobody knows, codes.InvalidArgument when two inputs are one file,
// codes.DataLoss when one is damaged where it is read, and context.DeadlineExceeded or [sync.ErrSyncNotComplete] when the run duration is over.
func Compact(
	ctx context.Context, outputDir string, inputs []*synccompactor.CompactableSync, opts ...CompactOption,
) (*synccompactor.CompactableSync, error) {
	if len(inputs) < 2 {
		return nil, synccompactor.ErrNotEnoughFilesToCompact
	}
	c := compaction{started: time.Now()}
	for _, option := range opts {
		option(&c)
	}
	c.tmpDir = tempdir.Resolve(c.tmpDir)
	outputDir, err := filepath.Abs(outputDir)
	if err != nil {
		return nil, err
	}
	staged, err := stageIn(outputDir)
	if err != nil {
		return nil, err
	}
	defer staged.remove()
	merged, err := c.merge(ctx, inputs, staged)
	if err != nil {
		return nil, err
	}
	if !c.skipExpansion && merged.GetSyncType() != string(connectorstore.SyncTypePartial) {
		if err := c.expand(ctx, staged.file(), merged.GetSyncId()); err != nil {
			return nil, fmt.Errorf("expand grants: %w", err)
		}
	}
	path := filepath.Join(outputDir, "compacted-"+merged.GetSyncId()+".c1z")
	if err := staged.publish(path); err != nil {
		return nil, err
	}
	return &synccompactor.CompactableSync{FilePath: path, SyncID: merged.GetSyncId()}, nil
}

// compaction is one run of Compact.
type compaction struct {
	tmpDir             string
	runDuration        time.Duration
	skipExpansion      bool
	failFastInvariants bool
	started            time.Time
}

// merge writes the merged sync into a new file.
func (c *compaction) merge(
	ctx context.Context, inputs []*synccompactor.CompactableSync, staged *staging,
) (*apipb.MergeResponse, error) {
	runCtx := ctx
	if c.runDuration > 0 {
		limited, cancel := context.WithDeadline(ctx, c.started.Add(c.runDuration))
		defer cancel()
		runCtx = limited
	}
	merged, err := c.mergeInto(runCtx, inputs, staged)
	switch {
	case err != nil && runCtx.Err() != nil && ctx.Err() == nil:
		return nil, c.expired()
	case err != nil:
		return nil, missingFile(err)
	}
	return merged, nil
}

func (c *compaction) mergeInto(
	ctx context.Context, inputs []*synccompactor.CompactableSync, staged *staging,
) (*apipb.MergeResponse, error) {
	paths, err := c.readable(ctx, inputs, staged)
	if err != nil {
		return nil, err
	}
	options := registered().openRequest(staged.file(), dotc1z.StoreOptions{TmpDir: c.tmpDir})
	request := &apipb.MergeFilesRequest{
		OutputPath:            options.GetPath(),
		OutputPathBytes:       options.GetPathBytes(),
		TmpDir:                options.GetTmpDir(),
		TmpDirBytes:           options.GetTmpDirBytes(),
		Threads:               options.GetThreads(),
		MemoryBudgetBytes:     options.GetMemoryBudgetBytes(),
		MaxDecodedBytes:       options.GetMaxDecodedBytes(),
		MaxDecoderMemoryBytes: options.GetMaxDecoderMemoryBytes(),
		NoGrantDigests:        options.GetNoGrantDigests(),
	}
	for _, path := range paths {
		request.Inputs = append(request.Inputs, &apipb.MergeInput{Path: asText(path), PathBytes: asBytes(path)})
	}
	data, err := marshal(request)
	if err != nil {
		return nil, err
	}
	answer, err := callOnFile(ctx, mergeFiles, data)
	if err != nil {
		return nil, err
	}
	return unmarshal[apipb.MergeResponse](answer)
}

// readable gives the paths of the inputs as the library reads them: those of the SDK's engines are converted beside the result.
func (c *compaction) readable(ctx context.Context, inputs []*synccompactor.CompactableSync, staged *staging) ([]string, error) {
	var paths []string
	var converted []os.FileInfo
	for i, input := range inputs {
		if input == nil {
			return nil, invalidArgument(fmt.Sprintf("input %d is nil", i))
		}
		path := input.FilePath
		// What cannot be read the merge will say.
		if engine, err := engineOf(path); err == nil && (engine == c1zstore.EngineSQLite || engine == c1zstore.EnginePebble) {
			file, err := os.Stat(path)
			if err != nil {
				return nil, err
			}
			for _, other := range converted {
				if os.SameFile(file, other) {
					return nil, invalidArgument(fmt.Sprintf("%s: it is an input already", path))
				}
			}
			converted = append(converted, file)
			path = staged.input(i)
			if _, err := Convert(ctx, input.FilePath, path, WithConvertTmpDir(c.tmpDir)); err != nil {
				return nil, err
			}
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// expand derives the grants that expandable ones stand for, as the SDK's compactor does.
func (c *compaction) expand(ctx context.Context, path, syncID string) error {
	options := []sync.SyncOpt{
		sync.WithTmpDir(c.tmpDir), sync.WithSyncID(syncID), sync.WithOnlyExpandGrants(), sync.WithCompactionMergedStore(),
	}
	if c.failFastInvariants {
		options = append(options, sync.WithFailFastInvariants())
	}
	if c.runDuration > 0 {
		rest := c.runDuration - time.Since(c.started)
		if rest <= 0 {
			return c.expired()
		}
		options = append(options, sync.WithRunDuration(rest))
	}
	opened, err := registered().OpenStore(ctx, path, dotc1z.StoreOptions{TmpDir: c.tmpDir})
	if err != nil {
		return err
	}
	if err := expandIn(ctx, opened, options); err != nil {
		return errors.Join(err, opened.(*store).Discard())
	}
	return nil
}

// expandIn closes the store if nothing fails. What is expanded is in the store: its syncer asks no connector.
func expandIn(ctx context.Context, store c1zstore.Store, options []sync.SyncOpt) error {
	connector, err := sdk.NewEmptyConnector()
	if err != nil {
		return err
	}
	syncer, err := sync.NewSyncer(ctx, connector, append(options, sync.WithConnectorStore(store))...)
	if err != nil {
		return err
	}
	if err := syncer.Sync(ctx); err != nil {
		return err
	}
	return syncer.Close(ctx)
}

func (c *compaction) expired() error {
	return fmt.Errorf("compaction run duration has expired: %w", context.DeadlineExceeded)
}

// registered is the driver that the SDK opens files of this engine with, the default without one.
func registered() Driver {
	driver, _ := dotc1z.EngineDriverFor(Engine)
	ours, _ := driver.(Driver)
	return ours
}

// missingFile adds os.ErrNotExist to the failure of a call that names nothing but files.
func missingFile(err error) error {
	var failure *Error
	if errors.As(err, &failure) && failure.code == codes.NotFound {
		failure.causes = append(failure.causes, os.ErrNotExist)
	}
	return err
}
