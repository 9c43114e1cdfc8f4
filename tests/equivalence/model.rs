//! The reference: what the contract says an open file does, over plain maps. It shares nothing with the implementation
//! but the messages.
//!
//! Where several things are wrong with a call, its arguments are looked at first, then the right to write, then the
//! bound sync, then the data.

use std::collections::BTreeMap;

use c1z::error::Code;
use c1z::proto::c1z_v1::SyncDetails;
use c1z::proto::{api, reader};
use prost::Message;
use prost_types::Any;

use super::driver::*;
use super::rows::Rows;
use super::sessions::{named, Sessions};
use super::sync::Sync;

const KSUID_LENGTH: usize = 27;

const TYPES: [&str; 3] = ["full", "partial", "resources_only"];

/// What the file holds.
#[derive(Clone, Debug, Default)]
struct State {
    syncs: BTreeMap<String, Sync>,
    sessions: Sessions,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum Binding {
    #[default]
    Unbound,
    Sealed,
    Bound {
        id: String,
        by_caller: bool,
    },
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    state: State,
    saved: Option<State>,
    binding: Binding,
    read_only: bool,
    /// Whether there is something to save; `None` where a store may call a change what changed nothing.
    dirty: Option<bool>,
    clock: u64,
    /// Every sync that ever was, oldest first.
    pub history: Vec<String>,
    nothing: Rows,
}

fn invalid<T>() -> Answer<T> {
    failure(Code::InvalidArgument, "INVALID_ARGUMENT")
}

fn not_found<T>() -> Answer<T> {
    failure(Code::NotFound, "NOT_FOUND")
}

fn precondition<T>() -> Answer<T> {
    failure(Code::FailedPrecondition, "FAILED_PRECONDITION")
}

fn no_current_sync<T>() -> Answer<T> {
    failure(Code::FailedPrecondition, "NO_CURRENT_SYNC")
}

fn known_type(name: &str) -> Answer<()> {
    if TYPES.contains(&name) {
        Ok(())
    } else {
        invalid()
    }
}

impl Model {
    /// A file that does not exist yet.
    pub fn new() -> Model {
        Model { dirty: Some(false), ..Model::default() }
    }

    /// The file that a clone of `id` is, opened.
    pub fn of_clone(&self, id: &str) -> Model {
        let syncs = BTreeMap::from([(id.to_owned(), self.state.syncs[id].clone())]);
        let mut clone = Model { history: self.history.clone(), clock: self.clock, ..Model::new() };
        clone.saved = Some(State { syncs, sessions: Sessions::default() });
        clone.open(true).expect("a clone exists");
        clone
    }

    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    pub fn dirty(&self) -> Option<bool> {
        self.dirty
    }

    pub fn sessions(&self) -> &Sessions {
        &self.state.sessions
    }

    fn wrote(&mut self) {
        self.dirty = Some(true);
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    fn writable(&self) -> Answer<()> {
        if self.read_only {
            failure(Code::FailedPrecondition, "READ_ONLY")
        } else {
            Ok(())
        }
    }

    pub fn save(&mut self) {
        if !self.read_only && self.dirty != Some(false) {
            self.saved = Some(self.state.clone());
            self.dirty = Some(false);
        }
    }

    /// Forgets what was not saved and opens the file again; the sync that a reader would be shown is bound.
    pub fn open(&mut self, read_only: bool) -> Answer<()> {
        if read_only && self.saved.is_none() {
            return not_found();
        }
        self.state = self.saved.clone().unwrap_or_default();
        self.read_only = read_only;
        self.dirty = Some(false);
        let shown = self.shown_by_default().map(|sync| sync.id.clone());
        self.binding = shown.map_or(Binding::Unbound, |id| Binding::Bound { id, by_caller: false });
        Ok(())
    }

    fn latest_finished(&self, of_type: &str) -> Option<&Sync> {
        let wanted = self.state.syncs.values().filter(|sync| of_type.is_empty() || sync.of_type == of_type);
        wanted.filter(|sync| sync.ended.is_some()).max_by_key(|sync| (sync.ended, &sync.id))
    }

    fn latest_unfinished(&self, of_type: &str) -> Option<&Sync> {
        let wanted = self.state.syncs.values().filter(|sync| of_type.is_empty() || sync.of_type == of_type);
        wanted.filter(|sync| sync.ended.is_none()).max_by_key(|sync| (sync.started, &sync.id))
    }

    fn shown_by_default(&self) -> Option<&Sync> {
        self.latest_finished("").or_else(|| self.latest_unfinished(""))
    }

    pub fn sync(&self, id: &str) -> Answer<&Sync> {
        self.state.syncs.get(id).map_or_else(not_found, Ok)
    }

    fn bound(&self) -> Option<&Sync> {
        match &self.binding {
            Binding::Bound { id, .. } => self.state.syncs.get(id),
            _ => None,
        }
    }

    /// The rows that a request is shown: of the sync that it names, or of the bound one, or by default.
    pub fn view(&self, active_sync_id: &str, annotations: &[Any]) -> Answer<&Rows> {
        let mut named = active_sync_id.to_owned();
        if named.is_empty() {
            let details = annotations.iter().find(|any| any.type_url.ends_with("/c1.c1z.v1.SyncDetails"));
            if let Some(details) = details {
                named = SyncDetails::decode(&details.value[..]).or_else(|_| invalid())?.id;
            }
        }
        if !named.is_empty() {
            return Ok(self.state.syncs.get(&named).map_or(&self.nothing, |sync| &sync.rows));
        }
        self.bound().or_else(|| self.shown_by_default()).map_or_else(no_current_sync, |sync| Ok(&sync.rows))
    }

    /// The rows of the bound sync, for reads that are of no other.
    pub fn bound_view(&self) -> Answer<&Rows> {
        self.bound().map_or_else(no_current_sync, |sync| Ok(&sync.rows))
    }

    /// The bound sync, to be written to.
    fn bound_mut(&mut self) -> Answer<&mut Sync> {
        self.writable()?;
        match &self.binding {
            Binding::Bound { id, .. } => Ok(self.state.syncs.get_mut(id).expect("a bound sync exists")),
            Binding::Sealed => failure(Code::FailedPrecondition, "SEALED"),
            Binding::Unbound => no_current_sync(),
        }
    }

    /// A write of records; nothing is written if `change` fails.
    pub fn write(&mut self, change: impl FnOnce(&mut Rows) -> Answer<()>) -> Answer<()> {
        change(&mut self.bound_mut()?.rows)?;
        self.wrote();
        Ok(())
    }

    /// A deletion: whether one that finds nothing makes the store dirty is left open.
    pub fn delete(&mut self, change: impl FnOnce(&mut Rows) -> Answer<()>) -> Answer<()> {
        let sync = self.bound_mut()?;
        let before = sync.rows.clone();
        change(&mut sync.rows)?;
        self.dirty = match sync.rows != before {
            true => Some(true),
            false => self.dirty.filter(|&dirty| dirty),
        };
        Ok(())
    }

    fn bind(&mut self, id: &str) -> BoundSyncResponse {
        self.binding = Binding::Bound { id: id.to_owned(), by_caller: true };
        BoundSyncResponse { sync_id: id.to_owned(), started: false }
    }

    fn start(&mut self, id: &str, of_type: &str, parent: &str) -> Answer<BoundSyncResponse> {
        if self.state.syncs.contains_key(id) {
            return precondition();
        }
        let State { syncs, sessions } = &mut self.state;
        sessions.retain_syncs(|of| syncs.get(of).is_some_and(|sync| sync.ended.is_none()));
        let started = self.tick();
        let (of_type, parent) = (of_type.to_owned(), parent.to_owned());
        let sync = Sync { id: id.to_owned(), of_type, parent, started, ..Sync::default() };
        self.state.syncs.insert(id.to_owned(), sync);
        self.history.push(id.to_owned());
        self.wrote();
        Ok(BoundSyncResponse { started: true, ..self.bind(id) })
    }

    /// The unfinished sync that a caller bound, which is in the way of one of another type.
    fn open_sync(&self, of_type: &str) -> Answer<Option<String>> {
        let by_caller = matches!(self.binding, Binding::Bound { by_caller: true, .. });
        match self.bound().filter(|sync| by_caller && sync.ended.is_none()) {
            Some(open) if open.of_type != of_type => precondition(),
            open => Ok(open.map(|sync| sync.id.clone())),
        }
    }

    /// `fresh` is the id that a new sync got where the request leaves the choice.
    pub fn start_sync(&mut self, request: &StartSyncRequest, fresh: &str) -> Answer<BoundSyncResponse> {
        known_type(&request.sync_type)?;
        if request.sync_type != "partial" && !request.parent_sync_id.is_empty() {
            return invalid();
        }
        if !matches!(request.sync_id.len(), 0 | KSUID_LENGTH) {
            return invalid();
        }
        self.writable()?;
        match self.open_sync(&request.sync_type)? {
            Some(open) if request.sync_id.is_empty() => return Ok(self.bind(&open)),
            Some(_) => return precondition(),
            None => {}
        }
        let id = if request.sync_id.is_empty() { fresh } else { &request.sync_id };
        self.start(id, &request.sync_type, &request.parent_sync_id)
    }

    pub fn start_or_resume_sync(
        &mut self,
        request: &StartOrResumeSyncRequest,
        fresh: &str,
    ) -> Answer<BoundSyncResponse> {
        if !request.sync_id.is_empty() {
            return self.resume_sync(&request.sync_id);
        }
        known_type(&request.sync_type)?;
        self.writable()?;
        let latest = self.latest_unfinished(&request.sync_type).map(|sync| sync.id.clone());
        match self.open_sync(&request.sync_type)?.or(latest) {
            Some(id) => Ok(self.bind(&id)),
            None => self.start(fresh, &request.sync_type, ""),
        }
    }

    pub fn resume_sync(&mut self, id: &str) -> Answer<BoundSyncResponse> {
        if id.is_empty() {
            return invalid();
        }
        self.sync(id)?;
        Ok(self.bind(id))
    }

    pub fn set_current_sync(&mut self, id: &str) -> Answer<()> {
        self.sync(id)?;
        self.bind(id);
        Ok(())
    }

    pub fn current_sync(&self) -> GetCurrentSyncResponse {
        let described =
            |sync: &Sync| GetCurrentSyncResponse { sync_id: sync.id.clone(), sync_token: sync.token.clone() };
        self.bound().map(described).unwrap_or_default()
    }

    pub fn checkpoint(&mut self, token: &str) -> Answer<()> {
        self.bound_mut()?.token = token.to_owned();
        self.wrote();
        Ok(())
    }

    pub fn end_sync(&mut self) -> Answer<()> {
        let ended = self.clock + 1;
        let sync = self.bound_mut()?;
        sync.ended = Some(ended);
        sync.taken_stats = Some(sync.stats_now());
        self.clock = ended;
        self.binding = Binding::Sealed;
        self.wrote();
        Ok(())
    }

    /// SDK: the newest full syncs stay beside the bound sync, one less if that is unfinished; when full ones go, so do
    /// partial ones that ended before the oldest full one that stays or, with an unfinished bound sync, before the
    /// newest full one that goes.
    pub fn cleanup(&mut self, keep: u32) -> Answer<CleanupResponse> {
        self.writable()?;
        let current = self.bound().map(|sync| sync.id.clone());
        let open = self.bound().is_some_and(|sync| sync.ended.is_none());
        let keep = if keep == 0 { 2 } else { keep as usize } - usize::from(open);
        let finished = |sync: &&Sync| sync.ended.is_some() && Some(&sync.id) != current.as_ref();
        let mut candidates: Vec<&Sync> = self.state.syncs.values().filter(finished).collect();
        candidates.sort_by_key(|sync| (sync.started, &sync.id));
        let (full, partial): (Vec<&Sync>, Vec<&Sync>) = candidates.into_iter().partition(|sync| sync.of_type == "full");
        let mut dropped: Vec<String> = Vec::new();
        if full.len() > keep {
            let gone = full.len() - keep;
            let earliest = if open { full[gone - 1] } else { full[gone] };
            let outdated = partial.iter().filter(|sync| sync.ended < Some(earliest.started));
            dropped = full[..gone].iter().chain(outdated).map(|sync| sync.id.clone()).collect();
        }
        for id in &dropped {
            self.state.syncs.remove(id);
            self.state.sessions.drop_sync(id);
            self.wrote();
        }
        Ok(CleanupResponse { deleted_sync_ids: dropped })
    }

    /// `fresh` is the id that the new sync got.
    pub fn diff_syncs(&mut self, base: &str, applied: &str, fresh: &str) -> Answer<DiffSyncsResponse> {
        if base.is_empty() || applied.is_empty() || base == applied {
            return invalid();
        }
        self.writable()?;
        let (old, new) = (self.sync(base)?, self.sync(applied)?);
        if old.ended.is_none() || new.ended.is_none() {
            return precondition();
        }
        let rows = new.rows.missing_from(&old.rows);
        let (started, ended) = (self.tick(), self.tick());
        let mut sync =
            Sync { id: fresh.to_owned(), of_type: "partial".into(), parent: base.to_owned(), ..Sync::default() };
        sync = Sync { started, ended: Some(ended), rows, ..sync };
        sync.taken_stats = Some(sync.stats_now());
        self.state.syncs.insert(fresh.to_owned(), sync);
        self.history.push(fresh.to_owned());
        self.wrote();
        Ok(DiffSyncsResponse { sync_id: fresh.to_owned() })
    }

    /// The id of the sync that a clone of `id` holds.
    pub fn clone_sync(&self, id: &str) -> Answer<String> {
        let sync = match id {
            "" => self.latest_finished("full").map_or_else(not_found, Ok)?,
            id => self.sync(id)?,
        };
        if sync.ended.is_some() {
            Ok(sync.id.clone())
        } else {
            precondition()
        }
    }

    /// A change of what is known about a sync.
    pub fn update(&mut self, id: &str, change: impl FnOnce(&mut Sync)) -> Answer<()> {
        if id.is_empty() {
            return invalid();
        }
        self.writable()?;
        self.sync(id)?;
        change(self.state.syncs.get_mut(id).expect("it was found"));
        self.wrote();
        Ok(())
    }

    pub fn mark_supports_diff(&mut self, id: &str) -> Answer<()> {
        self.update(id, |sync| sync.supports_diff = true)
    }

    pub fn set_verification(&mut self, id: &str, verification: Option<Verification>) -> Answer<()> {
        if !id.is_empty() && !self.read_only && verification.is_some() && self.sync(id)?.ended.is_none() {
            return precondition();
        }
        self.update(id, |sync| sync.verification = verification)
    }

    pub fn recalculate_stats(&mut self, id: &str) -> Answer<()> {
        self.writable()?;
        let id = if id.is_empty() { self.bound_mut()?.id.clone() } else { id.to_owned() };
        self.update(&id, |sync| sync.taken_stats = Some(sync.stats_now()))
    }

    /// A write of session values that is more than nothing.
    pub fn write_session(&mut self, sync: &str, nothing: bool, change: impl FnOnce(&mut Sessions)) -> Answer<()> {
        named(sync)?;
        if nothing {
            return Ok(());
        }
        self.writable()?;
        change(&mut self.state.sessions);
        self.wrote();
        Ok(())
    }

    pub fn get_sync(&self, id: &str) -> Answer<reader::SyncRun> {
        if id.is_empty() {
            invalid()
        } else {
            self.sync(id).map(Sync::described)
        }
    }

    pub fn list_syncs(&self) -> Vec<reader::SyncRun> {
        self.state.syncs.values().map(Sync::described).collect()
    }

    pub fn list_sync_runs(&self) -> Vec<api::SyncRun> {
        self.state.syncs.values().map(Sync::run).collect()
    }

    pub fn latest_finished_sync(&self, of_type: &str) -> Option<reader::SyncRun> {
        self.latest_finished(of_type).map(Sync::described)
    }

    pub fn latest_sync_run(&self, of_type: &str) -> Answer<Option<api::SyncRun>> {
        if !of_type.is_empty() {
            known_type(of_type)?;
        }
        Ok(self.latest_finished(of_type).map(Sync::run))
    }

    pub fn get_stats(&self, of_type: &str, id: &str) -> Answer<SyncStats> {
        if !of_type.is_empty() {
            known_type(of_type)?;
        }
        let sync = match id {
            "" => self.latest_finished(of_type).map_or_else(not_found, Ok)?,
            id => self.sync(id)?,
        };
        if of_type.is_empty() || of_type == sync.of_type {
            Ok(sync.stats())
        } else {
            invalid()
        }
    }
}
