//! Resource types.

use super::buffer::Buffer;
use super::call::{ask, tell, Raw};
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::connector::ResourceTypesServiceListResourceTypesRequest as ListRequest;
use crate::proto::reader::ResourceTypesReaderServiceGetResourceTypeRequest as GetRequest;

/// Puts resource types into the bound sync.
///
/// `request` holds a `c1z.v1.PutResourceTypesRequest`; the response is empty. Ids are not looked at: as in the SDK, one that has
/// none is stored under the empty id.
#[no_mangle]
pub unsafe extern "C" fn c1z_put_resource_types(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { tell(store, request, response, error, |store, Raw(request)| store.put_resource_types(request)) }
}

/// Lists resource types, ordered by id.
///
/// `request` holds a `c1.connector.v2.ResourceTypesServiceListResourceTypesRequest`, the response the matching
/// response.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_resource_types(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, request: ListRequest| store.list_resource_types(&request)) }
}

/// Reads one resource type by its id.
///
/// `request` holds a `c1.reader.v2.ResourceTypesReaderServiceGetResourceTypeRequest`, the response the matching
/// response.
///
/// Fails with `C1Z_NOT_FOUND` when there is none.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_resource_type(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, request: GetRequest| store.get_resource_type(&request)) }
}
