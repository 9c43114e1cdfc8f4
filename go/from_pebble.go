package c1z

import (
	"context"
	"errors"
	"fmt"

	pebbledb "github.com/cockroachdb/pebble/v2"
	v3 "github.com/conductorone/baton-sdk/pb/c1/storage/v3"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/engine/pebble"
	"github.com/conductorone/baton-sdk/pkg/types/sessions"
	"google.golang.org/grpc/codes"

	"example.com/libc1z/go/internal/apipb"
)

// isPebble says whether a manifest names a layout of Pebble that the SDK opens.
func isPebble(engine c1zstore.Engine) bool {
	return engine == c1zstore.EnginePebble || engine == c1zstore.PebbleManifestEngine || engine == c1zstore.PebbleManifestEngineV2
}

// span is where Pebble keeps the records of a kind.
type span struct {
	kind         apipb.RecordKind
	lower, upper []byte
}

// spans are those of all kinds, in the order in which this engine keeps them.
func spans() []span {
	return []span{
		{resourceTypeKind, pebble.ResourceTypeLowerBound(), pebble.ResourceTypeUpperBound()},
		{resourceKind, pebble.ResourceLowerBound(), pebble.ResourceUpperBound()},
		{entitlementKind, pebble.EntitlementLowerBound(), pebble.EntitlementUpperBound()},
		{grantKind, pebble.GrantLowerBound(), pebble.GrantUpperBound()},
		{assetKind, pebble.AssetLowerBound(), pebble.AssetUpperBound()},
	}
}

// fromPebble makes a file of this engine of one of the SDK's Pebble engine, which has it open meanwhile. Records are taken as
// they are stored.
func (c *conversion) fromPebble(ctx context.Context, input, output string) (_ *Converted, err error) {
	source, err := dotc1z.NewStore(ctx, input, dotc1z.WithReadOnly(true), dotc1z.WithTmpDir(c.tmpDir))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", input, endedBy(ctx, err))
	}
	defer func() { err = errors.Join(err, source.Close(context.WithoutCancel(ctx))) }()
	engine, ok := pebble.AsEngine(source)
	if !ok {
		return nil, newError(codes.FailedPrecondition, "ENGINE_MISMATCH", fmt.Sprintf("%s: not opened by the SDK's Pebble engine", input))
	}
	driver := registered()
	driver.RefuseConflicts = true // A file that appears at the output meanwhile is somebody else's.
	opened, err := driver.OpenStore(ctx, output, dotc1z.StoreOptions{TmpDir: c.tmpDir})
	if err != nil {
		return nil, err
	}
	target := opened.(*store)
	converted, err := c.importPebble(ctx, engine, input, target)
	if err == nil {
		err = target.saveNew(ctx)
	}
	if err := errors.Join(err, target.Discard()); err != nil {
		return nil, err
	}
	return converted, nil
}

// importPebble puts everything of a file into a store.
func (c *conversion) importPebble(ctx context.Context, engine *pebble.Engine, input string, target *store) (*Converted, error) {
	var runs []*v3.SyncRunRecord
	if err := engine.IterateAllSyncRuns(ctx, func(run *v3.SyncRunRecord) bool {
		runs = append(runs, run)
		return true
	}); err != nil {
		return nil, damaged(input, err)
	}
	if len(runs) != 1 {
		text := fmt.Sprintf("%s: it holds %d syncs, one is what can be converted", input, len(runs))
		return nil, newError(codes.FailedPrecondition, "FAILED_PRECONDITION", text)
	}
	var losses lossList
	sync, err := c.importSync(ctx, engine, input, runs[0], target, &losses)
	if err != nil {
		return nil, err
	}
	for _, dropped := range []struct {
		lower, upper []byte
		what         string
	}{
		{pebble.SourceCacheEntryLowerBound(), pebble.SourceCacheEntryUpperBound(), "entries of the manifest"},
		{pebble.SourceCachePoisonLowerBound(), pebble.SourceCachePoisonUpperBound(), "marks of scopes that lost rows"},
	} {
		var count int64
		if err := eachOf(ctx, engine, dropped.lower, dropped.upper, func([]byte) error { count++; return nil }); err != nil {
			return nil, damaged(input, err)
		}
		losses.add(lostSourceCache, "", count, fmt.Sprintf("%d %s", count, dropped.what))
	}
	return &Converted{Syncs: []ConvertedSync{sync}, Losses: losses.list}, nil
}

func (c *conversion) importSync(
	ctx context.Context, engine *pebble.Engine, input string, run *v3.SyncRunRecord, target *store, losses *lossList,
) (ConvertedSync, error) {
	var none ConvertedSync
	stats, err := pebble.ReadSyncStatsRecord(ctx, engine, run.GetSyncId())
	if err != nil && !errors.Is(err, pebbledb.ErrNotFound) {
		return none, damaged(input, err)
	}
	graph, err := engine.GetEntitlementGraphSidecar(ctx)
	if err != nil {
		return none, damaged(input, err)
	}
	var done uint64
	total := recordsOf(stats)
	importing, err := beginImport(ctx, target.native, run, c.unreadableRows(), func(records int) {
		done += uint64(records)
		c.progress(done, max(done, total))
	})
	if err != nil {
		return none, err
	}
	for _, span := range spans() {
		if err := eachOf(ctx, engine, span.lower, span.upper, func(record []byte) error {
			return importing.add(ctx, span.kind, record)
		}); err != nil {
			return none, damaged(input, err)
		}
	}
	sync, err := importing.end(ctx, stats, graph)
	if err != nil {
		return none, damaged(input, err)
	}
	losses.addAll(importing.losses.list)
	values, err := copySession(ctx, pebbleSessions{engine}, run.GetSyncId(), target.SessionStore(), run.GetSyncId())
	if err != nil {
		return none, damaged(input, err)
	}
	sync.SessionValues = ConvertCounts{Rows: values, Records: values}
	return sync, nil
}

// eachOf gives take the values below two keys, each until it returns.
func eachOf(ctx context.Context, engine *pebble.Engine, lower, upper []byte, take func(value []byte) error) error {
	rows, err := engine.NewIter(&pebbledb.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	for count, more := 0, rows.First(); more && err == nil; count, more = count+1, rows.Next() {
		if count%1024 == 0 {
			if err = checkContext(ctx); err != nil {
				break
			}
		}
		var value []byte
		if value, err = rows.ValueAndErr(); err == nil {
			err = take(value)
		}
	}
	return errors.Join(err, rows.Close())
}

// recordsOf is how many records there are as far as statistics say.
func recordsOf(stats *v3.SyncStatsRecord) uint64 {
	return uint64(max(0, stats.GetResourceTypes()+stats.GetResources()+stats.GetEntitlements()+stats.GetGrants()+stats.GetAssets()))
}

// damaged names the input in an error of who reads it: what the library refuses in a record, or the SDK cannot read. What
// ended the call, or concerns the machine, keeps its code.
func damaged(input string, err error) error {
	var failure *Error
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &failure) && failure.code != codes.InvalidArgument:
		return err
	}
	return &Error{code: codes.DataLoss, reason: "CORRUPTION", message: fmt.Sprintf("%s: %v", input, err), causes: []error{err}}
}

// pebbleSessions is the engine as a store of session values.
type pebbleSessions struct{ engine *pebble.Engine }

// GetAll gives a page of them.
func (s pebbleSessions) GetAll(ctx context.Context, token string, opt ...sessions.SessionStoreOption) (map[string][]byte, string, error) {
	return s.engine.SessionGetAll(ctx, token, opt...)
}

// copySession copies the session values of a sync, and returns how many they are.
func copySession(ctx context.Context, from interface {
	GetAll(ctx context.Context, token string, opt ...sessions.SessionStoreOption) (map[string][]byte, string, error)
}, fromSync string, to sessions.SessionStore, toSync string,
) (int64, error) {
	var copied int64
	for token := ""; ; {
		values, next, err := from.GetAll(ctx, token, sessions.WithSyncID(fromSync))
		if err != nil {
			return copied, err
		}
		if len(values) > 0 {
			if err := to.SetMany(ctx, values, sessions.WithSyncID(toSync)); err != nil {
				return copied, err
			}
		}
		copied += int64(len(values))
		if next == "" {
			return copied, nil
		}
		token = next
	}
}
