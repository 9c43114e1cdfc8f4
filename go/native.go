package c1z

/*
#cgo !c1z_static pkg-config: c1z
#cgo c1z_static pkg-config: c1z-static

#include <c1z.h>

// No function calls back into Go: progress is not asked for, and a call is cancelled by a flag. So arguments may stay on
// the stack of their goroutine.
#cgo noescape call
#cgo nocallback call
#cgo noescape long_call
#cgo nocallback long_call
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

static answer open_store(const uint8_t *data, size_t len, const c1z_cancel *cancel) {
	answer a = {0};
	c1z_control control = {.cancel = cancel};
	a.code = c1z_open((c1z_slice){data, len}, &control, &a.store, &a.error);
	return a;
}

static answer read_header(const uint8_t *data, size_t len) {
	answer a = {0};
	a.code = c1z_read_header((c1z_slice){data, len}, &a.buffer, &a.error);
	take(&a);
	return a;
}

static answer verify_file(const uint8_t *data, size_t len, const c1z_cancel *cancel) {
	answer a = {0};
	c1z_control control = {.cancel = cancel};
	a.code = c1z_verify((c1z_slice){data, len}, &control, &a.buffer, &a.error);
	take(&a);
	return a;
}

static answer inspect(const uint8_t *data, size_t len, const c1z_cancel *cancel) {
	answer a = {0};
	c1z_control control = {.cancel = cancel};
	a.code = c1z_inspect((c1z_slice){data, len}, &control, &a.cursor, &a.error);
	return a;
}

static answer inspect_schema(const uint8_t *data, size_t len) {
	answer a = {0};
	a.code = c1z_inspect_schema((c1z_slice){data, len}, &a.buffer, &a.error);
	take(&a);
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
*/
import "C"

import (
	"context"
	"runtime"
	"sync"
	"unsafe"

	"google.golang.org/grpc/codes"
)

// This is the only file that sees C. Each function of the library has a method of the same name without prefix.

// handle owns a store of the library. Calls hold the lock for reading while they run and free holds it for writing, so
// that the store outlives every call and later calls find it gone.
type handle struct {
	mu      sync.RWMutex
	store   *C.c1z_store // nil once freed
	cleanup runtime.Cleanup
}

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

// readHeader needs no store either.
func readHeader(request []byte) (buffer, error) {
	a := C.read_header(bytePointer(request), C.size_t(len(request)))
	if a.code != C.C1Z_OK {
		return buffer{}, takeError(a)
	}
	return bufferOf(a), nil
}

func open(ctx context.Context, request []byte) (*handle, error) {
	if err := checkContext(ctx); err != nil {
		return nil, err
	}
	a := withCancel(ctx, func(cancel *C.c1z_cancel) C.answer {
		return C.open_store(bytePointer(request), C.size_t(len(request)), cancel)
	})
	if a.code != C.C1Z_OK {
		return nil, endedBy(ctx, takeError(a))
	}
	h := &handle{store: a.store}
	// A net for a store that nobody closes: its changes are lost, its memory is not.
	h.cleanup = runtime.AddCleanup(h, func(store *C.c1z_store) { C.c1z_store_free(store) }, a.store)
	return h, nil
}

// verify needs no store.
func verify(ctx context.Context, request []byte) (buffer, error) {
	if err := checkContext(ctx); err != nil {
		return buffer{}, err
	}
	a := withCancel(ctx, func(cancel *C.c1z_cancel) C.answer {
		return C.verify_file(bytePointer(request), C.size_t(len(request)), cancel)
	})
	if a.code != C.C1Z_OK {
		return buffer{}, endedBy(ctx, takeError(a))
	}
	return bufferOf(a), nil
}

// close saves and frees the store. On failure the store stays open; on a closed store it does nothing. The context only
// reaches the library: with nothing to save, closing succeeds also when it is done.
func (h *handle) close(ctx context.Context, request []byte) error {
	_, err := h.runLong(ctx, C.long_call_fn(C.c1z_close), request)
	if err == nil {
		h.free()
	}
	if err == errClosed {
		return nil
	}
	return err
}

func (h *handle) free() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.store != nil {
		h.cleanup.Stop()
		C.c1z_store_free(h.store)
		h.store = nil
	}
}

// with runs one call on the open store and turns a failure into an error.
func (h *handle) with(run func(store *C.c1z_store) C.answer) (C.answer, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.store == nil {
		return C.answer{}, errClosed
	}
	a := run(h.store)
	if a.code != C.C1Z_OK {
		return C.answer{}, takeError(a)
	}
	return a, nil
}

// call runs a short call, which a done context only keeps from starting.
func (h *handle) call(ctx context.Context, fn C.call_fn, request []byte) (buffer, error) {
	if err := checkContext(ctx); err != nil {
		return buffer{}, err
	}
	a, err := h.with(func(store *C.c1z_store) C.answer {
		return C.call(fn, store, bytePointer(request), C.size_t(len(request)))
	})
	return bufferOf(a), err
}

// longCall runs a call that the context can stop midway.
func (h *handle) longCall(ctx context.Context, fn C.long_call_fn, request []byte) (buffer, error) {
	if err := checkContext(ctx); err != nil {
		return buffer{}, err
	}
	return h.runLong(ctx, fn, request)
}

func (h *handle) runLong(ctx context.Context, fn C.long_call_fn, request []byte) (buffer, error) {
	a, err := h.with(func(store *C.c1z_store) C.answer {
		return withCancel(ctx, func(cancel *C.c1z_cancel) C.answer {
			return C.long_call(fn, store, bytePointer(request), C.size_t(len(request)), cancel)
		})
	})
	return bufferOf(a), endedBy(ctx, err)
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

func (h *handle) scan(ctx context.Context, fn C.scan_fn, request []byte) (*cursor, error) {
	if err := checkContext(ctx); err != nil {
		return nil, err
	}
	a, err := h.with(func(store *C.c1z_store) C.answer {
		return C.scan(fn, store, bytePointer(request), C.size_t(len(request)))
	})
	if err != nil {
		return nil, err
	}
	return &cursor{store: h, cursor: a.cursor}, nil
}

// next returns the next page, or more = false after the last one.
func (c *cursor) next(ctx context.Context) (page buffer, more bool, err error) {
	if err := checkContext(ctx); err != nil {
		return buffer{}, false, err
	}
	a, err := c.nextPage()
	return bufferOf(a), a.buffer != nil, err
}

func (c *cursor) nextPage() (C.answer, error) {
	if c.store != nil {
		return c.store.with(func(*C.c1z_store) C.answer { return C.next_page(c.cursor) })
	}
	a := C.next_page(c.cursor)
	if a.code != C.C1Z_OK {
		return C.answer{}, takeError(a)
	}
	return a, nil
}

func (c *cursor) free() {
	C.c1z_cursor_free(c.cursor)
	c.cursor = nil
}

// bytePointer is how request bytes reach C, which only reads them during the call.
func bytePointer(data []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(data)) }

// bufferOf takes the answer's bytes; an answer without any gives none.
func bufferOf(a C.answer) buffer {
	return buffer{data: unsafe.Slice((*byte)(a.bytes.data), int(a.bytes.len)), native: a.buffer}
}

func (b buffer) free() { C.c1z_buffer_free(b.native) }

// takeError copies the answer's error and frees it. The codes are those of gRPC.
func takeError(a C.answer) error {
	defer C.c1z_error_free(a.error)
	return newError(codes.Code(a.code), C.GoString(C.c1z_error_reason(a.error)), C.GoString(C.c1z_error_message(a.error)))
}

// File.

func (h *handle) save(ctx context.Context, request []byte) (buffer, error) {
	return h.longCall(ctx, C.long_call_fn(C.c1z_save), request)
}

func (h *handle) getMetadata(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_get_metadata), request)
}

// Syncs.

func (h *handle) startSync(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_start_sync), request)
}

func (h *handle) startOrResumeSync(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_start_or_resume_sync), request)
}

func (h *handle) resumeSync(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_resume_sync), request)
}

func (h *handle) setCurrentSync(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_set_current_sync), request)
}

func (h *handle) getCurrentSync(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_get_current_sync), request)
}

func (h *handle) checkpointSync(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_checkpoint_sync), request)
}

func (h *handle) endSync(ctx context.Context, request []byte) (buffer, error) {
	return h.longCall(ctx, C.long_call_fn(C.c1z_end_sync), request)
}

func (h *handle) cleanUp(ctx context.Context, request []byte) (buffer, error) {
	return h.longCall(ctx, C.long_call_fn(C.c1z_cleanup), request)
}

func (h *handle) getSync(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_get_sync), request)
}

func (h *handle) listSyncs(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_list_syncs), request)
}

func (h *handle) getLatestFinishedSync(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_get_latest_finished_sync), request)
}

func (h *handle) listSyncRuns(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_list_sync_runs), request)
}

func (h *handle) getLatestSyncRun(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_get_latest_sync_run), request)
}

func (h *handle) markSyncSupportsDiff(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_mark_sync_supports_diff), request)
}

func (h *handle) markSyncVerified(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_mark_sync_verified), request)
}

func (h *handle) clearSyncVerification(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_clear_sync_verification), request)
}

func (h *handle) getStats(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_get_stats), request)
}

func (h *handle) recalculateStats(ctx context.Context, request []byte) (buffer, error) {
	return h.longCall(ctx, C.long_call_fn(C.c1z_recalculate_stats), request)
}

func (h *handle) cloneSync(ctx context.Context, request []byte) (buffer, error) {
	return h.longCall(ctx, C.long_call_fn(C.c1z_clone_sync), request)
}

func (h *handle) diffSyncs(ctx context.Context, request []byte) (buffer, error) {
	return h.longCall(ctx, C.long_call_fn(C.c1z_diff_syncs), request)
}

// Records.

func (h *handle) putResourceTypes(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_put_resource_types), request)
}

func (h *handle) putResources(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_put_resources), request)
}

func (h *handle) putEntitlements(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_put_entitlements), request)
}

func (h *handle) putGrants(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_put_grants), request)
}

func (h *handle) putExpandedGrants(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_put_expanded_grants), request)
}

func (h *handle) putAsset(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_put_asset), request)
}

func (h *handle) deleteGrant(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_delete_grant), request)
}

func (h *handle) deleteGrants(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_delete_grants), request)
}

func (h *handle) deleteEntitlement(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_delete_entitlement), request)
}

func (h *handle) deleteResource(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_delete_resource), request)
}

func (h *handle) listResourceTypes(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_list_resource_types), request)
}

func (h *handle) getResourceType(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_get_resource_type), request)
}

func (h *handle) listResources(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_list_resources), request)
}

func (h *handle) getResource(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_get_resource), request)
}

func (h *handle) listResourcesByIds(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_list_resources_by_ids), request)
}

func (h *handle) listEntitlements(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_list_entitlements), request)
}

func (h *handle) getEntitlement(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_get_entitlement), request)
}

func (h *handle) listEntitlementsByIds(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_list_entitlements_by_ids), request)
}

func (h *handle) listGrants(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_list_grants), request)
}

func (h *handle) getGrant(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_get_grant), request)
}

func (h *handle) listGrantsForEntitlement(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_list_grants_for_entitlement), request)
}

func (h *handle) listGrantsForEntitlements(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_list_grants_for_entitlements), request)
}

func (h *handle) listGrantsForPrincipal(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_list_grants_for_principal), request)
}

func (h *handle) listGrantsForResourceType(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_list_grants_for_resource_type), request)
}

func (h *handle) getAsset(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_get_asset), request)
}

// Expansion.

func (h *handle) listPendingExpansion(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_list_pending_expansion), request)
}

func (h *handle) listGrantsWithAnnotations(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_list_grants_with_annotations), request)
}

// Sessions.

func (h *handle) getSessionValues(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_get_session_values), request)
}

func (h *handle) setSessionValues(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_set_session_values), request)
}

func (h *handle) deleteSessionValues(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_delete_session_values), request)
}

func (h *handle) clearSession(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_clear_session), request)
}

func (h *handle) listSessionValues(ctx context.Context, request []byte) (buffer, error) {
	return h.call(ctx, C.call_fn(C.c1z_list_session_values), request)
}

// Streams.

func (h *handle) scanResources(ctx context.Context, request []byte) (*cursor, error) {
	return h.scan(ctx, C.scan_fn(C.c1z_scan_resources), request)
}

func (h *handle) scanEntitlements(ctx context.Context, request []byte) (*cursor, error) {
	return h.scan(ctx, C.scan_fn(C.c1z_scan_entitlements), request)
}

func (h *handle) scanGrants(ctx context.Context, request []byte) (*cursor, error) {
	return h.scan(ctx, C.scan_fn(C.c1z_scan_grants), request)
}

// Inspection, which needs no store.

func inspect(ctx context.Context, request []byte) (*cursor, error) {
	if err := checkContext(ctx); err != nil {
		return nil, err
	}
	a := withCancel(ctx, func(cancel *C.c1z_cancel) C.answer {
		return C.inspect(bytePointer(request), C.size_t(len(request)), cancel)
	})
	if a.code != C.C1Z_OK {
		return nil, endedBy(ctx, takeError(a))
	}
	return &cursor{cursor: a.cursor}, nil
}

func inspectSchema(request []byte) (buffer, error) {
	a := C.inspect_schema(bytePointer(request), C.size_t(len(request)))
	if a.code != C.C1Z_OK {
		return buffer{}, takeError(a)
	}
	return bufferOf(a), nil
}
