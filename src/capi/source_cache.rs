//! Source cache: rows of what did not change are taken over from an earlier sync.

use super::buffer::Buffer;
use super::call::{ask, ask_long, poisoning, tell};
use super::cancel::Control;
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::api::{
    DeleteSourceCacheRowsRequest, GetSourceCacheEntryRequest, PutSourceCacheEntryRequest, ReplaySourceCacheRequest,
};

/// Reads what a scope is compared by: of the sync that the request names, or of the one that reads are shown. The response has
/// nothing where the scope has to be collected anew.
///
/// `request` holds a `c1z.v1.GetSourceCacheEntryRequest`, the response a `c1z.v1.GetSourceCacheEntryResponse`.
///
/// Fails with `C1Z_INVALID_ARGUMENT` when there is no such kind of rows, or the scope has no name or one that is too long.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_source_cache_entry(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: GetSourceCacheEntryRequest| {
            store.get_source_cache_entry(&request)
        })
    }
}

/// Keeps what a scope of the bound sync is compared by. The end of the sync counts the rows of its scopes; what changes records
/// after that makes every scope one that has to be collected anew, until the sync is ended again.
///
/// `request` holds a `c1z.v1.PutSourceCacheEntryRequest`; the response is empty.
///
/// Fails with `C1Z_FAILED_PRECONDITION` when no sync is bound or the bound one was ended, `C1Z_INVALID_ARGUMENT` as
/// `c1z_get_source_cache_entry` does and when there is nothing to compare by, or more than 1 MiB.
#[no_mangle]
pub unsafe extern "C" fn c1z_put_source_cache_entry(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell(store, request, response, error, |store, request: PutSourceCacheEntryRequest| {
            store.put_source_cache_entry(&request)
        })
    }
}

/// Makes the rows of a scope in the bound sync of `store` those that it has in an earlier sync of `source`, or of `store` if
/// `source` is null: its own rows go, the others are copied as they are, but without the sources of a grant that expansion
/// completed. No entry is put. Progress is in rows.
///
/// `request` holds a `c1z.v1.ReplaySourceCacheRequest`, the response a `c1z.v1.ReplaySourceCacheResponse`. `source` is not
/// changed, and closing it waits for the call.
///
/// Fails with `C1Z_FAILED_PRECONDITION` when no sync is bound or the bound one was ended, and when the source has no such sync
/// that is full, has ended and is not the result of a merge, or the scope in it has no entry, lost a row to another or was not
/// counted; with `C1Z_NOT_FOUND` when the source has no sync of the id that is named; with `C1Z_DATA_LOSS` when rows are not
/// those that were counted. Then nothing has changed. A call that fails later or is cancelled leaves a part of the rows; the
/// same call makes them whole.
#[no_mangle]
pub unsafe extern "C" fn c1z_replay_source_cache(
    store: *const StoreHandle,
    source: *const StoreHandle,
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    // The lock of a store is not taken twice.
    let other = unsafe { source.as_ref() }.filter(|_| !std::ptr::eq(source, store));
    unsafe {
        ask_long(store, request, control, response, error, |store, request: ReplaySourceCacheRequest, control| {
            match other {
                None => store.replay_source_cache(None, &request, control),
                Some(other) => poisoning(&other.0, || {
                    other.0.with_too(|source| store.replay_source_cache(Some(source), &request, control))
                }),
            }
        })
    }
}

/// Deletes rows of the bound sync on behalf of a scope. Rows of the scope go without a trace; another scope that loses a row
/// cannot be replayed after that.
///
/// `request` holds a `c1z.v1.DeleteSourceCacheRowsRequest`, the response a `c1z.v1.DeleteSourceCacheRowsResponse`.
///
/// Fails with `C1Z_FAILED_PRECONDITION` when no sync is bound or the bound one was ended, or several rows answer to an id, and
/// with `C1Z_INVALID_ARGUMENT` when rows of that kind are not deleted in that way. Then nothing has changed. A call that fails
/// later or is cancelled may have deleted some of the rows; the same call deletes the others.
#[no_mangle]
pub unsafe extern "C" fn c1z_delete_source_cache_rows(
    store: *const StoreHandle,
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask_long(store, request, control, response, error, |store, request: DeleteSourceCacheRowsRequest, control| {
            store.delete_source_cache_rows(&request, control)
        })
    }
}
