//! The two ways of a merge, with what it changes of the file.

use prost_types::Timestamp;

use super::outcome::{merged_sync, response};
use super::{total, Input};
use crate::control::Control;
use crate::engine::{Durability, MergeInput, MergedSlot, Step, SyncRun, Writer};
use crate::keys::Slot;
use crate::proto::api::MergeResponse;
use crate::{Error, Result};

/// What is told of a merge, and the run that it stored.
pub(super) struct Merged {
    pub answer: MergeResponse,
    pub run: SyncRun,
    pub dead_bytes: u64,
}

/// A merge into one database.
pub(super) struct Merging<'m> {
    pub inputs: &'m [Input],
    /// Where the records of the inputs are read.
    pub sources: &'m [MergeInput<'m>],
    /// What the merged sync ends behind, beside its inputs.
    pub times: &'m [Timestamp],
    /// The syncs of the database that go.
    pub gone: &'m [SyncRun],
    pub control: &'m Control<'m>,
}

impl Merging<'_> {
    /// Puts the partials over the base, whose slot becomes the merged sync's. `step` is done with it.
    pub fn over_base(&self, writer: &mut Writer<'_>, step: Step) -> Result<Merged> {
        let ([base, partials @ ..], [in_base, ..]) = (self.inputs, self.sources) else {
            return Err(Error::Internal("no base".into()));
        };
        let slot = base.run.slot;
        let counts = in_base.reader.count(slot, self.control).map_err(&in_base.named)?;
        let mut done = None;
        let finish = |merged: &MergedSlot| self.finish(slot, merged, step, &mut done);
        writer.overlay_merged(self.sources, counts, total(partials), finish, self.control)?;
        done.ok_or_else(|| Error::Internal("nothing was merged".into()))
    }

    /// Writes all records into a slot that nothing maps to yet.
    pub fn anew(&self, writer: &mut Writer<'_>) -> Result<Merged> {
        let slot = writer.allocate_slot()?;
        writer.commit(Durability::Synced)?;
        let mut done = None;
        let finish = |merged: &MergedSlot| self.finish(slot, merged, Step::default(), &mut done);
        writer.fill_merged(slot, self.sources, total(self.inputs), finish, self.control)?;
        done.ok_or_else(|| Error::Internal("nothing was merged".into()))
    }

    /// In the step that makes the records visible the run is stored and the syncs go that are gone.
    fn finish(&self, slot: Slot, merged: &MergedSlot, mut step: Step, done: &mut Option<Merged>) -> Step {
        for run in self.gone {
            step.forget_sync(run.id);
            if run.slot != slot {
                step.clear_slot(run.slot);
            }
        }
        let sync = merged_sync(slot, self.inputs, merged, self.times);
        step.put_sync(&sync.run, &sync.token, &sync.stats);
        *done = Some(Merged { answer: response(&sync, merged), run: sync.run, dead_bytes: merged.dead_bytes });
        step
    }
}
