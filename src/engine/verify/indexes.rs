//! Which index entries and records lack each other.

use super::{Row, Rows};
use crate::engine::{Kind, Reader, RecordKeys};
use crate::findings::{short_hex, Findings};
use crate::keys::{self, Keyspace, Slot, SyncId};
use crate::proto::api::{Fault, FaultKind};
use crate::{Error, Result};

/// An index, and the kind of record that its entries lead to.
#[derive(Clone, Copy)]
pub(super) struct Index {
    pub keyspace: Keyspace,
    pub kind: Kind,
}

impl Index {
    /// All of them.
    pub const ALL: [Index; 8] = [
        Index { keyspace: Keyspace::ResourceByParent, kind: Kind::Resource },
        Index { keyspace: Keyspace::GrantByPrincipal, kind: Kind::Grant },
        Index { keyspace: Keyspace::GrantNeedsExpansion, kind: Kind::Grant },
        Index { keyspace: Keyspace::EntitlementById, kind: Kind::Entitlement },
        Index { keyspace: Keyspace::GrantById, kind: Kind::Grant },
        Index { keyspace: Keyspace::ResourceByScope, kind: Kind::Resource },
        Index { keyspace: Keyspace::EntitlementByScope, kind: Kind::Entitlement },
        Index { keyspace: Keyspace::GrantByScope, kind: Kind::Grant },
    ];

    /// The position in [`Index::ALL`] of the index that a key belongs to.
    pub fn position(key: &[u8]) -> Option<usize> {
        let keyspace = Keyspace::of(key);
        Index::ALL.iter().position(|index| Some(index.keyspace) == keyspace)
    }
}

/// The index entries that a record calls for: keys and values.
pub(super) fn called_for(keys: &RecordKeys) -> impl Iterator<Item = (&[u8], &[u8])> {
    keys.entries()
}

/// Names the faults of an index of one sync, from both sides.
pub(super) fn name_faults(
    index: Index,
    slot: Slot,
    sync: SyncId,
    rows: &Rows<'_>,
    findings: &mut Findings,
) -> Result<()> {
    let mut add = |fault: Fault, key: &[u8]| findings.add(fault.in_sync(Some(sync)).at_key(key));
    let mut records = rows.below(keys::keyspace(slot, index.kind.keyspace()));
    while let Some(row) = records.next()? {
        let Row::Entry(key, record) = row else { continue };
        let Some(keys) = in_place(index.kind, slot, key, record) else { continue };
        let entries = called_for(&keys).filter(|(entry, _)| Keyspace::of(entry) == Some(index.keyspace));
        for (entry, value) in entries {
            match lookup(rows.reader, entry)? {
                Found::Value(found) if found != value => {
                    let sentence = format!("its value is \"{}\", not \"{}\"", short_hex(&found), short_hex(value));
                    add(Fault::of(FaultKind::IndexValue, sentence), entry);
                }
                Found::Value(_) | Found::Unreadable => {}
                Found::Nothing => {
                    let sentence = format!("the index of {} lacks {}", index.keyspace.noun(), short_hex(entry));
                    add(Fault::of(FaultKind::RecordWithoutIndex, sentence), key);
                }
            }
        }
    }
    let mut entries = rows.below(keys::keyspace(slot, index.keyspace));
    while let Some(row) = entries.next()? {
        let Row::Entry(entry, _) = row else { continue };
        let Some(tuple) = keys::record_of_entry(index.keyspace, keys::tuple_of(entry)) else {
            add(Fault::of(FaultKind::KeyMalformed, "too few elements for an entry of its index"), entry);
            continue;
        };
        let key = keys::record(slot, index.kind.keyspace(), &tuple);
        match lookup(rows.reader, &key)? {
            Found::Unreadable => {}
            Found::Nothing => {
                let sentence = format!("there is no {} {}", index.kind.keyspace().noun(), short_hex(&key));
                add(Fault::of(FaultKind::IndexWithoutRecord, sentence), entry);
            }
            Found::Value(record) => {
                // What is wrong with the record itself is told of the record.
                let Some(keys) = in_place(index.kind, slot, &key, &record) else { continue };
                if !called_for(&keys).any(|(called_for, _)| called_for == entry) {
                    let sentence = format!("{} {} does not call for it", index.kind.keyspace().noun(), short_hex(&key));
                    add(Fault::of(FaultKind::IndexStale, sentence), entry);
                }
            }
        }
    }
    Ok(())
}

/// The keys of a record that can be decoded and lies where it belongs.
pub(super) fn in_place(kind: Kind, slot: Slot, key: &[u8], record: &[u8]) -> Option<RecordKeys> {
    RecordKeys::of(kind, slot, record).ok().filter(|keys| keys.record == key)
}

/// What lies at a key.
pub(super) enum Found {
    Nothing,
    Value(Vec<u8>),
    /// The walk over all keys has told of it.
    Unreadable,
}

pub(super) fn lookup(reader: &Reader<'_>, key: &[u8]) -> Result<Found> {
    match reader.get(key) {
        Ok(None) => Ok(Found::Nothing),
        Ok(Some(value)) => Ok(Found::Value(value.to_vec())),
        Err(Error::Engine { cause, .. }) if !cause.is_of_machine() => Ok(Found::Unreadable),
        Err(error) => Err(error),
    }
}
