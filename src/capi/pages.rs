//! Pages: what a collection stores in one step, with what it remembers of it.

use super::buffer::Buffer;
use super::call::{ask, tell, Raw};
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::api::{GetNamedValuesRequest, ListNamedValuesRequest};

/// Makes deletions, records of several kinds and named values part of the bound sync in one step, or none of them: readers,
/// checkpoints and saves see all of the page or nothing.
///
/// `request` holds a `c1z.v1.CommitPageRequest`; the response is empty.
///
/// Fails with `C1Z_FAILED_PRECONDITION` when no sync is bound or the bound one was ended, `C1Z_INVALID_ARGUMENT` when a record
/// or a deletion lacks a part of its identity, or a name or value is too long.
#[no_mangle]
pub unsafe extern "C" fn c1z_commit_page(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { tell(store, request, response, error, |store, Raw(request)| store.commit_page(request)) }
}

/// Reads named values of a sync by their names; those that are not there are left out.
///
/// `request` holds a `c1z.v1.GetNamedValuesRequest`, the response a `c1z.v1.GetNamedValuesResponse`.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_named_values(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: GetNamedValuesRequest| store.get_named_values(&request))
    }
}

/// Lists the named values of a sync whose names start with a text, in the order of the names.
///
/// `request` holds a `c1z.v1.ListNamedValuesRequest`, the response a `c1z.v1.ListNamedValuesResponse`.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_named_values(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ListNamedValuesRequest| store.list_named_values(&request))
    }
}
