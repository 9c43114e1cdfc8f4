//! The rows of the open sync that are not in the database yet.

use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

use super::change::Change;
use super::sorted_runs::{SortedRuns, Staging};
use crate::engine::counts::ByType;
use crate::engine::kind::Kinds;
use crate::engine::{Kind, RecordKeys, Records};
use crate::keys::Slot;
use crate::threads::Workers;
use crate::{Error, Result};

/// From so many rows on records and index entries are sorted and written at the same time, by two threads.
pub const PARALLEL_ROWS: u64 = 32_768;

/// Which kinds have rows that are not in the database yet, for readers that do not hold the barrier.
#[derive(Default)]
pub struct PendingKinds(AtomicU8);

impl PendingKinds {
    /// Whether one of `kinds` has such rows. A put that has returned shows here.
    pub fn any_of(&self, kinds: &[Kind]) -> bool {
        self.0.load(Ordering::Acquire) & Kinds::of(kinds).bits() != 0
    }

    fn add(&self, kind: Kind) {
        self.0.fetch_or(Kinds::of(&[kind]).bits(), Ordering::Release);
    }

    fn remove(&self, kind: Kind) {
        self.0.fetch_and(!Kinds::of(&[kind]).bits(), Ordering::Release);
    }
}

/// The rows of one kind.
#[derive(Default)]
pub struct Load {
    /// Records by key.
    pub records: SortedRuns,
    /// The index entries that every record has, written while records are: of no use once [`Load::refreshed`].
    pub fixed: SortedRuns,
    /// Whether some rows only refresh what is stored: what their entries hold is known when runs are merged.
    pub refreshed: bool,
}

impl Load {
    /// Appends what records that a caller put come to, until one cannot be put.
    fn append(&mut self, kind: Kind, slot: Slot, change: Change, records: &Records) -> Result<()> {
        let with_fixed = change != Change::Refresh && !self.refreshed;
        let mut keys = RecordKeys::default();
        for (index, record) in records.iter().enumerate() {
            let varies = reset(&mut keys, kind, slot, index, record)?;
            let indexed = change == Change::Put && varies;
            self.records.push(&keys.record, if indexed { Change::PutIndexed } else { change }, record)?;
            if let Some(entry) = keys.fixed.as_ref().filter(|_| with_fixed) {
                self.fixed.push(entry, Change::Put, &keys.covering_value)?;
            }
        }
        Ok(())
    }
}

/// Has in `keys` those of the record that is so manieth of a call. Returns whether there are varying ones.
fn reset(keys: &mut RecordKeys, kind: Kind, slot: Slot, index: usize, record: &[u8]) -> Result<bool> {
    let noun = kind.keyspace().noun();
    let varies = keys
        .reset(kind, slot, record)
        .map_err(|error| Error::Internal(format!("{noun} {index} was translated into a record that is {error}")))?;
    match keys.missing {
        None => Ok(varies),
        Some(part) => Err(Error::invalid(format!("{noun} {index} of the call has no {part}"))),
    }
}

/// Rows of one slot at a time, by kind. Guarded by the barrier.
pub struct Pending {
    slot: Slot,
    loads: [Load; Kind::ALL.len()],
    /// Whether the slot had records of a kind before the first were appended here.
    occupied: [Option<bool>; Kind::ALL.len()],
    /// How many records of a kind the slot holds in the database, where all of them came as pending rows.
    counted: [Option<ByType>; Kind::ALL.len()],
    /// Where runs are spilled.
    staging: Staging,
    /// Bytes of rows in memory above which the largest run is spilled.
    budget: usize,
}

impl Pending {
    /// Nothing yet. Runs beyond `budget` bytes are spilled.
    pub fn new(staging: Staging, budget: usize) -> Pending {
        Pending {
            slot: Slot::NONE,
            loads: Default::default(),
            occupied: Default::default(),
            counted: Default::default(),
            staging,
            budget,
        }
    }

    /// Room for rows of another step, under a budget of the same size.
    pub fn beside(&self) -> Pending {
        Pending::new(self.staging.clone(), self.budget)
    }

    /// The slot that the rows belong to.
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// Whether rows of another slot are pending.
    pub fn is_of_another(&self, slot: Slot) -> bool {
        self.slot != slot && self.rows(&Kind::ALL) > 0
    }

    /// Whether `slot` held records of a kind before the first of the kind were appended to it, which is `now` if none
    /// were: records of an earlier process, of which one may be damaged.
    pub fn was_occupied(&mut self, kind: Kind, slot: Slot, now: impl FnOnce() -> Result<bool>) -> Result<bool> {
        if self.slot != slot {
            (self.slot, self.occupied, self.counted) = (slot, Default::default(), Default::default());
        }
        match self.occupied[kind as usize] {
            Some(occupied) => Ok(occupied),
            None => Ok(*self.occupied[kind as usize].insert(now()?)),
        }
    }

    /// How many records of a kind `slot` holds in the database, if that is known without counting them.
    pub fn counted(&self, kind: Kind, slot: Slot) -> Option<&ByType> {
        self.counted[kind as usize].as_ref().filter(|_| self.slot == slot)
    }

    /// Records of a kind are changed past the pending rows, or by a flush whose outcome is not known yet.
    pub fn forget_counted(&mut self, kind: Kind) -> Option<ByType> {
        self.counted[kind as usize].take()
    }

    /// How many records of a kind the slot holds in the database.
    pub fn set_counted(&mut self, kind: Kind, counted: ByType) {
        self.counted[kind as usize] = Some(counted);
    }

    /// Number of rows of these kinds.
    pub fn rows(&self, kinds: &[Kind]) -> u64 {
        kinds.iter().map(|&kind| self.load(kind).records.len()).sum()
    }

    pub fn load(&self, kind: Kind) -> &Load {
        &self.loads[kind as usize]
    }

    /// Appends records of one kind; all of them or, if that fails, none.
    pub fn append(
        &mut self,
        kind: Kind,
        slot: Slot,
        change: Change,
        records: &Records,
        pending: &PendingKinds,
    ) -> Result<()> {
        self.spill_over_budget()?;
        let load = &mut self.loads[kind as usize];
        let rows = (load.records.len(), load.fixed.len());
        // A row is a record and its key, and most of the key is in the record too.
        load.records.reserve(2 * records.size(), &self.staging)?;
        load.fixed.reserve(2 * records.size(), &self.staging)?;
        let appended = load.append(kind, slot, change, records);
        if appended.is_err() {
            load.records.truncate(rows.0);
            load.fixed.truncate(rows.1);
            return appended;
        }
        if change == Change::Refresh && !std::mem::replace(&mut load.refreshed, true) {
            load.fixed = SortedRuns::default();
        }
        self.slot = slot;
        pending.add(kind);
        Ok(())
    }

    /// Appends one record without index entries, given in parts of which the first has what its key is made of. Its value
    /// takes no memory.
    pub fn append_large(&mut self, kind: Kind, slot: Slot, record: &[&[u8]], pending: &PendingKinds) -> Result<()> {
        let mut keys = RecordKeys::default();
        reset(&mut keys, kind, slot, 0, record.first().copied().unwrap_or_default())?;
        self.loads[kind as usize].records.push_to_file(&keys.record, Change::Put, record, &self.staging)?;
        self.slot = slot;
        pending.add(kind);
        Ok(())
    }

    /// Whether rows of these kinds, sorted, are few and short enough to be collected in memory once more.
    pub fn are_few(&self, kinds: &[Kind], rows: u64, bytes: usize) -> bool {
        let in_memory = |load: &Load| load.records.is_in_memory() && load.fixed.is_in_memory();
        self.rows(kinds) < rows && self.buffered(kinds) < bytes && kinds.iter().all(|&kind| in_memory(self.load(kind)))
    }

    /// Bytes of memory that rows of these kinds take.
    pub fn buffered(&self, kinds: &[Kind]) -> usize {
        let loads = kinds.iter().map(|&kind| self.load(kind));
        loads.map(|load| load.records.buffered() + load.fixed.buffered()).sum()
    }

    fn spill_over_budget(&mut self) -> Result<()> {
        if self.buffered(&Kind::ALL) < self.budget {
            return Ok(());
        }
        let all = self.loads.iter_mut().flat_map(|load| [&mut load.records, &mut load.fixed]);
        match all.max_by_key(|runs| runs.buffered()) {
            Some(largest) => largest.spill(&self.staging),
            None => Ok(()),
        }
    }

    /// Makes the rows of these kinds readable in key order.
    pub fn sort(&mut self, kinds: &[Kind]) -> Result<()> {
        for &kind in kinds {
            let Load { records, fixed, .. } = &mut self.loads[kind as usize];
            if records.len() >= PARALLEL_ROWS {
                thread::scope(|scope| {
                    let worker = self.staging.workers.claim();
                    let _ = worker.and_then(|worker| worker.spawn_scoped(scope, "c1z-sort", || fixed.sort()));
                    records.sort()
                })?;
            }
            // Nothing is left to do of what was done above; there may have been no thread or memory to spare.
            records.sort()?;
            fixed.sort()?;
        }
        Ok(())
    }

    /// Forgets the rows of these kinds.
    pub fn clear(&mut self, kinds: &[Kind], pending: &PendingKinds) {
        for &kind in kinds {
            self.loads[kind as usize] = Load::default();
            pending.remove(kind);
        }
    }

    /// Who sorts and writes beside the caller.
    pub fn workers(&self) -> &Workers {
        &self.staging.workers
    }

    /// Asks these from now on.
    pub fn share(&mut self, workers: Workers) {
        self.staging.workers = workers;
    }

    /// Where runs are spilled.
    pub fn directory(&self) -> &Path {
        &self.staging.directory
    }

    /// Spills `runs`, which belong to the same step as the rows here, if they are over the budget.
    pub fn bound(&self, runs: &mut SortedRuns) -> Result<()> {
        match runs.buffered() < self.budget {
            true => Ok(()),
            false => runs.spill(&self.staging),
        }
    }
}
