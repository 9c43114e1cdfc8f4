//! What the file holds about its syncs: the run, its resume token, its statistics.

use prost::Message;

use super::{Kind, Reader, Step, Writer};
use crate::keys::{self, Keyspace, Slot, SyncId};
use crate::proto::storage::{SyncRunRecord, SyncStatsRecord};
use crate::proto::wire::{self, Malformed};
use crate::{Error, Result};

/// The field of a stored run that names the slot; `c1.storage.v3.SyncRunRecord` has no field with this number.
const SLOT_FIELD: u32 = 1000;

/// The field of stored statistics that says that records were put or deleted since they were taken;
/// `c1.storage.v3.SyncStatsRecord` has no field with this number.
const STALE_FIELD: u32 = 1000;

/// The highest field of `c1.storage.v3.SyncRunRecord` that this library knows. 8 is reserved: old files may have it.
const KNOWN_FIELDS: std::ops::RangeInclusive<u32> = 1..=12;
const RETIRED_FIELD: u32 = 8;

/// The most bytes of all runs of a file: hundreds of thousands. They are read together, often.
const MAX_RUNS_BYTES: usize = 64 << 20;

/// A stored sync run.
#[derive(Clone, Debug)]
pub struct SyncRun {
    /// Its id, also in `record.sync_id`.
    pub id: SyncId,
    /// Where its records are.
    pub slot: Slot,
    /// The run itself; its token is stored apart and empty here.
    pub record: SyncRunRecord,
    /// Fields that a newer library or an older SDK wrote; they are kept.
    unknown: Vec<u8>,
}

impl SyncRun {
    /// A run of which nothing is stored yet.
    pub fn new(id: SyncId, slot: Slot, record: SyncRunRecord) -> SyncRun {
        SyncRun { id, slot, record: SyncRunRecord { sync_id: id.to_string(), ..record }, unknown: Vec::new() }
    }

    /// The run that `encoded` was decoded to, in no slot yet, with the fields of it that this library does not know.
    pub fn with_unknown(id: SyncId, record: SyncRunRecord, encoded: &[u8]) -> Result<SyncRun, Malformed> {
        let (_, unknown) = split(encoded)?;
        Ok(SyncRun { unknown, ..SyncRun::new(id, Slot::NONE, record) })
    }

    pub(super) fn decode(key: &[u8], value: &[u8]) -> Result<SyncRun> {
        let id = keys::sync_of(key).ok_or_else(|| Error::corruption("sync run", "its key holds no KSUID"))?;
        let damaged = |detail: String| Error::corruption(format!("sync {id}"), detail);
        let record = SyncRunRecord::decode(value).map_err(|error| damaged(error.to_string()))?;
        let (slot, unknown) = split(value).map_err(|error| damaged(error.to_string()))?;
        let slot = Slot(slot.filter(|&slot| slot > 0).ok_or_else(|| damaged("no slot".into()))?);
        Ok(SyncRun { id, slot, record, unknown })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut value = self.record.encode_to_vec();
        wire::put_varint(&mut value, SLOT_FIELD, self.slot.0.into());
        value.extend_from_slice(&self.unknown);
        value
    }
}

/// The slot of an encoded run, if it has one, and the fields that this library does not know.
fn split(run: &[u8]) -> Result<(Option<u32>, Vec<u8>), Malformed> {
    let (mut slot, mut unknown) = (None, Vec::new());
    for field in wire::fields(run) {
        let field = field?;
        match field.number {
            SLOT_FIELD => slot = field.varint().ok().and_then(|slot| u32::try_from(slot).ok()),
            RETIRED_FIELD => unknown.extend_from_slice(field.raw),
            number if KNOWN_FIELDS.contains(&number) => {}
            _ => unknown.extend_from_slice(field.raw),
        }
    }
    Ok((slot, unknown))
}

impl Reader<'_> {
    /// The run of a sync.
    pub fn run(&self, id: SyncId) -> Result<Option<SyncRun>> {
        let key = keys::of_sync(Keyspace::SyncRun, id);
        self.get(&key)?.map(|value| SyncRun::decode(&key, &value)).transpose()
    }

    /// Every run, ordered by id and so by the second in which it was started.
    pub fn sync_runs(&self) -> Result<Vec<SyncRun>> {
        let (mut runs, mut bytes) = (Vec::new(), 0);
        let mut entries = self.scan(&keys::keyspace(Slot::FILE, Keyspace::SyncRun), None);
        while let Some((key, value)) = entries.next()? {
            bytes += value.len();
            if bytes > MAX_RUNS_BYTES {
                let what = format!("{bytes} bytes of sync runs");
                return Err(Error::LimitExceeded {
                    place: "database".into(),
                    what,
                    limit: MAX_RUNS_BYTES as u64,
                    setting: None,
                });
            }
            runs.push(SyncRun::decode(key, value)?);
        }
        Ok(runs)
    }

    /// The token of a sync's last checkpoint, empty before the first.
    pub fn token(&self, id: SyncId) -> Result<String> {
        let value = self.get(&keys::of_sync(Keyspace::SyncToken, id))?;
        let token = value.map(|value| String::from_utf8(value.to_vec())).transpose();
        Ok(token.map_err(|error| Error::corruption(format!("token of sync {id}"), error))?.unwrap_or_default())
    }

    /// What an expander keeps of its work on a sync.
    pub fn entitlement_graph(&self, id: SyncId) -> Result<Option<Vec<u8>>> {
        Ok(self.get(&keys::of_sync(Keyspace::EntitlementGraph, id))?.map(|graph| graph.to_vec()))
    }

    /// The statistics that were taken of a sync, if they are about it.
    pub fn stats(&self, id: SyncId) -> Result<Option<SyncStatsRecord>> {
        Ok(self.stored_stats(id)?.map(|(stats, _)| stats))
    }

    /// The statistics of a sync that has ended, if nothing was put into it or deleted since they were taken.
    pub fn exact_stats(&self, id: SyncId) -> Result<Option<SyncStatsRecord>> {
        Ok(self.stored_stats(id)?.filter(|(_, value)| !is_stale(value)).map(|(stats, _)| stats))
    }

    fn stored_stats(&self, id: SyncId) -> Result<Option<(SyncStatsRecord, Vec<u8>)>> {
        let Some(value) = self.get(&keys::of_sync(Keyspace::SyncStats, id))? else { return Ok(None) };
        let stats = SyncStatsRecord::decode(&value[..])
            .map_err(|error| Error::corruption(format!("statistics of sync {id}"), error))?;
        Ok(Some((stats, value.to_vec())).filter(|(stats, _)| stats.sync_id == id.to_string()))
    }
}

impl Writer<'_> {
    /// Stores a run.
    pub fn put_sync_run(&mut self, run: &SyncRun) {
        self.batch.put(keys::of_sync(Keyspace::SyncRun, run.id), run.encode());
    }

    /// Stores the token of a sync.
    pub fn put_token(&mut self, id: SyncId, token: &str) {
        self.batch.put(keys::of_sync(Keyspace::SyncToken, id), token);
    }

    /// Stores what an expander keeps of its work on a sync, or removes it.
    pub fn set_entitlement_graph(&mut self, id: SyncId, graph: Option<&[u8]>) {
        let key = keys::of_sync(Keyspace::EntitlementGraph, id);
        match graph {
            Some(graph) => self.batch.put(key, graph),
            None => self.batch.delete(key),
        }
    }

    /// Stores the statistics of a sync.
    pub fn put_stats(&mut self, id: SyncId, stats: &SyncStatsRecord) {
        self.batch.put(keys::of_sync(Keyspace::SyncStats, id), stats.encode_to_vec());
    }

    /// Notes that what follows in this commit changes records of a sync that has ended. Its statistics stay as they were
    /// taken, but are not exact; how many rows scopes have is forgotten.
    pub fn mark_stats_stale(&mut self, id: SyncId, slot: Slot) -> Result<()> {
        let stored = self.engine.ended().stored_stats(id)?;
        if stored.as_ref().is_some_and(|(_, value)| is_stale(value)) {
            return Ok(());
        }
        if let Some((_, mut value)) = stored {
            wire::put_varint(&mut value, STALE_FIELD, 1);
            self.batch.put(keys::of_sync(Keyspace::SyncStats, id), value);
        }
        self.forget_source_cache_counts(slot)
    }

    /// Copies the statistics of a sync from another database.
    pub fn copy_stats(&mut self, from: &Reader<'_>, id: SyncId) -> Result<()> {
        if let Some((_, value)) = from.stored_stats(id)? {
            self.batch.put(keys::of_sync(Keyspace::SyncStats, id), value);
        }
        Ok(())
    }

    /// Removes a sync with everything that the file holds of it, its session values included.
    pub fn drop_sync(&mut self, run: &SyncRun) -> Result<()> {
        // What is pending goes where it can be cleared: were the commit to fail, it must still be there.
        self.flush_pending(&Kind::ALL)?;
        let mut step = Step::default();
        step.forget_sync(run.id);
        step.clear_slot(run.slot);
        step.add_to(&mut self.batch);
        Ok(())
    }
}

fn is_stale(stats: &[u8]) -> bool {
    wire::fields(stats).any(|field| field.is_ok_and(|field| field.number == STALE_FIELD))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_this_library_does_not_know_survive_an_update() {
        let id = SyncId::generate();
        let mut value = SyncRun::new(id, Slot(3), SyncRunRecord::default()).encode();
        wire::put_bytes(&mut value, 8, b"linked");
        wire::put_varint(&mut value, 77, 5);
        let key = keys::of_sync(Keyspace::SyncRun, id);
        let mut run = SyncRun::decode(&key, &value).unwrap();
        run.record.supports_diff = true;
        let again = SyncRun::decode(&key, &run.encode()).unwrap();
        assert_eq!(again.slot, Slot(3));
        assert!(again.record.supports_diff);
        let kept: Vec<u32> = wire::fields(&again.unknown).map(|field| field.unwrap().number).collect();
        assert_eq!(kept, [8, 77]);
    }
}
