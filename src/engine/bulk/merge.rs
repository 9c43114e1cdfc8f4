//! Sorted runs merged into one sequence, the changes of one key folded into one.

use std::cmp::Ordering;

use super::buffer::Buffer;
use super::change::Change;
use super::spill::SpillRows;
use crate::engine::refresh_grant;
use crate::engine::{damaged, Kind};
use crate::memory::reserve;
use crate::proto::wire::Malformed;
use crate::{Error, Result};

/// Where one run is read.
pub enum Cursor<'r> {
    /// Sorted rows in memory; the place of the row behind the current one.
    Memory(&'r Buffer, usize),
    /// Rows in a file.
    File(SpillRows<'r>),
}

impl<'r> Cursor<'r> {
    pub fn memory(rows: &'r Buffer) -> Cursor<'r> {
        Cursor::Memory(rows, 0)
    }

    fn advance(&mut self) -> Result<bool> {
        match self {
            Cursor::Memory(rows, next) => {
                rows.approach(*next);
                *next += 1;
                Ok(*next <= rows.len())
            }
            Cursor::File(rows) => rows.advance(),
        }
    }

    fn key(&self) -> &[u8] {
        match self {
            Cursor::Memory(rows, next) => rows.key(next - 1),
            Cursor::File(rows) => rows.key(),
        }
    }

    /// Replaces what is in `into` by the current row's value, which can be taken once. Returns its change.
    fn take_value(&mut self, into: &mut Vec<u8>) -> Result<Change> {
        match self {
            Cursor::Memory(rows, next) => {
                let (change, value) = Change::split(rows.value(*next - 1));
                into.clear();
                reserve(into, value.len())?;
                into.extend_from_slice(value);
                Ok(change)
            }
            Cursor::File(rows) => rows.take_value(into),
        }
    }
}

/// One key and what happens to it.
pub struct Merged {
    pub key: Vec<u8>,
    pub change: Change,
    pub value: Vec<u8>,
    /// The value of a later change of the same key.
    later: Vec<u8>,
    spare: Vec<u8>,
}

impl Merged {
    pub fn new() -> Merged {
        Merged { key: Vec::new(), change: Change::Put, value: Vec::new(), later: Vec::new(), spare: Vec::new() }
    }

    fn set(&mut self, row: &mut Cursor<'_>) -> Result<()> {
        self.key.clear();
        self.key.extend_from_slice(row.key());
        self.change = row.take_value(&mut self.value)?;
        Ok(())
    }

    /// Applies a later change of the same key.
    fn follow(&mut self, row: &mut Cursor<'_>) -> Result<()> {
        let change = row.take_value(&mut self.later)?;
        match (self.change, change) {
            // What a refresh keeps of the row before, it also keeps of one that is itself a refresh.
            (Change::Put | Change::PutIndexed | Change::Refresh, Change::Refresh) => {
                if self.change == Change::Put {
                    self.change = Change::PutIndexed;
                }
                refresh_grant(&self.value, &self.later, &mut self.spare).map_err(|error| self.damaged(error))?;
                self.take_spare();
            }
            _ => {
                self.change = change;
                std::mem::swap(&mut self.value, &mut self.later);
            }
        }
        Ok(())
    }

    /// Applies a refresh to what is stored.
    pub fn refresh_stored(&mut self, stored: &[u8]) -> Result<()> {
        refresh_grant(stored, &self.value, &mut self.spare).map_err(|error| self.damaged(error))?;
        self.take_spare();
        Ok(())
    }

    fn take_spare(&mut self) {
        std::mem::swap(&mut self.value, &mut self.spare);
        self.spare.clear();
    }

    fn damaged(&self, error: Malformed) -> Error {
        damaged(Kind::Grant.keyspace(), &self.key, error)
    }
}

/// A heap of cursors: the one with the least key is first, of equal keys the oldest.
pub struct Merge<'r> {
    /// Cursors that stand on a row, each with its age: 0 is the oldest.
    heap: Vec<(Cursor<'r>, usize)>,
}

impl<'r> Merge<'r> {
    /// Merges runs that are given oldest first.
    pub fn new(runs: Vec<Cursor<'r>>) -> Result<Merge<'r>> {
        let mut heap = Vec::with_capacity(runs.len());
        for (age, mut run) in runs.into_iter().enumerate() {
            if run.advance()? {
                heap.push((run, age));
            }
        }
        let mut merge = Merge { heap };
        for at in (0..merge.heap.len() / 2).rev() {
            merge.sift_down(at);
        }
        Ok(merge)
    }

    /// Writes the next key, with all its changes folded into one, into `row`; `false` behind the last.
    pub fn next(&mut self, row: &mut Merged) -> Result<bool> {
        let Some((first, _)) = self.heap.first_mut() else { return Ok(false) };
        row.set(first)?;
        self.advance_first()?;
        while let Some((next, _)) = self.heap.first_mut() {
            if next.key() != row.key {
                break;
            }
            row.follow(next)?;
            self.advance_first()?;
        }
        Ok(true)
    }

    fn advance_first(&mut self) -> Result<()> {
        let Some((first, _)) = self.heap.first_mut() else { return Ok(()) };
        if !first.advance()? {
            self.heap.swap_remove(0);
        }
        self.sift_down(0);
        Ok(())
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        let ((left, left_age), (right, right_age)) = (&self.heap[a], &self.heap[b]);
        left.key().cmp(right.key()).then(left_age.cmp(right_age))
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let children = 2 * at + 1..(2 * at + 3).min(self.heap.len());
            let Some(least) = children.min_by(|&a, &b| self.compare(a, b)) else { return };
            if self.compare(at, least).is_le() {
                return;
            }
            self.heap.swap(at, least);
            at = least;
        }
    }
}
