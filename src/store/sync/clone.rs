//! Writing one sync into a file of its own.

use crate::control::Control;
use crate::engine::{Durability, Engine, EngineOptions};
use crate::envelope::{self, Replace, SaveOptions};
use crate::proto::api::CloneSyncRequest;
use crate::proto::storage::SyncType;
use crate::store::file::{absolute, check_absent, manifest, optional_path, payload, required_path, WorkingFolder};
use crate::store::listing::latest_finished;
use crate::store::Store;
use crate::{Error, Result};

impl Store {
    /// Writes a finished sync, or the newest finished full one, into a new file: its records, indexes, run, token,
    /// statistics and entitlement graph, but no session values. The store itself does not change; a read-only one will do.
    pub fn clone_sync(&self, request: &CloneSyncRequest, control: &Control<'_>) -> Result<()> {
        let target = absolute(&required_path("path", &request.path, &request.path_bytes)?)?;
        let tmp_dir = optional_path("tmp_dir", &request.tmp_dir, &request.tmp_dir_bytes)?;
        check_absent(&target)?;
        let source = self.engine.ended();
        let run = match request.sync_id.as_str() {
            "" => {
                let latest = latest_finished(&source.sync_runs()?, Some(SyncType::Full)).cloned();
                latest.ok_or_else(|| Error::not_found("finished sync of type", "full"))?
            }
            id => self.run_by_id(&source, id)?,
        };
        if run.record.ended_at.is_none() {
            return Err(Error::FailedPrecondition(format!("sync {} has not ended", run.id)));
        }

        let work = WorkingFolder::create(tmp_dir.as_deref().or(self.options.tmp_dir.as_deref()))?;
        // Filled by whole files, it needs no memory of its own to speak of.
        let options = EngineOptions { memory_budget: self.engine_options.memory_budget / 8, ..self.engine_options };
        options.ask_for_means(&target)?;
        let engine = Engine::create(&work.create_folder("database")?, &options)?;
        source.copy_slot(run.slot, &engine, &work.create_folder("staging")?, control)?;
        let mut writer = engine.writer();
        writer.adopt_slot(run.slot);
        writer.put_token(run.id, &source.token(run.id)?);
        writer.copy_stats(&source, run.id)?;
        if let Some(graph) = source.entitlement_graph(run.id)? {
            writer.set_entitlement_graph(run.id, Some(&graph));
        }
        writer.put_sync_run(&run);
        writer.commit(Durability::Synced)?;

        let checkpoint = writer.checkpoint()?;
        let manifest = manifest(&engine.snapshot())?;
        let workers = self.engine.workers().claim_all();
        let (threads, replace) = (workers.len().max(1), Replace::Nothing);
        let options = SaveOptions { threads, replace, ..SaveOptions::default() };
        let saved = envelope::save(&target, manifest, self.encoding, payload(&checkpoint, None)?, &options, control);
        let saved = saved.map_err(|error| match error {
            Error::Conflict { path } => Error::AlreadyExists(path),
            other => other,
        })?;
        saved.unsynced.map_or(Ok(()), |error| {
            // It was created by this call, and would be in the way of another.
            let _ = std::fs::remove_file(&target);
            Err(error)
        })
    }
}
