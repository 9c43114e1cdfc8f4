//! Errors that the library gives away.

use std::ffi::{c_char, CString};

use super::code::{Code, C1Z_OK};

use crate::Error;

/// Why a call failed. The caller owns it.
pub struct ErrorObject {
    code: Code,
    reason: CString,
    message: CString,
}

impl ErrorObject {
    /// An error on the heap, owned by whoever holds the pointer.
    pub(super) fn give(error: &Error) -> *mut ErrorObject {
        Box::into_raw(Box::new(ErrorObject {
            code: error.code().number(),
            reason: text(error.reason().name()),
            message: text(&error.to_string()),
        }))
    }
}

/// C strings end at the first NUL: one that an id brought along is shown instead.
pub(super) fn text(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{2400}")).unwrap_or_default()
}

/// The status code of an error; `C1Z_OK` of a null pointer.
#[no_mangle]
pub unsafe extern "C" fn c1z_error_code(error: *const ErrorObject) -> Code {
    unsafe { error.as_ref() }.map_or(C1Z_OK, |error| error.code)
}

/// The reason of an error: one stable upper-case word, see the list at the top. It lives as long as the error; of a null
/// pointer it is the empty string.
#[no_mangle]
pub unsafe extern "C" fn c1z_error_reason(error: *const ErrorObject) -> *const c_char {
    unsafe { error.as_ref() }.map_or(c"".as_ptr(), |error| error.reason.as_ptr())
}

/// What went wrong, for people: UTF-8 that ends with NUL and names the file, field or key. It lives as long as the error;
/// of a null pointer it is the empty string.
#[no_mangle]
pub unsafe extern "C" fn c1z_error_message(error: *const ErrorObject) -> *const c_char {
    unsafe { error.as_ref() }.map_or(c"".as_ptr(), |error| error.message.as_ptr())
}

/// Frees an error.
#[no_mangle]
pub unsafe extern "C" fn c1z_error_free(error: *mut ErrorObject) {
    if !error.is_null() {
        drop(unsafe { Box::from_raw(error) });
    }
}
