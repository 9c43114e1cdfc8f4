//! Resources.

use super::buffer::Buffer;
use super::call::{ask, tell, Raw};
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::api::DeleteResourceRequest;
use crate::proto::connector::ResourcesServiceListResourcesRequest as ListRequest;
use crate::proto::reader::{
    ResourcesReaderServiceGetResourceRequest as GetRequest,
    ResourcesReaderServiceListResourcesByIdsRequest as ByIdsRequest,
};

/// Puts resources into the bound sync.
///
/// `request` holds a `c1z.v1.PutResourcesRequest`; the response is empty. Ids are not looked at: as in the SDK, one that has none
/// is stored under the empty id.
#[no_mangle]
pub unsafe extern "C" fn c1z_put_resources(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { tell(store, request, response, error, |store, Raw(request)| store.put_resources(request)) }
}

/// Deletes one resource of the bound sync by its type and id; one that is not there is no error. What refers to it
/// stays.
///
/// `request` holds a `c1z.v1.DeleteResourceRequest`; the response is empty.
#[no_mangle]
pub unsafe extern "C" fn c1z_delete_resource(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell(store, request, response, error, |store, request: DeleteResourceRequest| store.delete_resource(&request))
    }
}

/// Lists resources, ordered by type and id: all, those of a type, the children of a parent, or both.
///
/// `request` holds a `c1.connector.v2.ResourcesServiceListResourcesRequest`, the response the matching response.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_resources(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, request: ListRequest| store.list_resources(&request)) }
}

/// Reads one resource by its type and id.
///
/// `request` holds a `c1.reader.v2.ResourcesReaderServiceGetResourceRequest`, the response the matching response.
///
/// Fails with `C1Z_NOT_FOUND` when there is none.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_resource(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, request: GetRequest| store.get_resource(&request)) }
}

/// Reads resources by their ids, in the order of the request; those that are not there are left out.
///
/// `request` holds a `c1.reader.v2.ResourcesReaderServiceListResourcesByIdsRequest`, the response the matching
/// response.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_resources_by_ids(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ByIdsRequest| store.list_resources_by_ids(&request))
    }
}
