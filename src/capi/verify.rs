//! Looking for damage in a file.

use super::buffer::Buffer;
use super::call::ask_of_file;
use super::cancel::Control;
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use crate::store;

/// Walks a file, without a store: head, frames and checksums; then, of a file of this library, every record and every
/// index entry, statistics, and what the manifest says of them. The file is not changed. Progress is in bytes of the file,
/// each of which counts once when it is unpacked and once when the database is walked.
///
/// `request` holds a `c1z.v1.VerifyRequest`, the response a `c1z.v1.VerifyReport`.
///
/// A damaged file is no failure: the report lists its faults, and of a sound file none. Fails with what prevents looking:
/// `C1Z_NOT_FOUND` when the file is missing, `C1Z_FAILED_PRECONDITION` with the reason `FORMAT_V1` for a file of format
/// v1, `C1Z_RESOURCE_EXHAUSTED` when it unpacks to more than the limits of the request or the disk is full.
#[no_mangle]
pub unsafe extern "C" fn c1z_verify(
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask_of_file(request, control, response, error, store::verify) }
}
