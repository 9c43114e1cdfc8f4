//! Consistent reads.

use rocksdb::{DBPinnableSlice, DBRawIteratorWithThreadMode, ReadOptions, SnapshotWithThreadMode, DB};

use super::databases::Databases;
use super::kind::Kinds;
use super::Kind;
use crate::keys::{self, Keyspace};
use crate::proto::wire::Malformed;
use crate::quoted::Quoted;
use crate::{Error, Result};

/// A stored value, where RocksDB keeps it.
pub type Stored<'r> = DBPinnableSlice<'r>;

/// The database at one moment.
pub struct Reader<'e> {
    snapshot: SnapshotWithThreadMode<'e, DB>,
    state: Option<u64>,
    /// What was put of these is in the database. Others are not read: what is pending of them would be missing.
    flushed: Kinds,
}

impl<'e> Reader<'e> {
    pub(super) fn new(db: &'e DB) -> Reader<'e> {
        Reader { snapshot: db.snapshot(), state: None, flushed: Kinds::ALL }
    }

    /// A reader that can tell whether it shows what another shows.
    pub(super) fn of_state(db: &'e Databases, flushed: Kinds) -> Reader<'e> {
        let state = db.state();
        let snapshot = db.snapshot();
        Reader { snapshot, state: state.filter(|_| db.state() == state), flushed }
    }

    /// Readers of one engine with the same state show the same; `None` if the database was being changed.
    pub fn state(&self) -> Option<u64> {
        self.state
    }

    /// The value of `key`.
    pub fn get(&self, key: &[u8]) -> Result<Option<Stored<'_>>> {
        self.check(key)?;
        Ok(self.snapshot.get_pinned(key)?)
    }

    /// Fails if what is at `key` may be pending, which nobody asked for.
    fn check(&self, key: &[u8]) -> Result<()> {
        if self.flushed == Kinds::ALL {
            return Ok(());
        }
        match Keyspace::of(key).filter(|&keyspace| Kind::of(keyspace).is_some_and(|kind| !self.flushed.contains(kind)))
        {
            Some(keyspace) => {
                Err(Error::Internal(format!("a reader of other kinds is asked for a {}", keyspace.noun())))
            }
            None => Ok(()),
        }
    }

    /// Whether `key` is there.
    pub fn contains(&self, key: &[u8]) -> Result<bool> {
        Ok(self.get(key)?.is_some())
    }

    /// The entries below `prefix` in key order, starting strictly behind `after`.
    pub fn scan(&self, prefix: &[u8], after: Option<&[u8]>) -> Scan<'_> {
        self.scan_with(ReadOptions::default(), prefix, after)
    }

    /// Like [`Reader::scan`], of so many entries that keeping their blocks would drive those of lookups from the cache.
    pub fn scan_many(&self, prefix: &[u8], after: Option<&[u8]>) -> Scan<'_> {
        let mut options = ReadOptions::default();
        options.fill_cache(false);
        self.scan_with(options, prefix, after)
    }

    fn scan_with(&self, options: ReadOptions, prefix: &[u8], after: Option<&[u8]>) -> Scan<'_> {
        let mut scan = self.seek(options, prefix, after.unwrap_or(prefix));
        if after.is_some() && scan.entries.key() == after {
            scan.entries.next();
        }
        scan
    }

    /// The entries below `prefix` in key order, starting with `first` or what follows it.
    pub fn scan_from(&self, prefix: &[u8], first: &[u8]) -> Scan<'_> {
        self.seek(ReadOptions::default(), prefix, first)
    }

    fn seek(&self, mut options: ReadOptions, prefix: &[u8], first: &[u8]) -> Scan<'_> {
        if let Some(end) = keys::successor(prefix) {
            options.set_iterate_upper_bound(end);
        }
        let mut entries = self.snapshot.raw_iterator_opt(options);
        let checked = self.check(prefix);
        if checked.is_ok() {
            entries.seek(first);
        }
        Scan { entries, started: false, refused: checked.err() }
    }

    /// Whether any entry is below `prefix`.
    pub fn any(&self, prefix: &[u8]) -> Result<bool> {
        Ok(self.scan(prefix, None).next()?.is_some())
    }
}

/// Entries of a [`Reader`], one after the other.
pub struct Scan<'r> {
    entries: DBRawIteratorWithThreadMode<'r, DB>,
    started: bool,
    /// Why nothing is read.
    refused: Option<Error>,
}

impl Scan<'_> {
    /// The next entry, borrowed until the one after it is asked for.
    // An `Iterator` could not lend.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        if std::mem::replace(&mut self.started, true) {
            self.entries.next();
        }
        // RocksDB: an iterator that meets a damaged block just ends; only its status tells.
        if !self.entries.valid() {
            self.refused.take().map_or(Ok(()), Err)?;
            self.entries.status()?;
        }
        Ok(self.entries.item())
    }

    /// The entry that [`Scan::next`] returned last.
    pub fn current(&self) -> Option<(&[u8], &[u8])> {
        self.entries.item()
    }

    /// Whether another entry follows the one that was returned last.
    pub fn has_more(&mut self) -> Result<bool> {
        if self.started {
            self.entries.next();
            self.started = false;
        }
        if !self.entries.valid() {
            self.refused.take().map_or(Ok(()), Err)?;
            self.entries.status()?;
        }
        Ok(self.entries.valid())
    }
}

/// The error for a stored value that cannot be decoded; the key is shown without slot and keyspace.
pub fn damaged(keyspace: keys::Keyspace, key: &[u8], error: Malformed) -> Error {
    Error::corruption(format!("{} at key {}", keyspace.noun(), Quoted::new(keys::tuple_of(key))), error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Engine, EngineOptions};
    use crate::keys::Slot;

    #[test]
    fn a_reader_of_other_kinds_reads_no_record_that_may_be_pending() {
        let folder = tempfile::tempdir().unwrap();
        let options = EngineOptions { memory_budget: 8 << 20, threads: 1, durable: false, compress_blocks: false };
        let engine = Engine::create(&folder.path().join("database"), &options).unwrap();
        let key = keys::keyspace(Slot(1), Keyspace::Grant);
        let index = keys::keyspace(Slot(1), Keyspace::GrantByPrincipal);
        for reader in [engine.snapshot(), engine.reader(&[Kind::Resource, Kind::Asset]).unwrap()] {
            assert!(matches!(reader.get(&key), Err(Error::Internal(_))));
            assert!(matches!(reader.scan(&index, None).next(), Err(Error::Internal(_))));
            assert!(matches!(reader.any(&index), Err(Error::Internal(_))));
        }
        for reader in [engine.ended(), engine.reader(&[Kind::Grant]).unwrap()] {
            assert!(reader.get(&key).unwrap().is_none());
            assert!(reader.scan(&index, None).next().unwrap().is_none());
        }
    }
}
