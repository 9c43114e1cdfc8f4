//! Consistent reads.

use std::sync::Arc;

use rocksdb::{DBPinnableSlice, DBRawIteratorWithThreadMode, ReadOptions, SnapshotWithThreadMode, DB};

use super::databases::Databases;
use super::kind::Kinds;
use super::rocksdb_ext::HeldSnapshot;
use super::Kind;
use crate::keys::{self, Keyspace};
use crate::{Error, Result};

/// A stored value, where RocksDB keeps it.
pub type Stored<'r> = DBPinnableSlice<'r>;

/// The database at one moment.
pub struct Reader<'e> {
    db: &'e DB,
    snapshot: Snapshot<'e>,
    state: Option<u64>,
    /// What was put of these is in the database. Others are not read: what is pending of them would be missing.
    flushed: Kinds,
    /// Nor is anything pending whose key starts with this, if it is not empty.
    span: Vec<u8>,
}

/// The moment that a reader shows: its own, or one that is held for others too.
enum Snapshot<'e> {
    Own(SnapshotWithThreadMode<'e, DB>),
    Held(Arc<HeldSnapshot>),
}

impl Snapshot<'_> {
    fn get(&self) -> &SnapshotWithThreadMode<'_, DB> {
        match self {
            Snapshot::Own(snapshot) => snapshot,
            Snapshot::Held(snapshot) => snapshot.get(),
        }
    }
}

impl<'e> Reader<'e> {
    pub(super) fn new(db: &'e DB) -> Reader<'e> {
        Reader { db, snapshot: Snapshot::Own(db.snapshot()), state: None, flushed: Kinds::ALL, span: Vec::new() }
    }

    /// A reader that can tell whether it shows what another shows.
    pub(super) fn of_state(db: &'e Databases, flushed: Kinds) -> Reader<'e> {
        let state = db.state();
        let latest: &DB = db;
        let snapshot = Snapshot::Own(latest.snapshot());
        Reader { db: latest, snapshot, state: state.filter(|_| db.state() == state), flushed, span: Vec::new() }
    }

    /// The same, which also reads what starts with `span`: nothing of that is pending.
    pub(super) fn with(self, span: &[u8]) -> Reader<'e> {
        Reader { span: span.to_vec(), ..self }
    }

    /// A reader of a moment that is held.
    pub(super) fn of_held(db: &'e DB, snapshot: Arc<HeldSnapshot>, flushed: Kinds) -> Reader<'e> {
        Reader { db, snapshot: Snapshot::Held(snapshot), state: None, flushed, span: Vec::new() }
    }

    /// Readers of one engine with the same state show the same; `None` if the database was being changed.
    pub fn state(&self) -> Option<u64> {
        self.state
    }

    /// The value of `key`.
    pub fn get(&self, key: &[u8]) -> Result<Option<Stored<'_>>> {
        self.check(key)?;
        Ok(self.snapshot.get().get_pinned(key)?)
    }

    /// Fails if what is at `key` may be pending, which nobody asked for.
    fn check(&self, key: &[u8]) -> Result<()> {
        if self.flushed == Kinds::ALL || !self.span.is_empty() && key.starts_with(&self.span) {
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

    /// Like [`Reader::scan_from`], of so many entries that keeping their blocks would drive those of lookups from the cache.
    pub fn scan_many_from(&self, prefix: &[u8], first: &[u8]) -> Scan<'_> {
        let mut options = ReadOptions::default();
        options.fill_cache(false);
        self.seek(options, prefix, first)
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
        let mut entries = self.snapshot.get().raw_iterator_opt(options);
        let checked = self.check(prefix);
        if checked.is_ok() {
            entries.seek(first);
        }
        Scan { entries, started: false, refused: checked.err() }
    }

    /// Where tables begin below `prefix`, and how many bytes each has.
    pub fn tables(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, u64)>> {
        let tables = self.db.live_files()?.into_iter();
        let first = tables.filter_map(|table| table.start_key.map(|key| (key, table.size as u64)));
        Ok(first.filter(|(key, _)| key.starts_with(prefix)).collect())
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

    /// Goes on with `first` or what follows it.
    pub fn seek(&mut self, first: &[u8]) {
        if self.refused.is_none() {
            self.entries.seek(first);
        }
        self.started = false;
    }

    /// The value of `key`. Keys are asked for in ascending order: ones that are close to one another cost a step each.
    pub fn find(&mut self, key: &[u8]) -> Result<Option<&[u8]>> {
        const STEPS: usize = 4;
        self.advance(key, STEPS)?;
        Ok(self.peek()?.filter(|(at, _)| *at == key).map(|(_, value)| value))
    }

    /// Goes on behind the entries that start with `prefix`, of which the last one returned is: a few of them cost a step each, more
    /// cost a seek. `false` if no key is behind them.
    pub fn leave(&mut self, prefix: &[u8]) -> Result<bool> {
        /// About what a seek among several layers of tables costs.
        const STEPS: usize = 16;
        let Some(next) = keys::successor(prefix) else { return Ok(false) };
        self.advance(&next, STEPS)?;
        Ok(true)
    }

    /// Goes on with `first` or what follows it, by at most so many steps or else by a seek.
    fn advance(&mut self, first: &[u8], steps: usize) -> Result<()> {
        let is_before = |entry: Option<(&[u8], &[u8])>| entry.is_some_and(|(at, _)| at < first);
        for _ in 0..steps {
            if !is_before(self.peek()?) {
                return Ok(());
            }
            self.next()?;
        }
        if is_before(self.peek()?) {
            self.seek(first);
        }
        Ok(())
    }

    /// The entry that [`Scan::next`] will return.
    fn peek(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        match self.has_more()? {
            true => Ok(self.current()),
            false => Ok(None),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Engine, EngineOptions, Records, Rows};
    use crate::keys::{EntitlementRef, ResourceRef, Slot};
    use crate::proto::storage::{self, GrantRecord, PrincipalRef};
    use prost::Message;

    #[test]
    fn a_reader_of_one_entitlement_leaves_grants_of_others_pending() {
        let folder = tempfile::tempdir().unwrap();
        let options = EngineOptions { memory_budget: 8 << 20, threads: 1, durable: false, compress_blocks: false };
        let engine = Engine::create(&folder.path().join("database"), &options).unwrap();
        let entitlement = |id| EntitlementRef { resource: ResourceRef::new("group", "g"), id };
        let put = |id: &str, user: &str| {
            let record = GrantRecord {
                entitlement: Some(storage::EntitlementRef {
                    resource_type_id: "group".into(),
                    resource_id: "g".into(),
                    entitlement_id: id.into(),
                }),
                principal: Some(PrincipalRef {
                    resource_type_id: "user".into(),
                    resource_id: user.into(),
                    ..PrincipalRef::default()
                }),
                ..GrantRecord::default()
            };
            let records = Records::of(&record.encode_to_vec()).unwrap();
            engine.writer().put(Slot(1), true, Rows::Records(Kind::Grant, &records)).unwrap();
        };
        let grants_of = |id| keys::grants_of(Slot(1), entitlement(id));
        put("a", "u");
        assert!(engine.reader_of_grants(&grants_of("a")).unwrap().any(&grants_of("a")).unwrap());
        assert!(!engine.pending.any_of(&[Kind::Grant]), "which moves them");
        put("b", "u");
        let reader = engine.reader_of_grants(&grants_of("a")).unwrap();
        assert!(engine.pending.any_of(&[Kind::Grant]));
        assert!(reader.any(&grants_of("a")).unwrap());
        assert!(matches!(reader.any(&grants_of("b")), Err(Error::Internal(_))));
        put("a", "v");
        let mut held = 0;
        let reader = engine.reader_of_grants(&grants_of("a")).unwrap();
        let mut grants = reader.scan(&grants_of("a"), None);
        while grants.next().unwrap().is_some() {
            held += 1;
        }
        assert_eq!(held, 2);
    }

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
