//! Digests of grants.

use super::buffer::Buffer;
use super::call::ask;
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::api::{GetGrantDigestRequest, ListGrantsInBucketRequest};

/// Reads the digest of an entitlement's grants, or of all grants of a sync: equal digests are of equal grants. One lookup;
/// with nodes of a level finer than the stored ones, all grants of the entitlement are read.
///
/// `request` holds a `c1z.v1.GetGrantDigestRequest`, the response a `c1z.v1.GetGrantDigestResponse`, which says whether
/// there is a digest.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_grant_digest(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: GetGrantDigestRequest| store.get_grant_digest(&request))
    }
}

/// Lists the grants of an entitlement that one node of its digest is about. Looks at the keys of all its grants.
///
/// `request` holds a `c1z.v1.ListGrantsInBucketRequest`, the response a `c1z.v1.ListGrantsInBucketResponse`. Tokens are of
/// one bucket alone.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_grants_in_bucket(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ListGrantsInBucketRequest| {
            store.list_grants_in_bucket(&request)
        })
    }
}
