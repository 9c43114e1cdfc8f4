//! What belongs to the file: metadata, runs, tokens, statistics, sessions.

use std::collections::BTreeMap;

use prost::Message;

use super::rows::Gap;
use super::{hides, report_gap, Row, Rows};
use crate::engine::database::LAYOUT;
use crate::engine::slots::NEXT_SLOT;
use crate::engine::SyncRun;
use crate::findings::Findings;
use crate::keys::{self, Elements, Keyspace, Slot, SyncId, LAYOUT_VERSION};
use crate::proto::api::{Fault, FaultKind};
use crate::proto::storage::SyncStatsRecord;
use crate::quoted::Quoted;
use crate::Result;

/// What slot 0 holds.
pub(super) struct SlotZero {
    /// Every run by its id; `None` if it cannot be read.
    pub runs: BTreeMap<SyncId, Option<SyncRun>>,
    /// Statistics that are about the sync of their key.
    pub stats: BTreeMap<SyncId, SyncStatsRecord>,
    layout: Option<Vec<u8>>,
    next_slot: Option<Vec<u8>>,
    /// Whether all of it could be read.
    pub complete: bool,
    /// One that may reach into the slots behind.
    pub gap: Option<Gap>,
    unknown_keyspace: Option<u8>,
}

impl SlotZero {
    /// Walks slot 0 and leaves `rows` behind it. `None` if the database has another layout: then nothing else means
    /// what it seems to.
    pub fn walk(rows: &mut Rows<'_>, findings: &mut Findings) -> Result<Option<SlotZero>> {
        let mut zero = SlotZero {
            runs: BTreeMap::new(),
            stats: BTreeMap::new(),
            layout: None,
            next_slot: None,
            complete: true,
            gap: None,
            unknown_keyspace: None,
        };
        while let Some(row) = rows.next()? {
            match row {
                Row::Gap(gap) => {
                    zero.complete &= !hides(&gap, Slot::FILE);
                    report_gap(&gap, findings);
                    zero.gap = Some(gap);
                }
                Row::Entry(key, _) if Slot::of(key).is_some_and(|slot| slot > Slot::FILE) => break,
                Row::Entry(key, value) => zero.entry(key, value, findings),
            }
        }
        let behind = Slot::FILE.span().1;
        match zero.gap.as_ref().map(|gap| gap.resumed_at.as_ref()) {
            Some(None) => {}
            Some(Some(key)) if *key > behind => rows.skip_to(key),
            _ => rows.skip_to(&behind),
        }
        let same_layout = zero.check_layout(findings);
        zero.check_slots(findings);
        Ok(Some(zero).filter(|_| same_layout))
    }

    fn entry(&mut self, key: &[u8], value: &[u8], findings: &mut Findings) {
        if key.len() < 5 {
            findings.add(Fault::of(FaultKind::KeyMalformed, "shorter than slot and keyspace").at_key(key));
            return;
        }
        match Keyspace::of(key) {
            Some(Keyspace::Meta) => self.metadata(key, value, findings),
            Some(Keyspace::SyncRun) => self.run(key, value, findings),
            Some(keyspace @ (Keyspace::SyncToken | Keyspace::SyncStats | Keyspace::EntitlementGraph)) => {
                self.of_sync(keyspace, key, value, findings)
            }
            Some(Keyspace::Session) => check_session(key, findings),
            _ if self.unknown_keyspace == Some(key[4]) => {}
            _ => {
                self.unknown_keyspace = Some(key[4]);
                findings.add(Fault::of(FaultKind::KeyspaceUnknown, "slot 0 has no such keyspace").at_key(key));
            }
        }
    }

    fn metadata(&mut self, key: &[u8], value: &[u8], findings: &mut Findings) {
        if key == keys::meta(LAYOUT) {
            self.layout = Some(value.to_vec());
        } else if key == keys::meta(NEXT_SLOT) {
            self.next_slot = Some(value.to_vec());
        } else {
            findings.add(Fault::of(FaultKind::KeyMalformed, "metadata that this layout does not have").at_key(key));
        }
    }

    fn run(&mut self, key: &[u8], value: &[u8], findings: &mut Findings) {
        let id = keys::sync_of(key);
        let run = SyncRun::decode(key, value).map_err(|error| error.to_string()).and_then(|run| {
            match run.record.sync_id == run.id.to_string() {
                true => Ok(run),
                false => Err(format!("it names itself sync {}", Quoted::new(&run.record.sync_id))),
            }
        });
        if let Err(sentence) = &run {
            findings.add(Fault::of(FaultKind::RunInvalid, sentence).in_sync(id).at_key(key));
        }
        if let Some(id) = id {
            self.runs.insert(id, run.ok());
        }
    }

    fn of_sync(&mut self, keyspace: Keyspace, key: &[u8], value: &[u8], findings: &mut Findings) {
        let id = keys::sync_of(key);
        let mut wrong = |kind, sentence: String| findings.add(Fault::of(kind, sentence).in_sync(id).at_key(key));
        let Some(id) = id else {
            return wrong(FaultKind::KeyMalformed, "it holds no KSUID".into());
        };
        if !self.runs.contains_key(&id) && self.complete {
            wrong(FaultKind::RunMissing, "the file holds no sync of this id".into());
        }
        match (keyspace, std::str::from_utf8(value)) {
            (Keyspace::SyncToken, Err(error)) => return wrong(FaultKind::TokenInvalid, error.to_string()),
            (Keyspace::SyncStats, _) => {}
            _ => return,
        }
        match SyncStatsRecord::decode(value) {
            Err(error) => wrong(FaultKind::StatsInvalid, error.to_string()),
            Ok(stats) if stats.sync_id != id.to_string() => {
                wrong(FaultKind::StatsInvalid, format!("they are those of sync {}", Quoted::new(&stats.sync_id)));
            }
            Ok(stats) => {
                self.stats.insert(id, stats);
            }
        }
    }

    /// Whether the keys mean what this library takes them for.
    fn check_layout(&self, findings: &mut Findings) -> bool {
        let stamp = self.layout.as_deref().map(<[u8; 4]>::try_from);
        let sentence = match stamp {
            Some(Ok(stamp)) if u32::from_be_bytes(stamp) == LAYOUT_VERSION => return true,
            Some(Ok(stamp)) => {
                let version = u32::from_be_bytes(stamp);
                format!("database layout {version}, this library knows {LAYOUT_VERSION}: its keys were not looked at")
            }
            Some(Err(_)) => "the database's layout version is not a number".to_owned(),
            None if !self.complete => return true,
            None => "the database has no layout version".to_owned(),
        };
        findings.add(Fault::of(FaultKind::Layout, sentence).at_key(&keys::meta(LAYOUT)));
        !matches!(stamp, Some(Ok(_)))
    }

    /// Every sync has a slot of its own, and none that a later sync would be given.
    fn check_slots(&self, findings: &mut Findings) {
        let mut used: BTreeMap<Slot, SyncId> = BTreeMap::new();
        for run in self.runs.values().flatten() {
            if let Some(other) = used.insert(run.slot, run.id) {
                let sentence = format!("slot {} is also that of sync {other}", run.slot.0);
                let key = keys::of_sync(Keyspace::SyncRun, run.id);
                findings.add(Fault::of(FaultKind::SlotShared, sentence).in_sync(Some(run.id)).at_key(&key));
            }
        }
        let Some((&last, &id)) = used.last_key_value() else { return };
        let sentence = match self.next_slot.as_deref().map(<[u8; 4]>::try_from) {
            Some(Ok(next)) if u32::from_be_bytes(next) > last.0 => return,
            Some(Ok(next)) => format!("the next slot is {}, but sync {id} has {}", u32::from_be_bytes(next), last.0),
            Some(Err(_)) => "the next slot is not a number".to_owned(),
            None if !self.complete => return,
            None => format!("the next slot is missing, but sync {id} has {}", last.0),
        };
        findings.add(Fault::of(FaultKind::NextSlot, sentence).at_key(&keys::meta(NEXT_SLOT)));
    }
}

fn check_session(key: &[u8], findings: &mut Findings) {
    let tuple = keys::tuple_of(key);
    let sound = Elements::of(tuple).all(|element| keys::unescape(element).is_some());
    if !sound || Elements::of(tuple).count() != 2 {
        findings.add(Fault::of(FaultKind::KeyMalformed, "it is not a sync's id and a key").at_key(key));
    }
}
