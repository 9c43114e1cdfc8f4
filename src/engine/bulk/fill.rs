//! An empty slot filled with records that come in the order of their keys.

use std::path::PathBuf;

use tempfile::TempDir;

use super::{Change, Pending, Sink, SortedRuns, Ssts, Target};
use crate::engine::counts::{ByType, Tally};
use crate::engine::{damaged, Kind, RecordKeys};
use crate::keys::Slot;
use crate::{files, Error, Result};

/// Writes records as they come, and their index entries behind them.
pub struct Fill<'t> {
    target: &'t Target<'t>,
    pending: &'t Pending,
    slot: Slot,
    folder: TempDir,
    records: Ssts<'t>,
    /// Index entries, whose order is another.
    entries: SortedRuns,
    keys: RecordKeys,
    tally: Option<(Kind, Tally)>,
    counts: [ByType; Kind::ALL.len()],
}

/// SSTs that are not part of the database yet, and what is in them.
pub struct Filled {
    pub files: Vec<PathBuf>,
    pub counts: [ByType; Kind::ALL.len()],
    /// The files are in it.
    pub folder: TempDir,
}

impl<'t> Fill<'t> {
    /// For `slot`. Index entries in memory stay below the budget of `pending`, and are spilled where its rows are.
    pub fn new(target: &'t Target<'t>, pending: &'t Pending, slot: Slot) -> Result<Fill<'t>> {
        let folder = files::create_unique_folder(pending.directory(), "fill-")
            .map_err(Error::io("stage in", pending.directory()))?;
        let records = Ssts::new(target.records, folder.path(), "records", true);
        let (entries, keys) = (SortedRuns::default(), RecordKeys::default());
        Ok(Fill { target, pending, slot, folder, records, entries, keys, tally: None, counts: Default::default() })
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

    /// Writes the index entries.
    pub fn finish(mut self) -> Result<Filled> {
        self.end_tally()?;
        let mut files = self.records.finish()?;
        self.entries.sort()?;
        let mut ssts = Ssts::new(self.target.entries, self.folder.path(), "entries", true);
        self.target.write_entries(SortedRuns::merge([&self.entries])?, &mut ssts)?;
        files.extend(ssts.finish()?);
        Ok(Filled { files, counts: self.counts, folder: self.folder })
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
