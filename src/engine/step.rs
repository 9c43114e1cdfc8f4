//! What one atomic step changes besides the records of a sync.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prost::Message;
use rocksdb::{Options, SstFileWriter, WriteBatch};

use super::SyncRun;
use crate::keys::{self, Keyspace, Slot, SyncId};
use crate::proto::storage::SyncStatsRecord;
use crate::Result;

/// Keys that are set or removed, none of which an index depends on, and spans of keys that are cleared before.
#[derive(Clone, Debug, Default)]
pub struct Step {
    keys: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    cleared: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Step {
    /// Stores a run, its token and its statistics.
    pub fn put_sync(&mut self, run: &SyncRun, token: &str, stats: &SyncStatsRecord) {
        self.keys.insert(keys::of_sync(Keyspace::SyncRun, run.id), Some(run.encode()));
        self.keys.insert(keys::of_sync(Keyspace::SyncToken, run.id), Some(token.as_bytes().to_vec()));
        self.keys.insert(keys::of_sync(Keyspace::SyncStats, run.id), Some(stats.encode_to_vec()));
    }

    /// Removes what the file holds of a sync beside its records: run, token, statistics, entitlement graph, session values.
    pub fn forget_sync(&mut self, id: SyncId) {
        for keyspace in [Keyspace::SyncRun, Keyspace::SyncToken, Keyspace::SyncStats, Keyspace::EntitlementGraph] {
            self.keys.insert(keys::of_sync(keyspace, id), None);
        }
        self.clear_below(&keys::sessions_of(&id.to_string()));
    }

    /// Removes every session value of the file.
    pub fn clear_sessions(&mut self) {
        self.clear_below(&keys::keyspace(Slot::FILE, Keyspace::Session));
    }

    /// Removes every record of a slot.
    pub fn clear_slot(&mut self, slot: Slot) {
        self.cleared.push(slot.span());
    }

    /// Removes what a slot holds beside records: named values, and what is kept of scopes.
    pub fn clear_beside_records(&mut self, slot: Slot) {
        for keyspace in [Keyspace::NamedValue, Keyspace::SourceCacheEntry, Keyspace::SourceCachePoison] {
            self.clear_below(&keys::keyspace(slot, keyspace));
        }
    }

    /// Sets or removes a key.
    pub(super) fn set(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.keys.insert(key, value);
    }

    fn clear_below(&mut self, prefix: &[u8]) {
        self.cleared.extend(keys::successor(prefix).map(|end| (prefix.to_vec(), end)));
    }

    /// Adds all of it to a batch.
    pub(super) fn add_to(&self, batch: &mut WriteBatch) {
        self.cleared.iter().for_each(|(start, end)| batch.delete_range(start, end));
        for (key, value) in &self.keys {
            match value {
                Some(value) => batch.put(key, value),
                None => batch.delete(key),
            }
        }
    }

    /// Writes all of it as SSTs in `folder`, which are ingested with others: what belongs to the file in one, and each span
    /// of a slot in one, so that none overlaps another.
    pub(super) fn write_ssts(&self, options: &Options, folder: &Path) -> Result<Vec<PathBuf>> {
        let of_file = |start: &[u8]| start < &Slot::FILE.span().1[..];
        let (file, slots): (Vec<_>, Vec<_>) = self.cleared.iter().partition(|(start, _)| of_file(start));
        let mut paths = Vec::new();
        if !self.keys.is_empty() || !file.is_empty() {
            paths.push(self.write_sst(options, folder.join("step-file.sst"), true, &file)?);
        }
        for (index, span) in slots.into_iter().enumerate() {
            paths.push(self.write_sst(options, folder.join(format!("step-{index}.sst")), false, &[span])?);
        }
        Ok(paths)
    }

    fn write_sst(
        &self,
        options: &Options,
        path: PathBuf,
        with_keys: bool,
        cleared: &[&(Vec<u8>, Vec<u8>)],
    ) -> Result<PathBuf> {
        let mut sst = SstFileWriter::create(options);
        sst.open(&path)?;
        // RocksDB: a span that is cleared in a file does not cover the keys of the same file.
        for (start, end) in cleared {
            sst.delete_range(start, end)?;
        }
        for (key, value) in self.keys.iter().filter(|_| with_keys) {
            match value {
                Some(value) => sst.put(key, value)?,
                None => sst.delete(key)?,
            }
        }
        sst.finish()?;
        Ok(path)
    }
}
