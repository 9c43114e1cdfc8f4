package c1z

/*
#cgo !c1z_static pkg-config: c1z
#cgo c1z_static pkg-config: c1z-static

#include <c1z.h>

// No function calls back into Go, but for those on a store with a source: progress is written where another goroutine reads
// it, and a call is cancelled by a flag. So arguments may stay on the stack of their goroutine.
#cgo noescape call
#cgo nocallback call
#cgo noescape long_call
#cgo nocallback long_call
#cgo noescape replay
#cgo nocallback replay
#cgo noescape open_store
#cgo nocallback open_store
#cgo noescape scan
#cgo nocallback scan
#cgo nocallback next_page
#cgo nocallback c1z_buffer_free
#cgo nocallback c1z_cursor_free
#cgo nocallback c1z_error_free
#cgo nocallback c1z_error_message
#cgo nocallback c1z_error_reason
#cgo nocallback c1z_store_free
#cgo nocallback c1z_cancel_free
#cgo nocallback c1z_cancel_new
#cgo nocallback c1z_cancel_set

// What one function of the library gave, by value: its outputs need no memory of Go's.
typedef struct {
	c1z_code code;
	c1z_error *error;
	c1z_store *store;
	c1z_cursor *cursor;
	c1z_buffer *buffer;
	c1z_slice bytes; // of buffer
} answer;

typedef c1z_code (*call_fn)(const c1z_store *, c1z_slice, c1z_buffer **, c1z_error **);
typedef c1z_code (*long_call_fn)(const c1z_store *, c1z_slice, const c1z_control *, c1z_buffer **, c1z_error **);
typedef c1z_code (*describe_fn)(c1z_slice, c1z_buffer **, c1z_error **);
typedef c1z_code (*file_call_fn)(c1z_slice, const c1z_control *, c1z_buffer **, c1z_error **);
typedef c1z_code (*walk_fn)(c1z_slice, const c1z_control *, c1z_cursor **, c1z_error **);
typedef c1z_code (*scan_fn)(const c1z_store *, c1z_slice, c1z_cursor **, c1z_error **);

static void take(answer *a) { a->bytes = c1z_buffer_data(a->buffer); }

static answer call(call_fn fn, const c1z_store *store, const uint8_t *data, size_t len) {
	answer a = {0};
	a.code = fn(store, (c1z_slice){data, len}, &a.buffer, &a.error);
	take(&a);
	return a;
}

static answer long_call(long_call_fn fn, const c1z_store *store, const uint8_t *data, size_t len, const c1z_cancel *cancel) {
	answer a = {0};
	c1z_control control = {.cancel = cancel};
	a.code = fn(store, (c1z_slice){data, len}, &control, &a.buffer, &a.error);
	take(&a);
	return a;
}

static answer replay(const c1z_store *store, const c1z_store *source, const uint8_t *data, size_t len, const c1z_cancel *cancel) {
	answer a = {0};
	c1z_control control = {.cancel = cancel};
	a.code = c1z_replay_source_cache(store, source, (c1z_slice){data, len}, &control, &a.buffer, &a.error);
	take(&a);
	return a;
}

static answer open_store(const uint8_t *data, size_t len, const c1z_cancel *cancel) {
	answer a = {0};
	c1z_control control = {.cancel = cancel};
	a.code = c1z_open((c1z_slice){data, len}, &control, &a.store, &a.error);
	return a;
}

static answer describe(describe_fn fn, const uint8_t *data, size_t len) {
	answer a = {0};
	a.code = fn((c1z_slice){data, len}, &a.buffer, &a.error);
	take(&a);
	return a;
}

// Two numbers that somebody else reads meanwhile: what is done, and of how much.
static void note_progress(uint64_t done, uint64_t total, void *numbers) {
	uint64_t *of = numbers;
	__atomic_store_n(&of[0], done, __ATOMIC_RELAXED);
	__atomic_store_n(&of[1], total, __ATOMIC_RELAXED);
}

static answer file_call(file_call_fn fn, const uint8_t *data, size_t len, const c1z_cancel *cancel, uint64_t *numbers) {
	answer a = {0};
	c1z_control control = {.cancel = cancel, .progress = numbers ? note_progress : 0, .userdata = numbers};
	a.code = fn((c1z_slice){data, len}, &control, &a.buffer, &a.error);
	take(&a);
	return a;
}

static answer walk(walk_fn fn, const uint8_t *data, size_t len, const c1z_cancel *cancel) {
	answer a = {0};
	c1z_control control = {.cancel = cancel};
	a.code = fn((c1z_slice){data, len}, &control, &a.cursor, &a.error);
	return a;
}

static answer scan(scan_fn fn, const c1z_store *store, const uint8_t *data, size_t len) {
	answer a = {0};
	a.code = fn(store, (c1z_slice){data, len}, &a.cursor, &a.error);
	return a;
}

static answer next_page(c1z_cursor *cursor) {
	answer a = {0};
	a.code = c1z_cursor_next(cursor, &a.buffer, &a.error);
	take(&a);
	return a;
}

// What follows is for stores with a source, whose calls read through Go. The functions of a source know the call that they
// read for, a cgo.Handle, where they run on its thread; for the library's own threads it is 0.

extern c1z_code c1zReadSource(uintptr_t source, uintptr_t call, uint64_t offset, uint8_t *data, size_t len, size_t *read, char *reason, size_t capacity);
extern size_t c1zSourceIdentity(uintptr_t source, uint8_t *identity, size_t capacity);
extern void c1zReleaseSource(uintptr_t source);

static __thread uintptr_t running;

static c1z_code read_source(void *source, uint64_t offset, uint8_t *data, size_t len, size_t *read, char *reason, size_t capacity) {
	return c1zReadSource((uintptr_t)source, running, offset, data, len, read, reason, capacity);
}

static size_t source_identity(void *source, uint8_t *identity, size_t capacity) {
	return c1zSourceIdentity((uintptr_t)source, identity, capacity);
}

static void release_source(void *source) { c1zReleaseSource((uintptr_t)source); }

static answer open_source(uintptr_t running_call, uintptr_t handle, uint64_t size, const uint8_t *data, size_t len, const c1z_cancel *cancel) {
	answer a = {0};
	c1z_control control = {.cancel = cancel};
	c1z_source source = {size, source_identity, read_source, release_source, (void *)handle};
	c1z_host host = {.struct_size = sizeof host, .source = &source};
	uintptr_t outer = running;
	running = running_call;
	a.code = c1z_open_with((c1z_slice){data, len}, &host, &control, &a.store, &a.error);
	running = outer;
	return a;
}

static answer source_call(uintptr_t running_call, call_fn fn, const c1z_store *store, const uint8_t *data, size_t len) {
	uintptr_t outer = running;
	running = running_call;
	answer a = call(fn, store, data, len);
	running = outer;
	return a;
}

static answer source_long_call(uintptr_t running_call, long_call_fn fn, const c1z_store *store, const uint8_t *data, size_t len, const c1z_cancel *cancel) {
	uintptr_t outer = running;
	running = running_call;
	answer a = long_call(fn, store, data, len, cancel);
	running = outer;
	return a;
}

static answer source_replay(uintptr_t running_call, const c1z_store *store, const c1z_store *source, const uint8_t *data, size_t len, const c1z_cancel *cancel) {
	uintptr_t outer = running;
	running = running_call;
	answer a = replay(store, source, data, len, cancel);
	running = outer;
	return a;
}

static answer source_scan(uintptr_t running_call, scan_fn fn, const c1z_store *store, const uint8_t *data, size_t len) {
	uintptr_t outer = running;
	running = running_call;
	answer a = scan(fn, store, data, len);
	running = outer;
	return a;
}

static answer source_next_page(uintptr_t running_call, c1z_cursor *cursor) {
	uintptr_t outer = running;
	running = running_call;
	answer a = next_page(cursor);
	running = outer;
	return a;
}

static void source_store_free(c1z_store *store) { c1z_store_free(store); }
*/
import "C"

import (
	"context"
	"errors"
	"runtime"
	"runtime/cgo"
	"sync"
	"unsafe"

	"google.golang.org/grpc/codes"
)

// This is the only file that sees C.

// handle owns a store of the library. Calls hold the lock for reading while they run and free holds it for writing, so
// that the store outlives every call and later calls find it gone.
type handle struct {
	mu      sync.RWMutex
	store   *C.c1z_store // nil once freed
	cleanup runtime.Cleanup
	queues  [queues]turns
	source  *source // nil if the library reads the file
}

// function is a function of the library on an open store: request bytes in, answer bytes out.
type function struct {
	short C.call_fn
	long  C.long_call_fn // instead of short, if the function can be cancelled midway
	queue queue
}

// scanFunction is a function of the library that opens a cursor on an open store.
type scanFunction = C.scan_fn

func short(fn unsafe.Pointer, queue queue) *function {
	return &function{short: C.call_fn(fn), queue: queue}
}

func long(fn unsafe.Pointer, queue queue) *function {
	return &function{long: C.long_call_fn(fn), queue: queue}
}

// The functions on an open store. cgo does not look at what type a C function has: a test compares this table with the
// header.
var (
	// The file.
	save        = long(C.c1z_save, saving)
	closeStore  = long(C.c1z_close, saving)
	getMetadata = short(C.c1z_get_metadata, reading)

	// Syncs.
	startSync             = short(C.c1z_start_sync, writing)
	startOrResumeSync     = short(C.c1z_start_or_resume_sync, writing)
	resumeSync            = short(C.c1z_resume_sync, writing)
	setCurrentSync        = short(C.c1z_set_current_sync, writing)
	getCurrentSync        = short(C.c1z_get_current_sync, reading)
	checkpointSync        = short(C.c1z_checkpoint_sync, writing)
	endSync               = long(C.c1z_end_sync, writing)
	cleanUp               = long(C.c1z_cleanup, writing)
	getSync               = short(C.c1z_get_sync, reading)
	listSyncs             = short(C.c1z_list_syncs, reading)
	getLatestFinishedSync = short(C.c1z_get_latest_finished_sync, reading)
	listSyncRuns          = short(C.c1z_list_sync_runs, reading)
	getLatestSyncRun      = short(C.c1z_get_latest_sync_run, reading)
	markSyncSupportsDiff  = short(C.c1z_mark_sync_supports_diff, writing)
	markSyncVerified      = short(C.c1z_mark_sync_verified, writing)
	clearSyncVerification = short(C.c1z_clear_sync_verification, writing)
	getStats              = short(C.c1z_get_stats, reading)
	recalculateStats      = long(C.c1z_recalculate_stats, writing)
	cloneSync             = long(C.c1z_clone_sync, reading)
	diffSyncs             = long(C.c1z_diff_syncs, writing)
	mergeSyncs            = long(C.c1z_merge_syncs, writing)

	// Records.
	putResourceTypes          = short(C.c1z_put_resource_types, writing)
	putResources              = short(C.c1z_put_resources, writing)
	putEntitlements           = short(C.c1z_put_entitlements, writing)
	putGrants                 = short(C.c1z_put_grants, writing)
	putExpandedGrants         = short(C.c1z_put_expanded_grants, writing)
	putAsset                  = short(C.c1z_put_asset, writing)
	deleteGrant               = short(C.c1z_delete_grant, writing)
	deleteGrants              = short(C.c1z_delete_grants, writing)
	deleteEntitlement         = short(C.c1z_delete_entitlement, writing)
	deleteResource            = short(C.c1z_delete_resource, writing)
	listResourceTypes         = short(C.c1z_list_resource_types, reading)
	getResourceType           = short(C.c1z_get_resource_type, reading)
	listResources             = short(C.c1z_list_resources, reading)
	getResource               = short(C.c1z_get_resource, reading)
	listResourcesByIds        = short(C.c1z_list_resources_by_ids, reading)
	listEntitlements          = short(C.c1z_list_entitlements, reading)
	getEntitlement            = short(C.c1z_get_entitlement, reading)
	listEntitlementsByIds     = short(C.c1z_list_entitlements_by_ids, reading)
	listGrants                = short(C.c1z_list_grants, reading)
	getGrant                  = short(C.c1z_get_grant, reading)
	listGrantsForEntitlement  = short(C.c1z_list_grants_for_entitlement, reading)
	listGrantsForEntitlements = short(C.c1z_list_grants_for_entitlements, reading)
	listGrantsForPrincipal    = short(C.c1z_list_grants_for_principal, reading)
	listGrantsForResourceType = short(C.c1z_list_grants_for_resource_type, reading)
	getAsset                  = short(C.c1z_get_asset, reading)

	// Expansion.
	putGrantContributions     = short(C.c1z_put_grant_contributions, writing)
	listGrantPrincipals       = short(C.c1z_list_grant_principals, reading)
	listPendingExpansion      = short(C.c1z_list_pending_expansion, reading)
	listGrantsWithAnnotations = short(C.c1z_list_grants_with_annotations, reading)

	// References.
	listReferences      = short(C.c1z_list_references, reading)
	findGrantAnnotation = short(C.c1z_find_grant_annotation, reading)
	setEntitlementGraph = short(C.c1z_set_entitlement_graph, writing)
	getEntitlementGraph = short(C.c1z_get_entitlement_graph, reading)

	// Pages.
	commitPage      = short(C.c1z_commit_page, writing)
	getNamedValues  = short(C.c1z_get_named_values, reading)
	listNamedValues = short(C.c1z_list_named_values, reading)

	// Digests.
	getGrantDigest     = short(C.c1z_get_grant_digest, reading)
	listGrantsInBucket = short(C.c1z_list_grants_in_bucket, reading)

	// Grants as they are stored.
	getGrantRecord                  = short(C.c1z_get_grant_record, reading)
	listGrantRecordsForEntitlement  = short(C.c1z_list_grant_records_for_entitlement, reading)
	listGrantRecordsForEntitlements = short(C.c1z_list_grant_records_for_entitlements, reading)
	listGrantRecordsForPrincipal    = short(C.c1z_list_grant_records_for_principal, reading)
	listGrantRecordsForResourceType = short(C.c1z_list_grant_records_for_resource_type, reading)

	// Source cache.
	getSourceCacheEntry   = short(C.c1z_get_source_cache_entry, reading)
	putSourceCacheEntry   = short(C.c1z_put_source_cache_entry, writing)
	deleteSourceCacheRows = long(C.c1z_delete_source_cache_rows, writing)

	// Sessions.
	getSessionValues    = short(C.c1z_get_session_values, reading)
	setSessionValues    = short(C.c1z_set_session_values, writing)
	deleteSessionValues = short(C.c1z_delete_session_values, writing)
	clearSession        = short(C.c1z_clear_session, writing)
	listSessionValues   = short(C.c1z_list_session_values, reading)

	// Streams.
	scanResources    = scanFunction(C.c1z_scan_resources)
	scanEntitlements = scanFunction(C.c1z_scan_entitlements)
	scanGrants       = scanFunction(C.c1z_scan_grants)
	compareSyncs     = scanFunction(C.c1z_compare_syncs)
	scanRecords      = scanFunction(C.c1z_scan_records)

	// Syncs of other engines.
	importRecords = long(C.c1z_import_records, writing)
)

// The functions that need no store.
var (
	headerOf   = C.describe_fn(C.c1z_read_header)
	schemaOf   = C.describe_fn(C.c1z_inspect_schema)
	verify     = C.file_call_fn(C.c1z_verify)
	mergeFiles = C.file_call_fn(C.c1z_merge_files)

	inspectFn      = C.walk_fn(C.c1z_inspect)
	compareFilesFn = C.walk_fn(C.c1z_compare_files)
	convert        = C.file_call_fn(C.c1z_convert_file)
)

// cursor owns a cursor of the library. One goroutine at a time uses it, and frees it: a store with cursors refuses to
// close.
type cursor struct {
	store  *handle // nil if the cursor has a file of its own
	cursor *C.c1z_cursor
}

// buffer is what the library answers. Whoever gets one frees it, and looks at its data only until then: Go does not know
// this memory.
type buffer struct {
	data   []byte
	native *C.c1z_buffer
}

// version needs no store.
func version() string { return C.GoString(C.c1z_version()) }

// describe asks for what a file says of itself.
func describe(fn C.describe_fn, request []byte) (buffer, error) {
	a, err := onFile(context.Background(), func() C.answer {
		return C.describe(fn, bytePointer(request), C.size_t(len(request)))
	})
	return bufferOf(a), err
}

func open(ctx context.Context, request []byte) (*handle, error) {
	a, err := onFile(ctx, func() C.answer {
		return withCancel(ctx, func(cancel *C.c1z_cancel) C.answer {
			return C.open_store(bytePointer(request), C.size_t(len(request)), cancel)
		})
	})
	if err != nil {
		return nil, err
	}
	h := &handle{store: a.store, queues: newQueues()}
	// A net for a store that nobody closes, or that cannot be saved: its changes are lost, its memory and its working
	// folder are not.
	h.cleanup = runtime.AddCleanup(h, func(store *C.c1z_store) { C.c1z_store_free(store) }, a.store)
	return h, nil
}

// openSource opens a store whose file the source reads.
func openSource(ctx context.Context, request []byte, s *source) (*handle, error) {
	opening := s.begin(ctx)
	defer opening.end()
	owned := cgo.NewHandle(s) // released by the library
	entered := false
	a, err := onFile(ctx, func() C.answer {
		entered = true
		return withCancel(ctx, func(cancel *C.c1z_cancel) C.answer {
			return C.open_source(opening.id(), C.uintptr_t(owned), C.uint64_t(s.size), bytePointer(request), C.size_t(len(request)), cancel)
		})
	})
	if !entered {
		releaseSource(owned)
	}
	if err != nil {
		return nil, opening.explain(err)
	}
	h := &handle{store: a.store, queues: newQueues(), source: s}
	abandoned := func(store *C.c1z_store) {
		s.close()
		C.source_store_free(store)
	}
	h.cleanup = runtime.AddCleanup(h, abandoned, a.store)
	return h, nil
}

func (r *running) id() C.uintptr_t {
	if r == nil {
		return 0
	}
	return C.uintptr_t(r.handle)
}

// c1zReadSource is how the library reads a source.
//
//export c1zReadSource
func c1zReadSource(handle, call C.uintptr_t, offset C.uint64_t, data *C.uint8_t, length C.size_t, read *C.size_t, reason *C.char, capacity C.size_t) C.c1z_code {
	s := cgo.Handle(handle).Value().(*source)
	var r *running
	if call != 0 {
		r = cgo.Handle(call).Value().(*running)
	}
	n, err := s.read(r, unsafe.Slice((*byte)(unsafe.Pointer(data)), int(length)), int64(offset))
	*read = C.size_t(n)
	if err == nil {
		return C.c1z_code(codes.OK)
	}
	text := unsafe.Slice((*byte)(unsafe.Pointer(reason)), int(capacity))
	text[copy(text[:len(text)-1], err.Error())] = 0
	return C.c1z_code(sourceCode(err))
}

//export c1zSourceIdentity
func c1zSourceIdentity(handle C.uintptr_t, identity *C.uint8_t, capacity C.size_t) C.size_t {
	text := cgo.Handle(handle).Value().(*source).identity()
	copy(unsafe.Slice((*byte)(unsafe.Pointer(identity)), int(capacity)), text)
	return C.size_t(len(text))
}

//export c1zReleaseSource
func c1zReleaseSource(handle C.uintptr_t) { releaseSource(cgo.Handle(handle)) }

func releaseSource(handle cgo.Handle) {
	handle.Value().(*source).close()
	handle.Delete()
}

// callOnFile runs a function that may take long and needs no store.
func callOnFile(ctx context.Context, fn C.file_call_fn, request []byte) (buffer, error) {
	return callOnFileWith(ctx, fn, request, nil)
}

// callOnFileWith is callOnFile, with numbers that say how much is done, and of how much.
func callOnFileWith(ctx context.Context, fn C.file_call_fn, request []byte, numbers *meter) (buffer, error) {
	a, err := onFile(ctx, func() C.answer {
		return withCancel(ctx, func(cancel *C.c1z_cancel) C.answer {
			return C.file_call(fn, bytePointer(request), C.size_t(len(request)), cancel, (*C.uint64_t)(unsafe.Pointer(numbers)))
		})
	})
	return bufferOf(a), err
}

func inspect(ctx context.Context, request []byte) (*cursor, error) {
	return walkFiles(ctx, inspectFn, request)
}

func compareFiles(ctx context.Context, request []byte) (*cursor, error) {
	return walkFiles(ctx, compareFilesFn, request)
}

// walkFiles runs a function that opens a cursor with files of its own.
func walkFiles(ctx context.Context, fn C.walk_fn, request []byte) (*cursor, error) {
	a, err := onFile(ctx, func() C.answer {
		return withCancel(ctx, func(cancel *C.c1z_cancel) C.answer {
			return C.walk(fn, bytePointer(request), C.size_t(len(request)), cancel)
		})
	})
	if err != nil {
		return nil, err
	}
	return &cursor{cursor: a.cursor}, nil
}

// onFile runs a call that needs no store when its turn comes.
func onFile(ctx context.Context, run func() C.answer) (C.answer, error) {
	if err := checkContext(ctx); err != nil {
		return C.answer{}, err
	}
	if err := files.take(ctx); err != nil {
		return C.answer{}, err
	}
	defer files.end()
	a, err := checked(run())
	return a, endedBy(ctx, err)
}

// close frees the store once the library has closed it. On failure the store stays open; on a closed store it does
// nothing. The context only reaches the library: with nothing to save, closing succeeds also when it is done.
func (h *handle) close(ctx context.Context, request []byte) error {
	h.source.close()
	_, err := h.run(ctx, closeStore, request)
	switch {
	case err == nil:
		h.free()
	case errors.Is(err, errClosed):
		return nil
	default:
		h.source.reopen()
	}
	return err
}

func (h *handle) free() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.store != nil {
		h.cleanup.Stop()
		if h.source != nil {
			h.source.close()
			C.source_store_free(h.store)
		} else {
			C.c1z_store_free(h.store)
		}
		h.store = nil
	}
}

// call runs a function, unless the context is done. One that ends later stops a long function midway, and any while it
// waits for its turn.
func (h *handle) call(ctx context.Context, fn *function, request []byte) (buffer, error) {
	if err := checkContext(ctx); err != nil {
		return buffer{}, err
	}
	return h.run(ctx, fn, request)
}

func (h *handle) run(ctx context.Context, fn *function, request []byte) (buffer, error) {
	r := h.source.begin(ctx)
	defer r.end()
	a, err := h.inTurn(ctx, fn.queue, func(store *C.c1z_store) C.answer {
		switch {
		case fn.long == nil && r == nil:
			return C.call(fn.short, store, bytePointer(request), C.size_t(len(request)))
		case fn.long == nil:
			return C.source_call(r.id(), fn.short, store, bytePointer(request), C.size_t(len(request)))
		}
		return withCancel(ctx, func(cancel *C.c1z_cancel) C.answer {
			if r == nil {
				return C.long_call(fn.long, store, bytePointer(request), C.size_t(len(request)), cancel)
			}
			return C.source_long_call(r.id(), fn.long, store, bytePointer(request), C.size_t(len(request)), cancel)
		})
	})
	return bufferOf(a), r.explain(endedBy(ctx, err))
}

// replay runs the one function that reads from another store too, which may be the same.
func (h *handle) replay(ctx context.Context, source *handle, request []byte) (buffer, error) {
	if err := checkContext(ctx); err != nil {
		return buffer{}, err
	}
	if err := h.queues[writing].take(ctx); err != nil {
		return buffer{}, err
	}
	defer h.queues[writing].end()
	if source != h {
		// Whoever has a turn to read from a store waits for no turn to write.
		if err := source.queues[reading].take(ctx); err != nil {
			return buffer{}, err
		}
		defer source.queues[reading].end()
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.store == nil {
		return buffer{}, errClosed
	}
	var from *C.c1z_store
	if source != h {
		// Who waits to free the source has closed it. He is not waited for: he may wait for a call that waits for h.
		if !source.mu.TryRLock() {
			return buffer{}, errClosed
		}
		defer source.mu.RUnlock()
		if source.store == nil {
			return buffer{}, errClosed
		}
		from = source.store
	}
	r := source.source.begin(ctx)
	defer r.end()
	a, err := checked(withCancel(ctx, func(cancel *C.c1z_cancel) C.answer {
		if r == nil {
			return C.replay(h.store, from, bytePointer(request), C.size_t(len(request)), cancel)
		}
		return C.source_replay(r.id(), h.store, from, bytePointer(request), C.size_t(len(request)), cancel)
	}))
	return bufferOf(a), r.explain(endedBy(ctx, err))
}

func (h *handle) scan(ctx context.Context, fn scanFunction, request []byte) (*cursor, error) {
	if err := checkContext(ctx); err != nil {
		return nil, err
	}
	r := h.source.begin(ctx)
	defer r.end()
	a, err := h.inTurn(ctx, reading, func(store *C.c1z_store) C.answer {
		if r == nil {
			return C.scan(fn, store, bytePointer(request), C.size_t(len(request)))
		}
		return C.source_scan(r.id(), fn, store, bytePointer(request), C.size_t(len(request)))
	})
	if err != nil {
		return nil, r.explain(err)
	}
	return &cursor{store: h, cursor: a.cursor}, nil
}

// next returns the next page, or more = false after the last one.
func (c *cursor) next(ctx context.Context) (page buffer, more bool, err error) {
	a, err := c.nextPage(ctx)
	return bufferOf(a), a.buffer != nil, err
}

func (c *cursor) nextPage(ctx context.Context) (C.answer, error) {
	if c.store == nil {
		return onFile(ctx, func() C.answer { return C.next_page(c.cursor) })
	}
	if err := checkContext(ctx); err != nil {
		return C.answer{}, err
	}
	r := c.store.source.begin(ctx)
	defer r.end()
	a, err := c.store.inTurn(ctx, reading, func(*C.c1z_store) C.answer {
		if r == nil {
			return C.next_page(c.cursor)
		}
		return C.source_next_page(r.id(), c.cursor)
	})
	return a, r.explain(err)
}

func (c *cursor) free() {
	C.c1z_cursor_free(c.cursor)
	c.cursor = nil
}

// inTurn runs one call on the open store when its turn comes. It waits before it takes the lock, which free waits for.
func (h *handle) inTurn(ctx context.Context, queue queue, run func(store *C.c1z_store) C.answer) (C.answer, error) {
	if err := h.queues[queue].take(ctx); err != nil {
		return C.answer{}, err
	}
	defer h.queues[queue].end()
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.store == nil {
		return C.answer{}, errClosed
	}
	return checked(run(h.store))
}

// withCancel runs a call with a cancel that is set when ctx is done. No goroutine is left when it returns.
func withCancel(ctx context.Context, run func(cancel *C.c1z_cancel) C.answer) C.answer {
	if ctx.Done() == nil {
		return run(nil)
	}
	cancel := C.c1z_cancel_new()
	defer C.c1z_cancel_free(cancel)
	if ctx.Err() != nil {
		C.c1z_cancel_set(cancel)
		return run(cancel)
	}
	set := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(set)
		C.c1z_cancel_set(cancel)
	})
	defer func() {
		if !stop() {
			<-set
		}
	}()
	return run(cancel)
}

// bytePointer is how request bytes reach C, which only reads them during the call.
func bytePointer(data []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(data)) }

// bufferOf takes the answer's bytes; an answer without any gives none.
func bufferOf(a C.answer) buffer {
	return buffer{data: unsafe.Slice((*byte)(a.bytes.data), int(a.bytes.len)), native: a.buffer}
}

func (b buffer) free() { C.c1z_buffer_free(b.native) }

// checked turns a failure into an error.
func checked(a C.answer) (C.answer, error) {
	if a.code != C.C1Z_OK {
		return C.answer{}, takeError(a)
	}
	return a, nil
}

// takeError copies the answer's error and frees it. The codes are those of gRPC.
func takeError(a C.answer) error {
	defer C.c1z_error_free(a.error)
	return newError(codes.Code(a.code), C.GoString(C.c1z_error_reason(a.error)), C.GoString(C.c1z_error_message(a.error)))
}
