//! What records refer to.

use super::buffer::Buffer;
use super::call::ask;
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::api::{FindGrantAnnotationRequest, ListReferencesRequest};

/// Lists what the records of a sync refer to, each thing once, or only what of it is not stored. It costs one seek for each
/// thing, however many records refer to it.
///
/// `request` holds a `c1z.v1.ListReferencesRequest`, the response a `c1z.v1.ListReferencesResponse`. Tokens are of one
/// kind of reference alone.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_references(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ListReferencesRequest| store.list_references(&request))
    }
}

/// Says whether any and whether all grants of an entitlement, or of the entitlements on a resource, carry an annotation.
/// Reads grants until that is known.
///
/// `request` holds a `c1z.v1.FindGrantAnnotationRequest`, the response a `c1z.v1.FindGrantAnnotationResponse`.
#[no_mangle]
pub unsafe extern "C" fn c1z_find_grant_annotation(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: FindGrantAnnotationRequest| {
            store.find_grant_annotation(&request)
        })
    }
}
