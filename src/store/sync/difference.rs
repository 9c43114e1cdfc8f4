//! What one sync holds and another does not, as a sync of its own.

use super::clock;
use crate::control::Control;
use crate::engine::{Durability, Kind, SyncRun};
use crate::keys::SyncId;
use crate::proto::api::{DiffSyncsRequest, DiffSyncsResponse};
use crate::proto::storage::{SyncRunRecord, SyncType};
use crate::store::Store;
use crate::{Error, Result};

impl Store {
    /// Makes a partial sync of the records of `applied` that have no counterpart in `base`. A changed or a deleted
    /// record leaves no trace. Neither input changes and the bound sync stays bound.
    ///
    /// The records are written into a slot that nothing maps to yet; storing the run is the one step that makes the
    /// sync exist.
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
        let slots = [applied.slot, base.slot, slot];
        let copied = Kind::ALL.into_iter().try_for_each(|kind| reader.copy_missing(kind, slots, &mut writer, control));
        if let Err(error) = copied {
            writer.clear_slot(slot);
            // Not seen by anybody either way, and removed by the next open.
            let _ = writer.commit(Durability::Buffered);
            return Err(error);
        }
        let record = SyncRunRecord {
            r#type: SyncType::Partial.into(),
            parent_sync_id: base_id.clone(),
            started_at: Some(started_at),
            ended_at: Some(clock::behind(clock::now(), [started_at])),
            ..SyncRunRecord::default()
        };
        let run = SyncRun::new(SyncId::generate(), slot, record);
        if self.options.grant_digests() {
            writer.complete_digests(slot, control)?;
        }
        writer.put_stats(run.id, &super::stats::count(&self.engine.ended(), &run, control)?);
        writer.put_sync_run(&run);
        writer.commit(Durability::Synced)?;
        self.mark_dirty();
        Ok(DiffSyncsResponse { sync_id: run.id.to_string() })
    }
}
