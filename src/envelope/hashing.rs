//! Hashing what passes by.

use std::io::{self, Read, Write};

use xxhash_rust::xxh64::Xxh64;

/// A reader or writer that takes the XXH64 of all that passes through it.
pub(super) struct Hashing<T> {
    pub(super) inner: T,
    xxh64: Xxh64,
}

impl<T> Hashing<T> {
    pub(super) fn new(inner: T) -> Hashing<T> {
        Hashing { inner, xxh64: Xxh64::new(0) }
    }

    /// The hash of what has passed so far.
    pub(super) fn xxh64(&self) -> u64 {
        self.xxh64.digest()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.xxh64.update(&buffer[..read]);
        Ok(read)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.xxh64.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
