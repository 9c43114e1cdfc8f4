//! Opening, saving, closing.

use std::ffi::c_char;
use std::ptr;

use super::buffer::Buffer;
use super::call::{ask, ask_of_file, none_yet, on_store, open_handle, tell_long, Request};
use super::cancel::{controlled, Control};
use super::code::Code;
use super::error::ErrorObject;
use super::host::{source_of, Host};
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::api::{CloseRequest, GetMetadataRequest, OpenRequest, ReadHeaderRequest, SaveRequest};
use crate::store::{optional_path, read_header, required_path, OpenOptions, Store};

/// The version of the library, for people: "0.1.0". It lives forever.
#[no_mangle]
pub extern "C" fn c1z_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Opens a file. A missing or empty one is created by the first save, unless it is opened read-only. A relative path is
/// made absolute here: the process may change its folder while the store is open.
///
/// `request` holds a `c1z.v1.OpenRequest`. On success `*store` is a handle that is closed with `c1z_close` and then freed
/// with `c1z_store_free`. The sync that a reader would be shown is bound.
///
/// Fails with `C1Z_NOT_FOUND` when a file to be opened read-only is missing, `C1Z_FAILED_PRECONDITION` when the file is
/// not one of ours (reasons `NOT_C1Z`, `FORMAT_V1`, `ENGINE_MISMATCH`, `LAYOUT_MISMATCH`, `PAYLOAD_ENCODING`),
/// `C1Z_DATA_LOSS` when it is damaged, `C1Z_RESOURCE_EXHAUSTED` when it unpacks to more than the limits of the request,
/// `C1Z_INVALID_ARGUMENT` when it is there and is not a regular file.
///
/// Unless it is opened read-only, also fails when it can be told that no save would succeed: with
/// `C1Z_FAILED_PRECONDITION` when the folder is missing or the file cannot be replaced, for instance because something is
/// mounted on it, with `C1Z_PERMISSION_DENIED` when the folder takes no files.
///
/// Opening read-only checks the head, the index and all small parts of the file. A large table of its database is unpacked
/// when something in it is needed; the calls that need it fail with `CORRUPTION` when it is damaged, with `ENGINE` when
/// the disk is full. The file is held open until the store is closed: it may be replaced or removed meanwhile, but not
/// changed in place.
#[no_mangle]
pub unsafe extern "C" fn c1z_open(
    request: Slice,
    control: *const Control,
    store: *mut *mut StoreHandle,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { c1z_open_with(request, ptr::null(), control, store, error) }
}

/// Opens a file as `c1z_open` does, with what the host brings: a file that it reads itself, from object storage for one. See
/// FILES THAT STAY WHERE THEY ARE. Without a host, or with one that brings nothing, it is `c1z_open`.
///
/// `request` holds a `c1z.v1.OpenRequest` with `read_only`; a path in it is only what messages call the source. On success
/// `*store` is a handle like one from `c1z_open`. The source is released when the store is closed or freed, or else before
/// the call returns; a host whose `struct_size` is refused keeps it.
///
/// Also fails with `C1Z_INVALID_ARGUMENT` when the source would be written to, with `C1Z_FAILED_PRECONDITION` and
/// `PAYLOAD_ENCODING` when the file is one that cannot be read by ranges, and as the source fails (`SOURCE`,
/// `SOURCE_CHANGED`).
#[no_mangle]
pub unsafe extern "C" fn c1z_open_with(
    request: Slice,
    host: *const Host,
    control: *const Control,
    store: *mut *mut StoreHandle,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        // Before anything else can fail: it is released in any case.
        let source = source_of(host);
        open_handle("store", request, control, store, error, |request: &OpenRequest, control| {
            let options = OpenOptions::of(request)?;
            let opened = match source? {
                Some(source) => {
                    let name = optional_path("path", &request.path, &request.path_bytes)?;
                    Store::open_source(&name.unwrap_or_else(|| "source".into()), source, options, control)
                }
                None => Store::open(&required_path("path", &request.path, &request.path_bytes)?, options, control),
            };
            opened.map(StoreHandle::give)
        })
    }
}

/// What a file says of itself before its payload, read without opening a store. Files of format v1 and of other engines
/// have a header too. What it costs does not depend on the size of the file, and the payload is not checked.
///
/// `request` holds a `c1z.v1.ReadHeaderRequest`, the response a `c1z.v1.FileHeader`.
///
/// Fails with `C1Z_NOT_FOUND` when there is no such file, `C1Z_FAILED_PRECONDITION` and the reason `NOT_C1Z` when it is
/// another kind of file or empty, `C1Z_DATA_LOSS` when its header is damaged or cut off.
#[no_mangle]
pub unsafe extern "C" fn c1z_read_header(
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask_of_file(request, ptr::null(), response, error, |request: &ReadHeaderRequest, _| {
            read_header(&required_path("path", &request.path, &request.path_bytes)?)
        })
    }
}

/// Saves the file if anything has changed, in one step, and leaves the store open. Progress is in bytes. A new file has
/// mode 0644 less the umask; one that replaces another keeps its mode, owner and group, as far as the system permits.
///
/// `request` holds a `c1z.v1.SaveRequest`; the response is empty.
///
/// A save that fails leaves the previous file as it was and can be tried again. The reason is `ARTIFACT_UNUSABLE`, with
/// the code of the cause (`C1Z_CANCELLED` when the caller stopped it), or `CONFLICT` when the file there is not the one that
/// was opened or last saved, or is not as it was then. So the first of several stores that save one file wins, in one
/// process or several. With `overwrite` in the request, or in that of `c1z_open`, whatever is there is replaced. A file that
/// was removed is created again.
///
/// Fails with `C1Z_FAILED_PRECONDITION` while a sync is being imported.
///
/// An error with the reason `IO` comes after the file was replaced, which a crash of the machine may still undo.
#[no_mangle]
pub unsafe extern "C" fn c1z_save(
    store: *const StoreHandle,
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell_long(store, request, control, response, error, |store, request: SaveRequest, control| {
            store.save_as(&request, control).map(drop)
        })
    }
}

/// Saves as `c1z_save` does, unless the request says `discard`, and closes the store. A sync that is being imported is given
/// up. First it waits for the calls that are running on the store, reads among them, and its cancel flag does not end that
/// wait. Calls that come meanwhile wait for it in turn.
///
/// `request` holds a `c1z.v1.CloseRequest`; the response is empty.
///
/// Fails with `C1Z_FAILED_PRECONDITION` while cursors are open. When the save fails, the store stays open: close again once
/// the cause is gone, or with `overwrite` or `discard`. After an error with the reason `IO`, closing again succeeds.
#[no_mangle]
pub unsafe extern "C" fn c1z_close(
    store: *const StoreHandle,
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        none_yet(response);
        on_store(store, error, |shared| {
            let request = CloseRequest::read(request.bytes()?)?;
            controlled(control, |control| shared.close(&request, control))?;
            if !response.is_null() {
                *response = Buffer::give(Vec::new());
            }
            Ok(())
        })
    }
}

/// What is known of an open file without reading a record.
///
/// `request` holds a `c1z.v1.GetMetadataRequest`, the response a `c1z.v1.GetMetadataResponse`.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_metadata(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, _: GetMetadataRequest| store.metadata()) }
}
