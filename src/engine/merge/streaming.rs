//! All winners written into an empty slot.

use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use super::parts::{parts, PART_BYTES};
use super::span::Span;
use super::{Identities, MergeInput, MergedSlot, Outcome};
use crate::control::Control;
use crate::engine::bulk::{ingest, Fill, Filled, Pending, SortedRuns, Ssts};
use crate::engine::step::Step;
use crate::engine::strides::is_due;
use crate::engine::writer::target;
use crate::engine::{Engine, Kind, Writer};
use crate::keys::Slot;
use crate::{files, Error, Result};

impl Writer<'_> {
    /// Fills `slot`, which was committed and is empty, with the records of the inputs that win, and makes with them, as one
    /// step, the changes that `step` makes of them. Progress is in records of the inputs, of which there are about `total`.
    pub fn fill_merged(
        &mut self,
        slot: Slot,
        inputs: &[MergeInput<'_>],
        total: u64,
        step: impl FnOnce(&MergedSlot) -> Step,
        control: &Control<'_>,
    ) -> Result<()> {
        let directory = self.pending().directory();
        let folder = files::create_unique_folder(directory, "fill-").map_err(Error::io("stage in", directory))?;
        let parts = parts(inputs, PART_BYTES)?;
        let workers = self.pending().workers();
        let workers: Vec<_> = std::iter::from_fn(|| workers.claim()).take(parts.len() - 1).collect();
        let room = self.pending().beside_for(1 + workers.len());
        let filling = Filling {
            engine: self.engine,
            slot,
            inputs,
            parts: &parts,
            room: &room,
            folder: folder.path(),
            total,
            next: AtomicUsize::new(0),
            read: AtomicU64::new(0),
        };
        let filled = thread::scope(|scope| {
            let filling = &filling;
            let beside = workers.into_iter().filter_map(|worker| {
                let control = control.beside();
                worker.spawn_scoped(scope, "c1z-merge", move || filling.fill(&control))
            });
            let beside: Vec<_> = beside.collect();
            let mut filled = vec![filling.fill(control)];
            let panicked = |_| Err(Error::Internal("merging panicked".into()));
            filled.extend(beside.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)));
            filled.into_iter().collect::<Result<Vec<_>>>()
        })?;
        let (mut merged, mut files, mut entries) = (MergedSlot::default(), Vec::new(), Vec::new());
        for (outcome, filled) in filled.into_iter().flatten() {
            for (kind, counts) in Kind::ALL.into_iter().zip(filled.counts) {
                merged.outcome[kind as usize].add(outcome[kind as usize]);
                merged.counts.add(kind, counts);
            }
            files.extend(filled.files);
            entries.push(filled.entries);
        }
        let target = self.target(control);
        let mut ssts = Ssts::new(target.entries, folder.path(), "entries", true);
        target.write_entries(SortedRuns::merge(&entries)?, &mut ssts)?;
        files.extend(ssts.finish()?);
        files.extend(step(&merged).write_ssts(target.entries, folder.path())?);
        control.check()?;
        ingest(&self.engine.db, files)
    }
}

/// A slot that several threads fill.
struct Filling<'f> {
    engine: &'f Engine,
    slot: Slot,
    inputs: &'f [MergeInput<'f>],
    parts: &'f [Vec<Span>],
    /// Whose budget bounds the index entries of one thread.
    room: &'f Pending,
    folder: &'f Path,
    /// About how many records there are.
    total: u64,
    /// The part that nobody has begun.
    next: AtomicUsize,
    /// Records of the inputs that were read.
    read: AtomicU64,
}

type Outcomes = [Outcome; Kind::ALL.len()];

impl Filling<'_> {
    /// Writes one part after the other until none is left, or one fails.
    fn fill(&self, control: &Control<'_>) -> Result<Vec<(Outcomes, Filled)>> {
        let mut filled = Vec::new();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = self.parts.get(number) else { return Ok(filled) };
            let part = self.part(number, part, control).inspect_err(|_| {
                // The others need not begin another.
                self.next.store(self.parts.len(), Ordering::Relaxed);
            });
            filled.push(part?);
        }
    }

    fn part(&self, number: usize, part: &[Span], control: &Control<'_>) -> Result<(Outcomes, Filled)> {
        let (target, name) = (target(self.engine, control), format!("records-{number}"));
        let mut fill = Fill::new(&target, self.room, self.slot, self.folder, &name);
        let mut outcomes = Outcomes::default();
        for span in part {
            let mut identities = Identities::new(span, self.inputs);
            let (mut read, mut told) = (0, 0);
            while identities.next()? {
                let (winner, record) = identities.winner()?;
                if is_due(read, record) {
                    control.check()?;
                    let before = self.read.fetch_add(read - told, Ordering::Relaxed);
                    let done = before + (read - told);
                    control.report(done, self.total.max(done));
                    told = read;
                }
                read += 1;
                outcomes[span.kind as usize].count(identities.record(0), record);
                fill.put(span.kind, identities.tuple(), record, &self.inputs[winner].named)?;
            }
            self.read.fetch_add(read - told, Ordering::Relaxed);
        }
        Ok((outcomes, fill.finish()?))
    }
}
