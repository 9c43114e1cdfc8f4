//! Expansion: which grants wait for it, and what it writes back.

use super::buffer::Buffer;
use super::call::{ask, tell, Raw};
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::api::{ListGrantPrincipalsRequest, ListGrantsWithAnnotationsRequest, ListPendingExpansionRequest};

/// Puts grants that expansion derived or completed. A grant that is stored already keeps its expansion state, its time
/// of discovery and its scope; no grant becomes one that needs expansion.
///
/// `request` holds a `c1z.v1.PutExpandedGrantsRequest`; the response is empty. Putting the same again changes nothing.
#[no_mangle]
pub unsafe extern "C" fn c1z_put_expanded_grants(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { tell(store, request, response, error, |store, Raw(request)| store.put_expanded_grants(request)) }
}

/// Lists the grants of the bound sync that wait for expansion.
///
/// `request` holds a `c1z.v1.ListPendingExpansionRequest`, the response a `c1z.v1.ListPendingExpansionResponse`.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_pending_expansion(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ListPendingExpansionRequest| {
            store.list_pending_expansion(&request)
        })
    }
}

/// Lists grants of the bound sync, or of the one that the request names, each with its expansion.
///
/// `request` holds a `c1z.v1.ListGrantsWithAnnotationsRequest`, the response a
/// `c1z.v1.ListGrantsWithAnnotationsResponse`.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_grants_with_annotations(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ListGrantsWithAnnotationsRequest| {
            store.list_grants_with_annotations(&request)
        })
    }
}

/// Puts the grants that expansion makes of who holds one entitlement, and through which others. The library makes the
/// grants, so that less crosses the boundary than with `c1z_put_expanded_grants`: only what differs between them.
///
/// `request` holds a `c1z.v1.PutGrantContributionsRequest`; the response is empty. Nothing is put, and the call fails with
/// `C1Z_INVALID_ARGUMENT`, where the entitlement or the sources of a contribution are missing. With `promised_new` a grant
/// that is stored all the same loses its expansion state, its time of discovery and its scope, as a put takes them from it;
/// what finds it, and listings of grants that wait for expansion, stay right.
#[no_mangle]
pub unsafe extern "C" fn c1z_put_grant_contributions(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { tell(store, request, response, error, |store, Raw(request)| store.put_grant_contributions(request)) }
}

/// Lists the principals of one entitlement's grants, in the order of their types and ids, as
/// `c1z_list_grants_for_entitlement` lists the grants. No grant is read: it takes a fraction of that listing's time.
///
/// `request` holds a `c1z.v1.ListGrantPrincipalsRequest`, the response a `c1z.v1.ListGrantPrincipalsResponse`. Tokens are
/// of this listing alone.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_grant_principals(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ListGrantPrincipalsRequest| {
            store.list_grant_principals(&request)
        })
    }
}
