//! Files shown by what they say of themselves.

use super::buffer::Buffer;
use super::call::{guard, none_yet, open_handle, Request};
use super::cancel::Control;
use super::code::Code;
use super::cursor::Cursor;
use super::error::ErrorObject;
use super::slice::Slice;
use crate::proto::api::{InspectRequest, InspectSchemaRequest};
use crate::store::{inspect_schema, required_path, Inspection};
use crate::Error;

/// Walks all that a file holds, of every sync, and shows it as JSON by the descriptors in the file: no schema that the
/// library was built with has a part in it. The file is unpacked and opened read-only; no store is needed.
///
/// `request` holds a `c1z.v1.InspectRequest`; pages are `c1z.v1.InspectPage`, of up to 1,000 records or some 1 MiB.
/// On success `*cursor` is freed with `c1z_cursor_free`.
///
/// The JSON is protobuf's; docs/format.md, section 12, says what is added to it so that nothing stays invisible. A record
/// that is damaged is shown as such and is no error.
///
/// Fails as `c1z_open` does for a file to be opened read-only; with `C1Z_FAILED_PRECONDITION` (reason `NO_DESCRIPTORS`)
/// when the file does not describe itself, `C1Z_DATA_LOSS` when its descriptors are damaged, `C1Z_RESOURCE_EXHAUSTED` when
/// they are larger than 256 KiB, `C1Z_NOT_FOUND` when it has no such sync or record type.
#[no_mangle]
pub unsafe extern "C" fn c1z_inspect(
    request: Slice,
    control: *const Control,
    cursor: *mut *mut Cursor,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        open_handle("cursor", request, control, cursor, error, |request: &InspectRequest, control| {
            Inspection::open(request, control).map(Cursor::of_inspection)
        })
    }
}

/// The descriptors in a file of format v3, also of another engine's: what `c1z_inspect` shows its records by. Reads the
/// head of the file alone.
///
/// `request` holds a `c1z.v1.InspectSchemaRequest`, the response a `google.protobuf.FileDescriptorSet` as the file has it,
/// which is empty if the file has none.
///
/// Fails with `C1Z_DATA_LOSS` when a file of the set imports one that is not in it, or the head is damaged.
#[no_mangle]
pub unsafe extern "C" fn c1z_inspect_schema(
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        none_yet(response);
        guard(error, || {
            if response.is_null() {
                return Err(Error::invalid("response is null"));
            }
            let request = InspectSchemaRequest::read(request.bytes()?)?;
            let path = required_path("path", &request.path, &request.path_bytes)?;
            *response = Buffer::give(inspect_schema(&path)?);
            Ok(())
        })
    }
}
