//! Grants.

use super::buffer::Buffer;
use super::call::{ask, tell, Raw};
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::api::DeleteGrantRequest;
use crate::proto::connector::GrantsServiceListGrantsRequest as ListRequest;
use crate::proto::reader::{
    GrantsReaderServiceGetGrantRequest as GetRequest,
    GrantsReaderServiceListGrantsForEntitlementRequest as ForEntitlementRequest,
    GrantsReaderServiceListGrantsForPrincipalRequest as ForPrincipalRequest,
    GrantsReaderServiceListGrantsForResourceTypeRequest as ForResourceTypeRequest,
};

/// Puts grants into the bound sync. A `GrantExpandable` annotation arms expansion.
///
/// `request` holds a `c1z.v1.PutGrantsRequest`; the response is empty.
#[no_mangle]
pub unsafe extern "C" fn c1z_put_grants(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { tell(store, request, response, error, |store, Raw(request)| store.put_grants(request)) }
}

/// Deletes the grant of the bound sync that answers to a public id; none is no error.
///
/// `request` holds a `c1z.v1.DeleteGrantRequest`; the response is empty.
///
/// Fails with `C1Z_FAILED_PRECONDITION` (`AMBIGUOUS_ID`) when several grants have that id.
#[no_mangle]
pub unsafe extern "C" fn c1z_delete_grant(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { tell(store, request, response, error, |store, request: DeleteGrantRequest| store.delete_grant(&request)) }
}

/// Deletes grants of the bound sync by what they refer to, as one atomic step; those that are not there are passed
/// over.
///
/// `request` holds a `c1z.v1.DeleteGrantsRequest`; the response is empty.
///
/// Fails with `C1Z_INVALID_ARGUMENT` when one lacks a part of its identity; then nothing is deleted.
#[no_mangle]
pub unsafe extern "C" fn c1z_delete_grants(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { tell(store, request, response, error, |store, Raw(request)| store.delete_grants(request)) }
}

/// Lists grants, ordered by entitlement and principal: all, or those of a resource's entitlements.
///
/// `request` holds a `c1.connector.v2.GrantsServiceListGrantsRequest`, the response the matching response.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_grants(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, request: ListRequest| store.list_grants(&request)) }
}

/// Reads one grant by its public id.
///
/// `request` holds a `c1.reader.v2.GrantsReaderServiceGetGrantRequest`, the response the matching response.
///
/// Fails with `C1Z_NOT_FOUND` when there is none, `C1Z_FAILED_PRECONDITION` (`AMBIGUOUS_ID`) when several have it.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_grant(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, request: GetRequest| store.get_grant(&request)) }
}

/// Lists the grants of one entitlement, ordered by principal. An entitlement without a resource is looked up by its
/// bare id; an unknown one has no grants.
///
/// `request` holds a `c1.reader.v2.GrantsReaderServiceListGrantsForEntitlementRequest`, the response the matching
/// response.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_grants_for_entitlement(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ForEntitlementRequest| {
            store.list_grants_for_entitlement(&request)
        })
    }
}

/// Lists the grants of several entitlements, one entitlement after the other in the order of the request.
///
/// `request` holds a `c1.reader.v2.GrantsReaderServiceListGrantsForEntitlementsRequest`, the response the matching
/// response. A token of a request with other entitlements starts again with the first one.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_grants_for_entitlements(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, Raw(request)| store.list_grants_for_entitlements(request)) }
}

/// Lists the grants of one principal, ordered by entitlement; with an entitlement, the one grant of it.
///
/// `request` holds a `c1.reader.v2.GrantsReaderServiceListGrantsForPrincipalRequest`, the response the matching
/// response.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_grants_for_principal(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ForPrincipalRequest| {
            store.list_grants_for_principal(&request)
        })
    }
}

/// Lists the grants whose principal has a type, ordered by principal and entitlement.
///
/// `request` holds a `c1.reader.v2.GrantsReaderServiceListGrantsForResourceTypeRequest`, the response the matching
/// response.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_grants_for_resource_type(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ForResourceTypeRequest| {
            store.list_grants_for_resource_type(&request)
        })
    }
}
