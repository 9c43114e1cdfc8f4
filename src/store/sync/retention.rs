//! Which syncs a file keeps: the SDK's retention policy.

use std::cmp::Ordering;

use crate::control::Control;
use crate::engine::{Durability, SyncRun};
use crate::proto::api::{CleanupRequest, CleanupResponse};
use crate::proto::storage::SyncType;
use crate::store::clock::compare;
use crate::store::Store;
use crate::Result;

/// SDK: how many full syncs a file keeps.
const DEFAULT_KEEP: usize = 2;

/// What the policy looks at.
#[derive(Clone, Debug)]
pub struct RetentionCandidate {
    /// Of what type the sync is; unknown and retired types count as full.
    pub of_type: SyncType,
    /// When it started.
    pub started_at: Option<prost_types::Timestamp>,
    /// When it ended; an unfinished sync is never deleted.
    pub ended_at: Option<prost_types::Timestamp>,
    /// Whether it is the bound one, which is never deleted.
    pub current: bool,
}

/// The positions of the syncs to delete. `candidates` are ordered from oldest to newest.
///
/// SDK `SelectSyncsToDelete`: the newest `keep` full syncs stay, one less while an unfinished sync is bound; of the
/// others, those go that ended before the earliest full sync that stays was started. A finished sync that is bound takes
/// nobody's place: here opening a file binds one, in the SDK's own engine of several syncs only a caller does.
pub fn select_syncs_to_delete(candidates: &[RetentionCandidate], keep: usize) -> Vec<usize> {
    let open = candidates.iter().any(|candidate| candidate.current && candidate.ended_at.is_none());
    let keep = keep - usize::from(open && keep > 0);
    let deletable = |index: &usize| candidates[*index].ended_at.is_some() && !candidates[*index].current;
    let (partial, full): (Vec<usize>, Vec<usize>) = (0..candidates.len())
        .filter(deletable)
        .partition(|&index| matches!(candidates[index].of_type, SyncType::Partial | SyncType::ResourcesOnly));

    let overflow = full.len().saturating_sub(keep);
    if overflow == 0 {
        return Vec::new();
    }
    let mut delete = full[..overflow].to_vec();
    // SDK: while a sync is open the cutoff is one earlier, because the open one takes the place of a kept one.
    let cutoff = full.get(overflow - usize::from(open)).and_then(|&index| candidates[index].started_at.as_ref());
    if let Some(cutoff) = cutoff {
        let ended_before =
            |index: &&usize| candidates[**index].ended_at.as_ref().is_some_and(|ended| compare(ended, cutoff).is_lt());
        delete.extend(partial.iter().filter(ended_before));
    }
    delete
}

fn by_start(a: &SyncRun, b: &SyncRun) -> Ordering {
    match (&a.record.started_at, &b.record.started_at) {
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

impl Store {
    /// Drops old syncs by the retention policy and gives their disk space back.
    pub fn cleanup(&self, request: &CleanupRequest, control: &Control<'_>) -> Result<CleanupResponse> {
        let mut writer = self.writer()?;
        let current = self.binding.lock().bound().map(|bound| bound.id);
        let mut runs = self.engine.snapshot().sync_runs()?;
        // Ids order runs to the second only.
        runs.sort_by(|a, b| by_start(a, b).then(a.id.cmp(&b.id)));
        let candidates: Vec<RetentionCandidate> = runs
            .iter()
            .map(|run| RetentionCandidate {
                of_type: run.record.r#type(),
                started_at: run.record.started_at,
                ended_at: run.record.ended_at,
                current: Some(run.id) == current,
            })
            .collect();
        let keep = if request.keep == 0 { DEFAULT_KEEP } else { request.keep as usize };
        let selected: Vec<_> =
            select_syncs_to_delete(&candidates, keep).into_iter().map(|index| &runs[index]).collect();
        control.check()?;
        if selected.is_empty() {
            return Ok(CleanupResponse::default());
        }
        selected.iter().try_for_each(|run| writer.drop_sync(run))?;
        writer.commit(Durability::Synced)?;
        self.mark_dirty();
        writer.reclaim(&selected.iter().map(|run| run.slot).collect::<Vec<_>>(), control)?;
        Ok(CleanupResponse { deleted_sync_ids: selected.iter().map(|run| run.id.to_string()).collect() })
    }
}
