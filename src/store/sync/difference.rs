//! What one sync holds and another does not, as a sync of its own.

use crate::control::Control;
use crate::engine::{Durability, Kind, Reader, SyncRun, Writer};
use crate::keys::SyncId;
use crate::proto::api::{DiffSyncsRequest, DiffSyncsResponse};
use crate::proto::storage::{SyncRunRecord, SyncType};
use crate::store::clock;
use crate::store::Store;
use crate::{Error, Result};

impl Store {
    /// Makes a partial sync of the records of `applied` that have no counterpart in `base`. A changed or a deleted
    /// record leaves no trace. Neither input changes and the bound sync stays bound.
    ///
    /// The records are written into a slot that nothing maps to yet; storing the run is the one step that makes the
    /// sync exist. If anything fails before, the slot is given up.
    pub fn diff_syncs(&self, request: &DiffSyncsRequest, control: &Control<'_>) -> Result<DiffSyncsResponse> {
        let (base_id, applied_id) = (&request.base_sync_id, &request.applied_sync_id);
        if base_id.is_empty() || applied_id.is_empty() || base_id == applied_id {
            return Err(Error::invalid("base_sync_id and applied_sync_id must name two different syncs"));
        }
        let mut writer = self.writer()?;
        let reader = self.engine.ended();
        let (base, applied) = (self.run_by_id(&reader, base_id)?, self.run_by_id(&reader, applied_id)?);
        for run in [&base, &applied] {
            if run.record.ended_at.is_none() {
                return Err(Error::FailedPrecondition(format!("sync {} has not ended", run.id)));
            }
        }
        let started_at = clock::next(&reader.sync_runs()?);
        let slot = writer.allocate_slot()?;
        writer.commit(Durability::Synced)?;
        let record = SyncRunRecord {
            r#type: SyncType::Partial.into(),
            parent_sync_id: base_id.clone(),
            started_at: Some(started_at),
            ..SyncRunRecord::default()
        };
        let mut run = SyncRun::new(SyncId::generate(), slot, record);
        if let Err(error) = self.fill_difference(&reader, [&applied, &base], &mut run, &mut writer, control) {
            writer.give_up_slot(slot);
            return Err(error);
        }
        self.mark_dirty();
        Ok(DiffSyncsResponse { sync_id: run.id.to_string() })
    }

    /// Copies the records into the slot of `run`, and stores that once it is done.
    fn fill_difference(
        &self,
        reader: &Reader<'_>,
        [applied, base]: [&SyncRun; 2],
        run: &mut SyncRun,
        writer: &mut Writer<'_>,
        control: &Control<'_>,
    ) -> Result<()> {
        let slots = [applied.slot, base.slot, run.slot];
        Kind::ALL.into_iter().try_for_each(|kind| reader.copy_missing(kind, slots, writer, control))?;
        run.record.ended_at = Some(clock::behind(clock::now(), run.record.started_at));
        if self.options.grant_digests() {
            writer.complete_digests(run.slot, control)?;
        }
        writer.put_stats(run.id, &super::stats::count(&self.engine.ended(), run, control)?);
        writer.put_sync_run(run);
        writer.commit(Durability::Synced)
    }
}
