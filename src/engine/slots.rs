//! Slots: the spans of keys that syncs live in.
//!
//! A slot that no sync run maps to is invisible. Data is written into a fresh slot first and mapped last, so a crash in
//! between leaves nothing but garbage, which the next writable open removes.

use std::collections::HashSet;
use std::path::Path;

use rocksdb::BottommostLevelCompaction;

use super::bulk::{ingest, Change, Sink, Ssts};
use super::strides::{is_due, COMMIT_BYTES};
use super::{damaged, Durability, Engine, Kind, Reader, RecordKeys, Writer};
use crate::control::Control;
use crate::keys::{self, Slot};
use crate::{Error, Result};

pub(super) const NEXT_SLOT: &str = "next-slot";

impl Writer<'_> {
    /// Takes a slot that was never used. It is taken once this is committed.
    pub fn allocate_slot(&mut self) -> Result<Slot> {
        let slot = self.engine.next_slot()?;
        if slot == Slot::NONE {
            return Err(Error::FailedPrecondition("no slot is left for another sync".into()));
        }
        self.adopt_slot(slot);
        Ok(slot)
    }

    /// Makes `slot`, which was filled from another database, one that was used here.
    pub fn adopt_slot(&mut self, slot: Slot) {
        self.batch.put(keys::meta(NEXT_SLOT), slot.0.saturating_add(1).to_be_bytes());
    }

    /// Removes every key of a slot.
    pub fn clear_slot(&mut self, slot: Slot) {
        let (start, end) = slot.span();
        self.batch.delete_range(&start, &end);
    }

    /// Forgets what was collected, and removes what a call that failed has put into a slot that nothing maps to. Where that fails
    /// too, the next checkpoint does it: nothing of the slot gets into a file.
    pub fn give_up_slot(&mut self, slot: Slot) {
        self.forget_collected();
        self.forget_pending_of(slot);
        self.engine.given_up.lock().push(slot);
        let _ = self.clear_given_up();
    }

    /// Removes what lies in slots that were given up.
    pub(super) fn clear_given_up(&mut self) -> Result<()> {
        let slots = self.engine.given_up.lock().clone();
        if slots.is_empty() {
            return Ok(());
        }
        slots.iter().for_each(|&slot| self.clear_slot(slot));
        self.commit(Durability::Buffered)?;
        self.engine.given_up.lock().clear();
        Ok(())
    }

    /// Gives the disk space of cleared slots back, but for what a reader still looks at.
    // RocksDB: DeleteFilesInRange would be faster, but takes files away from under snapshots. It compacts a file that clears
    // spans alone as soon as that is ingested: while somebody reads, that moves what is cleared to the last level.
    pub fn reclaim(&self, slots: &[Slot], control: &Control<'_>) -> Result<()> {
        for slot in slots {
            control.check()?;
            let (start, end) = slot.span();
            self.engine.db.compact(&start, &end, BottommostLevelCompaction::Force);
        }
        Ok(())
    }

    /// Makes one layer of those that the tables of a slot lie in, and gives back the disk space of what was replaced.
    pub fn compact(&self, slot: Slot, control: &Control<'_>) -> Result<()> {
        control.check()?;
        let (start, end) = slot.span();
        self.engine.db.compact(&start, &end, BottommostLevelCompaction::IfHaveCompactionFilter);
        Ok(())
    }

    pub(super) fn drop_unmapped_slots(&mut self) -> Result<()> {
        let reader = self.engine.snapshot();
        let mapped: Vec<Slot> = reader.sync_runs()?.into_iter().map(|run| run.slot).collect();
        let unmapped: Vec<Slot> = used_slots(&reader)?.into_iter().filter(|slot| !mapped.contains(slot)).collect();
        if unmapped.is_empty() {
            return Ok(());
        }
        unmapped.iter().for_each(|&slot| self.clear_slot(slot));
        self.commit(Durability::Buffered)?;
        self.reclaim(&unmapped, &Control::none())
    }
}

impl Engine {
    /// The slot that the next sync gets.
    fn next_slot(&self) -> Result<Slot> {
        match self.db.get(keys::meta(NEXT_SLOT))?.map(<[u8; 4]>::try_from) {
            None => Ok(Slot(1)),
            Some(Ok(bytes)) => Ok(Slot(u32::from_be_bytes(bytes))),
            Some(Err(bytes)) => Err(Error::corruption("next slot", format!("{} bytes, not 4", bytes.len()))),
        }
    }

    /// Every sync has a slot of its own, and none that a later sync would be given.
    pub(super) fn check_slots(&self) -> Result<()> {
        let next = self.next_slot()?;
        let mut used = HashSet::new();
        for run in self.snapshot().sync_runs()? {
            if run.slot >= next || !used.insert(run.slot) {
                return Err(Error::corruption(
                    format!("sync {}", run.id),
                    format!("slot {} is not its own", run.slot.0),
                ));
            }
        }
        Ok(())
    }
}

/// The slots above 0 that hold at least one key.
fn used_slots(reader: &Reader<'_>) -> Result<Vec<Slot>> {
    let mut slots = Vec::new();
    let mut from = Slot(1).span().0;
    loop {
        let slot = match reader.scan(b"", Some(&from)).next()? {
            Some((key, _)) => Slot::of(key).ok_or_else(|| Error::corruption("key", "shorter than a slot"))?,
            None => return Ok(slots),
        };
        if slot == Slot::NONE {
            return Err(Error::corruption("database", "a key in a slot that no sync can have"));
        }
        slots.push(slot);
        from = slot.span().1;
    }
}

impl Reader<'_> {
    /// Copies one slot into a database that has nothing in it yet, under the same number.
    pub fn copy_slot(&self, slot: Slot, target: &Engine, staging: &Path, control: &Control<'_>) -> Result<()> {
        let mut entries = self.scan(&slot.span().0, None);
        let mut ssts = Ssts::new(&target.tables.records, staging, "copy", false);
        let mut copied = 0u64;
        while let Some((key, value)) = entries.next()? {
            if is_due(copied, value) {
                control.check()?;
            }
            copied += 1;
            ssts.write(key, Change::Put, value)?;
        }
        ingest(&target.db, ssts.finish()?)
    }

    /// Copies the records of `from` that `without` has no counterpart of into the slot `to`, with their index entries.
    ///
    /// Commits as it goes: nothing may map to `to` yet.
    pub fn copy_missing(
        &self,
        kind: Kind,
        [from, without, to]: [Slot; 3],
        writer: &mut Writer<'_>,
        control: &Control<'_>,
    ) -> Result<()> {
        let keyspace = kind.keyspace();
        let mut entries = self.scan(&keys::keyspace(from, keyspace), None);
        let mut rows = 0u64;
        while let Some((key, stored)) = entries.next()? {
            if is_due(rows, stored) {
                control.check()?;
            }
            rows += 1;
            if self.contains(&keys::record(without, keyspace, keys::tuple_of(key)))? {
                continue;
            }
            let keys = RecordKeys::of(kind, to, stored).map_err(|error| damaged(keyspace, key, error))?;
            keys.entries().for_each(|(entry, value)| writer.set(entry, value));
            writer.set(&keys.record, stored);
            if writer.batch.size_in_bytes() >= COMMIT_BYTES {
                writer.commit(Durability::Buffered)?;
            }
        }
        writer.commit(Durability::Buffered)
    }
}
