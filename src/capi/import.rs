//! Syncs that come from elsewhere.

use super::buffer::Buffer;
use super::call::{ask_long, Raw};
use super::cancel::Control;
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;

/// Takes a step of importing a sync: records of `c1.storage.v3`, as another engine has them, become a sync of the store with a
/// given id, run, token and statistics. The first step names the run, others bring batches of records of one kind, in any
/// order, and the last says that the import is complete; one step may be all of it. Times, source-cache scopes and fields that
/// the schema does not name are kept.
///
/// Until it ends nobody sees anything of it: then the sync appears in one step, finished if its run says so. Which sync is
/// bound does not change, and other syncs may be written meanwhile. A store has one import at a time; `c1z_save` is refused with
/// `C1Z_FAILED_PRECONDITION` meanwhile, and `c1z_close` gives up what has come.
///
/// Grants with one identity become one grant, in whatever order they come: the one that was discovered first gives id and time,
/// annotations, sources and expansions are those of all. Of other records with one identity the last counts.
///
/// `request` holds a `c1z.v1.ImportRecordsRequest`, the response a `c1z.v1.ImportRecordsResponse`, which counts what was
/// imported once the import has ended.
///
/// Fails with `C1Z_INVALID_ARGUMENT` when the id is no KSUID, or a record cannot be read, lacks a part of its identity or has a
/// scope that is too long, unless the request says that such records are left out; the message names the record by its place
/// in the call and its id, and the import stays as it was. Fails with `C1Z_FAILED_PRECONDITION` when the sync exists, or is not
/// the one that is being imported. After any other failure the step can be taken again; if it was the first, with the run.
#[no_mangle]
pub unsafe extern "C" fn c1z_import_records(
    store: *const StoreHandle,
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask_long(store, request, control, response, error, |store, Raw(request), control| {
            store.import_records(request, control)
        })
    }
}
