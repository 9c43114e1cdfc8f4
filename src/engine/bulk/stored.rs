//! What is stored beside rows that come in the order of their keys.

use rocksdb::{DBRawIteratorWithThreadMode, ReadOptions, DB};

use crate::engine::databases::Databases;
use crate::engine::Kind;
use crate::keys::{self, Slot};
use crate::Result;

/// How many stored records are passed over one by one before the next is looked for.
const STEPS: usize = 4;

/// The stored records of a kind, walked along with rows: rows that are close to one another cost a step each, and one
/// behind all that is stored nothing but a comparison.
pub struct StoredRecords<'d> {
    entries: DBRawIteratorWithThreadMode<'d, DB>,
    /// The key that was asked for last; empty before the first.
    last: Vec<u8>,
}

impl<'d> StoredRecords<'d> {
    /// Those in `slot`.
    pub fn new(db: &'d Databases, slot: Slot, kind: Kind) -> StoredRecords<'d> {
        let mut options = ReadOptions::default();
        if let Some(end) = keys::successor(&keys::keyspace(slot, kind.keyspace())) {
            options.set_iterate_upper_bound(end);
        }
        StoredRecords { entries: db.raw_iterator_opt(options), last: Vec::new() }
    }

    /// The record at `key`, a key of the kind. Keys may come in any order; ascending ones are found faster.
    pub fn at(&mut self, key: &[u8]) -> Result<Option<&[u8]>> {
        let ascends = !self.last.is_empty() && self.last[..] <= *key;
        self.last.clear();
        self.last.extend_from_slice(key);
        if !(ascends && self.step_to(key)) {
            self.entries.seek(key);
        }
        self.entries.status()?;
        Ok(self.entries.item().filter(|(at, _)| *at == key).map(|(_, record)| record))
    }

    /// Goes to the first record at `key` or behind it, unless that takes too many steps.
    fn step_to(&mut self, key: &[u8]) -> bool {
        for _ in 0..STEPS {
            match self.entries.key() {
                Some(at) if at < key => self.entries.next(),
                _ => return true,
            }
        }
        self.entries.key().is_none_or(|at| at >= key)
    }
}
