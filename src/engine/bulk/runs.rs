//! Rows of any number under a budget: one buffer in memory, the rest in files.

use std::path::Path;
use std::thread::JoinHandle;

use super::buffer::Buffer;
use super::change::Change;
use super::merge::{Cursor, Merge};
use super::spill::Spill;
use crate::{Error, Result};

/// Runs of rows, each run older than the next.
#[derive(Default)]
pub struct Runs {
    files: Vec<Spill>,
    /// The run that is being sorted and written by another thread.
    writing: Option<JoinHandle<(Buffer, Result<Spill>)>>,
    buffer: Buffer,
    rows: u64,
}

impl Runs {
    /// Makes room for rows of `size` bytes in all, so that appending them cannot fail.
    pub fn reserve(&mut self, size: usize, directory: &Path) -> Result<()> {
        if !self.buffer.has_room(size) {
            self.spill(directory)?;
        }
        match self.buffer.has_room(size) {
            true => Ok(()),
            false => Err(Error::invalid(format!("{size} bytes of records are too many for one call"))),
        }
    }

    /// Appends a row, for which there is room.
    pub fn push(&mut self, key: &[u8], change: Change, value: &[u8]) {
        self.buffer.push(key, change, value);
        self.rows += 1;
    }

    /// Number of rows, those of one key counted each.
    pub fn len(&self) -> u64 {
        self.rows
    }

    /// Bytes of memory that rows take that no thread is writing to a file yet.
    pub fn buffered(&self) -> usize {
        self.buffer.size()
    }

    /// Hands the buffer to a thread that sorts it and writes it to a file. Waits for the one before: at most two buffers
    /// are in memory.
    pub fn spill(&mut self, directory: &Path) -> Result<()> {
        self.settle()?;
        if self.buffer.len() == 0 {
            return Ok(());
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let directory = directory.to_path_buf();
        self.writing = Some(std::thread::spawn(move || {
            buffer.sort();
            let spill = Spill::write(&buffer, &directory);
            (buffer, spill)
        }));
        Ok(())
    }

    /// Waits for the thread that writes. If that failed, the rows are where they were before.
    fn settle(&mut self) -> Result<()> {
        let Some(writing) = self.writing.take() else { return Ok(()) };
        let (buffer, spill) = writing.join().map_err(|_| Error::Internal("sorting a run panicked".into()))?;
        match spill {
            Ok(spill) => self.files.push(spill),
            Err(error) => {
                // What arrived since is newer: it goes behind the rows that could not be written.
                let newer = std::mem::replace(&mut self.buffer, buffer);
                for at in 0..newer.len() {
                    let (change, value) = Change::split(newer.value(at));
                    self.buffer.push(newer.key(at), change, value);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Makes everything readable in key order.
    pub fn sort(&mut self) -> Result<()> {
        self.settle()?;
        self.buffer.sort();
        Ok(())
    }

    /// The sorted runs, oldest first.
    pub fn cursors(&self) -> impl Iterator<Item = Cursor<'_>> {
        let files = self.files.iter().map(|file| Cursor::File(file.rows()));
        files.chain(std::iter::once(Cursor::memory(&self.buffer)))
    }

    /// Several sets of runs as one sequence in key order; of one key, rows of earlier sets are older.
    pub fn merge<'r>(sets: impl IntoIterator<Item = &'r Runs>) -> Result<Merge<'r>> {
        Merge::new(sets.into_iter().flat_map(Runs::cursors).collect())
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        // The thread's file goes with it; its result concerns nobody any more.
        let _ = self.writing.take().map(JoinHandle::join);
    }
}
