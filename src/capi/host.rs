//! What a host brings: a file that it reads for the library.

use std::ffi::{c_char, c_void, CStr};
use std::mem::{offset_of, size_of};
use std::sync::Arc;
use std::{ptr, slice};

use super::code::{Code, C1Z_OK};
use crate::envelope::{ByteSource, SourceFailure};
use crate::error::Code as CoreCode;
use crate::{Error, Result};

/// Bytes of an identity that count.
const IDENTITY_BYTES: usize = 256;
/// Bytes that a reason may have, its end included.
const REASON_BYTES: usize = 1024;
/// More than a host of any version is large.
const MOST_HOST_BYTES: usize = 4096;

/// Says which bytes the last read gave: an ETag, a version, a time of change. Writes at most `capacity` bytes, which are 256,
/// and returns how many the identity has; those above 256 do not count.
pub type IdentityFn = Option<unsafe extern "C" fn(userdata: *mut c_void, identity: *mut u8, capacity: usize) -> usize>;

/// Fills `data` with the `len` bytes from `offset` on, says in `*read` how many came, and returns `C1Z_OK`. On failure it
/// returns another code, and may write a text for people to `reason`, of at most `reason_capacity` bytes with the NUL that
/// ends it.
pub type ReadAtFn = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        offset: u64,
        data: *mut u8,
        len: usize,
        read: *mut usize,
        reason: *mut c_char,
        reason_capacity: usize,
    ) -> Code,
>;

/// Called when nothing will be read any more.
pub type ReleaseFn = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

/// A file that the host reads, wherever it lies. See FILES THAT STAY WHERE THEY ARE.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct HostSource {
    /// Bytes of the file.
    pub size: u64,
    /// Asked when the file is opened and after every read, so it must cost nothing; may be null.
    pub identity: IdentityFn,
    /// Reads; must not be null.
    pub read_at: ReadAtFn,
    /// Called once, whatever becomes of the call that was given the source, unless it refuses `struct_size`; may be null.
    pub release: ReleaseFn,
    /// Given to the functions as it is.
    pub userdata: *mut c_void,
}

/// What a host brings. Fields may be appended in later versions of the library.
#[repr(C)]
pub struct Host {
    /// `sizeof(c1z_host)` as the host was built with. What a library does not know of must be zero. If no version has that
    /// size, nothing else of the host can be trusted: the call refuses it with `C1Z_INVALID_ARGUMENT`, reads no further and
    /// leaves the source to the caller.
    pub struct_size: usize,
    /// Read instead of the file at the request's path; null for that file. The library copies it.
    pub source: *const HostSource,
}

/// A host's source, until nobody reads it any more.
pub(super) struct Callbacks(HostSource);

// SAFETY: the library never looks at the userdata, and the header says that the functions are called by any thread.
unsafe impl Send for Callbacks {}
unsafe impl Sync for Callbacks {}

impl Drop for Callbacks {
    fn drop(&mut self) {
        if let Some(release) = self.0.release {
            // SAFETY: the host gave function and pointer for each other.
            unsafe { release(self.0.userdata) }
        }
    }
}

/// Takes over the source that a host brings, if it brings one: from now on it is released, whatever happens. Of a host whose
/// size is that of no version nothing is taken over, since what lies behind the size may be anything.
///
/// # Safety
/// `host` is null or points to as many bytes as its `struct_size` says; `source` in it is null or valid.
pub(super) unsafe fn source_of(host: *const Host) -> Result<Option<Arc<dyn ByteSource>>> {
    const KNOWN: usize = size_of::<Host>();
    if host.is_null() {
        return Ok(None);
    }
    let size = unsafe { ptr::addr_of!((*host).struct_size).read() };
    if size < offset_of!(Host, source) + size_of::<*const HostSource>() || size > MOST_HOST_BYTES {
        return Err(Error::invalid(format!("host.struct_size is {size}: it is that of no version of c1z_host")));
    }
    let source = unsafe { (*host).source.as_ref() }.map(|source| Callbacks(*source));
    let unknown = unsafe { slice::from_raw_parts(host.cast::<u8>().add(KNOWN), size - KNOWN) };
    if unknown.iter().any(|&byte| byte != 0) {
        return Err(Error::invalid("host: something behind what this version of the library knows is set"));
    }
    match &source {
        Some(source) if source.0.read_at.is_none() => Err(Error::invalid("host.source.read_at is null")),
        _ => Ok(source.map(|source| Arc::new(source) as Arc<dyn ByteSource>)),
    }
}

impl ByteSource for Callbacks {
    fn size(&self) -> u64 {
        self.0.size
    }

    fn identity(&self) -> Vec<u8> {
        let Some(identity) = self.0.identity else { return Vec::new() };
        let mut bytes = [0; IDENTITY_BYTES];
        // SAFETY: the host gave function and pointer for each other, and the bytes are writable.
        let len = unsafe { identity(self.0.userdata, bytes.as_mut_ptr(), bytes.len()) };
        bytes[..len.min(IDENTITY_BYTES)].to_vec()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, SourceFailure> {
        let none = |message: String| SourceFailure { code: CoreCode::Unknown, message };
        let read_at = self.0.read_at.ok_or_else(|| none("no function that reads".into()))?;
        let mut read = 0;
        let mut reason: [c_char; REASON_BYTES] = [0; REASON_BYTES];
        let (data, len) = (buffer.as_mut_ptr(), buffer.len());
        // SAFETY: the host gave function and pointer for each other; what it writes to is as long as it is told.
        let code = unsafe { read_at(self.0.userdata, offset, data, len, &mut read, reason.as_mut_ptr(), REASON_BYTES) };
        if code == C1Z_OK {
            return Ok(read);
        }
        // Whatever the host did, the last byte ends it.
        reason[REASON_BYTES - 1] = 0;
        // SAFETY: it ends with a NUL, and nobody else has it.
        let reason = unsafe { CStr::from_ptr(reason.as_ptr()) }.to_string_lossy().into_owned();
        let message = if reason.is_empty() { format!("the source failed with code {code}") } else { reason };
        Err(SourceFailure { code: CoreCode::of_number(code), message })
    }
}
