//! Comparing syncs.

use super::call::{open_handle, Request};
use super::cancel::Control;
use super::code::Code;
use super::cursor::{open, Cursor, OfStore};
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::api::{CompareFilesRequest, CompareSyncsRequest};
use crate::store::FileComparison;

/// Walks what differs between two syncs, each of a file: records that were added, removed or changed, by kind and in the
/// order of their keys. Both files are opened read-only, and may be the same; no store is needed.
///
/// Two records are compared if they have one identity: that of a resource is its type and id, of an entitlement also its
/// own id, of a grant its entitlement and its principal. Its public id is not part of that: another one is a change. What
/// is compared are the stored records as they stand, with the fields that no schema names, but without the time of
/// discovery and the source-cache scope; the request may leave out more. Memory does not grow with the files. What lies in
/// a table that both files have from a common ancestor is not read.
///
/// `request` holds a `c1z.v1.CompareFilesRequest`; pages are `c1z.v1.ComparePage`, of up to 1,000 differences or some
/// 1 MiB, and some have none. On success `*cursor` is freed with `c1z_cursor_free`. The control is that of opening.
///
/// Fails as `c1z_open` does for files to be opened read-only; with `C1Z_NOT_FOUND` when a file has no such sync, with
/// `C1Z_FAILED_PRECONDITION` when it has none that has ended and the request names none. A page fails with
/// `C1Z_DATA_LOSS` where a file is damaged. The message names the file.
#[no_mangle]
pub unsafe extern "C" fn c1z_compare_files(
    request: Slice,
    control: *const Control,
    cursor: *mut *mut Cursor,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        open_handle("cursor", request, control, cursor, error, |request: &CompareFilesRequest, control| {
            FileComparison::open(request, control).map(Cursor::of_comparison)
        })
    }
}

/// Walks what differs between two syncs of the store, finished or not, as `c1z_compare_files` does.
///
/// `request` holds a `c1z.v1.CompareSyncsRequest`; pages are `c1z.v1.ComparePage`. On success `*cursor` is freed with
/// `c1z_cursor_free`; the store cannot be closed before. The walk holds no snapshot. Fails with `C1Z_NOT_FOUND` when there
/// is no such sync, a page also when one was dropped.
#[no_mangle]
pub unsafe extern "C" fn c1z_compare_syncs(
    store: *const StoreHandle,
    request: Slice,
    cursor: *mut *mut Cursor,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        let request = || CompareSyncsRequest::read(request.bytes()?);
        open(store, cursor, error, request, |store, request| store.compare_syncs(request).map(OfStore::Comparison))
    }
}
