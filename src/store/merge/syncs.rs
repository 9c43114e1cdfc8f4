//! Merging syncs of one open file.

use super::merging::{Merged, Merging};
use super::{is_overlay_cheaper, tidy, too_few, Input};
use crate::control::Control;
use crate::engine::{MergeInput, Step, SyncRun};
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
        let gone: Vec<SyncRun> =
            inputs.iter().filter(|_| !request.keep_inputs).map(|input| input.run.clone()).collect();
        let digests = self.options.grant_digests();
        let merging = Merging { inputs: &inputs, sources: &sources, times: &times, gone: &gone, digests, control };
        let over_base = !request.keep_inputs && is_overlay_cheaper(&inputs);
        let merged = match over_base {
            true => merging.over_base(&mut writer, Step::default()),
            false => merging.anew(&mut writer),
        };
        // What somebody reads is not given back.
        drop((sources, reader));
        let Merged { answer, run, dead_bytes } = merged?;
        self.mark_dirty();
        self.rebind(&inputs, &run);
        // The merge is done: what it left behind can also be cleared by the next.
        let _ = match over_base {
            true => tidy(self, &writer, run.slot, dead_bytes, control),
            false => writer.reclaim(&gone.iter().map(|run| run.slot).collect::<Vec<_>>(), control),
        };
        Ok(answer)
    }

    /// Binds the merged sync where one of its inputs is bound, because it was the newest when the file was opened.
    fn rebind(&self, inputs: &[Input], merged: &SyncRun) {
        let mut binding = self.binding.lock();
        if binding.bound().is_some_and(|bound| inputs.iter().any(|input| input.run.id == bound.id)) {
            *binding = Binding::at_open(merged);
        }
    }
}
