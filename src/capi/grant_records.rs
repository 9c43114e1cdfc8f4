//! Grants as they are stored.

use super::buffer::Buffer;
use super::call::{ask, Raw};
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::reader_v3::{
    GrantsReaderServiceGetGrantRequest as GetRequest,
    GrantsReaderServiceListGrantsForEntitlementRequest as ForEntitlementRequest,
    GrantsReaderServiceListGrantsForPrincipalRequest as ForPrincipalRequest,
    GrantsReaderServiceListGrantsForResourceTypeRequest as ForResourceTypeRequest,
};

/// Reads one grant by its public id, as `c1z_get_grant` does, as stored: with the time
/// of discovery, the expansion and whether it is pending.
///
/// `request` holds a `c1.reader.v3.GrantsReaderServiceGetGrantRequest`, the response the matching response.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_grant_record(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, request: GetRequest| store.get_grant_record(request)) }
}

/// Lists the grants of one entitlement, as `c1z_list_grants_for_entitlement` does, as stored: with the time
/// of discovery, the expansion and whether it is pending.
///
/// `request` holds a `c1.reader.v3.GrantsReaderServiceListGrantsForEntitlementRequest`, the response the matching response.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_grant_records_for_entitlement(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ForEntitlementRequest| {
            store.list_grant_records_for_entitlement(request)
        })
    }
}

/// Lists the grants of several entitlements, as `c1z_list_grants_for_entitlements` does, as stored: with the time
/// of discovery, the expansion and whether it is pending.
///
/// `request` holds a `c1.reader.v3.GrantsReaderServiceListGrantsForEntitlementsRequest`, the response the matching response.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_grant_records_for_entitlements(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, Raw(request)| store.list_grant_records_for_entitlements(request))
    }
}

/// Lists the grants of one principal, as `c1z_list_grants_for_principal` does, as stored: with the time
/// of discovery, the expansion and whether it is pending.
///
/// `request` holds a `c1.reader.v3.GrantsReaderServiceListGrantsForPrincipalRequest`, the response the matching response.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_grant_records_for_principal(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ForPrincipalRequest| {
            store.list_grant_records_for_principal(request)
        })
    }
}

/// Lists the grants whose principal has a type, as `c1z_list_grants_for_resource_type` does, as stored: with the time
/// of discovery, the expansion and whether it is pending.
///
/// `request` holds a `c1.reader.v3.GrantsReaderServiceListGrantsForResourceTypeRequest`, the response the matching response.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_grant_records_for_resource_type(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ForResourceTypeRequest| {
            store.list_grant_records_for_resource_type(request)
        })
    }
}
