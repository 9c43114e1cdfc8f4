//! Saving: a checkpoint of the database becomes the payload of a new file, which then takes the old one's place.

use std::path::Path;

use super::families::engine_config;
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
    ///
    /// An error of syncing the folder comes after that step: the new file is there, but might not survive a crash of the
    /// machine.
    pub fn save(&self, control: &Control<'_>) -> Result<()> {
        // Saves share the checkpoint, and an older one must not take the place of a newer.
        let _one_at_a_time = self.saving.lock();
        if self.options.read_only || !self.is_dirty() {
            return Ok(());
        }
        let checkpoint = self.work.path().join("checkpoint");
        let unusable = |error| Error::ArtifactUnusable(Box::new(error));
        let (changes, manifest) = self.take_checkpoint(&checkpoint).map_err(unusable)?;
        let packed = pack(&self.path, manifest, self.encoding, &checkpoint, &self.options, false, control);
        let replaced = matches!(&packed, Ok(()) | Err(Error::Io { op: envelope::SYNC_FOLDER, .. }));
        if !replaced {
            return packed.map_err(unusable);
        }
        self.changes.saved(changes);
        // The file is saved: a folder that cannot be removed now is removed before the next checkpoint.
        let _ = std::fs::remove_dir_all(&checkpoint);
        packed
    }

    /// A checkpoint, what the file's manifest says of it, and how many changes are in it.
    fn take_checkpoint(&self, checkpoint: &Path) -> Result<(u64, C1zManifestV3)> {
        let writer = self.writer()?;
        take_checkpoint(&writer, checkpoint)?;
        Ok((self.changes.count(), manifest(&self.engine.reader())?))
    }
}

/// Takes a checkpoint where an earlier one, of a save that failed, may still be.
pub(super) fn take_checkpoint(writer: &Writer<'_>, directory: &Path) -> Result<()> {
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
        engine_config: Some(engine_config()),
        sync_runs,
        ..C1zManifestV3::default()
    })
}

/// Packs a checkpoint into the file at `path`, which must not exist if `exclusive`.
pub(super) fn pack(
    path: &Path,
    manifest: C1zManifestV3,
    encoding: Encoding,
    checkpoint: &Path,
    options: &OpenOptions,
    exclusive: bool,
    control: &Control<'_>,
) -> Result<()> {
    let options = SaveOptions { threads: options.threads(), exclusive, ..SaveOptions::default() };
    envelope::save(path, manifest, encoding, checkpoint, &options, control)
}
