//! Rows of any number under a budget: one buffer in memory, the rest in files. Files that have become many are merged, so
//! that neither their number nor the memory to read them grows with the rows.

use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use super::buffer::Buffer;
use super::change::Change;
use super::merge::{Cursor, Merge, Merged};
use super::spill::{Spill, SpillWriter};
use crate::threads::Workers;
use crate::{Error, Result};

const TOO_LONG: &str = "the records of one call take more than 4 GiB";

/// How many files become one.
const MERGED_AT: usize = 64;

/// Where runs are spilled, and who does it beside the caller.
#[derive(Clone)]
pub struct Staging {
    pub directory: PathBuf,
    pub workers: Workers,
}

/// Sorted runs of rows, each run older than the next.
#[derive(Default)]
pub struct SortedRuns {
    /// Each with the number of times that its rows were merged, which falls.
    files: Vec<(Spill, u32)>,
    /// The run that another thread sorts and writes. It gives the memory of the rows back, with the rows if it cannot.
    writing: Option<JoinHandle<Result<(Spill, Buffer), Buffer>>>,
    /// A run that could not be sorted or written, younger than the files.
    unwritten: Option<Buffer>,
    buffer: Buffer,
    rows: u64,
}

impl SortedRuns {
    /// Makes room for rows of about `size` bytes in all, where a buffer can have as much.
    pub fn reserve(&mut self, size: usize, staging: &Staging) -> Result<()> {
        match self.buffer.has_room(size) {
            true => Ok(()),
            false => self.spill(staging),
        }
    }

    /// Appends a row.
    pub fn push(&mut self, key: &[u8], change: Change, value: &[u8]) -> Result<()> {
        if !self.buffer.has_room(key.len() + value.len() + 1) {
            return Err(Error::invalid(TOO_LONG));
        }
        self.buffer.push(key, change, value)?;
        self.rows += 1;
        Ok(())
    }

    /// Takes back all rows behind the first `rows`. Nothing was spilled or sorted since there were as many.
    pub fn truncate(&mut self, rows: u64) {
        let excess = (self.rows - rows) as usize;
        self.buffer.truncate(self.buffer.len() - excess);
        self.rows = rows;
    }

    /// Number of rows, those of one key counted each.
    pub fn len(&self) -> u64 {
        self.rows
    }

    /// Bytes of memory that rows take that no thread is writing to a file yet.
    pub fn buffered(&self) -> usize {
        self.buffer.size() + self.unwritten.as_ref().map_or(0, Buffer::size)
    }

    /// Appends a row with a file of its own, which takes no memory for its value, given in parts. What was appended before
    /// it is spilled: it is older.
    pub fn push_to_file(&mut self, key: &[u8], change: Change, value: &[&[u8]], staging: &Staging) -> Result<()> {
        let length: usize = value.iter().map(|part| part.len()).sum();
        if u32::try_from(key.len() + length + 1).is_err() {
            return Err(Error::invalid(TOO_LONG));
        }
        if self.buffer.len() > 0 {
            self.spill(staging)?;
        }
        let spare = self.settle();
        self.write_unwritten(&staging.directory)?;
        self.merge_files(&staging.directory)?;
        let mut out = SpillWriter::new(&staging.directory)?;
        out.push(key, &[&[&[change as u8][..]], value].concat())?;
        self.files.push((out.finish()?, 0));
        if self.buffer.len() == 0 {
            self.buffer = spare;
        }
        self.rows += 1;
        Ok(())
    }

    /// Hands the buffer to a worker that sorts it and writes it to a file. Waits for the one before: at most two buffers
    /// are in memory. If that one could not be written, tries once more, and fails where that fails: its rows stay.
    pub fn spill(&mut self, staging: &Staging) -> Result<()> {
        let spare = self.settle();
        self.write_unwritten(&staging.directory)?;
        self.merge_files(&staging.directory)?;
        let (hand, handed) = sync_channel::<Buffer>(1);
        let folder = staging.directory.clone();
        let work = move || {
            // It is handed over, and there is room for it.
            let mut buffer = handed.recv().unwrap_or_default();
            match buffer.sort().and_then(|()| Spill::write(&buffer, &folder)) {
                Ok(file) => Ok((file, buffer.emptied())),
                Err(_) => Err(buffer),
            }
        };
        let spilled = staging.workers.claim().and_then(|worker| worker.spawn("c1z-spill", work));
        let buffer = std::mem::replace(&mut self.buffer, spare);
        match spilled {
            Some(thread) => {
                let _ = hand.send(buffer);
                self.writing = Some(thread);
                Ok(())
            }
            None => {
                self.unwritten = Some(buffer);
                self.write_unwritten(&staging.directory)
            }
        }
    }

    fn write_unwritten(&mut self, directory: &Path) -> Result<()> {
        if let Some(rows) = &mut self.unwritten {
            rows.sort()?;
            self.files.push((Spill::write(rows, directory)?, 0));
            self.unwritten = None;
        }
        Ok(())
    }

    /// Makes one file of the youngest ones that were merged equally often, if they are many. Where that fails, they stay.
    fn merge_files(&mut self, directory: &Path) -> Result<()> {
        while let Some(&(_, merged)) = self.files.last() {
            let equals = self.files.iter().rev().take_while(|(_, times)| *times == merged).count();
            if equals < MERGED_AT {
                break;
            }
            let first = self.files.len() - equals;
            let mut merge = Merge::new(file_cursors(&self.files[first..]).collect())?;
            let (mut out, mut row) = (SpillWriter::new(directory)?, Merged::new());
            while merge.next_of_scope(&mut row)? {
                out.push(&row.key, &[&[row.change as u8], &row.value])?;
            }
            let file = out.finish()?;
            self.files.truncate(first);
            self.files.push((file, merged + 1));
        }
        Ok(())
    }

    /// Waits for the thread that writes. Returns an empty buffer: new memory is dear, so that of its rows if it can.
    fn settle(&mut self) -> Buffer {
        let Some(writing) = self.writing.take() else { return Buffer::default() };
        match writing.join() {
            Ok(Ok((file, emptied))) => {
                self.files.push((file, 0));
                return emptied;
            }
            Ok(Err(rows)) => self.unwritten = Some(rows),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        Buffer::default()
    }

    /// Whether all rows are in memory, once no thread writes any more.
    pub fn is_in_memory(&self) -> bool {
        self.files.is_empty()
    }

    /// Makes everything readable in key order.
    pub fn sort(&mut self) -> Result<()> {
        self.settle();
        self.unwritten.iter_mut().chain([&mut self.buffer]).try_for_each(Buffer::sort)
    }

    /// The sorted runs, oldest first.
    pub fn cursors(&self) -> impl Iterator<Item = Cursor<'_>> {
        file_cursors(&self.files).chain(self.unwritten.iter().chain([&self.buffer]).map(Cursor::memory))
    }

    /// Several sets of runs as one sequence in key order; of one key, rows of earlier sets are older.
    pub fn merge<'r>(sets: impl IntoIterator<Item = &'r SortedRuns>) -> Result<Merge<'r>> {
        Merge::new(sets.into_iter().flat_map(SortedRuns::cursors).collect())
    }
}

fn file_cursors(files: &[(Spill, u32)]) -> impl Iterator<Item = Cursor<'_>> {
    files.iter().map(|(file, _)| Cursor::File(file.rows(files.len())))
}

impl Drop for SortedRuns {
    fn drop(&mut self) {
        // The thread does not outlive the rows; what became of them concerns nobody any more.
        if let Some(writing) = self.writing.take() {
            let _ = writing.join();
        }
    }
}
