//! A sorted run in a file that has no name: it is gone with the process, whatever happens.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::buffer::Buffer;
use crate::{Error, Result};

const READ_BYTES: usize = 128 << 10;
const LENGTHS: usize = 8;

/// Rows in key order: for each the length of key and value, four bytes each, and both.
pub struct Spill {
    file: File,
    length: u64,
    /// For messages: the folder in which the file has no name.
    directory: PathBuf,
}

impl Spill {
    /// Writes sorted rows to a file in `directory`.
    pub fn write(rows: &Buffer, directory: &Path) -> Result<Spill> {
        let failed = |error| Error::io("write a sorted run in", directory)(error);
        let file = tempfile::tempfile_in(directory).map_err(failed)?;
        let mut out = BufWriter::with_capacity(1 << 20, file);
        let mut length = 0;
        for at in 0..rows.len() {
            let (key, value) = (rows.key(at), rows.value(at));
            let lengths = ((key.len() as u64) << 32 | value.len() as u64).to_be_bytes();
            [&lengths[..], key, value].into_iter().try_for_each(|part| out.write_all(part)).map_err(failed)?;
            length += (LENGTHS + key.len() + value.len()) as u64;
        }
        let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
        Ok(Spill { file, length, directory: directory.to_path_buf() })
    }

    /// Reads from the first row on. Several may read at once.
    pub fn rows(&self) -> SpillRows<'_> {
        SpillRows { spill: self, read: 0, window: Vec::new(), at: 0, key: 0, value: 0 }
    }
}

/// Reads a [`Spill`] row by row through a window of it.
pub struct SpillRows<'s> {
    spill: &'s Spill,
    /// Bytes of the file that were read.
    read: u64,
    window: Vec<u8>,
    /// Where the current row's key starts in the window, and how long its key and value are.
    at: usize,
    key: usize,
    value: usize,
}

impl SpillRows<'_> {
    /// Goes to the next row, first to the first; `false` behind the last.
    pub fn advance(&mut self) -> Result<bool> {
        self.at += self.key + self.value;
        (self.key, self.value) = (0, 0);
        if self.at == self.window.len() && self.read == self.spill.length {
            return Ok(false);
        }
        self.fill(LENGTHS)?;
        let mut lengths = [0; LENGTHS];
        lengths.copy_from_slice(&self.window[self.at..self.at + LENGTHS]);
        let lengths = u64::from_be_bytes(lengths);
        let (key, value) = ((lengths >> 32) as usize, lengths as u32 as usize);
        self.at += LENGTHS;
        self.fill(key + value)?;
        (self.key, self.value) = (key, value);
        Ok(true)
    }

    pub fn key(&self) -> &[u8] {
        &self.window[self.at..self.at + self.key]
    }

    pub fn value(&self) -> &[u8] {
        &self.window[self.at + self.key..][..self.value]
    }

    /// Has at least `wanted` bytes from `at` on in the window.
    fn fill(&mut self, wanted: usize) -> Result<()> {
        let have = self.window.len() - self.at;
        if have >= wanted {
            return Ok(());
        }
        self.window.drain(..self.at);
        self.at = 0;
        let left = self.spill.length - self.read;
        let more = left.min(READ_BYTES.max(wanted - have) as u64) as usize;
        self.window.resize(have + more, 0);
        let read = self.spill.file.read_exact_at(&mut self.window[have..], self.read);
        read.map_err(|error| Error::io("read a sorted run in", &self.spill.directory)(error))?;
        self.read += more as u64;
        match self.window.len() >= wanted {
            true => Ok(()),
            false => Err(Error::Internal("a sorted run ends within a row".into())),
        }
    }
}
