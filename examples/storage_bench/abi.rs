//! The C ABI behind a safe face: a program in Rust calls it as one in C does.

use std::ffi::CStr;
use std::ptr;

use c1z::capi::api::{CallFn, LongCallFn};
use c1z::capi::buffer::c1z_buffer_free;
use c1z::capi::code::{Code, C1Z_OK};
use c1z::capi::error::{c1z_error_free, c1z_error_message, ErrorObject};
use c1z::capi::file::c1z_open;
use c1z::capi::slice::Slice;
use c1z::capi::store::{c1z_store_free, StoreHandle};

use crate::Outcome;

/// A `c1z_store`, freed when dropped.
pub struct Handle(*mut StoreHandle);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle came from `c1z_open`, and calls borrow it, so none is running.
        unsafe { c1z_store_free(self.0) }
    }
}

impl Handle {
    /// `c1z_open` with an encoded `OpenRequest`.
    pub fn open(request: &[u8]) -> Outcome<Handle> {
        let mut store = ptr::null_mut();
        // SAFETY: all pointers are valid for the call.
        checked(|error| unsafe { c1z_open(slice(request), ptr::null(), &mut store, error) })?;
        Ok(Handle(store))
    }

    /// A call whose answer nobody reads.
    pub fn call(&self, function: CallFn, request: &[u8]) -> Outcome<()> {
        let mut response = ptr::null_mut();
        // SAFETY: the handle is open, all pointers are valid for the call, the response is freed once.
        unsafe {
            checked(|error| function(self.0, slice(request), &mut response, error))?;
            c1z_buffer_free(response);
        }
        Ok(())
    }

    /// A long call that nobody watches, with an empty request.
    pub fn call_long(&self, function: LongCallFn) -> Outcome<()> {
        // SAFETY: the handle is open; a response that nobody asks for may be null.
        checked(|error| unsafe { function(self.0, slice(b""), ptr::null(), ptr::null_mut(), error) })
    }
}

fn slice(bytes: &[u8]) -> Slice {
    Slice { data: bytes.as_ptr(), len: bytes.len() }
}

fn checked(call: impl FnOnce(*mut *mut ErrorObject) -> Code) -> Outcome<()> {
    let mut error = ptr::null_mut();
    if call(&mut error) == C1Z_OK {
        return Ok(());
    }
    // SAFETY: a call that failed gave out an error, which is freed once; its message ends with NUL.
    unsafe {
        let message = CStr::from_ptr(c1z_error_message(error)).to_string_lossy().into_owned();
        c1z_error_free(error);
        Err(message.into())
    }
}
