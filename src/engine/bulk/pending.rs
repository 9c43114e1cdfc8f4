//! The rows of the open sync that are not in the database yet.

use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

use super::change::Change;
use super::entitlements::Entitlements;
use super::sorted_runs::{SortedRuns, Staging};
use crate::engine::counts::ByType;
use crate::engine::kind::Kinds;
use crate::engine::step::Step;
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
    /// The index entries that every record has, but for rows that refresh what is stored: of these they are made when runs
    /// are merged, and take the place of those here.
    pub fixed: SortedRuns,
    /// Whether there are such rows, or rows that are combined, of which the same holds.
    pub refreshed: bool,
    /// Those of which there are grants here.
    entitlements: Entitlements,
}

impl Load {
    /// Appends what records that a caller put come to, until one cannot be put.
    fn append(&mut self, kind: Kind, slot: Slot, change: Change, records: &Records) -> Result<()> {
        let with_fixed = !change.makes_fixed_entries_late();
        let mut keys = RecordKeys::default();
        for (index, record) in records.iter().enumerate() {
            let varies = reset(&mut keys, kind, slot, index, record)?;
            if kind == Kind::Grant {
                self.entitlements.add(&keys.record)?;
            }
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
    /// Named values and entries of scopes that were set behind rows that are among these.
    values: Option<Step>,
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
            values: None,
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

    /// Room for rows of another step that so many threads fill, each as much of it.
    pub fn beside_for(&self, threads: usize) -> Pending {
        Pending::new(self.staging.clone(), self.budget / threads.max(1))
    }

    /// The slot that the rows belong to.
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// Whether rows of another slot are pending.
    pub fn is_of_another(&self, slot: Slot) -> bool {
        self.slot != slot && (self.rows(&Kind::ALL) > 0 || self.values.is_some())
    }

    /// Whether `slot` held records of a kind before the first of the kind were appended to it, which is `now` if none
    /// were: records of an earlier process, of which one may be damaged.
    pub fn was_occupied(&mut self, kind: Kind, slot: Slot, now: impl FnOnce() -> Result<bool>) -> Result<bool> {
        self.enter(slot);
        match self.occupied[kind as usize] {
            Some(occupied) => Ok(occupied),
            None => Ok(*self.occupied[kind as usize].insert(now()?)),
        }
    }

    /// What is known of another slot does not hold for `slot`, to which rows or values are appended next.
    fn enter(&mut self, slot: Slot) {
        if self.slot != slot {
            (self.slot, self.occupied, self.counted) = (slot, Default::default(), Default::default());
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

    /// Whether grants may be here whose keys start with `prefix`, those of one entitlement.
    pub fn may_have_grants_of(&self, prefix: &[u8]) -> bool {
        self.load(Kind::Grant).entitlements.may_have(prefix)
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
        self.append_all(slot, change, [(kind, records)], pending)
    }

    /// Appends records of several kinds, each of which comes once; all of them or, if that fails, none.
    pub fn append_all<'r>(
        &mut self,
        slot: Slot,
        change: Change,
        rows: impl IntoIterator<Item = (Kind, &'r Records)> + Clone,
        pending: &PendingKinds,
    ) -> Result<()> {
        self.spill_over_budget()?;
        for (kind, records) in rows.clone() {
            let load = &mut self.loads[kind as usize];
            // A row is a record and its key, and most of the key is in the record too.
            load.records.reserve(2 * records.size(), &self.staging)?;
            load.fixed.reserve(2 * records.size(), &self.staging)?;
        }
        let before = Kind::ALL.map(|kind| (self.load(kind).records.len(), self.load(kind).fixed.len()));
        let appended = rows
            .clone()
            .into_iter()
            .try_for_each(|(kind, records)| self.loads[kind as usize].append(kind, slot, change, records));
        if appended.is_err() {
            for (load, (records, fixed)) in self.loads.iter_mut().zip(before) {
                load.records.truncate(records);
                load.fixed.truncate(fixed);
            }
            return appended;
        }
        for (kind, _) in rows {
            self.loads[kind as usize].refreshed |= change.makes_fixed_entries_late();
            pending.add(kind);
        }
        self.slot = slot;
        Ok(())
    }

    /// Sets or removes keys of the slot that no index depends on, with the next rows that are moved into the database: all pending rows are
    /// moved with them.
    pub fn set_values(&mut self, slot: Slot, values: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>) {
        self.enter(slot);
        for (key, value) in values {
            self.values.get_or_insert_default().set(key, value);
        }
    }

    /// The keys that are set so and pending, if there are any.
    pub fn values(&self) -> Option<&Step> {
        self.values.as_ref()
    }

    /// Those are in the database.
    pub fn forget_values(&mut self) {
        self.values = None;
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
