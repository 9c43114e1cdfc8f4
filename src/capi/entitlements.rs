//! Entitlements.

use super::buffer::Buffer;
use super::call::{ask, tell, Raw};
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::api::DeleteEntitlementRequest;
use crate::proto::connector::EntitlementsServiceListEntitlementsRequest as ListRequest;
use crate::proto::reader::{
    EntitlementsReaderServiceGetEntitlementRequest as GetRequest,
    EntitlementsReaderServiceListEntitlementsByIdsRequest as ByIdsRequest,
};

/// Puts entitlements into the bound sync.
///
/// `request` holds a `c1z.v1.PutEntitlementsRequest`; the response is empty.
#[no_mangle]
pub unsafe extern "C" fn c1z_put_entitlements(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { tell(store, request, response, error, |store, Raw(request)| store.put_entitlements(request)) }
}

/// Deletes one entitlement of the bound sync by its resource and id; one that is not there is no error. Its grants
/// stay.
///
/// `request` holds a `c1z.v1.DeleteEntitlementRequest`; the response is empty.
#[no_mangle]
pub unsafe extern "C" fn c1z_delete_entitlement(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell(store, request, response, error, |store, request: DeleteEntitlementRequest| {
            store.delete_entitlement(&request)
        })
    }
}

/// Lists entitlements, ordered by resource: all, or those on one resource.
///
/// `request` holds a `c1.connector.v2.EntitlementsServiceListEntitlementsRequest`, the response the matching response.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_entitlements(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, request: ListRequest| store.list_entitlements(&request)) }
}

/// Reads one entitlement by its bare id.
///
/// `request` holds a `c1.reader.v2.EntitlementsReaderServiceGetEntitlementRequest`, the response the matching response.
///
/// Fails with `C1Z_NOT_FOUND` when there is none, `C1Z_FAILED_PRECONDITION` (`AMBIGUOUS_ID`) when several resources
/// have one with that id.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_entitlement(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, request: GetRequest| store.get_entitlement(&request)) }
}

/// Reads entitlements by their bare ids, in the order of the request; those that are not there are left out.
///
/// `request` holds a `c1.reader.v2.EntitlementsReaderServiceListEntitlementsByIdsRequest`, the response the matching
/// response.
///
/// Fails with `C1Z_FAILED_PRECONDITION` (`AMBIGUOUS_ID`) when several resources have one with the same id.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_entitlements_by_ids(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ByIdsRequest| store.list_entitlements_by_ids(&request))
    }
}
