//! Cursors: walking all records of a kind.

use std::sync::Arc;

use parking_lot::Mutex;

use super::buffer::Buffer;
use super::call::{guard, on_store, poisoning, Request};
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::{Shared, StoreHandle};
use crate::proto::api::{ScanEntitlementsRequest, ScanGrantsRequest, ScanResourcesRequest};
use crate::store::{Scan, ScanRequest};
use crate::{Error, Result};

/// A walk over records. It may be used from any thread, by one at a time.
pub struct Cursor {
    shared: Arc<Shared>,
    scan: Mutex<Scan>,
}

/// Handles and cursors cross threads as raw pointers, where no compiler looks.
const _: () = {
    const fn crosses_threads<T: Send + Sync>() {}
    crosses_threads::<Shared>();
    crosses_threads::<Cursor>();
};

impl Drop for Cursor {
    fn drop(&mut self) {
        self.shared.cursor_freed();
    }
}

/// # Safety
/// As `c1z_scan_resources`.
unsafe fn open(
    store: *const StoreHandle,
    cursor: *mut *mut Cursor,
    error: *mut *mut ErrorObject,
    request: impl FnOnce() -> Result<ScanRequest>,
) -> Code {
    unsafe {
        // The handle is read once more for the cursor to share it; `on_store` has checked it by then.
        on_store(store, error, |shared| {
            if cursor.is_null() {
                return Err(Error::invalid("cursor is null"));
            }
            let request = request()?;
            let scan = shared.with(|store| {
                let scan = store.scan(&request)?;
                // Counted while the store cannot be closed.
                shared.cursor_opened();
                Ok(scan)
            })?;
            *cursor = Box::into_raw(Box::new(Cursor { shared: Arc::clone(&(*store).0), scan: Mutex::new(scan) }));
            Ok(())
        })
    }
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
    unsafe { open(store, cursor, error, || Ok(ScanRequest::Resources(ScanResourcesRequest::read(request.bytes()?)?))) }
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
        open(store, cursor, error, || Ok(ScanRequest::Entitlements(ScanEntitlementsRequest::read(request.bytes()?)?)))
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
    unsafe { open(store, cursor, error, || Ok(ScanRequest::Grants(ScanGrantsRequest::read(request.bytes()?)?))) }
}

/// The next page of a cursor, of up to 10,000 records; behind the last one `*response` becomes null.
///
/// The walk holds no snapshot: what is written behind its position shows up in it.
///
/// # Safety
/// `cursor` is null or came from one of the functions above and is not freed; `response` and `error` are null or writable.
#[no_mangle]
pub unsafe extern "C" fn c1z_cursor_next(
    cursor: *mut Cursor,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        guard(error, || {
            let cursor = cursor.as_ref().ok_or_else(|| Error::invalid("cursor is null"))?;
            if response.is_null() {
                return Err(Error::invalid("response is null"));
            }
            let next = || cursor.shared.with(|store| store.scan_next(&mut cursor.scan.lock()));
            let page = poisoning(&cursor.shared, next)?;
            *response = page.map_or(std::ptr::null_mut(), Buffer::give);
            Ok(())
        })
    }
}

/// Frees a cursor. A null pointer is nothing to do.
///
/// # Safety
/// `cursor` is null or came from one of the functions above and is not freed.
#[no_mangle]
pub unsafe extern "C" fn c1z_cursor_free(cursor: *mut Cursor) {
    if !cursor.is_null() {
        drop(unsafe { Box::from_raw(cursor) });
    }
}
