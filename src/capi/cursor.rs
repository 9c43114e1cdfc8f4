//! Cursors: walking all records of a kind, or all that a file holds.

use std::sync::Arc;

use parking_lot::Mutex;

use super::buffer::Buffer;
use super::call::{guard, none_yet, on_store, poisoning, Request};
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::{Shared, StoreHandle};
use crate::proto::api::{ScanEntitlementsRequest, ScanGrantsRequest, ScanRecordsRequest, ScanResourcesRequest};
use crate::store::{Comparison, FileComparison, Inspection, Scan, ScanRequest, Store};
use crate::{process, Error, Result};

/// A walk over records. It may be used from any thread, by one at a time.
pub struct Cursor(Walk);

enum Walk {
    /// Through a store that others use too.
    OfStore { shared: Arc<Shared>, walk: Mutex<OfStore> },
    /// Through a file that the cursor alone has open.
    Inspection(Box<Mutex<Inspection>>),
    /// Through two such files.
    Comparison(Box<Mutex<FileComparison>>),
}

/// A walk that needs its store for each page.
pub(super) enum OfStore {
    Scan(Scan),
    Comparison(Comparison),
}

impl OfStore {
    fn next(&mut self, store: &Store) -> Result<Option<Vec<u8>>> {
        match self {
            OfStore::Scan(scan) => store.scan_next(scan),
            OfStore::Comparison(comparison) => store.compare_next(comparison),
        }
    }
}

/// Handles and cursors cross threads as raw pointers, where no compiler looks.
const _: () = {
    const fn crosses_threads<T: Send + Sync>() {}
    crosses_threads::<Shared>();
    crosses_threads::<Cursor>();
};

impl Drop for Cursor {
    fn drop(&mut self) {
        if let Walk::OfStore { shared, .. } = &self.0 {
            shared.cursor_freed();
        }
    }
}

impl Cursor {
    /// A cursor on the heap, owned by whoever holds the pointer.
    pub(super) fn of_inspection(inspection: Inspection) -> *mut Cursor {
        Cursor::give(Walk::Inspection(Box::new(Mutex::new(inspection))))
    }

    /// The same, of two files.
    pub(super) fn of_comparison(comparison: FileComparison) -> *mut Cursor {
        Cursor::give(Walk::Comparison(Box::new(Mutex::new(comparison))))
    }

    fn give(walk: Walk) -> *mut Cursor {
        Box::into_raw(Box::new(Cursor(walk)))
    }

    fn next(&self) -> Result<Option<Vec<u8>>> {
        match &self.0 {
            Walk::OfStore { shared, walk } => poisoning(shared, || shared.with(|store| walk.lock().next(store))),
            Walk::Inspection(inspection) => inspection.lock().next_page(),
            Walk::Comparison(comparison) => comparison.lock().next_page(),
        }
    }
}

/// # Safety
/// As `c1z_scan_resources`.
pub(super) unsafe fn open<Q>(
    store: *const StoreHandle,
    cursor: *mut *mut Cursor,
    error: *mut *mut ErrorObject,
    request: impl FnOnce() -> Result<Q>,
    start: impl FnOnce(&Store, &Q) -> Result<OfStore>,
) -> Code {
    unsafe {
        none_yet(cursor);
        // The handle is read once more for the cursor to share it; `on_store` has checked it by then.
        on_store(store, error, |shared| {
            if cursor.is_null() {
                return Err(Error::invalid("cursor is null"));
            }
            let request = request()?;
            let walk = shared.with(|store| {
                let walk = start(store, &request)?;
                // Counted while the store cannot be closed.
                shared.cursor_opened();
                Ok(walk)
            })?;
            *cursor = Cursor::give(Walk::OfStore { shared: Arc::clone(&(*store).0), walk: Mutex::new(walk) });
            Ok(())
        })
    }
}

/// # Safety
/// As `c1z_scan_resources`.
unsafe fn scan(
    store: *const StoreHandle,
    cursor: *mut *mut Cursor,
    error: *mut *mut ErrorObject,
    request: impl FnOnce() -> Result<ScanRequest>,
) -> Code {
    unsafe { open(store, cursor, error, request, |store, request| store.scan(request).map(OfStore::Scan)) }
}

/// Walks the resources of a sync, or those of one type.
///
/// `request` holds a `c1z.v1.ScanResourcesRequest`; pages are `c1.connector.v2.ResourcesServiceListResourcesResponse`. On
/// success `*cursor` is freed with `c1z_cursor_free`; the store cannot be closed before.
#[no_mangle]
pub unsafe extern "C" fn c1z_scan_resources(
    store: *const StoreHandle,
    request: Slice,
    cursor: *mut *mut Cursor,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { scan(store, cursor, error, || Ok(ScanRequest::Resources(ScanResourcesRequest::read(request.bytes()?)?))) }
}

/// Walks the entitlements of a sync.
///
/// `request` holds a `c1z.v1.ScanEntitlementsRequest`; pages are
/// `c1.connector.v2.EntitlementsServiceListEntitlementsResponse`. On success `*cursor` is freed with `c1z_cursor_free`;
/// the store cannot be closed before.
#[no_mangle]
pub unsafe extern "C" fn c1z_scan_entitlements(
    store: *const StoreHandle,
    request: Slice,
    cursor: *mut *mut Cursor,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        scan(store, cursor, error, || Ok(ScanRequest::Entitlements(ScanEntitlementsRequest::read(request.bytes()?)?)))
    }
}

/// Walks the grants of a sync, of an entitlement, of a principal, or of principals of one type.
///
/// `request` holds a `c1z.v1.ScanGrantsRequest`; pages are `c1.connector.v2.GrantsServiceListGrantsResponse`. On success
/// `*cursor` is freed with `c1z_cursor_free`; the store cannot be closed before.
#[no_mangle]
pub unsafe extern "C" fn c1z_scan_grants(
    store: *const StoreHandle,
    request: Slice,
    cursor: *mut *mut Cursor,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { scan(store, cursor, error, || Ok(ScanRequest::Grants(ScanGrantsRequest::read(request.bytes()?)?))) }
}

/// Walks every record of one kind of a sync as it is stored, in the order of the keys: with times, scopes and fields that this
/// library does not know.
///
/// `request` holds a `c1z.v1.ScanRecordsRequest`; pages are `c1z.v1.RecordPage`. On success `*cursor` is freed with
/// `c1z_cursor_free`; the store cannot be closed before.
#[no_mangle]
pub unsafe extern "C" fn c1z_scan_records(
    store: *const StoreHandle,
    request: Slice,
    cursor: *mut *mut Cursor,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { scan(store, cursor, error, || Ok(ScanRequest::Records(ScanRecordsRequest::read(request.bytes()?)?))) }
}

/// The next page of a cursor; after the last one `*response` becomes null.
///
/// The walk holds no snapshot: what is written to a place that it has yet to come to shows up in it.
#[no_mangle]
pub unsafe extern "C" fn c1z_cursor_next(
    cursor: *mut Cursor,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        none_yet(response);
        guard(error, || {
            let cursor = cursor.as_ref().ok_or_else(|| Error::invalid("cursor is null"))?;
            process::check()?;
            if response.is_null() {
                return Err(Error::invalid("response is null"));
            }
            let page = cursor.next()?;
            *response = page.map_or(std::ptr::null_mut(), Buffer::give);
            Ok(())
        })
    }
}

/// Frees a cursor.
#[no_mangle]
pub unsafe extern "C" fn c1z_cursor_free(cursor: *mut Cursor) {
    // In a forked process a cursor is its parent's, as is all that it has open.
    if !cursor.is_null() && !process::is_forked() {
        let cursor = unsafe { Box::from_raw(cursor) };
        // Dropping a database may panic no more than any other call.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || drop(cursor)));
    }
}
