//! Writing one sync into a file of its own.

use std::path::Path;

use super::save::{manifest, payload};
use super::view::latest_finished;
use super::{open::working_folder, Store};
use crate::control::Control;
use crate::engine::{Durability, Engine, EngineOptions};
use crate::envelope::{self, SaveOptions};
use crate::proto::api::CloneSyncRequest;
use crate::proto::storage::SyncType;
use crate::{Error, Result};

impl Store {
    /// Writes a finished sync, or the newest finished full one, into a new file: its records, indexes, run, token and
    /// statistics, but no session values. The store itself does not change; a read-only one will do.
    pub fn clone_sync(&self, request: &CloneSyncRequest, control: &Control<'_>) -> Result<()> {
        let target = Path::new(&request.path);
        if request.path.is_empty() {
            return Err(Error::invalid("path is empty"));
        }
        must_not_exist(target)?;
        let source = self.engine.snapshot();
        let run = match request.sync_id.as_str() {
            "" => {
                let latest = latest_finished(&source.runs()?, Some(SyncType::Full)).cloned();
                latest.ok_or_else(|| Error::not_found("finished sync of type", "full"))?
            }
            id => self.run_by_id(&source, id)?,
        };
        if run.record.ended_at.is_none() {
            return Err(Error::FailedPrecondition(format!("sync {} has not ended", run.id)));
        }

        let tmp_dir = Some(&request.tmp_dir).filter(|dir| !dir.is_empty()).map(Path::new);
        let work = working_folder(tmp_dir.or(self.options.tmp_dir.as_deref()))?;
        let folder = |name: &str| {
            let path = work.path().join(name);
            std::fs::create_dir(&path).map_err(Error::io("create", &path)).map(|()| path)
        };
        // Filled by whole files, it needs no memory of its own to speak of.
        let options = EngineOptions { memory_budget: self.engine_options.memory_budget / 8, ..self.engine_options };
        let engine = Engine::create(&folder("database")?, &options)?;
        source.copy_slot(run.slot, &engine, &folder("staging")?, control)?;
        let mut writer = engine.writer();
        writer.adopt_slot(run.slot);
        writer.put_token(run.id, &source.token(run.id)?);
        if let Some(stats) = source.stats(run.id)? {
            writer.put_stats(run.id, &stats);
        }
        writer.put_run(&run);
        writer.commit(Durability::Synced)?;

        let checkpoint = writer.checkpoint()?;
        let manifest = manifest(&engine.snapshot())?;
        let options = SaveOptions { threads: self.engine_options.threads, exclusive: true, ..SaveOptions::default() };
        let saved = envelope::save(target, manifest, self.encoding, payload(&checkpoint)?, &options, control)?;
        saved.folder_synced.inspect_err(|_| {
            // It was created by this call, and would be in the way of another.
            let _ = std::fs::remove_file(target);
        })
    }
}

fn must_not_exist(path: &Path) -> Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io("open", path)(error)),
        Ok(_) => Err(Error::AlreadyExists(path.to_path_buf())),
    }
}
