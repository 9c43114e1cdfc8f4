//! Session values.

use super::buffer::Buffer;
use super::call::{ask, tell};
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::api::{
    ClearSessionRequest, DeleteSessionValuesRequest, GetSessionValuesRequest, ListSessionValuesRequest,
    SetSessionValuesRequest,
};

/// Reads session values by their keys. Values beyond about 4 MB are named as unprocessed instead, but never all of
/// them.
///
/// `request` holds a `c1z.v1.GetSessionValuesRequest`, the response a `c1z.v1.GetSessionValuesResponse`.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_session_values(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: GetSessionValuesRequest| {
            store.get_session_values(&request)
        })
    }
}

/// Sets session values, all or none. Permitted without a bound sync.
///
/// `request` holds a `c1z.v1.SetSessionValuesRequest`; the response is empty.
#[no_mangle]
pub unsafe extern "C" fn c1z_set_session_values(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell(store, request, response, error, |store, request: SetSessionValuesRequest| {
            store.set_session_values(&request)
        })
    }
}

/// Deletes session values; those that are not there are no error.
///
/// `request` holds a `c1z.v1.DeleteSessionValuesRequest`; the response is empty.
#[no_mangle]
pub unsafe extern "C" fn c1z_delete_session_values(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell(store, request, response, error, |store, request: DeleteSessionValuesRequest| {
            store.delete_session_values(&request)
        })
    }
}

/// Deletes every session value whose key starts with a prefix; with an empty one, all of the sync.
///
/// `request` holds a `c1z.v1.ClearSessionRequest`; the response is empty.
#[no_mangle]
pub unsafe extern "C" fn c1z_clear_session(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell(store, request, response, error, |store, request: ClearSessionRequest| store.clear_session(&request))
    }
}

/// Lists session values whose key starts with a prefix, in key order, about 4 MB a page.
///
/// `request` holds a `c1z.v1.ListSessionValuesRequest`, the response a `c1z.v1.ListSessionValuesResponse`.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_session_values(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ListSessionValuesRequest| {
            store.list_session_values(&request)
        })
    }
}
