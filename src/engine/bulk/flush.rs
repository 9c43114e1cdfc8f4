//! Pending rows become part of the database.

use std::path::{Path, PathBuf};

use rocksdb::{Options, WriteBatch, WriteOptions};

use super::change::Change;
use super::merge::{Merge, Merged};
use super::pending::{Pending, PARALLEL_ROWS};
use super::sink::{ingest, Sink, Ssts};
use super::sorted_runs::SortedRuns;
use super::stored::StoredRecords;
use crate::control::Control;
use crate::engine::counts::{ByType, Tally};
use crate::engine::databases::Databases;
use crate::engine::digests::Dropping;
use crate::engine::source_cache::is_by_scope;
use crate::engine::step::Step;
use crate::engine::strides::is_due;
use crate::engine::{damaged, Kind, RecordKeys, Records, Scope};
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
    /// Puts the rows of these kinds, and named values, into the database as one atomic step. If that fails they are still
    /// pending. Where there are values, the kinds are all.
    pub fn flush_pending(&self, pending: &mut Pending, kinds: &[Kind]) -> Result<()> {
        let occupied = self.occupied(pending, kinds)?;
        let before = counted_before(pending, kinds, &occupied);
        let values = pending.values().cloned();
        let mut counts = self.write(pending, kinds, occupied, values.as_ref(), true)?;
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
    /// Scopes that lose rows are not poisoned.
    pub fn flush_with(&self, pending: &mut Pending, step: &Step) -> Result<()> {
        let occupied = self.occupied(pending, &Kind::ALL)?;
        self.write(pending, &Kind::ALL, occupied, Some(step), false).map(drop)
    }

    /// Returns how many records were added to those that were there.
    fn write(
        &self,
        pending: &mut Pending,
        kinds: &[Kind],
        occupied: Occupied,
        step: Option<&Step>,
        poisons: bool,
    ) -> Result<Added> {
        let (rows, has_values) = (pending.rows(kinds), pending.values().is_some());
        pending.sort(kinds)?;
        let flush = Flush { target: self, slot: pending.slot(), pending, occupied, poisons };
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
                // Between the keyspaces of records and of entries lies that of named values.
                let mut ssts = Ssts::new(self.records, staging.path(), "all", has_values);
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
        let flush = Flush { target: self, slot: pending.slot(), pending, occupied, poisons: true };
        flush.one_by_one(kinds, batch).map(drop)
    }

    /// Adds all rows to a batch that carries other changes too.
    pub fn collect_all(&self, pending: &mut Pending, batch: &mut WriteBatch) -> Result<()> {
        pending.sort(&Kind::ALL)?;
        let occupied = self.occupied(pending, &Kind::ALL)?;
        let flush = Flush { target: self, slot: pending.slot(), pending, occupied, poisons: true };
        flush.one_by_one(&Kind::ALL, batch).map(drop)
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
        let mut stored = StoredRecords::new(self.db, slot, kind);
        for record in records.iter() {
            if keys.reset(kind, slot, record).is_err() {
                continue;
            }
            if let Some(stored) = stored.at(&keys.record)? {
                RecordKeys::varying_of(kind, slot, stored)
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
    /// Whether scopes that lose rows are poisoned.
    poisons: bool,
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
    /// known when the records are written. Those of refreshed records lie between the ones that are written at the same
    /// time: where there are any, all entries come behind the records.
    fn side_by_side(&self, kinds: &[Kind], staging: &Path) -> Result<(Vec<PathBuf>, Added)> {
        let Target { records, entries, .. } = self.target;
        let refreshed = kinds.iter().any(|&kind| self.pending.load(kind).refreshed);
        let mut varying = SortedRuns::default();
        let fixed = || -> Result<Vec<PathBuf>> {
            let mut ssts = Ssts::new(entries, staging, "fixed", true);
            self.target.write_entries(SortedRuns::merge(self.fixed(kinds))?, &mut ssts)?;
            ssts.finish()
        };
        let (files, fixed) = std::thread::scope(|scope| {
            let worker = if refreshed { None } else { self.pending.workers().claim() };
            let beside = worker.and_then(|worker| worker.spawn_scoped(scope, "c1z-entries", fixed));
            let mut ssts = Ssts::new(records, staging, "records", true);
            let added = self.records(kinds, &mut ssts, &mut varying);
            let files = added.and_then(|added| Ok((ssts.finish()?, added)));
            let panicked = |_| Error::Internal("writing index entries panicked".into());
            let fixed = match (beside, refreshed) {
                (Some(thread), _) => thread.join().map_err(panicked).and_then(|files| files),
                (None, true) => Ok(Vec::new()),
                // One after the other where there is no thread to spare.
                (None, false) => fixed(),
            };
            (files, fixed)
        });
        let (mut files, added) = files?;
        files.extend(fixed?);
        varying.sort()?;
        let before = self.fixed(kinds).filter(|_| refreshed);
        let mut ssts = Ssts::new(entries, staging, "varying", true);
        self.target.write_entries(SortedRuns::merge(before.chain([&varying]))?, &mut ssts)?;
        files.extend(ssts.finish()?);
        Ok((files, added))
    }

    /// Writes the records that stay, and collects the index entries that their contents decide. Digests that grants were in
    /// are collected with them: they lie between records and entries.
    fn records(&self, kinds: &[Kind], sink: &mut impl Sink, varying: &mut SortedRuns) -> Result<Added> {
        let mut row = Merged::new();
        let mut added = Added::default();
        let mut rows = 0u64;
        for &kind in kinds {
            let mut merge = SortedRuns::merge([&self.pending.load(kind).records])?;
            let mut stored = self.occupied[kind as usize].then(|| StoredRecords::new(self.target.db, self.slot, kind));
            let mut tally = Tally::new(kind);
            let dropping = (kind == Kind::Grant).then(|| Dropping::of(self.target.db, self.slot));
            let mut dropping = dropping.transpose()?;
            while merge.next(&mut row)? {
                if is_due(rows, &row.value) {
                    self.target.control.check()?;
                }
                rows += 1;
                for scope in &row.lost {
                    self.poison(kind, scope, varying)?;
                }
                let replaced = match &mut stored {
                    Some(stored) => self.replace(kind, stored, &mut row, varying)?,
                    None => false,
                };
                if !replaced {
                    tally.add(&row.key)?;
                }
                self.enter(kind, &row, varying)?;
                for digest in dropping.iter_mut().flat_map(|dropping| dropping.of_grant(&row.key)) {
                    self.collect(varying, &digest, Change::Delete, b"")?;
                }
                sink.write(&row.key, Change::Put, &row.value)?;
            }
            added[kind as usize] = tally.finish()?;
        }
        Ok(added)
    }

    /// Looks at the record that `row` replaces: what it leaves behind and which index entries it had. `false` if there is
    /// none.
    fn replace(
        &self,
        kind: Kind,
        stored: &mut StoredRecords<'_>,
        row: &mut Merged,
        varying: &mut SortedRuns,
    ) -> Result<bool> {
        let Some(stored) = stored.at(&row.key)? else { return Ok(false) };
        let undecodable = |error| damaged(kind.keyspace(), &row.key, error);
        for entry in RecordKeys::varying_of(kind, self.slot, stored).map_err(undecodable)? {
            if is_by_scope(&entry) {
                let scope = Scope::of_record(kind, stored).map_err(undecodable)?;
                if let Some(scope) = scope.map(|scope| scope.key) {
                    if row.takes_from(kind, scope)? {
                        self.poison(kind, scope, varying)?;
                    }
                }
            }
            self.collect(varying, &entry, Change::Delete, b"")?;
        }
        if row.change == Change::Refresh {
            row.refresh_stored(stored)?;
        }
        Ok(true)
    }

    /// Collects the index entries of the record that stays that are not among the fixed ones already, or not as they are.
    fn enter(&self, kind: Kind, row: &Merged, varying: &mut SortedRuns) -> Result<()> {
        let undecodable = |error| damaged(kind.keyspace(), &row.key, error);
        match row.change {
            Change::Refresh | Change::PutRefreshed | Change::Combine => {
                let keys = RecordKeys::of(kind, self.slot, &row.value).map_err(undecodable)?;
                for (entry, value) in keys.entries() {
                    self.collect(varying, entry, Change::Put, value)?;
                }
                Ok(())
            }
            Change::PutIndexed => {
                let entries = RecordKeys::varying_of(kind, self.slot, &row.value).map_err(undecodable)?;
                entries.iter().try_for_each(|entry| self.collect(varying, entry, Change::Put, b""))
            }
            Change::Put | Change::Delete => Ok(()),
        }
    }

    /// Notes that a scope lost a row.
    fn poison(&self, kind: Kind, scope: &str, varying: &mut SortedRuns) -> Result<()> {
        match Scope::of_kind(kind, scope).filter(|_| self.poisons) {
            Some(scope) => self.collect(varying, &scope.poison_key(self.slot), Change::Put, b""),
            None => Ok(()),
        }
    }

    fn collect(&self, varying: &mut SortedRuns, entry: &[u8], change: Change, value: &[u8]) -> Result<()> {
        self.pending.bound(varying)?;
        varying.push(entry, change, value)
    }
}
