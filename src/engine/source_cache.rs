//! Source cache: which rows a part of what a connector reads came to, so that a later sync may take them over.
//!
//! A *scope* is such a part, named by its connector. A row is of one scope or of none, which its record says; the rows of a
//! scope are in an index. A scope that lost a row to anybody else is *poisoned* in the step that took it: what it has left
//! is not all that its part came to, and nothing else shows that.

use std::collections::HashMap;

use prost::Message;

use super::rows::Row;
use super::strides::{is_due, COMMIT_BYTES};
use super::{damaged, Durability, Kind, Reader, Writer};
use crate::control::Control;
use crate::keys::{self, Keyspace, Slot};
use crate::proto::storage::SourceCacheEntryRecord;
use crate::proto::wire::Malformed;
use crate::quoted::Quoted;
use crate::{Error, Result};

/// SDK: the names of the kinds of rows that may be of a scope.
const ROW_KINDS: [(&str, Kind, Keyspace); 3] = [
    ("resources", Kind::Resource, Keyspace::ResourceByScope),
    ("entitlements", Kind::Entitlement, Keyspace::EntitlementByScope),
    ("grants", Kind::Grant, Keyspace::GrantByScope),
];

/// A scope of rows of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'s> {
    kind: Kind,
    row_kind: &'static str,
    index: Keyspace,
    /// Its name.
    pub key: &'s str,
}

impl<'s> Scope<'s> {
    /// The scope of that name of rows that the SDK calls so; `None` if it calls none so.
    pub fn named(row_kind: &str, key: &'s str) -> Option<Scope<'s>> {
        let (row_kind, kind, index) = ROW_KINDS.into_iter().find(|(name, ..)| *name == row_kind)?;
        Some(Scope { kind, row_kind, index, key })
    }

    /// The scope that a stored record is of.
    pub(super) fn of_record(kind: Kind, stored: &'s [u8]) -> Result<Option<Scope<'s>>, Malformed> {
        let key = Row::parse(kind, stored)?.source_scope();
        Ok(Scope::of_kind(kind, key).filter(|_| !key.is_empty()))
    }

    /// The scope of that name of rows of a kind; `None` for a kind whose rows are of no scope.
    pub(super) fn of_kind(kind: Kind, key: &'s str) -> Option<Scope<'s>> {
        let (row_kind, kind, index) = ROW_KINDS.into_iter().find(|(_, of, _)| *of == kind)?;
        Some(Scope { kind, row_kind, index, key })
    }

    /// Of which kind its rows are.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the SDK calls that kind.
    pub fn row_kind(&self) -> &'static str {
        self.row_kind
    }

    fn entry_key(&self, slot: Slot) -> Vec<u8> {
        keys::of_scope(slot, Keyspace::SourceCacheEntry, self.row_kind, self.key)
    }

    /// What the entries of its rows start with in their index.
    pub(super) fn rows(&self, slot: Slot) -> Vec<u8> {
        keys::rows_of_scope(slot, self.index, self.key)
    }

    /// The key that is there if the scope is poisoned.
    pub(super) fn poison_key(&self, slot: Slot) -> Vec<u8> {
        keys::of_scope(slot, Keyspace::SourceCachePoison, self.row_kind, self.key)
    }
}

/// Whether an index entry is of an index by scope.
pub(super) fn is_by_scope(entry: &[u8]) -> bool {
    Keyspace::of(entry).is_some_and(|keyspace| ROW_KINDS.iter().any(|(.., index)| *index == keyspace))
}

/// What the entry of a scope has to be: under its own key, with a kind of rows that there is.
pub(super) fn check_entry(key: &[u8], value: &[u8]) -> Result<SourceCacheEntryRecord, String> {
    let entry = SourceCacheEntryRecord::decode(value).map_err(|error| error.to_string())?;
    let own =
        Scope::named(&entry.row_kind, &entry.scope_key).map(|scope| [scope.row_kind.to_owned(), scope.key.to_owned()]);
    match own.is_some() && own == keys::scope_of(key) {
        true => Ok(entry),
        false => Err(format!("it is of {} {}", Quoted::new(&entry.row_kind), Quoted::new(&entry.scope_key))),
    }
}

impl Reader<'_> {
    /// What was put for a scope.
    pub fn source_cache_entry(&self, slot: Slot, scope: &Scope<'_>) -> Result<Option<SourceCacheEntryRecord>> {
        let key = scope.entry_key(slot);
        let entry = self.get(&key)?.map(|value| check_entry(&key, &value)).transpose();
        entry.map_err(|error| damaged_entry(&key, error))
    }

    /// Whether a scope lost a row to somebody else.
    pub fn is_poisoned(&self, slot: Slot, scope: &Scope<'_>) -> Result<bool> {
        self.contains(&scope.poison_key(slot))
    }

    /// Calls `visit` with key and record of each row of a scope, in the order of the keys. An entry of the index without a
    /// row is passed with no record; progress is not told.
    pub fn rows_of_scope(
        &self,
        slot: Slot,
        scope: &Scope<'_>,
        control: &Control<'_>,
        mut visit: impl FnMut(Vec<u8>, Option<&[u8]>) -> Result<()>,
    ) -> Result<()> {
        let mut entries = self.scan(&scope.rows(slot), None);
        // They come in the order of the index, which is that of the records.
        let mut records = self.scan(&keys::keyspace(slot, scope.kind.keyspace()), None);
        let mut rows = 0u64;
        while let Some((entry, _)) = entries.next()? {
            let tuple = keys::record_of_entry(scope.index, keys::tuple_of(entry))
                .ok_or_else(|| Error::corruption(scope.index.noun(), "an entry has too few elements"))?;
            let key = keys::record(slot, scope.kind.keyspace(), &tuple);
            let stored = records.find(&key)?;
            if is_due(rows, stored.unwrap_or_default()) {
                control.check()?;
            }
            rows += 1;
            visit(key, stored)?;
        }
        Ok(())
    }

    /// Whether a record is of a scope.
    pub fn is_of_scope(&self, scope: &Scope<'_>, key: &[u8], stored: &[u8]) -> Result<bool> {
        let of = Scope::of_record(scope.kind, stored).map_err(|error| damaged(scope.kind.keyspace(), key, error))?;
        Ok(of.is_some_and(|of| of.key == scope.key))
    }
}

impl Writer<'_> {
    /// Keeps what a scope is compared by, behind the rows that were put before: it is never seen without them.
    pub fn put_source_cache_entry(&mut self, slot: Slot, open: bool, entry: &SourceCacheEntryRecord) -> Result<()> {
        let key = keys::of_scope(slot, Keyspace::SourceCacheEntry, &entry.row_kind, &entry.scope_key);
        self.set_behind_rows(slot, open, key, entry.encode_to_vec())
    }

    /// Counts the rows of every scope that has an entry, by what the records say, and keeps the numbers with the entries.
    /// Everything that was put is in the database. Without entries nothing is read.
    pub fn count_source_cache(&mut self, slot: Slot, control: &Control<'_>) -> Result<()> {
        let reader = self.engine.ended();
        for (row_kind, kind, _) in ROW_KINDS {
            let mut counts: HashMap<String, u64> = HashMap::new();
            for_each_entry(&reader, slot, row_kind, |_, entry| {
                counts.insert(entry.scope_key, 0);
                Ok(())
            })?;
            if counts.is_empty() {
                continue;
            }
            let mut records = reader.scan_many(&keys::keyspace(slot, kind.keyspace()), None);
            let mut rows = 0u64;
            while let Some((key, stored)) = records.next()? {
                if is_due(rows, stored) {
                    control.check()?;
                }
                rows += 1;
                let scope = Scope::of_record(kind, stored).map_err(|error| damaged(kind.keyspace(), key, error))?;
                if let Some(count) = scope.and_then(|scope| counts.get_mut(scope.key)) {
                    *count += 1;
                }
            }
            for_each_entry(&reader, slot, row_kind, |key, entry| {
                let row_count = counts.get(&entry.scope_key).copied();
                self.put_counted(key, SourceCacheEntryRecord { row_count, ..entry })
            })?;
        }
        Ok(())
    }

    /// What follows in this commit changes records of a sync that has ended: how many rows scopes have is not known any more.
    pub fn forget_source_cache_counts(&mut self, slot: Slot) -> Result<()> {
        let reader = self.engine.ended();
        for (row_kind, ..) in ROW_KINDS {
            for_each_entry(&reader, slot, row_kind, |key, entry| match entry.row_count {
                Some(_) => self.put_counted(key, SourceCacheEntryRecord { row_count: None, ..entry }),
                None => Ok(()),
            })?;
        }
        Ok(())
    }

    /// Entries may be many: of those that have changed some megabytes are committed by themselves. A count that is missing only
    /// lets its scope be collected anew, and one that is there before its sync has ended is made again when it ends.
    fn put_counted(&mut self, key: &[u8], entry: SourceCacheEntryRecord) -> Result<()> {
        self.set(key, &entry.encode_to_vec());
        match self.batch.size_in_bytes() < COMMIT_BYTES {
            true => Ok(()),
            false => self.commit(Durability::Buffered),
        }
    }
}

/// Calls `visit` with key and entry of each scope of rows of one kind.
fn for_each_entry(
    reader: &Reader<'_>,
    slot: Slot,
    row_kind: &str,
    mut visit: impl FnMut(&[u8], SourceCacheEntryRecord) -> Result<()>,
) -> Result<()> {
    let mut entries = reader.scan(&keys::scopes_of(slot, Keyspace::SourceCacheEntry, row_kind), None);
    while let Some((key, value)) = entries.next()? {
        let entry = check_entry(key, value).map_err(|error| damaged_entry(key, error))?;
        visit(key, entry)?;
    }
    Ok(())
}

fn damaged_entry(key: &[u8], error: String) -> Error {
    let place = format!("{} at key {}", Keyspace::SourceCacheEntry.noun(), Quoted::new(keys::tuple_of(key)));
    Error::corruption(place, error)
}
