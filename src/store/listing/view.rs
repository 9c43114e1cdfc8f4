//! Which sync a read is shown.

use prost::Message;
use prost_types::{Any, Timestamp};

use crate::engine::{Kind, Reader, SyncRun};
use crate::keys::{self, Slot, SyncId};
use crate::proto::c1z_v1::SyncDetails;
use crate::proto::connector::Entitlement;
use crate::proto::storage::SyncType;
use crate::store::clock::{compare, now};
use crate::store::records::entitlement_ref;
use crate::store::Store;
use crate::{Error, Result};

/// SDK: an unfinished sync older than this is neither resumed nor shown unless it is named.
const RESUMABLE_SECONDS: i64 = 7 * 24 * 60 * 60;

/// A consistent view of one sync.
pub struct View<'s> {
    pub reader: Reader<'s>,
    pub slot: Slot,
}

impl Store {
    /// The view of records of these kinds that a request asks for: the sync it names, else the one its annotation names, else the bound one, else
    /// the newest finished one of any type, else the newest unfinished one.
    pub(in crate::store) fn view(&self, active_sync_id: &str, annotations: &[Any], kinds: &[Kind]) -> Result<View<'_>> {
        let reader = self.engine.reader(kinds)?;
        let slot = self.slot_in_view(&reader, active_sync_id, annotations)?;
        Ok(View { reader, slot })
    }

    /// The slot of the sync that [`Store::view`] is of.
    pub(in crate::store) fn slot_in_view(
        &self,
        reader: &Reader<'_>,
        active_sync_id: &str,
        annotations: &[Any],
    ) -> Result<Slot> {
        let named = match active_sync_id {
            "" => annotated_sync(annotations)?,
            id => Some(id.to_owned()),
        };
        match named {
            Some(id) => match SyncId::parse(&id) {
                Ok(id) => Ok(reader.run(id)?.map_or(Slot::NONE, |run| run.slot)),
                Err(_) => Ok(Slot::NONE),
            },
            None => Ok(self.default_sync(reader)?.1),
        }
    }

    /// The view of the grants of one entitlement that a request asks for, and what their keys start with; `None` if there
    /// is no such entitlement. While a sync is collected nothing is waited for but these grants, if the entitlement names
    /// its resource.
    pub(in crate::store) fn view_of_grants(
        &self,
        annotations: &[Any],
        entitlement: &Entitlement,
    ) -> Result<(View<'_>, Option<Vec<u8>>)> {
        let bound = self.binding.lock().bound().filter(|_| !annotations.iter().any(is_sync_details));
        if let (Some(bound), Some(identity)) = (bound, entitlement_ref(entitlement)) {
            let prefix = keys::grants_of(bound.slot, identity);
            let view = View { reader: self.engine.reader_of_grants(&prefix)?, slot: bound.slot };
            return Ok((view, Some(prefix)));
        }
        let view = self.view("", annotations, &[Kind::Grant, Kind::Entitlement])?;
        let prefix = self.grants_prefix(&view.reader, view.slot, entitlement)?;
        Ok((view, prefix))
    }

    /// What a read is shown that names no sync.
    pub(in crate::store) fn default_sync(&self, reader: &Reader<'_>) -> Result<(SyncId, Slot)> {
        let bound = self.binding.lock().bound();
        if let Some(bound) = bound {
            return Ok((bound.id, bound.slot));
        }
        if let Some(shown) = self.lookup_cache.of(reader).shown {
            return Ok(shown);
        }
        let runs = reader.sync_runs()?;
        let run = default_run(&runs).ok_or(Error::NoCurrentSync)?;
        let shown = (run.id, run.slot);
        if run.record.ended_at.is_some() {
            self.lookup_cache.learn(reader, |facts| facts.shown = Some(shown));
        }
        Ok(shown)
    }

    /// The view of the bound sync.
    pub(in crate::store) fn bound_view(&self, kinds: &[Kind]) -> Result<View<'_>> {
        let slot = self.bound().map_err(|_| Error::NoCurrentSync)?.slot;
        Ok(View { reader: self.engine.reader(kinds)?, slot })
    }
}

/// The sync that a `c1.c1z.v1.SyncDetails` annotation names. One that cannot be read is an error: falling through would
/// show another sync than the one that was meant.
fn annotated_sync(annotations: &[Any]) -> Result<Option<String>> {
    for annotation in annotations {
        if is_sync_details(annotation) {
            let details = SyncDetails::decode(&annotation.value[..])
                .map_err(|error| Error::invalid(format!("annotation SyncDetails: {error}")))?;
            return Ok(Some(details.id).filter(|id| !id.is_empty()));
        }
    }
    Ok(None)
}

/// Whether an annotation names a sync.
pub fn is_sync_details(annotation: &Any) -> bool {
    annotation.type_url.rsplit('/').next() == Some("c1.c1z.v1.SyncDetails")
}

/// The run that is shown when none is named or bound.
pub fn default_run(runs: &[SyncRun]) -> Option<&SyncRun> {
    latest_finished(runs, None).or_else(|| latest_unfinished(runs, None, now().seconds))
}

/// The finished run that ended last; of several, the one with the greatest id.
pub fn latest_finished(runs: &[SyncRun], of_type: Option<SyncType>) -> Option<&SyncRun> {
    latest(runs, of_type, |run| run.record.ended_at.as_ref())
}

/// The unfinished run that started last, within a week.
pub fn latest_unfinished(runs: &[SyncRun], of_type: Option<SyncType>, now: i64) -> Option<&SyncRun> {
    let unfinished = |run: &SyncRun| run.record.ended_at.is_none();
    latest(runs, of_type, |run| {
        run.record.started_at.as_ref().filter(|at| unfinished(run) && at.seconds >= now - RESUMABLE_SECONDS)
    })
}

fn latest<'r>(
    runs: &'r [SyncRun],
    of_type: Option<SyncType>,
    time: impl Fn(&'r SyncRun) -> Option<&'r Timestamp>,
) -> Option<&'r SyncRun> {
    let wanted = runs.iter().filter(|run| of_type.is_none_or(|wanted| run.record.r#type() == wanted));
    let dated = wanted.filter_map(|run| Some((time(run)?, run)));
    dated.max_by(|(a, left), (b, right)| compare(a, b).then(left.id.cmp(&right.id))).map(|(_, run)| run)
}
