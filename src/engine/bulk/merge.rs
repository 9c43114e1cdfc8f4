//! Sorted runs merged into one sequence, the changes of one key folded into one.

use std::cmp::Ordering;

use super::buffer::Buffer;
use super::change::Change;
use super::spill::SpillRows;
use crate::engine::{combine_grants, damaged, refresh_grant, Kind, Scope};
use crate::keys::Keyspace;
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
    /// The scopes that lost the record to a later change of it.
    pub lost: Vec<String>,
    /// The scope of its first change, or "", where that is another than that of the last.
    first_scope: Option<String>,
    /// The value of a later change of the same key.
    later: Vec<u8>,
    /// That change, if it is still to come.
    held: Option<Change>,
    spare: Vec<u8>,
}

impl Merged {
    pub fn new() -> Merged {
        Merged {
            key: Vec::new(),
            change: Change::Put,
            value: Vec::new(),
            lost: Vec::new(),
            first_scope: None,
            later: Vec::new(),
            held: None,
            spare: Vec::new(),
        }
    }

    /// Whether the first of the changes takes the record from `scope`, of which it was before them.
    pub fn takes_from(&self, kind: Kind, scope: &str) -> Result<bool> {
        if self.change == Change::Refresh {
            return Ok(false);
        }
        match &self.first_scope {
            Some(first) => Ok(first != scope),
            None => Ok(self.scope(kind, &self.value)? != scope),
        }
    }

    fn scope<'v>(&self, kind: Kind, value: &'v [u8]) -> Result<&'v str> {
        let scope = Scope::of_record(kind, value).map_err(|error| damaged(kind.keyspace(), &self.key, error))?;
        Ok(scope.map_or("", |scope| scope.key))
    }

    fn set(&mut self, row: &mut Cursor<'_>) -> Result<()> {
        self.key.clear();
        self.key.extend_from_slice(row.key());
        self.change = row.take_value(&mut self.value)?;
        Ok(())
    }

    /// Goes to the change that is still to come.
    fn take_held(&mut self) -> bool {
        let Some(change) = self.held.take() else { return false };
        self.change = change;
        std::mem::swap(&mut self.value, &mut self.later);
        true
    }

    /// Applies a later change of the same key. One that takes the record from its scope is still to come if they are to
    /// stay `apart`: `false`.
    fn follow(&mut self, row: &mut Cursor<'_>, apart: bool) -> Result<bool> {
        let change = row.take_value(&mut self.later)?;
        match (self.change, change) {
            // What a refresh keeps of the row before, it also keeps of one that is itself a refresh.
            (Change::Put | Change::PutIndexed | Change::PutRefreshed | Change::Refresh, Change::Refresh) => {
                if self.change != Change::Refresh {
                    self.change = Change::PutRefreshed;
                }
                refresh_grant(&self.value, &self.later, &mut self.spare).map_err(|error| self.damaged(error))?;
                self.take_spare();
            }
            (Change::Put | Change::PutIndexed | Change::Combine, Change::Combine) => {
                self.change = Change::Combine;
                combine_grants(&self.value, &self.later, &mut self.spare)
                    .map_err(|error| damaged(Kind::Grant.keyspace(), &self.key, error))?;
                self.take_spare();
            }
            _ => {
                if self.changes_scope(change)? {
                    if apart {
                        self.held = Some(change);
                        return Ok(false);
                    }
                    self.note_scope()?;
                }
                self.change = change;
                std::mem::swap(&mut self.value, &mut self.later);
            }
        }
        Ok(true)
    }

    /// Whether the later change is of another scope. What is of a scope has index entries.
    fn changes_scope(&self, change: Change) -> Result<bool> {
        let may_be_of_scope = |change| matches!(change, Change::PutIndexed | Change::PutRefreshed);
        if self.change == Change::Refresh || !may_be_of_scope(self.change) && !may_be_of_scope(change) {
            return Ok(false);
        }
        let Some(kind) = self.kind() else { return Ok(false) };
        Ok(self.scope(kind, &self.value)? != self.scope(kind, &self.later)?)
    }

    fn note_scope(&mut self) -> Result<()> {
        let Some(kind) = self.kind() else { return Ok(()) };
        let before = self.scope(kind, &self.value)?.to_owned();
        if !before.is_empty() {
            self.lost.push(before.clone());
        }
        self.first_scope.get_or_insert(before);
        Ok(())
    }

    fn kind(&self) -> Option<Kind> {
        Keyspace::of(&self.key).and_then(Kind::of)
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
        self.fold(row, false)
    }

    /// As [`Merge::next`], but a change that takes a record from its scope comes by itself: who merges these rows with
    /// others has to know of it.
    pub fn next_of_scope(&mut self, row: &mut Merged) -> Result<bool> {
        self.fold(row, true)
    }

    fn fold(&mut self, row: &mut Merged, apart: bool) -> Result<bool> {
        if !row.take_held() {
            let Some((first, _)) = self.heap.first_mut() else { return Ok(false) };
            row.set(first)?;
            self.advance_first()?;
        }
        row.lost.clear();
        row.first_scope = None;
        while let Some((next, _)) = self.heap.first_mut() {
            if next.key() != row.key {
                break;
            }
            let folded = row.follow(next, apart)?;
            self.advance_first()?;
            if !folded {
                break;
            }
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

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::engine::RecordKeys;
    use crate::keys::Slot;
    use crate::proto::storage::ResourceRecord;

    /// A run of changes of one resource, each of which puts it under a scope.
    fn run(scopes: &[&str]) -> Buffer {
        let mut rows = Buffer::default();
        for scope in scopes {
            let record = ResourceRecord {
                resource_type_id: "user".into(),
                resource_id: "u".into(),
                source_scope_key: (*scope).into(),
                ..ResourceRecord::default()
            };
            let record = record.encode_to_vec();
            let keys = RecordKeys::of(Kind::Resource, Slot(1), &record).unwrap();
            let change = if keys.varying.is_empty() { Change::Put } else { Change::PutIndexed };
            rows.push(&keys.record, change, &record).unwrap();
        }
        rows
    }

    /// The scopes that lose the resource when runs are merged, and those of `stored` that it was taken from.
    fn lost<'s>(runs: &[Buffer], stored: &[&'s str]) -> (Vec<String>, Vec<&'s str>) {
        let mut merge = Merge::new(runs.iter().map(Cursor::memory).collect()).unwrap();
        let mut row = Merged::new();
        assert!(merge.next(&mut row).unwrap());
        let taken = stored.iter().filter(|scope| row.takes_from(Kind::Resource, scope).unwrap()).copied().collect();
        let lost = std::mem::take(&mut row.lost);
        assert!(!merge.next(&mut row).unwrap());
        (lost, taken)
    }

    #[test]
    fn a_scope_that_loses_a_pending_row_is_known_also_where_runs_were_merged_before() {
        let stored = ["a", "b", "c"];
        for scopes in
            [&["a", "b", "a", "a"][..], &["a", "a"], &["", "a", "", "b"], &["b", "", ""], &["c", "b", "b", "a", "c"]]
        {
            let expected = lost(&[run(scopes)], &stored);
            assert_eq!(expected.1, stored.iter().filter(|scope| **scope != scopes[0]).copied().collect::<Vec<_>>());
            for first in 0..scopes.len() {
                let runs = [run(&scopes[..first]), run(&scopes[first..])];
                assert_eq!(lost(&runs, &stored), expected, "{scopes:?} in two runs");
                let mut merge = Merge::new(runs.iter().map(Cursor::memory).collect()).unwrap();
                let (mut row, mut merged) = (Merged::new(), Buffer::default());
                while merge.next_of_scope(&mut row).unwrap() {
                    merged.push(&row.key, row.change, &row.value).unwrap();
                }
                assert!(merged.len() <= scopes.len());
                assert_eq!(lost(&[merged, Buffer::default()], &stored), expected, "{scopes:?} merged twice");
            }
        }
        let same = run(&["a", "a", "a"]);
        let mut merge = Merge::new(vec![Cursor::memory(&same)]).unwrap();
        let mut row = Merged::new();
        assert!(merge.next_of_scope(&mut row).unwrap());
        assert!(!merge.next_of_scope(&mut row).unwrap(), "changes of one scope are folded");
    }
}
