//! The records of one kind in two syncs, in the order of their identities.

use std::cmp::Ordering;

use crate::engine::{Kind, Reader, Scan};
use crate::keys::{self, Slot};
use crate::{Error, Result};

/// A sync that is compared.
#[derive(Clone, Copy)]
pub struct ComparedSync<'r> {
    /// Of its database.
    pub reader: &'r Reader<'r>,
    /// Where its records are.
    pub slot: Slot,
    /// Says in an error which sync it is about.
    pub named: &'r dyn Fn(Error) -> Error,
}

/// The records with one identity: one of them is there at least.
pub struct Pair<'p> {
    /// The tuple that stands for the identity in keys.
    pub tuple: &'p [u8],
    /// The stored record of the first sync.
    pub before: Option<&'p [u8]>,
    /// The stored record of the second sync.
    pub after: Option<&'p [u8]>,
}

/// A walk through the records of one kind.
pub struct Pairs<'r> {
    kind: Kind,
    syncs: [ComparedSync<'r>; 2],
    scans: [Scan<'r>; 2],
    /// Whose record the current pair has.
    has: [bool; 2],
}

impl<'r> Pairs<'r> {
    /// Starts with the tuple `first`, or what follows it.
    pub fn new(kind: Kind, syncs: [ComparedSync<'r>; 2], first: &[u8]) -> Pairs<'r> {
        let keyspace = kind.keyspace();
        let scan = |sync: ComparedSync<'r>| {
            let prefix = keys::keyspace(sync.slot, keyspace);
            let first = [&prefix, first].concat();
            sync.reader.scan_many_from(&prefix, &first)
        };
        Pairs { kind, syncs, scans: syncs.map(scan), has: [true; 2] }
    }

    /// Goes on with the tuple `first`, or what follows it.
    pub fn seek(&mut self, first: &[u8]) {
        for (scan, sync) in self.scans.iter_mut().zip(&self.syncs) {
            scan.seek(&[&keys::keyspace(sync.slot, self.kind.keyspace()), first].concat());
        }
        self.has = [true; 2];
    }

    /// The next pair; `None` behind the last.
    // An `Iterator` could not lend.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Pair<'_>>> {
        let Pairs { syncs, scans, has, .. } = self;
        for ((scan, sync), has) in scans.iter_mut().zip(syncs).zip(*has) {
            if has {
                scan.next().map_err(sync.named)?;
            }
        }
        let [before, after] =
            scans.each_ref().map(|scan| scan.current().map(|(key, stored)| (keys::tuple_of(key), stored)));
        let (tuple, order) = match (before, after) {
            (None, None) => return Ok(None),
            (Some((tuple, _)), None) => (tuple, Ordering::Less),
            (None, Some((tuple, _))) => (tuple, Ordering::Greater),
            (Some((before, _)), Some((after, _))) => (before.min(after), before.cmp(after)),
        };
        *has = [order.is_le(), order.is_ge()];
        let [before, after] = [before.filter(|_| has[0]), after.filter(|_| has[1])];
        Ok(Some(Pair { tuple, before: before.map(|(_, stored)| stored), after: after.map(|(_, stored)| stored) }))
    }
}
