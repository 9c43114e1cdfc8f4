//! Saving: a checkpoint of the database becomes the payload of a new file, which then takes the old one's place.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::runs::newest_first;
use super::{OpenOptions, Store, ENGINE};
use crate::control::Control;
use crate::engine::{Reader, Writer};
use crate::envelope::{self, Encoding, SaveOptions};
use crate::keys::LAYOUT_VERSION;
use crate::proto::manifest::{C1zManifestV3, SyncRunSummary};
use crate::{Error, Result};

impl Store {
    /// Writes the file if anything has changed. Until the new file has taken the old one's place, which is one step, the
    /// old one is untouched; if anything fails before, the store stays open and saving can be tried again.
    pub fn save(&self, control: &Control<'_>) -> Result<()> {
        if self.options.read_only || !self.is_dirty() {
            return Ok(());
        }
        self.write_file(control).map_err(|error| Error::ArtifactUnusable(Box::new(error)))
    }

    fn write_file(&self, control: &Control<'_>) -> Result<()> {
        let checkpoint = self.work.path().join("checkpoint");
        let manifest = {
            let writer = self.writer()?;
            take_checkpoint(&writer, &checkpoint)?;
            // A write that comes after the checkpoint makes the store dirty again.
            self.dirty.store(false, Ordering::Release);
            manifest(&self.engine.reader())
        };
        let saved = manifest
            .and_then(|manifest| pack(&self.path, manifest, self.encoding, &checkpoint, &self.options, control));
        saved.inspect_err(|_| self.mark_dirty())?;
        // The file is saved: a folder that cannot be removed now is removed before the next checkpoint.
        let _ = std::fs::remove_dir_all(&checkpoint);
        Ok(())
    }
}

/// Takes a checkpoint where an earlier one, of a save that failed, may still be.
pub(super) fn take_checkpoint(writer: &Writer<'_>, directory: &PathBuf) -> Result<()> {
    if directory.exists() {
        std::fs::remove_dir_all(directory).map_err(Error::io("remove", directory))?;
    }
    writer.checkpoint(directory)
}

/// What a file's manifest says of the syncs in it.
pub(super) fn manifest(reader: &Reader<'_>) -> Result<C1zManifestV3> {
    let mut sync_runs = Vec::new();
    for run in newest_first(reader.runs()?) {
        sync_runs.push(SyncRunSummary {
            sync_id: run.id.to_string(),
            r#type: run.record.r#type,
            started_at: run.record.started_at,
            ended_at: run.record.ended_at,
            parent_sync_id: run.record.parent_sync_id.clone(),
            stats: reader.stats(run.id)?,
            compacted: run.record.compacted,
        });
    }
    Ok(C1zManifestV3 {
        engine: ENGINE.to_owned(),
        engine_schema_version: LAYOUT_VERSION,
        sync_runs,
        ..C1zManifestV3::default()
    })
}

/// Packs a checkpoint into the file at `path`.
pub(super) fn pack(
    path: &Path,
    manifest: C1zManifestV3,
    encoding: Encoding,
    checkpoint: &Path,
    options: &OpenOptions,
    control: &Control<'_>,
) -> Result<()> {
    let options = SaveOptions { threads: options.threads(), ..SaveOptions::default() };
    envelope::save(path, manifest, encoding, checkpoint, &options, control)
}
