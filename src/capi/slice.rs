//! Borrowed bytes.

use crate::{Error, Result};

/// Bytes that somebody else owns. With `len` 0, `data` may be a null pointer.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// The first byte.
    pub data: *const u8,
    /// Number of bytes.
    pub len: usize,
}

impl Slice {
    /// The bytes of `bytes`, as long as those live; of none, [`Slice::EMPTY`]: hosts may trip over a pointer that is not
    /// null and points nowhere.
    pub(super) fn of(bytes: &[u8]) -> Slice {
        match bytes {
            [] => Slice::EMPTY,
            _ => Slice { data: bytes.as_ptr(), len: bytes.len() },
        }
    }

    /// The slice of nothing.
    pub(super) const EMPTY: Slice = Slice { data: std::ptr::null(), len: 0 };

    /// The bytes.
    ///
    /// # Safety
    /// `data` is null or readable for `len` bytes as long as the result is used.
    pub(super) unsafe fn bytes<'a>(self) -> Result<&'a [u8]> {
        if self.len == 0 {
            return Ok(&[]);
        }
        if self.data.is_null() {
            return Err(Error::invalid(format!("request.data is null, but request.len is {}", self.len)));
        }
        if isize::try_from(self.len).is_err() {
            return Err(Error::invalid(format!("request.len is {}: more than any memory holds", self.len)));
        }
        Ok(unsafe { std::slice::from_raw_parts(self.data, self.len) })
    }
}
