//! Saving: a checkpoint of the database becomes the payload of a new file, which then takes the old one's place.

use std::sync::atomic::Ordering;
use std::sync::Arc;

use super::engine_config::engine_config;
use crate::control::Control;
use crate::engine::{Checkpoint, CheckpointContent, CheckpointFile, Reader, SyncRun, Writer, DIGEST_VERSION};
use crate::envelope::{self, Identity, LazyFiles, Payload, Replace, SaveOptions, Saved, Source};
use crate::keys::LAYOUT_VERSION;
use crate::proto::api::SaveRequest;
use crate::proto::manifest::{C1zManifestV3, GrantDigestRoot, SyncRunSummary};
use crate::proto::storage::SyncStatsRecord;
use crate::store::sync::newest_first;
use crate::store::{Store, ENGINE};
use crate::{Error, Result};

/// How a save came by the frames of an indexed payload. None of either if nothing was saved or the payload has no frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SavedFrames {
    /// Copied from the file that was opened or last saved.
    pub copied: usize,
    /// Compressed anew.
    pub compressed: usize,
}

/// The file as it was opened or last saved.
#[derive(Debug, Default)]
pub(super) struct Origin {
    /// Which file it was; `None` if there was none.
    pub identity: Option<Identity>,
    /// Its frames, if a save may copy them.
    pub source: Option<Source>,
}

impl Store {
    /// Writes the file if anything has changed, unless somebody else has changed it meanwhile.
    pub fn save(&self, control: &Control<'_>) -> Result<SavedFrames> {
        self.save_as(&SaveRequest::default(), control)
    }

    /// Writes the file if anything has changed. Until the new file has taken the old one's place, which is one step, the
    /// old one is untouched; if anything fails before, the store stays open and saving can be tried again.
    ///
    /// Fails with a conflict if the file in the old one's place is not the one that was opened or last saved, and
    /// neither the request nor the options say that it may be overwritten.
    ///
    /// Refused while a sync is being imported.
    ///
    /// An error of syncing the folder comes after that step: the new file is there, but might not survive a crash of the
    /// machine.
    pub fn save_as(&self, request: &SaveRequest, control: &Control<'_>) -> Result<SavedFrames> {
        // An older checkpoint must not take the place of a newer.
        let mut origin = self.saving.lock();
        if self.options.read_only || !self.is_dirty() {
            return Ok(SavedFrames::default());
        }
        let writer = self.writer().map_err(unusable)?;
        // What nothing maps to yet is nothing that a file may hold.
        self.refuse_during_import()?;
        let (changes, manifest, checkpoint) = self.checkpoint(writer).map_err(unusable)?;
        let payload = payload(&checkpoint, self.lazy_files.as_ref()).map_err(unusable)?;
        let replace = match origin.identity {
            _ if request.overwrite || self.options.overwrite => Replace::Any,
            Some(identity) => Replace::Only(identity),
            None => Replace::Nothing,
        };
        let workers = self.engine.workers().claim_all();
        let (threads, source) = (workers.len().max(1), origin.source.as_ref());
        let options = SaveOptions { threads, replace, source, ..Default::default() };
        let saved = envelope::save(&self.path, manifest, self.encoding, payload, &options, control);
        let Saved { copied, compressed, source, identity, unsynced } = saved.map_err(unusable)?;
        self.changes.saved(changes);
        *origin = Origin { identity: Some(identity), source };
        unsynced.map_or(Ok(SavedFrames { copied, compressed }), Err)
    }

    /// How many changes a checkpoint has in it, what the file's manifest says of it, and the checkpoint.
    fn checkpoint<'s>(&'s self, mut writer: Writer<'s>) -> Result<(u64, C1zManifestV3, Checkpoint<'s>)> {
        let checkpoint = writer.checkpoint()?;
        // Not before: RocksDB may rewrite tables, which then cannot be copied, when a reader lets go of its snapshot.
        let manifest = C1zManifestV3 {
            fold_dead_bytes: self.fold_dead_bytes.load(Ordering::Relaxed),
            ..manifest(&self.engine.snapshot())?
        };
        Ok((self.changes.count(), manifest, checkpoint))
    }
}

/// What a failure means that leaves the old file. A conflict says that already.
fn unusable(error: Error) -> Error {
    match error {
        Error::Conflict { .. } => error,
        error => Error::ArtifactUnusable(Box::new(error)),
    }
}

/// The files of a database as the payload of a file. They must be kept until it is packed.
///
/// Those that are `lazy_files` may not be there yet.
pub fn payload(checkpoint: &Checkpoint<'_>, lazy_files: Option<&LazyFiles>) -> Result<Payload> {
    let mut payload = Payload::default();
    for CheckpointFile { name, content } in checkpoint.files() {
        match content {
            CheckpointContent::Table(path) => match lazy_files.and_then(|lazy_files| lazy_files.file(name)) {
                Some(file) => payload.add_later(name, path, Arc::new(file))?,
                None => payload.add_immutable(name, path)?,
            },
            CheckpointContent::Start(path, size) => payload.add_start(name, path, *size),
            CheckpointContent::Bytes(bytes) => payload.add_bytes(name, bytes),
        }
    }
    Ok(payload)
}

/// What a file's manifest says of the syncs in it.
pub fn manifest(reader: &Reader<'_>) -> Result<C1zManifestV3> {
    let (mut sync_runs, mut grant_digest_root) = (Vec::new(), None);
    for run in newest_first(reader.sync_runs()?) {
        if sync_runs.is_empty() && run.record.ended_at.is_some() {
            grant_digest_root = digest_root(reader, &run)?;
        }
        sync_runs.push(summary(&run, reader.stats(run.id)?));
    }
    Ok(C1zManifestV3 {
        grant_digest_root,
        engine: ENGINE.to_owned(),
        engine_schema_version: LAYOUT_VERSION,
        engine_config: Some(engine_config()),
        sync_runs,
        ..C1zManifestV3::default()
    })
}

/// What a file's manifest says of the grants of the sync that a reader is shown.
fn digest_root(reader: &Reader<'_>, run: &SyncRun) -> Result<Option<GrantDigestRoot>> {
    match reader.grant_digest(run.slot, b"") {
        Ok(digest) => Ok(digest.map(|digest| root_of(digest.count, digest.xor))),
        // It is not what is saved that is damaged, but what says the same in short.
        Err(Error::Corruption { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The digest of so many grants as a manifest has it.
pub(super) fn root_of(count: u64, xor: u64) -> GrantDigestRoot {
    GrantDigestRoot {
        xor_digest: xor.to_be_bytes().to_vec(),
        count: i64::try_from(count).unwrap_or(i64::MAX),
        abi_version: DIGEST_VERSION.into(),
    }
}

/// What a file's manifest says of one sync.
pub(super) fn summary(run: &SyncRun, stats: Option<SyncStatsRecord>) -> SyncRunSummary {
    SyncRunSummary {
        sync_id: run.id.to_string(),
        r#type: run.record.r#type,
        started_at: run.record.started_at,
        ended_at: run.record.ended_at,
        parent_sync_id: run.record.parent_sync_id.clone(),
        stats,
        compacted: run.record.compacted,
    }
}
