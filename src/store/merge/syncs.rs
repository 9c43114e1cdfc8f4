//! Merging syncs of one open file.

use prost_types::Timestamp;

use super::{is_overlay_cheaper, merged_sync, response, tidy, too_few, total, Input};
use crate::control::Control;
use crate::engine::{Durability, MergeInput, MergedSlot, Step, SyncRun, Writer};
use crate::keys::SyncId;
use crate::proto::api::{MergeResponse, MergeSyncsRequest};
use crate::store::sync::Binding;
use crate::store::Store;
use crate::{Error, Result};

impl Store {
    /// Merges syncs that have ended into a new one, which takes their place unless they are to stay. A reader, a crash and a
    /// full disk see the syncs before or after it. Other syncs stay as they are.
    ///
    /// Progress is in records.
    pub fn merge_syncs(&self, request: &MergeSyncsRequest, control: &Control<'_>) -> Result<MergeResponse> {
        too_few(request.sync_ids.len())?;
        let mut writer = self.writer()?;
        let reader = self.engine.ended();
        let bound = self.binding.lock().bound().filter(|bound| bound.by_caller).map(|bound| bound.id);
        let mut inputs: Vec<Input> = Vec::new();
        for id in &request.sync_ids {
            let run = self.run_by_id(&reader, id)?;
            if bound == Some(run.id) {
                return Err(Error::FailedPrecondition(format!("sync {} is bound", run.id)));
            }
            if inputs.iter().any(|input| input.run.id == run.id) {
                return Err(Error::invalid(format!("sync {} is named twice", run.id)));
            }
            inputs.push(Input::of(&reader, run, control)?);
        }
        let times = reader.sync_runs()?.into_iter().flat_map(|run| [run.record.started_at, run.record.ended_at]);
        let times: Vec<_> = times.flatten().collect();
        let sources: Vec<MergeInput<'_>> = inputs
            .iter()
            .map(|input| MergeInput {
                reader: self.engine.ended(),
                slot: input.run.slot,
                named: Box::new(|error| error),
            })
            .collect();
        let merging = Merging { inputs: &inputs, sources: &sources, control };
        let over_base = !request.keep_inputs && is_overlay_cheaper(&inputs);
        let merged = match over_base {
            true => merging.over_base(&mut writer, &times),
            false => merging.anew(&mut writer, &times, request.keep_inputs),
        };
        // What somebody reads is not given back.
        drop((sources, reader));
        let Merged { answer, run, dead_bytes } = merged?;
        self.mark_dirty();
        self.rebind(&inputs, &run);
        // The merge is done: what it left behind can also be cleared by the next.
        let cleared: Vec<_> = inputs.iter().map(|input| input.run.slot).collect();
        let _ = match over_base {
            true => tidy(self, &writer, run.slot, dead_bytes, control),
            false if request.keep_inputs => Ok(()),
            false => writer.reclaim(&cleared, control),
        };
        Ok(answer)
    }

    /// What was bound because it was the newest when the file was opened is so no longer if it was merged.
    fn rebind(&self, inputs: &[Input], merged: &SyncRun) {
        let mut binding = self.binding.lock();
        if binding.bound().is_some_and(|bound| inputs.iter().any(|input| input.run.id == bound.id)) {
            *binding = Binding::at_open(merged);
        }
    }
}

/// What is told of a merge, and the run that it stored.
struct Merged {
    answer: MergeResponse,
    run: SyncRun,
    dead_bytes: u64,
}

struct Merging<'m> {
    inputs: &'m [Input],
    sources: &'m [MergeInput<'m>],
    control: &'m Control<'m>,
}

impl Merging<'_> {
    fn over_base(&self, writer: &mut Writer<'_>, times: &[Timestamp]) -> Result<Merged> {
        let [base, partials @ ..] = self.inputs else { return Err(Error::Internal("no base".into())) };
        let counts = self.sources[0].reader.count(base.run.slot, self.control)?;
        let mut done = None;
        let step = |merged: &MergedSlot| {
            let sync = merged_sync(SyncId::generate(), base.run.slot, self.inputs, merged, times);
            let mut step = Step::default();
            self.inputs.iter().for_each(|input| step.forget_sync(input.run.id));
            partials.iter().for_each(|input| step.clear_slot(input.run.slot));
            step.put_sync(&sync.run, &sync.token, &sync.stats);
            done = Some(Merged { answer: response(&sync, merged), run: sync.run, dead_bytes: merged.dead_bytes });
            Ok(step)
        };
        writer.overlay_merged(self.sources, counts, total(partials), step, self.control)?;
        done.ok_or_else(|| Error::Internal("nothing was merged".into()))
    }

    /// The records go into a slot that nothing maps to yet; in the same step the run is stored and the merged syncs go.
    fn anew(&self, writer: &mut Writer<'_>, times: &[Timestamp], keep_inputs: bool) -> Result<Merged> {
        let slot = writer.allocate_slot()?;
        writer.commit(Durability::Synced)?;
        let mut done = None;
        let step = |merged: &MergedSlot| {
            let sync = merged_sync(SyncId::generate(), slot, self.inputs, merged, times);
            let mut step = Step::default();
            for input in self.inputs.iter().filter(|_| !keep_inputs) {
                step.forget_sync(input.run.id);
                step.clear_slot(input.run.slot);
            }
            step.put_sync(&sync.run, &sync.token, &sync.stats);
            done = Some(Merged { answer: response(&sync, merged), run: sync.run, dead_bytes: 0 });
            Ok(step)
        };
        writer.fill_merged(slot, self.sources, total(self.inputs), step, self.control)?;
        done.ok_or_else(|| Error::Internal("nothing was merged".into()))
    }
}
