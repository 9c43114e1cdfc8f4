//! The life of a sync: started, checkpointed, resumed, ended.

use super::binding::{Binding, Bound};
use super::stats;
use crate::control::Control;
use crate::engine::{Durability, Kind, SyncRun, Writer};
use crate::keys::SyncId;
use crate::proto::api::{
    BoundSyncResponse, CheckpointSyncRequest, GetCurrentSyncResponse, ResumeSyncRequest, SetCurrentSyncRequest,
    StartOrResumeSyncRequest, StartSyncRequest,
};
use crate::proto::storage::{SyncRunRecord, SyncType};
use crate::store::clock::{self, now};
use crate::store::listing::latest_unfinished;
use crate::store::sync_type::parse_type;
use crate::store::Store;
use crate::{Error, Result};

impl Store {
    /// Starts a sync and binds it. Older syncs stay.
    ///
    /// While a sync that a caller started or resumed is open: the same type gets that one again, another is refused.
    pub fn start_sync(&self, request: &StartSyncRequest) -> Result<BoundSyncResponse> {
        let of_type = required_type(&request.sync_type)?;
        if !request.parent_sync_id.is_empty() && of_type != SyncType::Partial {
            return Err(Error::invalid(format!("a {} sync has no parent", request.sync_type)));
        }
        let id = match request.sync_id.as_str() {
            "" => SyncId::generate(),
            id => SyncId::parse(id)?,
        };
        let mut writer = self.writer()?;
        match self.open_run(of_type)? {
            Some(open) if request.sync_id.is_empty() => Ok(self.bind(&open)),
            Some(open) => Err(still_open(&open)),
            None => self.start(&mut writer, id, of_type, &request.parent_sync_id),
        }
    }

    /// Resumes the sync with that id, ended or not; without an id the latest unfinished one of the type that started
    /// within a week, or starts a new one.
    pub fn start_or_resume_sync(&self, request: &StartOrResumeSyncRequest) -> Result<BoundSyncResponse> {
        if !request.sync_id.is_empty() {
            return self.resume_sync(&ResumeSyncRequest {
                sync_type: request.sync_type.clone(),
                sync_id: request.sync_id.clone(),
            });
        }
        let of_type = required_type(&request.sync_type)?;
        let mut writer = self.writer()?;
        let runs = self.engine.snapshot().sync_runs()?;
        let open = self.open_run(of_type)?;
        match open.as_ref().or_else(|| latest_unfinished(&runs, Some(of_type), now().seconds)) {
            Some(run) => Ok(self.bind(run)),
            None => self.start(&mut writer, SyncId::generate(), of_type, ""),
        }
    }

    /// Binds a sync for writing, also one that has ended. Its type is not compared.
    pub fn resume_sync(&self, request: &ResumeSyncRequest) -> Result<BoundSyncResponse> {
        if request.sync_id.is_empty() {
            return Err(Error::invalid("sync_id is missing"));
        }
        self.bind_by_id(&request.sync_id)
    }

    /// Binds a sync, also on a read-only store, where it decides what reads are shown.
    pub fn set_current_sync(&self, request: &SetCurrentSyncRequest) -> Result<()> {
        self.bind_by_id(&request.sync_id).map(|_| ())
    }

    /// The bound sync and the token of its last checkpoint, both empty if none is bound.
    pub fn get_current_sync(&self) -> Result<GetCurrentSyncResponse> {
        let bound = self.binding.lock().bound();
        match bound {
            None => Ok(GetCurrentSyncResponse::default()),
            Some(Bound { id, .. }) => {
                Ok(GetCurrentSyncResponse { sync_id: id.to_string(), sync_token: self.engine.snapshot().token(id)? })
            }
        }
    }

    /// Stores the token of the bound sync. On return it, and every record put before, is on the disk.
    pub fn checkpoint_sync(&self, request: &CheckpointSyncRequest) -> Result<()> {
        let (mut writer, bound) = self.bound_writer()?;
        writer.flush_pending(&Kind::ALL)?;
        writer.put_token(bound.id, &request.sync_token);
        writer.commit(Durability::Synced)?;
        self.mark_dirty();
        Ok(())
    }

    /// Ends the bound sync and unbinds it. If it fails the sync stays bound and unended.
    pub fn end_sync(&self, control: &Control<'_>) -> Result<()> {
        let (mut writer, bound) = self.bound_writer()?;
        writer.flush_all_pending(control)?;
        let reader = self.engine.snapshot();
        let mut run = reader.run(bound.id)?.ok_or_else(|| Error::not_found("sync", bound.id.to_string()))?;
        let counted = stats::taken(&reader, &run, writer.count(run.slot, control)?)?;
        control.check()?;
        if self.options.grant_digests() {
            writer.complete_digests(run.slot, control)?;
        }
        // Records first, then the mark that they are complete: SSTs are synced before they are ingested, the log keeps the
        // order of the rest, and the commit that carries the mark is synced, so a crash leaves an unfinished sync or a
        // whole one.
        writer.count_source_cache(run.slot, control)?;
        run.record.ended_at = Some(clock::next(&reader.sync_runs()?));
        writer.put_sync_run(&run);
        writer.put_stats(run.id, &counted);
        writer.commit(Durability::Synced)?;
        *self.binding.lock() = Binding::Sealed;
        self.mark_dirty();
        Ok(())
    }

    /// The open sync that a caller bound, if any; one of another type is in the way.
    fn open_run(&self, of_type: SyncType) -> Result<Option<SyncRun>> {
        let bound = self.binding.lock().bound().filter(|bound| bound.by_caller);
        let run = bound.map(|bound| self.engine.snapshot().run(bound.id)).transpose()?.flatten();
        match run.filter(|run| run.record.ended_at.is_none()) {
            Some(open) if open.record.r#type() != of_type => Err(still_open(&open)),
            open => Ok(open),
        }
    }

    fn start(
        &self,
        writer: &mut Writer<'_>,
        id: SyncId,
        of_type: SyncType,
        parent_sync_id: &str,
    ) -> Result<BoundSyncResponse> {
        let reader = self.engine.snapshot();
        if reader.run(id)?.is_some() {
            return Err(Error::FailedPrecondition(format!("sync {id} exists already")));
        }
        let slot = writer.allocate_slot()?;
        let record = SyncRunRecord {
            r#type: of_type.into(),
            parent_sync_id: parent_sync_id.to_owned(),
            started_at: Some(clock::next(&reader.sync_runs()?)),
            ..SyncRunRecord::default()
        };
        let run = SyncRun::new(id, slot, record);
        writer.put_sync_run(&run);
        self.drop_finished_sessions(writer, &reader)?;
        writer.commit(Durability::Synced)?;
        self.mark_dirty();
        Ok(BoundSyncResponse { started: true, ..self.bind(&run) })
    }

    /// Binds under the barrier, where there is one: the sync must not be ended or dropped meanwhile.
    fn bind_by_id(&self, id: &str) -> Result<BoundSyncResponse> {
        let _barrier = (!self.options.read_only).then(|| self.engine.writer());
        Ok(self.bind(&self.run_by_id(&self.engine.snapshot(), id)?))
    }

    fn bind(&self, run: &SyncRun) -> BoundSyncResponse {
        *self.binding.lock() = Binding::by_caller(run);
        BoundSyncResponse { sync_id: run.id.to_string(), started: false }
    }
}

fn required_type(name: &str) -> Result<SyncType> {
    parse_type(name)?.ok_or_else(|| Error::invalid("sync_type is missing"))
}

fn still_open(run: &SyncRun) -> Error {
    Error::FailedPrecondition(format!("sync {} is still open: end it first", run.id))
}
