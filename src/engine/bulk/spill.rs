//! A sorted run in a file that has no name: it is gone with the process, whatever happens.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::buffer::Buffer;
use crate::{Error, Result};

/// Bytes that a run is read by: many runs at once by fewer, so that together they take no more than so much.
const READ_BYTES: std::ops::RangeInclusive<usize> = 16 << 10..=128 << 10;
const READ_TOGETHER: usize = 2 << 20;
const WRITE_BYTES: usize = 1 << 20;
const LENGTHS: usize = 8;

const WRITING: &str = "write a sorted run in";

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
        let mut writer = SpillWriter::new(directory)?;
        (0..rows.len()).try_for_each(|at| writer.push(rows.key(at), &[rows.value(at)]))?;
        writer.finish()
    }

    /// Reads from the first row on, as one of so many. Several may read at once.
    pub fn rows(&self, of: usize) -> SpillRows<'_> {
        let step = (READ_TOGETHER / of.max(1)).clamp(*READ_BYTES.start(), *READ_BYTES.end());
        SpillRows { spill: self, step, read: 0, window: Vec::new(), at: 0, key: 0, value: 0 }
    }
}

/// Writes a [`Spill`] row by row, in key order.
pub struct SpillWriter {
    out: BufWriter<File>,
    length: u64,
    directory: PathBuf,
}

impl SpillWriter {
    pub fn new(directory: &Path) -> Result<SpillWriter> {
        let file = tempfile::tempfile_in(directory).map_err(Error::io(WRITING, directory))?;
        let out = BufWriter::with_capacity(WRITE_BYTES, file);
        Ok(SpillWriter { out, length: 0, directory: directory.to_path_buf() })
    }

    /// Appends a row, whose value is given in parts.
    pub fn push(&mut self, key: &[u8], value: &[&[u8]]) -> Result<()> {
        let value_length: usize = value.iter().map(|part| part.len()).sum();
        let lengths = ((key.len() as u64) << 32 | value_length as u64).to_be_bytes();
        let mut parts = [&lengths[..], key].into_iter().chain(value.iter().copied());
        parts.try_for_each(|part| self.out.write_all(part)).map_err(Error::io(WRITING, &self.directory))?;
        self.length += (LENGTHS + key.len() + value_length) as u64;
        Ok(())
    }

    pub fn finish(self) -> Result<Spill> {
        let SpillWriter { out, length, directory } = self;
        let file = out.into_inner().map_err(|error| Error::io(WRITING, &directory)(error.into_error()))?;
        Ok(Spill { file, length, directory })
    }
}

/// Reads a [`Spill`] row by row through a window of it.
pub struct SpillRows<'s> {
    spill: &'s Spill,
    /// Bytes that are read at once, unless a row is longer.
    step: usize,
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
        let more = left.min(self.step.max(wanted - have) as u64) as usize;
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
