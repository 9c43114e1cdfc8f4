//! Slots: the spans of keys that syncs live in.
//!
//! A slot that no sync run maps to is invisible. Data is written into a fresh slot first and mapped last, so a crash in
//! between leaves nothing but garbage, which the next writable open removes.

use std::path::Path;

use rocksdb::{IngestExternalFileOptions, SstFileWriter};

use super::{damaged, Durability, Engine, EngineOptions, Kind, Reader, RecordKeys, Writer};
use crate::control::Control;
use crate::keys::{self, Slot};
use crate::{Error, Result};

const NEXT_SLOT: &str = "next-slot";

/// Bytes after which a copy goes on in another SST, so that several can be packed at once.
const SST_BYTES: u64 = 32 << 20;

/// Bytes that a copy into an invisible slot collects before it commits them.
const COMMIT_BYTES: usize = 4 << 20;

impl Writer<'_> {
    /// Takes a slot that was never used. It is taken once this is committed.
    pub fn allocate_slot(&mut self) -> Result<Slot> {
        let key = keys::meta(NEXT_SLOT);
        let next = match self.engine.db.get(&key)? {
            None => 1,
            Some(bytes) => bytes
                .try_into()
                .map(u32::from_be_bytes)
                .map_err(|bytes: Vec<u8>| Error::corruption("next slot", format!("{} bytes, not 4", bytes.len())))?,
        };
        let after = next.checked_add(1).ok_or_else(|| Error::FailedPrecondition("no slot left for a sync".into()))?;
        self.batch.put(key, after.to_be_bytes());
        Ok(Slot(next))
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

    /// Gives the disk space of cleared slots back.
    pub fn reclaim(&self, slots: &[Slot]) -> Result<()> {
        for slot in slots {
            let (start, end) = slot.span();
            self.engine.db.delete_file_in_range(&start, &end)?;
            self.engine.db.compact_range(Some(start), Some(end));
        }
        Ok(())
    }

    pub(super) fn drop_unmapped_slots(&mut self) -> Result<()> {
        let reader = self.engine.reader();
        let mapped: Vec<Slot> = reader.runs()?.into_iter().map(|run| run.slot).collect();
        let unmapped: Vec<Slot> = used_slots(&reader)?.into_iter().filter(|slot| !mapped.contains(slot)).collect();
        if unmapped.is_empty() {
            return Ok(());
        }
        unmapped.iter().for_each(|&slot| self.clear_slot(slot));
        self.commit(Durability::Buffered)?;
        self.reclaim(&unmapped)
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
        slots.push(slot);
        from = slot.span().1;
    }
}

impl Reader<'_> {
    /// Copies one slot into a database that has nothing in it yet, under the same number.
    pub fn copy_slot(
        &self,
        slot: Slot,
        target: &Engine,
        options: &EngineOptions,
        staging: &Path,
        control: &Control<'_>,
    ) -> Result<()> {
        let database = options.database();
        let mut entries = self.scan(&slot.span().0, None);
        let mut files = Vec::new();
        let mut open: Option<SstFileWriter<'_>> = None;
        let mut copied = 0u64;
        while let Some((key, value)) = entries.next()? {
            if copied.is_multiple_of(4096) {
                control.check()?;
            }
            copied += 1;
            let file = match open.take() {
                Some(file) => open.insert(file),
                None => {
                    let path = staging.join(format!("{}.sst", files.len()));
                    let file = open.insert(SstFileWriter::create(&database));
                    file.open(&path)?;
                    files.push(path);
                    file
                }
            };
            file.put(key, value)?;
            if file.file_size() >= SST_BYTES {
                file.finish()?;
                open = None;
            }
        }
        if let Some(mut file) = open {
            file.finish()?;
        }
        if files.is_empty() {
            return Ok(());
        }
        let mut ingest = IngestExternalFileOptions::default();
        ingest.set_move_files(true);
        Ok(target.db.ingest_external_file_opts(&ingest, files)?)
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
        let family = kind.family();
        let mut entries = self.scan(&keys::family(from, family), None);
        while let Some((key, stored)) = entries.next()? {
            if self.contains(&keys::record(without, family, keys::tuple_of(key)))? {
                continue;
            }
            let keys = RecordKeys::of(kind, to, stored).map_err(|error| damaged(family, key, error))?;
            keys.entries.iter().for_each(|entry| writer.set(entry, b""));
            writer.set(&keys.record, stored);
            if writer.batch.size_in_bytes() >= COMMIT_BYTES {
                control.check()?;
                writer.commit(Durability::Buffered)?;
            }
        }
        writer.commit(Durability::Buffered)
    }
}
