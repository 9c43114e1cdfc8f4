//! The one writer: collects changes and commits them as one atomic step.

use parking_lot::MutexGuard;
use rocksdb::{checkpoint::Checkpoint, WriteBatch, WriteOptions, DB};
use std::path::Path;

use super::databases::keep_tables;
use super::{damaged, Engine, Kind, RecordKeys, Records};
use crate::keys::{self, Slot};
use crate::{Error, Result};

/// How many stored records are looked up at a time before they are overwritten.
const LOOKUP: usize = 1024;

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
    _barrier: MutexGuard<'e, ()>,
}

impl<'e> Writer<'e> {
    pub(super) fn new(engine: &'e Engine, barrier: MutexGuard<'e, ()>) -> Writer<'e> {
        Writer { engine, batch: WriteBatch::default(), _barrier: barrier }
    }

    /// Puts records of one kind with their index entries, replacing what is stored under the same identity. Of several
    /// records with one identity the last wins, and only it leaves index entries.
    pub fn put(&mut self, kind: Kind, slot: Slot, records: &Records) -> Result<()> {
        let incoming = last_of_each(kind, slot, records)?;
        for chunk in incoming.chunks(LOOKUP) {
            let stored = self.engine.db.multi_get(chunk.iter().map(|(keys, _)| &keys.record));
            for ((keys, record), stored) in chunk.iter().zip(stored) {
                if let Some(stored) = stored? {
                    let old = keys_of_stored(kind, slot, &keys.record, &stored)?;
                    let stale = old.entries.iter().filter(|entry| !keys.entries.contains(entry));
                    stale.for_each(|entry| self.batch.delete(entry));
                }
                for entry in &keys.entries {
                    self.batch.put(entry, b"");
                }
                self.batch.put(&keys.record, record);
            }
        }
        Ok(())
    }

    /// Deletes the record at `key` with its index entries; `false` if there is none. A record that cannot be decoded
    /// stays, because its index entries could not be found.
    pub fn delete(&mut self, kind: Kind, slot: Slot, key: &[u8]) -> Result<bool> {
        let Some(stored) = self.engine.db.get_pinned(key)? else { return Ok(false) };
        for entry in keys_of_stored(kind, slot, key, &stored)?.entries {
            self.batch.delete(entry);
        }
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
        let mut options = WriteOptions::default();
        options.set_sync(durability == Durability::Synced);
        // An empty synced batch still carries earlier commits to the disk.
        self.engine.db.change(|db| db.write_opt(batch, &options))
    }

    /// Moves everything that is committed from memory into SSTs.
    pub fn flush(&self) -> Result<()> {
        self.engine.db.change(DB::flush)
    }

    /// Places a copy of the database into `directory`, which must not exist: hard links where the file system has them.
    /// RocksDB flushes for it, so the log holds nothing more and `CURRENT`, the manifest and the SSTs are all of it.
    pub fn checkpoint(&self, directory: &Path) -> Result<()> {
        self.engine.db.change(|db| Checkpoint::new(db)?.create_checkpoint(directory))?;
        keep_tables(directory)
    }
}

/// The records to write, in key order, the last of those with one key.
fn last_of_each(kind: Kind, slot: Slot, records: &Records) -> Result<Vec<(RecordKeys, &[u8])>> {
    let mut incoming = Vec::with_capacity(records.len());
    for (index, record) in records.iter().enumerate() {
        let noun = kind.family().noun();
        let keys = RecordKeys::of(kind, slot, record)
            .map_err(|error| Error::Internal(format!("{noun} {index} was translated into a record that is {error}")))?;
        if let Some(part) = keys.missing {
            return Err(Error::invalid(format!("{noun} {index} of the call has no {part}")));
        }
        incoming.push((keys, record));
    }
    // A stable sort keeps records with one key in the order of the call.
    incoming.sort_by(|(a, _), (b, _)| a.record.cmp(&b.record));
    incoming.reverse();
    incoming.dedup_by(|(a, _), (b, _)| a.record == b.record);
    incoming.reverse();
    Ok(incoming)
}

fn keys_of_stored(kind: Kind, slot: Slot, key: &[u8], stored: &[u8]) -> Result<RecordKeys> {
    RecordKeys::of(kind, slot, stored).map_err(|error| damaged(kind.family(), key, error))
}
