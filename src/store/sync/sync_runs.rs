//! What callers are told about the syncs of a file, and the marks that are set on them.

use prost::Message;

use super::stats;
use crate::control::Control;
use crate::engine::{Durability, Kind, Reader, SyncRun};
use crate::keys::{self, Keyspace, Listing, Slot, SyncId};
use crate::proto::api::{
    self, ClearSyncVerificationRequest, GetLatestSyncRunRequest, GetLatestSyncRunResponse, ListSyncRunsRequest,
    ListSyncRunsResponse, MarkSyncSupportsDiffRequest, MarkSyncVerifiedRequest, Verification,
};
use crate::proto::reader::{
    self as v2, SyncsReaderServiceGetLatestFinishedSyncRequest as GetLatestRequest,
    SyncsReaderServiceGetLatestFinishedSyncResponse as GetLatestResponse,
    SyncsReaderServiceGetSyncRequest as GetRequest, SyncsReaderServiceGetSyncResponse as GetResponse,
    SyncsReaderServiceListSyncsRequest as ListRequest, SyncsReaderServiceListSyncsResponse as ListResponse,
};
use crate::store::clock::compare;
use crate::store::listing::{latest_finished, page_size, PAGE_BYTES};
use crate::store::sync_type::{parse_type, type_name};
use crate::store::Store;
use crate::{Error, Result};

/// SDK: the modes in which a sync's checks can have run.
const VERIFICATION_MODES: [&str; 4] =
    ["connector", "connector_fail_fast", "compaction_merge", "compaction_merge_fail_fast"];

impl Store {
    /// The run of a sync; its id may be any text.
    pub(in crate::store) fn run_by_id(&self, reader: &Reader<'_>, id: &str) -> Result<SyncRun> {
        let not_found = || Error::not_found("sync", id);
        let id = SyncId::parse(id).map_err(|_| not_found())?;
        reader.run(id)?.ok_or_else(not_found)
    }

    /// One sync with its statistics.
    pub fn get_sync(&self, request: &GetRequest) -> Result<GetResponse> {
        if request.sync_id.is_empty() {
            return Err(Error::invalid("sync_id is missing"));
        }
        let reader = self.engine.reader(&Kind::ALL)?;
        let run = self.run_by_id(&reader, &request.sync_id)?;
        Ok(GetResponse { sync: Some(described(&reader, &run)?), annotations: Vec::new() })
    }

    /// A page of all syncs, unfinished ones included, ordered by id.
    pub fn list_syncs(&self, request: &ListRequest) -> Result<ListResponse> {
        let reader = self.engine.reader(&Kind::ALL)?;
        let (syncs, next_page_token) =
            page(&reader, Listing::Syncs, &request.page_token, request.page_size, described)?;
        Ok(ListResponse { syncs, next_page_token, annotations: Vec::new() })
    }

    /// The sync of a type, or of any, that ended last; an empty response if there is none.
    pub fn get_latest_finished_sync(&self, request: &GetLatestRequest) -> Result<GetLatestResponse> {
        let reader = self.engine.snapshot();
        // SDK: a type that the engine does not know has no syncs here; only the calls that start one refuse it.
        let runs = reader.sync_runs()?;
        let latest = parse_type(&request.sync_type).ok().and_then(|of_type| latest_finished(&runs, of_type));
        let sync = latest.map(|run| described(&reader, run)).transpose()?;
        Ok(GetLatestResponse { sync, annotations: Vec::new() })
    }

    /// A page of all syncs with everything that is known of them.
    pub fn list_sync_runs(&self, request: &ListSyncRunsRequest) -> Result<ListSyncRunsResponse> {
        let reader = self.engine.reader(&Kind::ALL)?;
        let (list, next_page_token) =
            page(&reader, Listing::SyncRuns, &request.page_token, request.page_size, complete)?;
        Ok(ListSyncRunsResponse { list, next_page_token })
    }

    /// The sync of a type, or of any, that ended last, with everything that is known of it.
    pub fn get_latest_sync_run(&self, request: &GetLatestSyncRunRequest) -> Result<GetLatestSyncRunResponse> {
        let reader = self.engine.snapshot();
        let runs = reader.sync_runs()?;
        let latest = latest_finished(&runs, parse_type(&request.sync_type)?);
        Ok(GetLatestSyncRunResponse { sync: latest.map(|run| complete(&reader, run)).transpose()? })
    }

    /// Marks a sync, ended or not, as one whose collection was complete.
    pub fn mark_sync_supports_diff(&self, request: &MarkSyncSupportsDiffRequest) -> Result<()> {
        self.update_run(&request.sync_id, |run| {
            run.record.supports_diff = true;
            Ok(())
        })
    }

    /// Records that a sync which has ended passed its checks.
    pub fn mark_sync_verified(&self, request: MarkSyncVerifiedRequest) -> Result<()> {
        let verification = request.verification.filter(is_complete);
        let verification = verification
            .ok_or_else(|| Error::invalid("verification needs a generation, a coverage and a known mode"))?;
        self.update_run(&request.sync_id, |run| {
            if run.record.ended_at.is_none() {
                return Err(Error::FailedPrecondition(format!("sync {} has not ended", run.id)));
            }
            run.record.ingest_invariant_generation = verification.generation;
            run.record.ingest_invariant_coverage = verification.coverage;
            run.record.ingest_invariant_mode = verification.mode;
            Ok(())
        })
    }

    /// Takes the mark of [`Store::mark_sync_verified`] away.
    pub fn clear_sync_verification(&self, request: &ClearSyncVerificationRequest) -> Result<()> {
        self.update_run(&request.sync_id, |run| {
            run.record.ingest_invariant_generation.clear();
            run.record.ingest_invariant_coverage.clear();
            run.record.ingest_invariant_mode.clear();
            Ok(())
        })
    }

    fn update_run(&self, id: &str, change: impl FnOnce(&mut SyncRun) -> Result<()>) -> Result<()> {
        if id.is_empty() {
            return Err(Error::invalid("sync_id is missing"));
        }
        let mut writer = self.writer()?;
        let mut run = self.run_by_id(&self.engine.snapshot(), id)?;
        change(&mut run)?;
        writer.put_sync_run(&run);
        writer.commit(Durability::Synced)?;
        self.mark_dirty();
        Ok(())
    }
}

fn is_complete(verification: &Verification) -> bool {
    !verification.generation.is_empty()
        && !verification.coverage.is_empty()
        && VERIFICATION_MODES.contains(&verification.mode.as_str())
}

/// The rows of a page, and the token of the page that follows. Tokens of syncs make rows of any length: the page ends by
/// its bytes, too.
fn page<M: Message>(
    reader: &Reader<'_>,
    listing: Listing,
    token: &str,
    size: u32,
    row: impl Fn(&Reader<'_>, &SyncRun) -> Result<M>,
) -> Result<(Vec<M>, String)> {
    let prefix = keys::keyspace(Slot::FILE, Keyspace::SyncRun);
    let after = listing.after(&prefix, &[], token)?;
    let key = |run: &SyncRun| keys::of_sync(Keyspace::SyncRun, run.id);
    let mut runs = reader.sync_runs()?;
    runs.retain(|run| after.as_ref().is_none_or(|after| key(run) > *after));
    let (mut rows, mut bytes) = (Vec::new(), 0);
    for (index, run) in runs.iter().enumerate() {
        let row = row(reader, run)?;
        bytes += row.encoded_len();
        rows.push(row);
        if index + 1 < runs.len() && (rows.len() == page_size(size) || bytes >= PAGE_BYTES) {
            return Ok((rows, listing.token(&prefix, &[], &key(run))));
        }
    }
    Ok((rows, String::new()))
}

/// A sync as the SDK's reader service describes it.
fn described(reader: &Reader<'_>, run: &SyncRun) -> Result<v2::SyncRun> {
    Ok(v2::SyncRun {
        id: run.id.to_string(),
        started_at: run.record.started_at,
        ended_at: run.record.ended_at,
        sync_token: reader.token(run.id)?,
        sync_type: type_name(run.record.r#type()).to_owned(),
        parent_sync_id: run.record.parent_sync_id.clone(),
        stats: Some(stats::of_run(reader, run, &Control::none())?),
    })
}

fn complete(reader: &Reader<'_>, run: &SyncRun) -> Result<api::SyncRun> {
    let v2::SyncRun { id, started_at, ended_at, sync_token, sync_type, parent_sync_id, stats } =
        described(reader, run)?;
    let verification = Verification {
        generation: run.record.ingest_invariant_generation.clone(),
        coverage: run.record.ingest_invariant_coverage.clone(),
        mode: run.record.ingest_invariant_mode.clone(),
    };
    Ok(api::SyncRun {
        id,
        started_at,
        ended_at,
        sync_token,
        sync_type,
        parent_sync_id,
        stats,
        supports_diff: run.record.supports_diff,
        compacted: run.record.compacted,
        verification: Some(verification).filter(is_complete),
    })
}

/// The runs with the one first that a reader is shown, then from newest to oldest, unfinished ones last.
pub fn newest_first(mut runs: Vec<SyncRun>) -> Vec<SyncRun> {
    runs.sort_by(|a, b| match (&a.record.ended_at, &b.record.ended_at) {
        (Some(left), Some(right)) => compare(right, left).then(b.id.cmp(&a.id)),
        (left, right) => right.is_some().cmp(&left.is_some()).then(b.id.cmp(&a.id)),
    });
    runs
}
