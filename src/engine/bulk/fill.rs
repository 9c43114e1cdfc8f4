//! An empty slot, or a span of one, filled with records that come in the order of their keys.

use std::path::{Path, PathBuf};

use super::{Change, Pending, Sink, SortedRuns, Ssts, Target};
use crate::engine::counts::{ByType, Tally};
use crate::engine::{damaged, Kind, RecordKeys};
use crate::keys::Slot;
use crate::{Error, Result};

/// Writes records as they come, and collects their index entries.
pub struct Fill<'t> {
    pending: &'t Pending,
    slot: Slot,
    records: Ssts<'t>,
    /// Index entries, whose order is another.
    entries: SortedRuns,
    keys: RecordKeys,
    tally: Option<(Kind, Tally)>,
    counts: [ByType; Kind::ALL.len()],
}

/// What was written and is not part of the database yet.
#[derive(Default)]
pub struct Filled {
    /// SSTs of records.
    pub files: Vec<PathBuf>,
    /// The index entries of these records, sorted.
    pub entries: SortedRuns,
    pub counts: [ByType; Kind::ALL.len()],
}

impl<'t> Fill<'t> {
    /// For `slot`. The SSTs are written in `folder`, their names start with `name`. Index entries in memory stay below the
    /// budget of `pending`, and are spilled where its rows are.
    pub fn new(target: &Target<'t>, pending: &'t Pending, slot: Slot, folder: &Path, name: &str) -> Fill<'t> {
        let records = Ssts::new(target.records, folder, name, true);
        let (entries, keys) = (SortedRuns::default(), RecordKeys::default());
        Fill { pending, slot, records, entries, keys, tally: None, counts: Default::default() }
    }

    /// Writes the record with the identity that `tuple` stands for, whose kind does not come before that of the last.
    /// `named` says in an error where the record is from.
    pub fn put(&mut self, kind: Kind, tuple: &[u8], record: &[u8], named: &dyn Fn(Error) -> Error) -> Result<()> {
        let varies = self.keys.reset_at(kind, self.slot, tuple, record).map_err(named)?;
        self.count(kind)?;
        self.records.write(&self.keys.record, Change::Put, record)?;
        self.pending.bound(&mut self.entries)?;
        if let Some(entry) = &self.keys.fixed {
            self.entries.push(entry, Change::Put, &self.keys.covering_value)?;
        }
        if varies {
            let damaged = |error| named(damaged(kind.keyspace(), &self.keys.record, error));
            for entry in RecordKeys::varying_of(kind, self.slot, record).map_err(damaged)? {
                self.entries.push(&entry, Change::Put, b"")?;
            }
        }
        Ok(())
    }

    /// What was written and collected.
    pub fn finish(mut self) -> Result<Filled> {
        self.end_tally()?;
        self.entries.sort()?;
        Ok(Filled { files: self.records.finish()?, entries: self.entries, counts: self.counts })
    }

    fn count(&mut self, kind: Kind) -> Result<()> {
        if self.tally.as_ref().is_none_or(|(of, _)| *of != kind) {
            self.end_tally()?;
        }
        self.tally.get_or_insert_with(|| (kind, Tally::new(kind))).1.add(&self.keys.record)
    }

    fn end_tally(&mut self) -> Result<()> {
        if let Some((kind, tally)) = self.tally.take() {
            self.counts[kind as usize] = tally.finish()?;
        }
        Ok(())
    }
}
