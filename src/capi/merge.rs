//! Merging syncs.

use super::buffer::Buffer;
use super::call::{ask_long, ask_of_file};
use super::cancel::Control;
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::api::MergeSyncsRequest;
use crate::store;

/// Merges ended syncs, each of a file, into a sync that is alone in a new file, without a store. The files stay as they
/// are. Progress is in records, then in bytes of the new file.
///
/// The first input is the base, each that follows is newer than those before it. Of the records with one identity, resource
/// types, resources, entitlements, grants and assets, the one with the latest `discovered_at` wins and takes the place of
/// the others as a whole; of several such, and of several without a time, that of the newest input. A time wins over none.
/// What an input does not hold is not deleted. The merged sync has an id of its own, the greatest type of the inputs (full,
/// then resources_only, then partial), the time of the base's start and that of the last end, exact statistics, a token
/// that says what was merged, and no session values.
///
/// `request` holds a `c1z.v1.MergeFilesRequest`, the response a `c1z.v1.MergeResponse`.
///
/// The file appears in one step: when the call fails, or the process dies, there is none. Fails with
/// `C1Z_INVALID_ARGUMENT` for fewer than two inputs or a sync that is named twice, by whatever paths; with
/// `C1Z_ALREADY_EXISTS` when a file is at the output's path; with `C1Z_NOT_FOUND` when an input, or the sync of it that
/// the request names, is missing; with `C1Z_FAILED_PRECONDITION` when an input has no sync that has ended, or is a file
/// that `c1z_open` refuses; with `C1Z_DATA_LOSS` when an input is damaged where it is read. The message names the input.
#[no_mangle]
pub unsafe extern "C" fn c1z_merge_files(
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask_of_file(request, control, response, error, store::merge_files) }
}

/// Merges ended syncs of the store as `c1z_merge_files` does. The merged sync takes their place, or comes beside them if the
/// request says so; other syncs stay as they are. Readers see the syncs before the merge or after it; a cursor on a sync
/// that is gone fails with `C1Z_NOT_FOUND`, and a page token of the base may lead on in the merged sync. Progress is in
/// records. The file changes when it is saved.
///
/// `request` holds a `c1z.v1.MergeSyncsRequest`, the response a `c1z.v1.MergeResponse`.
///
/// Fails with `C1Z_INVALID_ARGUMENT` for fewer than two syncs or one that is named twice, with `C1Z_NOT_FOUND` when there
/// is no such sync, with `C1Z_FAILED_PRECONDITION` when one has not ended or was bound by a call.
#[no_mangle]
pub unsafe extern "C" fn c1z_merge_syncs(
    store: *const StoreHandle,
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask_long(store, request, control, response, error, |store, request: MergeSyncsRequest, control| {
            store.merge_syncs(&request, control)
        })
    }
}
