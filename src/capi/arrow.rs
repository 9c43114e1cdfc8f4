//! Exporting records as Arrow columns.

pub use super::arrow_structs::{ArrowArray, ArrowArrayStream, ArrowSchema};
use super::call::{guard, on_store, Request};
use super::cancel::Control;
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::api::ExportRequest;
use crate::{Error, Result};

/// Exports the rows of a table as a stream of Arrow columns (docs/columns.md): as they are when this is called, whatever is
/// written afterwards.
///
/// `request` holds a `c1z.v1.ExportRequest`. `out` is the caller's, and what it held before is not looked at. On success it
/// is a stream, which is released by its `release` and no other way; else its `release` is NULL. Every function of the
/// stream may be called from any thread, by one at a time, `get_next` also after the end. `get_schema` costs nothing and
/// works for as long as there is a stream.
///
/// A stream does not keep its store from being closed: after `c1z_close` or `c1z_store_free`, `get_next` fails with the
/// reason CLOSED. Batches that it gave before stay valid, and the stream may be released before or after. `get_last_error`
/// gives the reason, a colon, a space and the message; the text stays until the next call on the stream. The number that a
/// function returns is ECANCELED, ENOMEM, EINVAL or EIO. A batch that failed may be asked for again; after a defect of the
/// library (INTERNAL) the stream is at its end. The stream does not get past a record that is longer than 64 MiB, or whose
/// annotations come to more JSON (EINVAL, with the reason LIMIT_EXCEEDED).
///
/// The control is used during the call. Its cancel flag stops the stream too, and may be freed as soon as the call has
/// returned. Where there is no flag, releasing the stream is what stops it.
///
/// Fails with `C1Z_INVALID_ARGUMENT` when there is no such table or column, or the request names a key that the table does
/// not have; with `C1Z_NOT_FOUND` when there is no such sync; with `C1Z_UNIMPLEMENTED` when the library was built without
/// Arrow. A batch fails with the reason CORRUPTION where the file is damaged, an id that is not UTF-8 included; the message
/// names the record.
#[no_mangle]
pub unsafe extern "C" fn c1z_export_arrow(
    store: *const StoreHandle,
    request: Slice,
    control: *const Control,
    out: *mut ArrowArrayStream,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        nothing(out, ArrowArrayStream::RELEASED);
        on_store(store, error, |shared| {
            let out = writable(out)?;
            let request = ExportRequest::read(request.bytes()?)?;
            // The handle is read once more for the stream to share what is behind it; `on_store` has checked it by then.
            out.write(stream(shared, &*store, &request, control)?);
            Ok(())
        })
    }
}

/// The schema that a stream of such a request has. No store is needed, and nothing is opened.
///
/// `request` holds a `c1z.v1.ExportRequest`, of which table, columns and dictionaries are looked at. On success `out`, the
/// caller's, is released by its `release`; else that is NULL. Fails with `C1Z_INVALID_ARGUMENT` when there is no such table
/// or column, with `C1Z_UNIMPLEMENTED` when the library was built without Arrow.
#[no_mangle]
pub unsafe extern "C" fn c1z_export_schema(
    request: Slice,
    out: *mut ArrowSchema,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        nothing(out, ArrowSchema::RELEASED);
        guard(error, || {
            let out = writable(out)?;
            out.write(schema(&ExportRequest::read(request.bytes()?)?)?);
            Ok(())
        })
    }
}

/// Has nothing at `out` until the call succeeds.
///
/// # Safety
/// `out` is null or writable.
unsafe fn nothing<T>(out: *mut T, released: T) {
    if !out.is_null() {
        unsafe { out.write(released) };
    }
}

fn writable<T>(out: *mut T) -> Result<*mut T> {
    match out.is_null() {
        true => Err(Error::invalid("out is null")),
        false => Ok(out),
    }
}

#[cfg(feature = "arrow")]
use super::arrow_stream::{schema, stream};

#[cfg(not(feature = "arrow"))]
const WITHOUT: Error = Error::Unimplemented("Arrow (the cargo feature \"arrow\")");

#[cfg(not(feature = "arrow"))]
unsafe fn stream(
    _shared: &super::store::Shared,
    _store: &StoreHandle,
    _request: &ExportRequest,
    _control: *const Control,
) -> Result<ArrowArrayStream> {
    Err(WITHOUT)
}

#[cfg(not(feature = "arrow"))]
fn schema(_request: &ExportRequest) -> Result<ArrowSchema> {
    Err(WITHOUT)
}
