//! Where the bytes of a file that is written go.

use std::io::{self, Write};
use std::path::Path;

use crate::{Error, Result};

/// Where the file's bytes go, counted.
pub struct Sink<'a, W> {
    pub out: W,
    pub written: u64,
    pub place: &'a Path,
}

impl<'a, W: Write> Sink<'a, W> {
    pub fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.write_all(bytes).map_err(self.error())
    }

    pub fn place(&self) -> &'a Path {
        self.place
    }

    /// Names the place of a failed write.
    pub fn error(&self) -> impl FnOnce(io::Error) -> Error + 'a {
        Error::io("write", self.place)
    }
}

impl<W: Write> Write for Sink<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
