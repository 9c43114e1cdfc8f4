//! The one writer: collects changes and commits them as one atomic step.

use parking_lot::MutexGuard;
use rocksdb::{WriteBatch, WriteOptions, DB};

use super::bulk::{Change, Pending, PendingKinds, Target};
use super::{damaged, Checkpoint, Counts, Engine, Kind, Reader, RecordKeys, Records};
use crate::control::Control;
use crate::keys::{self, Slot};
use crate::memory::ask_for;
use crate::Result;

/// What a commit survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// An exit of the process; a later synced commit makes it survive a crash of the machine too.
    Buffered,
    /// A crash of the machine, together with every earlier commit: all share one log.
    Synced,
}

/// The write barrier, and the changes collected under it. Dropping it discards what was not committed.
///
/// Lookups see what is committed: one commit takes at most one change of each record.
pub struct Writer<'e> {
    pub(super) engine: &'e Engine,
    pub(super) batch: WriteBatch,
    pending: MutexGuard<'e, Pending>,
}

impl<'e> Writer<'e> {
    pub(super) fn new(engine: &'e Engine, pending: MutexGuard<'e, Pending>) -> Writer<'e> {
        Writer { engine, batch: WriteBatch::default(), pending }
    }

    /// Appends records of an open sync, replacing those with the same identity. They show in every reader of their kind
    /// from now on, and need no commit; a synced commit after [`Writer::flush_pending`] makes them durable.
    pub fn append(&mut self, kind: Kind, slot: Slot, records: &Records) -> Result<()> {
        self.append_as(Change::Put, kind, slot, records)
    }

    /// Like [`Writer::append`] for grants that the expander writes back: see [`super::refresh_grant`].
    pub fn append_refreshed(&mut self, slot: Slot, grants: &Records) -> Result<()> {
        self.append_as(Change::Refresh, Kind::Grant, slot, grants)
    }

    fn append_as(&mut self, change: Change, kind: Kind, slot: Slot, records: &Records) -> Result<()> {
        if self.pending.is_of_another(slot) {
            self.flush_pending(&Kind::ALL)?;
        }
        self.check_stored(kind, slot, records)?;
        self.pending.append(kind, slot, change, records, &self.engine.pending)
    }

    /// Like [`Writer::append`] of one record that no index entry leads to, given in parts, of which the first by itself has
    /// what its key is made of. However long the others are, they take no memory.
    pub fn append_large(&mut self, kind: Kind, slot: Slot, record: &[&[u8]]) -> Result<()> {
        if self.pending.is_of_another(slot) {
            self.flush_pending(&Kind::ALL)?;
        }
        self.check_stored(kind, slot, &Records::of(record.first().copied().unwrap_or_default())?)?;
        self.pending.append_large(kind, slot, record, &self.engine.pending)
    }

    /// Like [`Writer::append_large`], of a record that is put as [`Writer::put`] does.
    pub fn put_large(&mut self, kind: Kind, slot: Slot, record: &[&[u8]]) -> Result<()> {
        self.put_rows(kind, |rows| rows.append_large(kind, slot, record, &PendingKinds::default()))
    }

    /// Fails if one of these records would replace one that cannot be decoded.
    fn check_stored(&mut self, kind: Kind, slot: Slot, records: &Records) -> Result<()> {
        let control = Control::none();
        let target = target(self.engine, &control);
        match self.pending.was_occupied(kind, slot, || target.is_occupied(slot, kind))? {
            true => target.check_stored(kind, slot, records),
            false => Ok(()),
        }
    }

    /// Puts records of one kind with their index entries, replacing what is stored under the same identity. Of several
    /// records with one identity the last wins, and only it leaves index entries. Records of many bytes are put at once
    /// and by themselves, others by [`Writer::commit`].
    pub fn put(&mut self, kind: Kind, slot: Slot, records: &Records) -> Result<()> {
        self.put_as(Change::Put, kind, slot, records)
    }

    /// Like [`Writer::put`] for grants that the expander writes back: see [`super::refresh_grant`].
    pub fn put_refreshed(&mut self, slot: Slot, grants: &Records) -> Result<()> {
        self.put_as(Change::Refresh, Kind::Grant, slot, grants)
    }

    fn put_as(&mut self, change: Change, kind: Kind, slot: Slot, records: &Records) -> Result<()> {
        self.put_rows(kind, |rows| rows.append(kind, slot, change, records, &PendingKinds::default()))
    }

    fn put_rows(&mut self, kind: Kind, append: impl FnOnce(&mut Pending) -> Result<()>) -> Result<()> {
        self.flush_pending(&[kind])?;
        let mut rows = self.pending.beside();
        append(&mut rows)?;
        self.pending.forget_counted(kind);
        target(self.engine, &Control::none()).collect(&mut rows, &[kind], &mut self.batch)
    }

    /// Moves what was appended of these kinds into the database, as one step.
    pub fn flush_pending(&mut self, kinds: &[Kind]) -> Result<()> {
        self.flush_pending_with(kinds, &Control::none())
    }

    /// Moves everything that was appended into the database, as one step.
    pub fn flush_all_pending(&mut self, control: &Control<'_>) -> Result<()> {
        self.flush_pending_with(&Kind::ALL, control)
    }

    fn flush_pending_with(&mut self, kinds: &[Kind], control: &Control<'_>) -> Result<()> {
        if self.pending.rows(kinds) == 0 {
            return Ok(());
        }
        // In the order of their keys: that is how an SST is written.
        let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| kinds.contains(kind)).collect();
        let kinds = &kinds[..];
        target(self.engine, control).flush_pending(&mut self.pending, kinds)?;
        self.pending.clear(kinds, &self.engine.pending);
        Ok(())
    }

    /// Counts the records of a slot, as far as that was not done when they were merged.
    pub fn count(&mut self, slot: Slot, control: &Control<'_>) -> Result<Counts> {
        let reader = self.reader(&Kind::ALL)?;
        Counts::of(|kind| match self.pending.counted(kind, slot) {
            Some(counted) => Ok(counted.clone()),
            None => reader.count_kind(slot, kind, control),
        })
    }

    /// Everything that was put, as far as records of these kinds are concerned.
    pub fn reader(&mut self, kinds: &[Kind]) -> Result<Reader<'e>> {
        self.flush_pending(kinds)?;
        Ok(self.engine.snapshot())
    }

    /// Deletes the record at `key` with its index entries; `false` if there is none. A record that cannot be decoded
    /// stays, because its index entries could not be found.
    pub fn delete(&mut self, kind: Kind, slot: Slot, key: &[u8]) -> Result<bool> {
        self.flush_pending(&[kind])?;
        let Some(stored) = self.engine.db.get_pinned(key)? else { return Ok(false) };
        let keys = RecordKeys::of(kind, slot, &stored).map_err(|error| damaged(kind.keyspace(), key, error))?;
        self.pending.forget_counted(kind);
        keys.entries().for_each(|(entry, _)| self.batch.delete(entry));
        self.batch.delete(key);
        Ok(true)
    }

    /// Sets a key that no index depends on.
    pub fn set(&mut self, key: &[u8], value: &[u8]) {
        self.batch.put(key, value);
    }

    /// Removes a key that no index depends on.
    pub fn remove(&mut self, key: &[u8]) {
        self.batch.delete(key);
    }

    /// Removes every key below `prefix`, none of which an index depends on.
    pub fn clear_below(&mut self, prefix: &[u8]) {
        if let Some(end) = keys::successor(prefix) {
            self.batch.delete_range(prefix, &end);
        }
    }

    /// Carries out everything that was collected, all of it or nothing.
    pub fn commit(&mut self, durability: Durability) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        // RocksDB: it copies the batch into the memtable, and cannot fail.
        ask_for(batch.size_in_bytes())?;
        let mut options = WriteOptions::default();
        options.set_sync(durability == Durability::Synced);
        // An empty synced batch still carries earlier commits to the disk.
        self.engine.db.change(|db| db.write_opt(batch, &options))
    }

    /// Moves everything that is committed from memory into SSTs.
    pub fn flush(&self) -> Result<()> {
        self.engine.db.change(DB::flush)
    }

    /// The files of the database with everything that was appended.
    pub fn checkpoint(&mut self) -> Result<Checkpoint<'e>> {
        self.flush_pending(&Kind::ALL)?;
        self.flush()?;
        Checkpoint::new(&self.engine.db)
    }
}

fn target<'t>(engine: &'t Engine, control: &'t Control<'t>) -> Target<'t> {
    Target { db: &engine.db, records: &engine.tables.records, entries: &engine.tables.entries, control }
}
