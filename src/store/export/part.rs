//! A part of the rows of a table, for readers that work side by side.
//!
//! A part ends where a table of the database begins. While a file is open read-only nothing changes its tables, so whoever opens it
//! divides it alike; of a store that may be written, what was found first is remembered.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::engine::Reader;
use crate::keys::{self, Keyspace, Slot};
use crate::{Error, Result};

/// The most parts that a table is divided into.
const MAX_PARTS: u32 = 65_536;

/// Where tables begin, and how many bytes each has, in the order of their keys.
type Tables = Arc<Vec<(Vec<u8>, u64)>>;

/// Where the tables of each keyspace began when somebody first asked for a part of it.
#[derive(Default)]
pub struct PartBounds(Mutex<HashMap<(Slot, u8), Tables>>);

impl PartBounds {
    fn of(&self, reader: &Reader<'_>, slot: Slot, keyspace: Keyspace) -> Result<Tables> {
        let mut known = self.0.lock();
        if let Some(tables) = known.get(&(slot, keyspace as u8)) {
            return Ok(Arc::clone(tables));
        }
        let mut tables = reader.tables(&keys::keyspace(slot, keyspace))?;
        tables.sort_unstable();
        let tables = Arc::new(tables);
        known.insert((slot, keyspace as u8), Arc::clone(&tables));
        Ok(tables)
    }
}

/// The one part that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    number: u32,
    of: u32,
}

impl Part {
    /// Checks what a request says.
    pub fn of_request(part: u32, parts: u32) -> Result<Part> {
        let of = parts.max(1);
        if of > MAX_PARTS {
            return Err(Error::invalid(format!("parts is {parts}: at most {MAX_PARTS}")));
        }
        if part >= of {
            return Err(Error::invalid(format!("part is {part}, and there are {of}, from 0")));
        }
        Ok(Part { number: part, of })
    }

    /// Whether what cannot be divided is in it.
    pub fn is_first(self) -> bool {
        self.number == 0
    }

    /// The first key of the part, and the first key behind it, of all keys that start with `prefix`; `None` for the first and behind
    /// the last of these.
    pub fn span(
        self,
        bounds: &PartBounds,
        reader: &Reader<'_>,
        (slot, keyspace): (Slot, Keyspace),
        prefix: &[u8],
    ) -> Result<[Option<Vec<u8>>; 2]> {
        if self.of == 1 {
            return Ok([None, None]);
        }
        let tables = bounds.of(reader, slot, keyspace)?;
        let below: Vec<_> = tables.iter().filter(|(first, _)| first.starts_with(prefix)).collect();
        let all: u64 = below.iter().map(|(_, size)| size).sum();
        // The first table that has so many parts of all bytes before it.
        let bound = |parts: u32| {
            let before = u128::from(all) * u128::from(parts);
            let mut read = 0u64;
            below.iter().find_map(|(first, size)| {
                let starts = u128::from(read) * u128::from(self.of) >= before;
                read += size;
                starts.then(|| first.clone())
            })
        };
        // Keys before the first table may be in the log alone: they are in the first part.
        let first = if self.number == 0 { None } else { Some(bound(self.number).unwrap_or_else(|| end_of(prefix))) };
        let end = if self.number + 1 == self.of {
            None
        } else {
            Some(bound(self.number + 1).unwrap_or_else(|| end_of(prefix)))
        };
        Ok([first, end])
    }
}

/// What comes behind every key that starts with `prefix`.
fn end_of(prefix: &[u8]) -> Vec<u8> {
    keys::successor(prefix).unwrap_or_default()
}
