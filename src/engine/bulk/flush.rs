//! Pending rows become part of the database.

use std::path::{Path, PathBuf};

use rocksdb::{Options, WriteBatch, WriteOptions};

use super::change::Change;
use super::merge::{Merge, Merged};
use super::pending::{Pending, PARALLEL_ROWS};
use super::sink::{ingest, Sink, Ssts};
use super::sorted_runs::SortedRuns;
use crate::control::Control;
use crate::engine::counts::{ByType, Tally};
use crate::engine::databases::Databases;
use crate::engine::slots::is_due;
use crate::engine::step::Step;
use crate::engine::{damaged, Kind, RecordKeys, Records};
use crate::keys::{self, Slot};
use crate::{files, Error, Result};

/// How many rows, or bytes of rows, are worth SSTs of their own: fewer go through the memtable, because an ingest costs as
/// much as several thousand rows of a batch. More would be in memory three times: as rows, in the batch, in the memtable.
const INGEST_ROWS: u64 = 4096;
const INGEST_BYTES: usize = 4 << 20;

/// What a flush needs of the database.
pub struct Target<'d> {
    pub db: &'d Databases,
    /// How SSTs of records are written.
    pub records: &'d Options,
    /// How SSTs of index entries are written.
    pub entries: &'d Options,
    pub control: &'d Control<'d>,
}

impl Target<'_> {
    /// Puts the rows of these kinds into the database as one atomic step. If that fails they are still pending.
    pub fn flush_pending(&self, pending: &mut Pending, kinds: &[Kind]) -> Result<()> {
        let occupied = self.occupied(pending, kinds)?;
        let before = counted_before(pending, kinds, &occupied);
        let mut counts = self.write(pending, kinds, occupied, None)?;
        for (&kind, before) in kinds.iter().zip(before) {
            let Some(mut counted) = before else { continue };
            for (name, added) in std::mem::take(&mut counts[kind as usize]) {
                *counted.entry(name).or_default() += added;
            }
            pending.set_counted(kind, counted);
        }
        Ok(())
    }

    /// Puts all rows into the database and makes the other changes, as one atomic step that survives a crash of the machine.
    pub fn flush_with(&self, pending: &mut Pending, step: &Step) -> Result<()> {
        let occupied = self.occupied(pending, &Kind::ALL)?;
        self.write(pending, &Kind::ALL, occupied, Some(step)).map(drop)
    }

    /// Returns how many records were added to those that were there.
    fn write(&self, pending: &mut Pending, kinds: &[Kind], occupied: Occupied, step: Option<&Step>) -> Result<Added> {
        let rows = pending.rows(kinds);
        pending.sort(kinds)?;
        let flush = Flush { target: self, slot: pending.slot(), pending, occupied };
        if pending.are_few(kinds, INGEST_ROWS, INGEST_BYTES) {
            let mut batch = WriteBatch::with_capacity_bytes(pending.buffered(kinds));
            let added = flush.one_by_one(kinds, &mut batch)?;
            let mut options = WriteOptions::default();
            if let Some(step) = step {
                step.add_to(&mut batch);
                options.set_sync(true);
            }
            self.db.change(|db| db.write_opt(batch, &options))?;
            return Ok(added);
        }
        let staging = files::create_unique_folder(pending.directory(), "flush-")
            .map_err(Error::io("stage in", pending.directory()))?;
        let (mut files, added) = match rows < PARALLEL_ROWS {
            true => {
                let mut ssts = Ssts::new(self.records, staging.path(), "all", false);
                let added = flush.one_by_one(kinds, &mut ssts)?;
                (ssts.finish()?, added)
            }
            false => flush.side_by_side(kinds, staging.path())?,
        };
        if let Some(step) = step {
            files.extend(step.write_ssts(self.entries, staging.path())?);
        }
        ingest(self.db, files)?;
        Ok(added)
    }

    /// Adds the rows of these kinds to a batch that carries other changes too; those that are too many for a batch are put
    /// into the database by themselves, as one atomic step.
    pub fn collect(&self, pending: &mut Pending, kinds: &[Kind], batch: &mut WriteBatch) -> Result<()> {
        pending.sort(kinds)?;
        if !pending.are_few(kinds, u64::MAX, INGEST_BYTES) {
            return self.flush_pending(pending, kinds);
        }
        let occupied = self.occupied(pending, kinds)?;
        Flush { target: self, slot: pending.slot(), pending, occupied }.one_by_one(kinds, batch).map(|_| ())
    }

    /// Writes index entries in the order of their keys.
    pub fn write_entries(&self, mut merge: Merge<'_>, sink: &mut impl Sink) -> Result<()> {
        let mut row = Merged::new();
        let mut rows = 0u64;
        while merge.next(&mut row)? {
            if is_due(rows, &row.value) {
                self.control.check()?;
            }
            rows += 1;
            sink.write(&row.key, row.change, &row.value)?;
        }
        Ok(())
    }

    /// The kinds of which records are in the database already: each new one has to be compared with what it replaces.
    fn occupied(&self, pending: &Pending, kinds: &[Kind]) -> Result<Occupied> {
        let mut occupied = Occupied::default();
        for &kind in kinds {
            occupied[kind as usize] = self.is_occupied(pending.slot(), kind)?;
        }
        Ok(occupied)
    }

    /// Whether the slot holds a record of that kind.
    pub fn is_occupied(&self, slot: Slot, kind: Kind) -> Result<bool> {
        let prefix = keys::keyspace(slot, kind.keyspace());
        let mut entries = self.db.raw_iterator();
        entries.seek(&prefix);
        entries.status()?;
        Ok(entries.key().is_some_and(|key| key.starts_with(&prefix)))
    }

    /// Fails if one of these records would replace one that cannot be decoded.
    pub fn check_stored(&self, kind: Kind, slot: Slot, records: &Records) -> Result<()> {
        let mut keys = RecordKeys::default();
        for record in records.iter() {
            if keys.reset(kind, slot, record).is_err() {
                continue;
            }
            if let Some(stored) = self.db.get_pinned(&keys.record)? {
                RecordKeys::varying_of(kind, slot, &stored)
                    .map_err(|error| damaged(kind.keyspace(), &keys.record, error))?;
            }
        }
        Ok(())
    }
}

/// Whether there are records already, by kind.
type Occupied = [bool; Kind::ALL.len()];

/// How many records were added, by kind.
type Added = [ByType; Kind::ALL.len()];

/// For each kind how many records there are already, if that is known. It is not, until this flush has succeeded.
fn counted_before(pending: &mut Pending, kinds: &[Kind], occupied: &Occupied) -> Vec<Option<ByType>> {
    let before = |&kind: &Kind| match (pending.forget_counted(kind), occupied[kind as usize]) {
        (Some(counted), _) => Some(counted),
        (None, true) => None,
        (None, false) => Some(ByType::new()),
    };
    kinds.iter().map(before).collect()
}

/// One flush of pending rows.
struct Flush<'s, 'd> {
    target: &'s Target<'d>,
    slot: Slot,
    pending: &'s Pending,
    occupied: Occupied,
}

impl Flush<'_, '_> {
    /// Writes everything in the order of the keys: records lie before index entries.
    fn one_by_one(&self, kinds: &[Kind], sink: &mut impl Sink) -> Result<Added> {
        let mut varying = SortedRuns::default();
        let added = self.records(kinds, sink, &mut varying)?;
        varying.sort()?;
        self.target.write_entries(SortedRuns::merge(self.fixed(kinds).chain([&varying]))?, sink)?;
        Ok(added)
    }

    /// The index entries that were collected beside the records.
    fn fixed<'k>(&'k self, kinds: &'k [Kind]) -> impl Iterator<Item = &'k SortedRuns> {
        kinds.iter().map(|&kind| &self.pending.load(kind).fixed)
    }

    /// Writes records and, at the same time, the index entries that follow from their identities; the other entries are
    /// known when the records are written.
    fn side_by_side(&self, kinds: &[Kind], staging: &Path) -> Result<(Vec<PathBuf>, Added)> {
        let Target { records, entries, .. } = self.target;
        let mut varying = SortedRuns::default();
        let fixed = || -> Result<Vec<PathBuf>> {
            let mut ssts = Ssts::new(entries, staging, "fixed", true);
            self.target.write_entries(SortedRuns::merge(self.fixed(kinds))?, &mut ssts)?;
            ssts.finish()
        };
        let (files, fixed) = std::thread::scope(|scope| {
            let worker = self.pending.workers().claim();
            let beside = worker.and_then(|worker| worker.spawn_scoped(scope, "c1z-entries", fixed));
            let mut ssts = Ssts::new(records, staging, "records", true);
            let added = self.records(kinds, &mut ssts, &mut varying);
            let files = added.and_then(|added| Ok((ssts.finish()?, added)));
            let panicked = |_| Error::Internal("writing index entries panicked".into());
            // One after the other where there is no thread to spare.
            let fixed = beside.map_or_else(fixed, |thread| thread.join().map_err(panicked)?);
            (files, fixed)
        });
        let (mut files, added) = files?;
        files.extend(fixed?);
        varying.sort()?;
        let mut ssts = Ssts::new(entries, staging, "varying", true);
        self.target.write_entries(SortedRuns::merge([&varying])?, &mut ssts)?;
        files.extend(ssts.finish()?);
        Ok((files, added))
    }

    /// Writes the records that stay, and collects the index entries that their contents decide.
    fn records(&self, kinds: &[Kind], sink: &mut impl Sink, varying: &mut SortedRuns) -> Result<Added> {
        let mut row = Merged::new();
        let mut added = Added::default();
        let mut rows = 0u64;
        for &kind in kinds {
            let mut merge = SortedRuns::merge([&self.pending.load(kind).records])?;
            let mut tally = Tally::new(kind);
            while merge.next(&mut row)? {
                if is_due(rows, &row.value) {
                    self.target.control.check()?;
                }
                rows += 1;
                if !self.occupied[kind as usize] || !self.replace(kind, &mut row, varying)? {
                    tally.add(&row.key)?;
                }
                let undecodable = |error| damaged(kind.keyspace(), &row.key, error);
                if self.pending.load(kind).refreshed {
                    let keys = RecordKeys::of(kind, self.slot, &row.value).map_err(undecodable)?;
                    for (entry, value) in keys.entries() {
                        self.collect(varying, entry, Change::Put, value)?;
                    }
                } else if row.change != Change::Put {
                    for entry in RecordKeys::varying_of(kind, self.slot, &row.value).map_err(undecodable)? {
                        self.collect(varying, &entry, Change::Put, b"")?;
                    }
                }
                sink.write(&row.key, Change::Put, &row.value)?;
            }
            added[kind as usize] = tally.finish()?;
        }
        Ok(added)
    }

    /// Looks at the record that `row` replaces: what it leaves behind and which index entries it had. `false` if there is
    /// none.
    fn replace(&self, kind: Kind, row: &mut Merged, varying: &mut SortedRuns) -> Result<bool> {
        let Some(stored) = self.target.db.get_pinned(&row.key)? else { return Ok(false) };
        let undecodable = |error| damaged(kind.keyspace(), &row.key, error);
        for entry in RecordKeys::varying_of(kind, self.slot, &stored).map_err(undecodable)? {
            self.collect(varying, &entry, Change::Delete, b"")?;
        }
        if row.change == Change::Refresh {
            row.refresh_stored(&stored)?;
        }
        Ok(true)
    }

    fn collect(&self, varying: &mut SortedRuns, entry: &[u8], change: Change, value: &[u8]) -> Result<()> {
        self.pending.bound(varying)?;
        varying.push(entry, change, value)
    }
}
