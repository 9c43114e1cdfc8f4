//! A sorted run in a file that has no name: it is gone with the process, whatever happens.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::buffer::{common_prefix, Buffer};
use super::change::Change;
use crate::memory::reserve;
use crate::{files, Error, Result};

/// Bytes that a run is read by: many runs at once by fewer, so that together they take no more than so much.
const READ_BYTES: std::ops::RangeInclusive<usize> = 16 << 10..=128 << 10;
const READ_TOGETHER: usize = 2 << 20;
const WRITE_BYTES: usize = 128 << 10;

const WRITING: &str = "write a sorted run in";

/// Bytes of the lengths that a row starts with.
const LENGTHS: usize = 3 * 4;

/// Rows in key order. Each starts with three lengths: of what its key has in common with the key before, of the rest of
/// its key, and of its value; that rest and the value follow.
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
        for at in 0..rows.len() {
            rows.approach(at);
            writer.push(rows.key(at), &[rows.value(at)])?;
        }
        writer.finish()
    }

    fn read(&self, into: &mut [u8], at: u64) -> Result<()> {
        let read = self.file.read_exact_at(into, at);
        read.map_err(|error| Error::io("read a sorted run in", &self.directory)(error))
    }

    /// Reads from the first row on, as one of so many. Several may read at once.
    pub fn rows(&self, of: usize) -> SpillRows<'_> {
        let step = (READ_TOGETHER / of.max(1)).clamp(*READ_BYTES.start(), *READ_BYTES.end());
        SpillRows { spill: self, step, read: 0, window: Vec::new(), at: 0, key: Vec::new(), value: 0 }
    }
}

/// Writes a [`Spill`] row by row, in key order.
pub struct SpillWriter {
    out: BufWriter<File>,
    length: u64,
    /// The key of the last row.
    last: Vec<u8>,
    directory: PathBuf,
}

impl SpillWriter {
    pub fn new(directory: &Path) -> Result<SpillWriter> {
        let file = files::create_unnamed(directory).map_err(Error::io(WRITING, directory))?;
        let out = BufWriter::with_capacity(WRITE_BYTES, file);
        Ok(SpillWriter { out, length: 0, last: Vec::new(), directory: directory.to_path_buf() })
    }

    /// Appends a row, whose value is given in parts.
    pub fn push(&mut self, key: &[u8], value: &[&[u8]]) -> Result<()> {
        let shared = common_prefix(&self.last, key);
        let rest = &key[shared..];
        let value_length = value.iter().map(|part| part.len()).sum();
        let lengths = encode([shared, rest.len(), value_length]);
        let mut parts = [&lengths[..], rest].into_iter().chain(value.iter().copied());
        parts.try_for_each(|part| self.out.write_all(part)).map_err(Error::io(WRITING, &self.directory))?;
        self.length += (LENGTHS + rest.len() + value_length) as u64;
        self.last.truncate(shared);
        self.last.extend_from_slice(rest);
        Ok(())
    }

    pub fn finish(self) -> Result<Spill> {
        let SpillWriter { out, length, directory, .. } = self;
        let file = out.into_inner().map_err(|error| Error::io(WRITING, &directory)(error.into_error()))?;
        Ok(Spill { file, length, directory })
    }
}

/// Reads a [`Spill`] row by row through a window of it. A value is read when it is taken: of the many runs that are merged
/// at once, one has its value in memory.
pub struct SpillRows<'s> {
    spill: &'s Spill,
    /// Bytes that are read at once, unless a key is longer.
    step: usize,
    /// Bytes of the file up to the end of the window.
    read: u64,
    window: Vec<u8>,
    /// Where the current row's value starts in the window, and how long it is: 0 once it was taken.
    at: usize,
    value: usize,
    key: Vec<u8>,
}

impl SpillRows<'_> {
    /// Goes to the next row, first to the first; `false` behind the last.
    pub fn advance(&mut self) -> Result<bool> {
        self.pass_over_value();
        if self.at == self.window.len() && self.read == self.spill.length {
            return Ok(false);
        }
        self.fill(LENGTHS)?;
        let [shared, rest, value] = decode(&self.window[self.at..]);
        self.at += LENGTHS;
        self.fill(rest)?;
        self.key.truncate(shared);
        self.key.extend_from_slice(&self.window[self.at..self.at + rest]);
        self.at += rest;
        self.value = value;
        Ok(true)
    }

    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Replaces what is in `into` by the current row's value, which can be taken once. Returns its change.
    pub fn take_value(&mut self, into: &mut Vec<u8>) -> Result<Change> {
        into.clear();
        let length = std::mem::take(&mut self.value);
        // Of a long value the window has the beginning, and the rest goes where it is wanted.
        self.fill(length.min(self.step))?;
        let there = &self.window[self.at..][..length.min(self.window.len() - self.at)];
        let (change, beginning) = Change::split(there);
        let rest = length - there.len();
        reserve(into, beginning.len() + rest)?;
        into.extend_from_slice(beginning);
        self.at += there.len();
        if rest > 0 {
            into.resize(beginning.len() + rest, 0);
            let from = into.len() - rest;
            self.spill.read(&mut into[from..], self.read)?;
            self.read += rest as u64;
        }
        Ok(change)
    }

    fn pass_over_value(&mut self) {
        let value = std::mem::take(&mut self.value);
        let in_window = value.min(self.window.len() - self.at);
        self.at += in_window;
        self.read += (value - in_window) as u64;
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
        self.spill.read(&mut self.window[have..], self.read)?;
        self.read += more as u64;
        match self.window.len() >= wanted {
            true => Ok(()),
            false => Err(Error::Internal("a sorted run ends within a row".into())),
        }
    }
}

fn encode(lengths: [usize; 3]) -> [u8; LENGTHS] {
    let mut bytes = [0; LENGTHS];
    let words = bytes.as_chunks_mut().0.iter_mut();
    words.zip(lengths).for_each(|(word, length)| *word = (length as u32).to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> [usize; 3] {
    let words = bytes.as_chunks().0;
    std::array::from_fn(|at| u32::from_le_bytes(words[at]) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
        let part = prop_oneof!["[ab]{0,3}", "x{0,40}", "y{900}"];
        let key = proptest::collection::vec(part, 0..6).prop_map(|parts| parts.concat());
        let value = prop_oneof![3 => proptest::collection::vec(any::<u8>(), 0..9), 1 => Just(vec![7; 70_000])];
        proptest::collection::vec((key, value), 0..40)
    }

    proptest! {
        #[test]
        fn rows_come_back_as_they_were(rows in rows(), of in 1..200usize) {
            let mut buffer = Buffer::default();
            rows.iter().for_each(|(key, value)| buffer.push(key.as_bytes(), Change::Put, value).unwrap());
            buffer.sort().unwrap();
            let directory = tempfile::tempdir().unwrap();
            let spill = Spill::write(&buffer, directory.path()).unwrap();
            for _ in 0..2 {
                let (mut read, mut value) = (spill.rows(of), Vec::new());
                for at in 0..buffer.len() {
                    prop_assert!(read.advance().unwrap());
                    prop_assert_eq!(read.key(), buffer.key(at));
                    // One that nobody takes is passed over.
                    if at % 3 > 0 {
                        let change = read.take_value(&mut value).unwrap();
                        prop_assert_eq!((change, &value[..]), Change::split(buffer.value(at)));
                    }
                }
                prop_assert!(!read.advance().unwrap());
            }
        }
    }
}
