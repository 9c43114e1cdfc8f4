//! Bytes that the library gives away.

use super::slice::Slice;

/// A response: protobuf bytes that the caller owns.
pub struct Buffer(Vec<u8>);

impl Buffer {
    /// A buffer on the heap, owned by whoever holds the pointer.
    pub(super) fn give(bytes: Vec<u8>) -> *mut Buffer {
        Box::into_raw(Box::new(Buffer(bytes)))
    }
}

/// The bytes of a buffer, which live until it is freed; none of a null pointer. Without bytes, `data` is null.
#[no_mangle]
pub unsafe extern "C" fn c1z_buffer_data(buffer: *const Buffer) -> Slice {
    unsafe { buffer.as_ref() }.map_or(Slice::EMPTY, |buffer| Slice::of(&buffer.0))
}

/// Frees a buffer.
#[no_mangle]
pub unsafe extern "C" fn c1z_buffer_free(buffer: *mut Buffer) {
    if !buffer.is_null() {
        drop(unsafe { Box::from_raw(buffer) });
    }
}
