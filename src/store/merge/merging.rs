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
    /// Whether digests of the merged grants are taken.
    pub digests: bool,
    pub control: &'m Control<'m>,
}

impl Merging<'_> {
    /// Puts the partials over the base, whose slot becomes the merged sync's. `step` is done with it.
    pub fn over_base(&self, writer: &mut Writer<'_>, mut step: Step) -> Result<Merged> {
        let [base, partials @ ..] = self.inputs else { return Err(Error::Internal("no base".into())) };
        let (slot, counts) = (base.run.slot, base.counts.clone());
        step.clear_beside_records(slot);
        let mut done = None;
        let finish = |merged: &MergedSlot| self.finish(slot, merged, step, &mut done);
        let touched = writer.overlay_merged(self.sources, counts, total(partials), finish, self.control)?;
        self.digested(writer, |writer| match self.sources {
            // Where the base was read it is as it was before.
            [base, ..] => writer.renew_digests(slot, &touched, &base.reader, self.control),
            [] => Ok(()),
        });
        done.ok_or_else(|| Error::Internal("nothing was merged".into()))
    }

    /// Writes all records into a slot that nothing maps to yet.
    pub fn anew(&self, writer: &mut Writer<'_>) -> Result<Merged> {
        let slot = writer.allocate_slot()?;
        writer.commit(Durability::Synced)?;
        let mut done = None;
        let finish = |merged: &MergedSlot| self.finish(slot, merged, Step::default(), &mut done);
        writer.fill_merged(slot, self.sources, total(self.inputs), finish, self.control)?;
        self.digested(writer, |writer| writer.complete_digests(slot, self.control));
        done.ok_or_else(|| Error::Internal("nothing was merged".into()))
    }

    /// Takes digests, if they are wanted.
    fn digested(&self, writer: &mut Writer<'_>, take: impl FnOnce(&mut Writer<'_>) -> Result<()>) {
        if self.digests {
            // The merge is done: those that are missing are taken when the sync ends again.
            let _ = take(writer).and_then(|()| writer.commit(Durability::Buffered));
        }
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
