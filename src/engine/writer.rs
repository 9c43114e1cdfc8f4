//! The one writer: collects changes and commits them as one atomic step.

use parking_lot::MutexGuard;
use rocksdb::{properties, WriteBatch, WriteOptions, DB};

use super::bulk::{Change, Pending, PendingKinds, Target};
use super::digests::Dropping;
use super::kind::Kinds;
use super::{damaged, Checkpoint, Counts, Engine, Kind, Reader, RecordKeys, Records, Scope};
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

/// What is put into a sync.
#[derive(Clone, Copy)]
pub enum Rows<'r> {
    /// Records of a kind.
    Records(Kind, &'r Records),
    /// Grants that the expander writes back: see [`super::refresh_grant`].
    Refreshed(&'r Records),
    /// Grants of which several may have one identity, put into a sync that has none yet: see `engine::combine_grants`.
    Combined(&'r Records),
    /// One record that no index entry leads to, in parts, of which the first by itself has what its key is made of. However
    /// long the others are, they take no memory.
    Large(Kind, &'r [&'r [u8]]),
}

impl Rows<'_> {
    fn kind(self) -> Kind {
        match self {
            Rows::Records(kind, _) | Rows::Large(kind, _) => kind,
            Rows::Refreshed(_) | Rows::Combined(_) => Kind::Grant,
        }
    }

    fn append_to(self, pending: &mut Pending, slot: Slot, kinds: &PendingKinds) -> Result<()> {
        match self {
            Rows::Records(kind, records) => pending.append(kind, slot, Change::Put, records, kinds),
            Rows::Refreshed(grants) => pending.append(Kind::Grant, slot, Change::Refresh, grants, kinds),
            Rows::Combined(grants) => pending.append(Kind::Grant, slot, Change::Combine, grants, kinds),
            Rows::Large(kind, record) => pending.append_large(kind, slot, record, kinds),
        }
    }
}

/// What becomes part of a sync together.
pub struct Page<'p> {
    /// What is deleted before anything is put: keys of records of these kinds.
    pub deleted: &'p [(Kind, Vec<u8>)],
    /// What is put; each kind comes once.
    pub records: &'p [(Kind, Records)],
    /// Named values that are set or, without a value, removed.
    pub values: &'p [(&'p str, Option<&'p [u8]>)],
}

/// The write barrier, and the changes collected under it. Dropping it discards what was not committed.
///
/// Lookups see what is committed: one commit takes at most one change of each record.
pub struct Writer<'e> {
    pub(super) engine: &'e Engine,
    pub(super) batch: WriteBatch,
    pending: MutexGuard<'e, Pending>,
    /// The digests that deletions drop.
    pub(super) dropping: Option<Dropping>,
}

impl<'e> Writer<'e> {
    pub(super) fn new(engine: &'e Engine, pending: MutexGuard<'e, Pending>) -> Writer<'e> {
        Writer { engine, batch: WriteBatch::default(), pending, dropping: None }
    }

    /// Puts into the sync in `slot` and replaces what has the same identity; of several with one identity the last wins.
    ///
    /// Into one that is open it is appended: it shows in every reader of its kind from now on and needs no commit; a synced
    /// commit after [`Writer::flush_pending`] makes it durable. Into one that has ended it is put with its index entries as
    /// one step, which this commits with what was collected before; records of many bytes are put by themselves.
    pub fn put(&mut self, slot: Slot, open: bool, rows: Rows<'_>) -> Result<()> {
        match open {
            true => self.append(slot, rows),
            false => {
                self.collect(slot, rows)?;
                self.commit(Durability::Buffered)
            }
        }
    }

    fn append(&mut self, slot: Slot, rows: Rows<'_>) -> Result<()> {
        if self.pending.is_of_another(slot) {
            self.flush_pending(&Kind::ALL)?;
        }
        match rows {
            Rows::Records(kind, records) => self.check_stored(kind, slot, records)?,
            Rows::Refreshed(grants) | Rows::Combined(grants) => self.check_stored(Kind::Grant, slot, grants)?,
            Rows::Large(kind, record) => {
                let start = Records::of(record.first().copied().unwrap_or_default())?;
                self.check_stored(kind, slot, &start)?;
            }
        }
        rows.append_to(&mut self.pending, slot, &self.engine.pending)
    }

    fn collect(&mut self, slot: Slot, rows: Rows<'_>) -> Result<()> {
        let kind = rows.kind();
        self.flush_pending(&[kind])?;
        let mut beside = self.pending.beside();
        rows.append_to(&mut beside, slot, &PendingKinds::default())?;
        self.pending.forget_counted(kind);
        target(self.engine, &Control::none()).collect(&mut beside, &[kind], &mut self.batch)
    }

    /// Makes everything of a page part of the sync in `slot`, or nothing. To one that is open it is appended, as
    /// [`Writer::put`] does with records, unless something is deleted; else it is committed with what was collected before.
    pub fn put_page(&mut self, slot: Slot, open: bool, page: &Page<'_>) -> Result<()> {
        if self.pending.is_of_another(slot) {
            self.flush_pending(&Kind::ALL)?;
        }
        for (kind, records) in page.records {
            self.check_stored(*kind, slot, records)?;
        }
        let rows = page.records.iter().map(|(kind, records)| (*kind, records));
        let values = page.values.iter().map(|(name, value)| (keys::named_value(slot, name), value.map(<[u8]>::to_vec)));
        if open && page.deleted.is_empty() {
            self.pending.append_all(slot, Change::Put, rows, &self.engine.pending)?;
            self.pending.set_values(slot, values);
            return Ok(());
        }
        self.flush_pending(&Kind::ALL)?;
        let mut beside = self.pending.beside();
        beside.append_all(slot, Change::Put, rows, &PendingKinds::default())?;
        for (kind, key) in page.deleted {
            self.delete(*kind, slot, key)?;
        }
        Kind::ALL.into_iter().for_each(|kind| self.forget_counted(kind));
        target(self.engine, &Control::none()).collect_all(&mut beside, &mut self.batch)?;
        for (key, value) in values {
            match value {
                Some(value) => self.batch.put(key, value),
                None => self.batch.delete(key),
            }
        }
        self.commit(Durability::Buffered)
    }

    /// Everything that was put, as far as named values are concerned.
    pub fn reader_of_values(&mut self) -> Result<Reader<'e>> {
        if self.pending.values().is_some() {
            self.flush_pending(&Kind::ALL)?;
        }
        Ok(self.engine.snapshot())
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

    /// Moves what was appended of these kinds into the database, as one step.
    pub fn flush_pending(&mut self, kinds: &[Kind]) -> Result<()> {
        self.flush_pending_with(kinds, &Control::none())
    }

    /// Moves everything that was appended into the database, as one step.
    pub fn flush_all_pending(&mut self, control: &Control<'_>) -> Result<()> {
        self.flush_pending_with(&Kind::ALL, control)
    }

    fn flush_pending_with(&mut self, kinds: &[Kind], control: &Control<'_>) -> Result<()> {
        let has_values = self.pending.values().is_some();
        if self.pending.rows(kinds) == 0 && !(has_values && kinds == Kind::ALL) {
            return Ok(());
        }
        // In the order of their keys: that is how an SST is written.
        let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| has_values || kinds.contains(kind)).collect();
        let kinds = &kinds[..];
        target(self.engine, control).flush_pending(&mut self.pending, kinds)?;
        self.pending.clear(kinds, &self.engine.pending);
        self.pending.forget_values();
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
        Ok(self.engine.reader_of(Kinds::of(kinds)))
    }

    /// Deletes the record at `key` with its index entries; `false` if there is none. If it is of a scope, that is poisoned. A
    /// record that cannot be decoded stays, because its index entries could not be found.
    pub fn delete(&mut self, kind: Kind, slot: Slot, key: &[u8]) -> Result<bool> {
        self.delete_for("", kind, slot, key)
    }

    /// As [`Writer::delete`] on behalf of a scope, which is not poisoned if the record is its own.
    pub fn delete_for(&mut self, scope: &str, kind: Kind, slot: Slot, key: &[u8]) -> Result<bool> {
        self.flush_pending(&[kind])?;
        let Some(stored) = self.engine.db.get_pinned(key)? else { return Ok(false) };
        let undecodable = |error| damaged(kind.keyspace(), key, error);
        let keys = RecordKeys::of(kind, slot, &stored).map_err(undecodable)?;
        if let Some(loser) = Scope::of_record(kind, &stored).map_err(undecodable)?.filter(|of| of.key != scope) {
            self.batch.put(loser.poison_key(slot), b"");
        }
        self.pending.forget_counted(kind);
        keys.entries().for_each(|(entry, _)| self.batch.delete(entry));
        self.batch.delete(key);
        if kind == Kind::Grant {
            self.drop_digests(slot, key)?;
        }
        Ok(true)
    }

    fn drop_digests(&mut self, slot: Slot, grant: &[u8]) -> Result<()> {
        let dropping = match self.dropping.take().filter(|dropping| dropping.slot() == slot) {
            Some(dropping) => self.dropping.insert(dropping),
            None => self.dropping.insert(Dropping::of(&self.engine.db, slot)?),
        };
        dropping.of_grant(grant).iter().for_each(|digest| self.batch.delete(digest));
        Ok(())
    }

    /// Sets a key that no index depends on.
    pub fn set(&mut self, key: &[u8], value: &[u8]) {
        self.batch.put(key, value);
    }

    /// Sets a key that no index depends on, behind the rows that were put into the sync in `slot` before: with the next of
    /// them that are moved into the database if the sync is open, else at once, with what was collected.
    pub(super) fn set_behind_rows(&mut self, slot: Slot, open: bool, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        if !open {
            self.batch.put(key, value);
            return self.commit(Durability::Buffered);
        }
        if self.pending.is_of_another(slot) {
            self.flush_pending(&Kind::ALL)?;
        }
        self.pending.set_values(slot, [(key, Some(value))]);
        Ok(())
    }

    /// Everything that was put, whatever is read of it.
    pub fn reader_of_everything(&mut self) -> Result<Reader<'e>> {
        self.flush_pending(&Kind::ALL)?;
        Ok(self.engine.ended())
    }

    /// How many bytes of changes are collected.
    pub fn collected(&self) -> usize {
        self.batch.size_in_bytes()
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

    /// Whether keys lie under so many layers of tables that reading them costs more than rewriting them.
    pub fn has_many_layers(&self) -> Result<bool> {
        const MANY: u64 = 8;
        let level_0 = properties::num_files_at_level(0);
        Ok(self.engine.db.property_int_value(&level_0)?.unwrap_or_default() >= MANY)
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
        self.clear_given_up()?;
        self.flush_pending(&Kind::ALL)?;
        self.flush()?;
        Checkpoint::new(&self.engine.db)
    }
}

impl<'e> Writer<'e> {
    pub(super) fn target<'t>(&self, control: &'t Control<'t>) -> Target<'t>
    where
        'e: 't,
    {
        target(self.engine, control)
    }

    /// The rows that are pending, whose budget and folder others share.
    pub(super) fn pending(&self) -> &Pending {
        &self.pending
    }

    pub(super) fn forget_collected(&mut self) {
        (self.batch, self.dropping) = (WriteBatch::default(), None);
    }

    /// Forgets the rows and values that are pending, if they are of this slot.
    pub(super) fn forget_pending_of(&mut self, slot: Slot) {
        if self.pending.slot() == slot {
            self.pending.clear(&Kind::ALL, &self.engine.pending);
            self.pending.forget_values();
        }
    }

    pub(super) fn forget_counted(&mut self, kind: Kind) {
        self.pending.forget_counted(kind);
    }
}

/// What a flush needs of the database of `engine`.
pub(super) fn target<'t>(engine: &'t Engine, control: &'t Control<'t>) -> Target<'t> {
    Target { db: &engine.db, records: &engine.tables.records, entries: &engine.tables.entries, control }
}
