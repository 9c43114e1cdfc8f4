//! All winners written into an empty slot.

use super::{Identities, MergeInput, MergedSlot};
use crate::control::Control;
use crate::engine::bulk::{ingest, Fill, Filled};
use crate::engine::slots::is_due;
use crate::engine::step::Step;
use crate::engine::{Counts, Kind, Writer};
use crate::keys::Slot;
use crate::Result;

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
        let mut merged = MergedSlot::default();
        let filled = self.fill(slot, control, |fill| {
            let mut read = 0;
            for kind in Kind::ALL {
                let mut identities = Identities::new(kind, inputs);
                while identities.next()? {
                    let (winner, record) = identities.winner()?;
                    if is_due(read, record) {
                        control.check()?;
                        control.report(read, total.max(read));
                    }
                    read += 1;
                    merged.outcome[kind as usize].count(identities.record(0), record);
                    fill.put(kind, identities.tuple(), record, &inputs[winner].named)?;
                }
            }
            Ok(())
        })?;
        let Filled { mut files, counts, folder } = filled;
        merged.counts = Counts::of(|kind| Ok(counts[kind as usize].clone()))?;
        files.extend(step(&merged).write_ssts(&self.engine.tables.entries, folder.path())?);
        control.check()?;
        ingest(&self.engine.db, files)
    }

    fn fill(
        &mut self,
        slot: Slot,
        control: &Control<'_>,
        put: impl FnOnce(&mut Fill<'_>) -> Result<()>,
    ) -> Result<Filled> {
        let target = self.target(control);
        let mut fill = Fill::new(&target, self.pending(), slot)?;
        put(&mut fill)?;
        fill.finish()
    }
}
