// Package c1z is a storage engine for ConductorOne's baton-sdk: it writes and reads .c1z files through libc1z, a C
// library around RocksDB.
//
// Register it once, then name it where the SDK lets one choose an engine. Files that it wrote open by themselves from
// then on, because a file names its engine:
//
//	if err := c1z.Register(); err != nil {
//		return err
//	}
//	store, err := dotc1z.NewStore(ctx, "acme.c1z", dotc1z.WithEngine(c1z.Engine))
//	if err != nil {
//		return err
//	}
//	defer store.Close(ctx)
//	if _, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, ""); err != nil {
//		return err
//	}
//	if err := store.PutResourceTypes(ctx, v2.ResourceType_builder{Id: "user"}.Build()); err != nil {
//		return err
//	}
//	if err := store.EndSync(ctx); err != nil {
//		return err
//	}
//	return store.Close(ctx) // saves
//
// # Building
//
// cgo finds the library through pkg-config under the name c1z. The build tag c1z_static asks pkg-config for the flags
// of a static link.
//
// # Stores
//
// Any number of goroutines may use one store, its sub-stores and its streams at the same time; one iteration of a
// stream belongs to one goroutine. What a method is given it has copied when it returns, and what it returns belongs to
// the caller. A store lives until Close: later calls fail with codes.Unavailable.
//
// Besides [c1zstore.Store] a store has what the SDK and its hosts find by type assertion: deletion by references,
// [connectorstore.StreamingReader], [connectorstore.LatestFinishedSyncIDFetcher], [connectorstore.DBSizeProvider],
// [dotc1z.SourceCacheStore] (scopes are replayed from files of this engine, and from earlier syncs of the same file),
// ListSyncRuns, SetSupportsDiff, Stats, StartNewSyncWithID, Save(ctx) error, which writes the file and leaves the store
// open, as does Overwrite(ctx) error (see [Driver]), Discard() error, which closes the store without saving, and
// CommitPage(ctx, *[Page]) error, which stores records and named values in one step, with NamedValues and
// ListNamedValues. Its FileOps has GenerateSyncDiff(ctx, base, applied) (string, error), MergeSyncs(ctx, ids, keepInputs) (string, error) and
// CompareSyncs(ctx, before, after, options) iter.Seq2[[Difference], error], and its SyncMeta is a
// [c1zstore.IngestInvariantVerificationWriter].
//
// # Connectors
//
// A connector that the SDK runs names the engine in its program, since the SDK's flag --storage-engine knows only those of
// the SDK:
//
//	config.RunConnector(ctx, name, version, schema, newConnector, connectorrunner.WithStorageEngine(c1z.Engine))
//
// docs/sdk.md tells what the SDK's programs do with files of this engine.
//
// # Converting, compacting and comparing
//
// [Convert] turns a file of SQLite or Pebble into one of this engine, and the other way round. The SDK's compactor merges
// files of its own engines only; [Compact] merges files of every engine. [Compare] yields what was added, removed and
// changed from one file of this engine to another.
//
// # Errors
//
// Every error that the library gives is an [*Error]: status.Code tells its gRPC code, also when it is wrapped, and
// errors.Is finds the SDK's sentinels.
//
// # Cancelling
//
// A context stops work that is still to be done, and never what keeps the work that was done. CheckpointSync and Close
// are therefore carried out also when it is done: a syncer calls both when its time is up. Only dotc1z.FinalizeTimeout
// limits the time that Close takes; when that is over, file and store are as before, and Close can be called again.
//
// A done context stops the calls that may take long (opening, EndSync, Save, Cleanup, RecalculateStats, cloning,
// GenerateSyncDiff, MergeSyncs, ReplaySourceCache, deleting rows of the source cache, Verify, Inspect, Compare, Convert,
// Compact) while they run, and every other call before it starts. errors.Is then finds context.Canceled or
// context.DeadlineExceeded. A sync whose EndSync was stopped is open as before.
//
// Both of the SDK's own engines likewise carry out Close and stop EndSync. CheckpointSync is carried out by Pebble, and
// stopped by SQLite. Of all other calls SQLite stops every one, as this engine does; Pebble stops those that read many rows,
// and carries out most writes.
//
// # Threads
//
// A call is in C while it runs or waits there, and holds a thread of the system. So a store lets only so many calls
// enter at a time, a few for each processor; all others wait as goroutines, until their context is done. Callers need no
// limit of their own.
package c1z

import (
	"context"
	"sync"

	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
)

// Engine is the name that the engine is registered with, and that its files carry.
const Engine = c1zstore.Engine("rocksdb")

// Register makes the engine known to the SDK for the whole process. Calling it again does nothing, also after another
// [Driver] was registered with dotc1z.RegisterEngine. It fails when something else has the engine's name.
func Register() error { return register() }

var register = sync.OnceValue(func() error {
	if driver, ok := dotc1z.EngineDriverFor(Engine); ok {
		if _, ours := driver.(Driver); ours {
			return nil
		}
	}
	return dotc1z.RegisterEngine(Driver{})
})

// Version is the version of the C library that the program runs with.
func Version() string { return version() }

// Driver opens stores. Its zero value is what [Register] registers; a program that wants other settings registers its
// own value with dotc1z.RegisterEngine, or calls OpenStore without registering anything.
type Driver struct {
	// Threads for packing, unpacking, long listings, background work, and for what a read-only store reads before it is
	// asked for. 0 means as many as WithEncoderConcurrency asked for, if more than one, else one for each processor.
	Threads int
	// MemoryBudgetBytes bounds block cache and write buffers of each open store together. 0 means 256 MiB.
	MemoryBudgetBytes uint64
	// MaxLocalBytes bounds what a store that OpenSource opens keeps of its file on the disk. 0 means 1 GiB.
	MaxLocalBytes uint64
	// RefuseConflicts makes saving fail when somebody else has saved the file since it was opened or last saved: with
	// codes.Aborted and dotc1z.ErrArtifactUnusable. The store stays open, and its Overwrite(ctx) error saves all the same.
	// Without it, of several stores on one file the one that saves last wins, as in the SDK's own engines.
	RefuseConflicts bool
}

var _ dotc1z.EngineDriver = Driver{}

// Engine returns [Engine].
func (Driver) Engine() c1zstore.Engine { return Engine }

// Format returns dotc1z.C1ZFormatV3.
func (Driver) Format() dotc1z.C1ZFormat { return dotc1z.C1ZFormatV3 }

// OpenStore opens the file at path, or prepares a new one: a missing or empty file is created by the first save, and
// cannot be opened read-only. Of two stores on one file the one that closes last wins, unless the driver refuses
// conflicts. The caller closes the store.
//
// A store that is not opened read-only fails here where it could not be saved: with codes.FailedPrecondition when the
// folder is missing, codes.PermissionDenied when it takes no files, codes.InvalidArgument for what is no file.
//
// Fails with codes.FailedPrecondition for a file of another engine or layout, codes.DataLoss for a damaged one,
// codes.ResourceExhausted for one that unpacks to more than the limits of opts or of the environment allow. Opened
// read-only, damage in a large table fails the calls that need it: it is unpacked when it is needed.
func (d Driver) OpenStore(ctx context.Context, path string, opts dotc1z.StoreOptions) (c1zstore.Store, error) {
	request, err := marshal(d.openRequest(path, opts))
	if err != nil {
		return nil, err
	}
	native, err := open(ctx, request)
	if err != nil {
		return nil, err
	}
	return newStore(ctx, native, opts)
}
