//! What every format writes to, and what it is to others.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use arrow_array::RecordBatch;
use c1z::Error;

use crate::failure::Failure;

/// A file that rows are written to.
pub trait Writer {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure>;

    /// About how many bytes it has.
    fn bytes(&self) -> u64;

    /// Writes what is left; the file is on the disk then.
    fn finish(self: Box<Self>) -> Result<(), Failure>;
}

/// A file that knows how much was written to it.
pub struct Counted {
    file: BufWriter<File>,
    pub bytes: u64,
}

impl Counted {
    pub fn new(file: File) -> Counted {
        Counted { file: BufWriter::with_capacity(1 << 20, file), bytes: 0 }
    }

    /// Writes what is buffered, and waits until the file is on the disk.
    pub fn sync(mut self, path: &Path) -> Result<(), Failure> {
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        Ok(synced.map_err(Error::io("write", path))?)
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
