//! The rows of a scope taken over from an earlier sync.

use super::parts::Parts;
use super::{named, scope, Scope};
use crate::control::Control;
use crate::engine::{damaged, Durability, Grant, Kind, Reader, Records, SyncRun};
use crate::proto::api::{ReplaySourceCacheRequest, ReplaySourceCacheResponse};
use crate::store::listing::latest_finished;
use crate::store::{Store, SyncType};
use crate::{translate, Error, Result};

/// Rows are handed on when they are so many, or so many bytes.
const BATCH_RECORDS: usize = 1024;
const BATCH_BYTES: usize = 1 << 20;

impl Store {
    /// Makes the rows of a scope in the bound sync those that it has in an earlier one, of `source` or of this store. Nothing
    /// is changed unless the earlier sync has all rows of the scope.
    ///
    /// What fails later, as on a full disk, leaves a part of the rows: the same call makes them whole.
    pub fn replay_source_cache(
        &self,
        source: Option<&Store>,
        request: &ReplaySourceCacheRequest,
        control: &Control<'_>,
    ) -> Result<ReplaySourceCacheResponse> {
        let scope = scope(&request.row_kind, &request.scope_key)?;
        // Whether this store can be written is said before anything about the source.
        drop(self.bound_writer()?);
        let reader = source.unwrap_or(self).engine.ended();
        let run = source.unwrap_or(self).replayed_run(&reader, &request.source_sync_id)?;
        let total = check(&reader, &run, &scope, control)?;

        let mut parts = Parts::new(self.changing_writer()?);
        if parts.bound.id == run.id {
            return Err(Error::FailedPrecondition(format!("sync {} cannot be replayed into itself", run.id)));
        }
        let replayed = replace(&reader, &run, &mut parts, &scope, total, control);
        // What fails midway leaves a part, too.
        if parts.made {
            self.mark_dirty();
        }
        replayed
    }

    /// The sync of that id, or the one that ended last, if its rows may be taken over.
    fn replayed_run(&self, reader: &Reader<'_>, id: &str) -> Result<SyncRun> {
        let refused = |what: &str| Err(Error::FailedPrecondition(format!("the source cannot be replayed: {what}")));
        let run = match id {
            "" => latest_finished(&reader.sync_runs()?, None).cloned(),
            id => Some(self.run_by_id(reader, id)?),
        };
        let Some(run) = run.filter(|run| run.record.ended_at.is_some()) else {
            return refused("it has no such sync that has ended");
        };
        match (run.record.r#type(), run.record.compacted) {
            (SyncType::Full, false) => Ok(run),
            (SyncType::Full, true) => refused(&format!("sync {} is the result of a merge", run.id)),
            _ => refused(&format!("sync {} is not of type full", run.id)),
        }
    }
}

/// How many rows a scope has, if these are all.
fn check(reader: &Reader<'_>, run: &SyncRun, scope: &Scope<'_>, control: &Control<'_>) -> Result<u64> {
    let place = || format!("{} in sync {}", named(scope), run.id);
    let refused = |what: &str| Err(Error::FailedPrecondition(format!("{} cannot be replayed: {what}", place())));
    let Some(entry) = reader.source_cache_entry(run.slot, scope)? else {
        return refused("nothing was put for it");
    };
    if entry.invalidated || entry.cache_validator.is_empty() {
        return refused("it has to be collected anew");
    }
    if reader.is_poisoned(run.slot, scope)? {
        return refused("it lost a row to another");
    }
    let Some(row_count) = entry.row_count else {
        return refused("its rows were not counted since they were changed");
    };
    let mut rows = 0;
    reader.rows_of_scope(run.slot, scope, control, |key, stored| {
        rows += 1;
        match stored {
            Some(stored) if reader.is_of_scope(scope, &key, stored)? => Ok(()),
            _ => Err(Error::corruption(place(), "its index leads to what is no row of it")),
        }
    })?;
    match rows == row_count {
        true => Ok(rows),
        false => Err(Error::corruption(place(), format!("{rows} rows, {row_count} were counted"))),
    }
}

/// Makes the rows of a scope those that it has in the earlier sync.
fn replace(
    reader: &Reader<'_>,
    run: &SyncRun,
    parts: &mut Parts<'_>,
    scope: &Scope<'_>,
    total: u64,
    control: &Control<'_>,
) -> Result<ReplaySourceCacheResponse> {
    let is_left = clear(parts, scope, control)?;
    let copied = copy(reader, run, parts, scope, total, control)?;
    if is_left && copied.rows == 0 {
        parts.commit(Durability::Buffered)?;
    }
    Ok(copied)
}

/// Deletes what a scope has in the bound sync. Returns whether anything is left to commit.
fn clear(parts: &mut Parts<'_>, scope: &Scope<'_>, control: &Control<'_>) -> Result<bool> {
    let (reader, slot) = (parts.reader(scope)?, parts.bound.slot);
    let mut rows = 0u64;
    reader.rows_of_scope(slot, scope, control, |key, _| {
        rows += u64::from(parts.delete(scope, &key)?);
        Ok(())
    })?;
    // What is appended to an open sync is not committed with what was collected.
    if rows > 0 && parts.bound.open {
        parts.commit(Durability::Buffered)?;
    }
    Ok(rows > 0 && !parts.bound.open)
}

/// Puts the rows that a scope has in the earlier sync into the bound one.
fn copy(
    reader: &Reader<'_>,
    run: &SyncRun,
    parts: &mut Parts<'_>,
    scope: &Scope<'_>,
    total: u64,
    control: &Control<'_>,
) -> Result<ReplaySourceCacheResponse> {
    let kind = scope.kind();
    let (mut copied, mut batch) = (ReplaySourceCacheResponse::default(), Records::default());
    reader.rows_of_scope(run.slot, scope, control, |key, stored| {
        let stored = stored.unwrap_or_default();
        let undecodable = |error| damaged(kind.keyspace(), &key, error);
        match kind {
            Kind::Grant => {
                copied.needs_expansion |= Grant::parse(stored).map_err(undecodable)?.needs_expansion;
                batch.reserve(stored.len())?;
                batch.push(|out| translate::unexpanded_grant(stored, out)).map_err(undecodable)?;
            }
            _ => batch.add(stored)?,
        }
        copied.rows += 1;
        if batch.len() >= BATCH_RECORDS || batch.size() >= BATCH_BYTES {
            parts.put(scope, &std::mem::take(&mut batch))?;
            control.report(copied.rows, total);
        }
        Ok(())
    })?;
    if !batch.is_empty() {
        parts.put(scope, &batch)?;
    }
    Ok(copied)
}
