//! Assets.

use super::buffer::Buffer;
use super::call::{ask, tell, Raw};
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::connector::AssetServiceGetAssetRequest as GetRequest;

/// Puts one asset into the bound sync, replacing the one with the same id. Its bytes may be empty.
///
/// `request` holds a `c1z.v1.PutAssetRequest`; the response is empty.
#[no_mangle]
pub unsafe extern "C" fn c1z_put_asset(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { tell(store, request, response, error, |store, Raw(request)| store.put_asset(request)) }
}

/// Reads one asset with its bytes.
///
/// `request` holds a `c1.connector.v2.AssetServiceGetAssetRequest`, the response a `c1z.v1.GetAssetResponse`.
///
/// Fails with `C1Z_NOT_FOUND` when there is none.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_asset(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, request: GetRequest| store.get_asset(&request)) }
}
