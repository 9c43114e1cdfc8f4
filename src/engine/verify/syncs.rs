//! The slots of syncs: records, and what their indexes come to.

use std::collections::BTreeMap;

use prost::Message;

use super::digests::DigestWalk;
use super::fingerprint::{Fingerprint, Hasher};
use super::indexes::{self, Index};
use super::rows::Gap;
use super::{hides, report_gap, scopes, Row, Rows, Shown, SlotZero, VerifiedSync};
use crate::engine::source_cache::check_entry;
use crate::engine::{Counts, GrantDigest, Kind, Reader, RecordKeys, Scope};
use crate::findings::{short_hex, Findings};
use crate::keys::{self, Elements, Keyspace, Slot, SyncId};
use crate::memory::ask_for;
use crate::proto::api::{Fault, FaultKind};
use crate::proto::storage::{AssetRecord, EntitlementRecord, GrantRecord, ResourceRecord, ResourceTypeRecord};
use crate::Result;

/// The slots that runs name.
pub(super) struct Syncs<'v> {
    zero: SlotZero,
    shown: Shown<'v>,
    hasher: Hasher,
    slots: BTreeMap<Slot, SlotWalk>,
}

/// What was seen of one slot.
struct SlotWalk {
    sync: SyncId,
    counts: Counts,
    last_type: LastType,
    /// For each index what records call for, and what is there.
    indexes: [(Fingerprint, Fingerprint); Index::ALL.len()],
    complete: bool,
    digests: DigestWalk,
    digest_of_sync: Option<GrantDigest>,
    /// Whether anything is kept of scopes.
    has_scopes: bool,
    /// The keyspace that the last fault of that kind was about.
    unknown_keyspace: Option<u8>,
}

/// The type of the record that was counted last, encoded and as text: records of one type follow each other.
#[derive(Default)]
struct LastType(Vec<u8>, String);

impl<'v> Syncs<'v> {
    pub fn new(zero: SlotZero, shown: Shown<'v>) -> Syncs<'v> {
        let slots = zero.runs.values().flatten().map(|run| (run.slot, SlotWalk::new(run.id))).collect();
        let mut syncs = Syncs { shown, hasher: Hasher::new(), slots, zero };
        if let Some(gap) = syncs.zero.gap.take() {
            syncs.incomplete(&gap);
        }
        syncs
    }

    /// Walks all slots behind that of the file.
    pub fn walk(&mut self, rows: &mut Rows<'_>, findings: &mut Findings) -> Result<()> {
        let reader = rows.reader;
        while let Some(row) = rows.next()? {
            let (key, value) = match row {
                Row::Entry(key, value) => (key, value),
                Row::Gap(gap) => {
                    report_gap(&gap, findings);
                    self.incomplete(&gap);
                    continue;
                }
            };
            let Some(slot) = Slot::of(key).filter(|_| key.len() >= 5) else {
                findings.add(Fault::of(FaultKind::KeyMalformed, "shorter than slot and keyspace").at_key(key));
                continue;
            };
            match self.slots.get_mut(&slot) {
                Some(walk) => match Index::position(key) {
                    Some(index) => walk.indexes[index].1.add(&self.hasher, key, value),
                    None => {
                        // Decoding it takes that much, for a moment, and has no way to fail.
                        ask_for(value.len().saturating_mul(2))?;
                        walk.digests(slot, key, value, reader, findings)?;
                        walk.record(slot, key, value, &self.hasher, self.shown, findings)
                    }
                },
                None => {
                    let sentence = format!("no sync has slot {}, which starts with this key", slot.0);
                    findings.add(Fault::of(FaultKind::SlotUnmapped, sentence).at_key(key));
                    if slot == Slot::NONE {
                        return Ok(());
                    }
                    rows.skip_to(&slot.span().1);
                }
            }
        }
        Ok(())
    }

    fn incomplete(&mut self, gap: &Gap) {
        self.slots.iter_mut().filter(|(slot, _)| hides(gap, **slot)).for_each(|(_, walk)| walk.complete = false);
    }

    /// Names the faults of indexes that do not come to what the records call for.
    pub fn finish(self, rows: &Rows<'_>, findings: &mut Findings) -> Result<Vec<VerifiedSync>> {
        for (&slot, walk) in &self.slots {
            for (index, (called_for, there)) in Index::ALL.into_iter().zip(&walk.indexes) {
                if called_for != there && !findings.is_truncated() {
                    indexes::name_faults(index, slot, walk.sync, rows, findings)?;
                }
            }
        }
        for (&slot, walk) in self.slots.iter().filter(|(_, walk)| walk.has_scopes && walk.complete) {
            scopes::check_counts(slot, walk.sync, rows, findings)?;
        }
        rows.finish();
        let (mut slots, mut stats) = (self.slots, self.zero.stats);
        let walked = self.zero.runs.into_values().flatten().map(|run| {
            let stats = stats.remove(&run.id);
            // Of two syncs with one slot, which is a fault, only one was walked.
            let own = slots.get(&run.slot).is_some_and(|walk| walk.sync == run.id);
            let walk = if own { slots.remove(&run.slot) } else { None };
            let walk = walk.unwrap_or_else(|| SlotWalk::new(run.id));
            let index_entries = walk.indexes.iter().map(|(_, there)| there.count).sum();
            let (counts, digest, complete) = (walk.counts, walk.digest_of_sync, own && walk.complete);
            VerifiedSync { run, stats, counts, digest, index_entries, complete }
        });
        Ok(walked.collect())
    }
}

impl SlotWalk {
    fn new(sync: SyncId) -> SlotWalk {
        SlotWalk {
            sync,
            counts: Counts::default(),
            last_type: LastType::default(),
            indexes: Default::default(),
            complete: true,
            digests: DigestWalk::default(),
            digest_of_sync: None,
            has_scopes: false,
            unknown_keyspace: None,
        }
    }

    /// Takes grants and their digests.
    fn digests(
        &mut self,
        slot: Slot,
        key: &[u8],
        value: &[u8],
        reader: &Reader<'_>,
        findings: &mut Findings,
    ) -> Result<()> {
        let wrong = match Keyspace::of(key) {
            Some(Keyspace::Grant) => self.digests.grant(slot, key, value, self.complete, reader)?.into_iter().collect(),
            Some(Keyspace::GrantDigest) => {
                if keys::tuple_of(key).is_empty() {
                    self.digest_of_sync = GrantDigest::decode(value).ok().flatten();
                }
                self.digests.digest(slot, key, value, self.complete, reader)?
            }
            _ => return Ok(()),
        };
        for (key, sentence) in wrong {
            findings.add(Fault::of(FaultKind::DigestMismatch, sentence).in_sync(Some(self.sync)).at_key(&key));
        }
        Ok(())
    }

    /// Takes a key that is not of an index.
    fn record(
        &mut self,
        slot: Slot,
        key: &[u8],
        record: &[u8],
        hasher: &Hasher,
        shown: Shown<'_>,
        findings: &mut Findings,
    ) {
        let sync = Some(self.sync);
        let mut wrong = |kind, sentence: String| findings.add(Fault::of(kind, sentence).in_sync(sync).at_key(key));
        let keyspace = Keyspace::of(key);
        if keyspace == Some(Keyspace::NamedValue) {
            if keys::first_element(keys::tuple_of(key)).is_none() {
                wrong(FaultKind::KeyMalformed, "its name is no text".into());
            }
            return;
        }
        if keyspace == Some(Keyspace::GrantDigest) {
            return;
        }
        if keyspace == Some(Keyspace::SourceCacheEntry) {
            self.has_scopes = true;
            if let Err(error) = check_entry(key, record) {
                wrong(FaultKind::RecordUndecodable, error);
            }
            return;
        }
        if keyspace == Some(Keyspace::SourceCachePoison) {
            let scope = keys::scope_of(key);
            if scope.is_none_or(|[row_kind, scope]| Scope::named(&row_kind, &scope).is_none()) {
                wrong(FaultKind::KeyMalformed, "it is not a kind of rows and a scope".into());
            }
            return;
        }
        let Some(kind) = Kind::ALL.into_iter().find(|kind| Some(kind.keyspace()) == keyspace) else {
            let byte = key.get(4).copied();
            if self.unknown_keyspace != byte {
                self.unknown_keyspace = byte;
                wrong(FaultKind::KeyspaceUnknown, "the slot of a sync has no such keyspace".into());
            }
            return;
        };
        self.count(kind, key);
        let keys = match RecordKeys::of(kind, slot, record) {
            Ok(keys) if keys.record == key => keys,
            Ok(keys) => {
                return wrong(FaultKind::RecordWrongKey, format!("the record belongs to {}", short_hex(&keys.record)))
            }
            Err(error) => return wrong(FaultKind::RecordUndecodable, error.to_string()),
        };
        if let Some(part) = keys.missing {
            wrong(FaultKind::RecordIncomplete, format!("the record has no {part}"));
        }
        let readable = decode(kind, record).map_err(|error| error.to_string());
        if let Err(error) = readable.and_then(|()| shown(kind, record).map_err(|error| error.to_string())) {
            wrong(FaultKind::RecordUndecodable, error);
        }
        for (entry, value) in indexes::called_for(&keys) {
            if let Some(index) = Index::position(entry) {
                self.indexes[index].0.add(hasher, entry, value);
            }
        }
    }

    /// Counts a record as [`Reader::count`](crate::engine::Reader::count) does.
    fn count(&mut self, kind: Kind, key: &[u8]) {
        let by_type = match kind {
            Kind::ResourceType => return self.counts.resource_types += 1,
            Kind::Asset => return self.counts.assets += 1,
            Kind::Resource => &mut self.counts.resources,
            Kind::Entitlement => &mut self.counts.entitlements,
            Kind::Grant => &mut self.counts.grants,
        };
        let LastType(encoded, name) = &mut self.last_type;
        let tuple = keys::tuple_of(key);
        let first = Elements::of(tuple).next().unwrap_or_default();
        if encoded != first {
            first.clone_into(encoded);
            // What is not text is told of as a record under a wrong key.
            *name = keys::first_element(tuple).unwrap_or_default();
        }
        match by_type.get_mut(name) {
            Some(count) => *count += 1,
            None => drop(by_type.insert(name.clone(), 1)),
        }
    }
}

/// Whether a record is a message of its type, with all that is in it.
fn decode(kind: Kind, record: &[u8]) -> Result<(), prost::DecodeError> {
    match kind {
        Kind::ResourceType => ResourceTypeRecord::decode(record).map(drop),
        // Not what is in a profile: who says what can be shown looks at it.
        Kind::Resource => ResourceRecord::decode(record).map(drop),
        Kind::Entitlement => EntitlementRecord::decode(record).map(drop),
        Kind::Grant => GrantRecord::decode(record).map(drop),
        Kind::Asset => AssetRecord::decode(record).map(drop),
    }
}
