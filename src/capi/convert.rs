//! Converting files of other formats.

use super::buffer::Buffer;
use super::call::ask_of_file;
use super::cancel::Control;
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use crate::store;

/// Converts a file of format v1, a SQLite database, into a new file, without a store. The file stays as it is. Progress is in
/// bytes of the database that is unpacked, then in rows, then in bytes of the new file.
///
/// All syncs are converted, with their ids, types, parents, times, tokens and session values, whether they had ended or not;
/// records keep the time of their discovery, and grants what they expand and whether that is pending. Statistics are counted
/// anew. Times without a zone, which format v1 has, are taken for those of the process's zone, as the SDK does. Grants of a
/// sync with one identity become one grant. The response tells what of the input is not in the new file.
///
/// `request` holds a `c1z.v1.ConvertFileRequest`, the response a `c1z.v1.ConvertFileResponse`.
///
/// The file appears in one step: when the call fails, or the process dies, there is none. Fails with
/// `C1Z_ALREADY_EXISTS` when a file is at the output's path; with `C1Z_NOT_FOUND` when the input is missing; with
/// `C1Z_FAILED_PRECONDITION` when it is of another format (`ENGINE_MISMATCH`), or the library was built without SQLite
/// (`FORMAT_V1`); with `C1Z_DATA_LOSS` when it is damaged, has no tables of the format or, unless the request says that they
/// are left out, a row that cannot be read. The message names the input, the table and the row.
#[no_mangle]
pub unsafe extern "C" fn c1z_convert_file(
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask_of_file(request, control, response, error, store::convert_file) }
}
