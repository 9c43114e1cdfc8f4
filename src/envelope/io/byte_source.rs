//! Files that somebody else reads for the library.

use crate::error::Code;

/// A file that is read by ranges, wherever it lies: in object storage, behind a web server, in memory.
///
/// It is asked from any thread, also by several at a time. Nobody asks again for what could not be read, unless the call
/// that needs it is made again: whether trying again pays is for the source to know.
pub trait ByteSource: Send + Sync {
    /// Bytes of the file. Asked once.
    fn size(&self) -> u64;

    /// Which bytes the last read gave: an ETag, a version, a time of change. Asked when the source is opened and behind every
    /// read, whose bytes count only if it is the same; so it must cost nothing. Empty for a source that watches by itself.
    fn identity(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Fills `buffer` with the bytes from `offset` on, which all lie below the size. Gives how many came, fewer are a failure.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, SourceFailure>;
}

/// Why a source gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFailure {
    /// What the call fails with that needs the bytes. [`Code::Aborted`] says that the file is another by now.
    pub code: Code,
    /// For people.
    pub message: String,
}
