//! What unpacking a file may cost.

use std::path::Path;

use crate::processors::processors;
use crate::{quoted, Error, Result};

/// SDK: the least that a payload may unpack to by default.
const DEFAULT_DECODED_BYTES: u64 = 10 << 30;
/// SDK: by default a payload may unpack to that many times the size of its file.
const DEFAULT_RATIO: u64 = 100;
/// SDK: what a zstd window may take by default.
const DEFAULT_DECODER_MEMORY: u64 = 128 << 20;
/// By default a source takes that many bytes of the disk.
const DEFAULT_LOCAL_BYTES: u64 = 1 << 30;
/// SDK: by default no more threads than that decode.
const DEFAULT_THREADS: usize = 8;
const MAX_THREADS: usize = 64;
/// zstd's own bounds of a window's logarithm.
const WINDOW_LOG: (u32, u32) = (10, 31);

/// What unpacking may cost. `None` and 0 stand for the defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that the payload may unpack to, tar headers included; the larger of 10 GiB and 100 times the file's size
    /// by default.
    pub max_decoded_bytes: Option<u64>,
    /// Bytes that the window of one zstd stream may take, rounded down to a power of two; 128 MiB by default.
    pub max_decoder_memory_bytes: Option<u64>,
    /// Bytes that what is unpacked of a source takes on the disk; 1 GiB by default.
    pub max_local_bytes: Option<u64>,
    /// Threads that decode, each with a window of its own; 0 means one for each processor, but not more than 8.
    pub threads: usize,
}

impl Limits {
    /// Those of a request, where 0 stands for the default.
    pub fn of_request(max_decoded_bytes: u64, max_decoder_memory_bytes: u64) -> Limits {
        let limit = |value: u64| Some(value).filter(|&value| value > 0);
        Limits {
            max_decoded_bytes: limit(max_decoded_bytes),
            max_decoder_memory_bytes: limit(max_decoder_memory_bytes),
            ..Limits::default()
        }
    }

    /// What may come out of a file of `file_len` bytes.
    pub(in crate::envelope) fn decoded_bytes(&self, file_len: u64) -> u64 {
        self.max_decoded_bytes.unwrap_or_else(|| DEFAULT_DECODED_BYTES.max(file_len.saturating_mul(DEFAULT_RATIO)))
    }

    /// Checks what the payload of the file at `path` says it unpacks to.
    pub(in crate::envelope) fn check_declared(
        &self,
        path: &Path,
        file_len: u64,
        sizes: impl Iterator<Item = u64>,
    ) -> Result<()> {
        let limit = self.decoded_bytes(file_len);
        // No sum of 64-bit sizes overflows 128 bits.
        let total: u128 = sizes.map(u128::from).sum();
        match total <= u128::from(limit) {
            true => Ok(()),
            false => Err(too_large(path, &total.to_string(), limit)),
        }
    }

    /// What may lie on the disk of a source.
    pub(in crate::envelope) fn local_bytes(&self) -> u64 {
        self.max_local_bytes.unwrap_or(DEFAULT_LOCAL_BYTES)
    }

    /// The number of threads that decode the frames of an indexed payload.
    pub(in crate::envelope) fn workers(&self) -> usize {
        match self.threads {
            0 => processors().min(DEFAULT_THREADS),
            threads => threads.min(MAX_THREADS),
        }
    }

    /// The largest window that a zstd decoder may allocate, as zstd wants it: a logarithm.
    pub(in crate::envelope) fn window_log(&self) -> u32 {
        let bytes = self.max_decoder_memory_bytes.unwrap_or(DEFAULT_DECODER_MEMORY).max(1);
        bytes.ilog2().clamp(WINDOW_LOG.0, WINDOW_LOG.1)
    }
}

/// What is left of the bytes that a payload may unpack to which does not say beforehand how much it is.
#[derive(Debug)]
pub struct Budget {
    left: u64,
    limit: u64,
}

impl Budget {
    pub fn new(limit: u64) -> Budget {
        Budget { left: limit, limit }
    }

    /// Takes `bytes`, or fails for the file at `path`.
    pub fn take(&mut self, path: &Path, bytes: u64) -> Result<()> {
        let too_large = || {
            let taken = self.limit - self.left;
            too_large(path, &format!("at least {}", taken.saturating_add(bytes)), self.limit)
        };
        self.left = self.left.checked_sub(bytes).ok_or_else(too_large)?;
        Ok(())
    }
}

fn too_large(path: &Path, size: &str, limit: u64) -> Error {
    Error::LimitExceeded {
        place: quoted::path(path),
        what: format!("the size of the unpacked payload, {size} bytes,"),
        limit,
        setting: Some("max_decoded_bytes"),
    }
}
