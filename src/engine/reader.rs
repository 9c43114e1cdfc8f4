//! Consistent reads.

use rocksdb::{DBPinnableSlice, DBRawIteratorWithThreadMode, ReadOptions, SnapshotWithThreadMode, DB};

use super::databases::Databases;
use crate::keys;
use crate::proto::wire::Malformed;
use crate::quoted::Quoted;
use crate::{Error, Result};

/// A stored value, where RocksDB keeps it.
pub type Stored<'r> = DBPinnableSlice<'r>;

/// The database at one moment.
pub struct Reader<'e> {
    snapshot: SnapshotWithThreadMode<'e, DB>,
    state: Option<u64>,
    threads: usize,
}

impl<'e> Reader<'e> {
    pub(super) fn new(db: &'e DB) -> Reader<'e> {
        Reader { snapshot: db.snapshot(), state: None, threads: 1 }
    }

    /// A reader that can tell whether it shows what another shows.
    pub(super) fn of_state(db: &'e Databases, threads: usize) -> Reader<'e> {
        let state = db.state();
        let snapshot = db.snapshot();
        Reader { snapshot, state: state.filter(|_| db.state() == state), threads }
    }

    /// How many threads one read may use.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// A reader whose reads use no thread but the caller's.
    pub fn on_one_thread(self) -> Reader<'e> {
        Reader { threads: 1, ..self }
    }

    /// Readers of one engine with the same state show the same; `None` if the database was being changed.
    pub fn state(&self) -> Option<u64> {
        self.state
    }

    /// The value of `key`.
    pub fn get(&self, key: &[u8]) -> Result<Option<Stored<'_>>> {
        Ok(self.snapshot.get_pinned(key)?)
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
        entries.seek(first);
        Scan { entries, started: false }
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
            self.entries.status()?;
        }
        Ok(self.entries.item())
    }

    /// Whether another entry follows the one that was returned last.
    pub fn has_more(&mut self) -> Result<bool> {
        if self.started {
            self.entries.next();
            self.started = false;
        }
        if !self.entries.valid() {
            self.entries.status()?;
        }
        Ok(self.entries.valid())
    }
}

/// The error for a stored value that cannot be decoded; the key is shown without slot and keyspace.
pub fn damaged(keyspace: keys::Keyspace, key: &[u8], error: Malformed) -> Error {
    Error::corruption(format!("{} at key {}", keyspace.noun(), Quoted::new(keys::tuple_of(key))), error)
}
