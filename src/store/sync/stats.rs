//! Statistics: taken when a sync ends, kept beside it, counted anew when asked for an unfinished one.

use super::token_stats;
use crate::control::Control;
use crate::engine::{ByType, Counts, Durability, Kind, Reader, SyncRun};
use crate::keys::SyncId;
use crate::proto::api::{GetStatsRequest, GetStatsResponse, RecalculateStatsRequest};
use crate::proto::{reader as v2, storage as v3};
use crate::store::clock::now;
use crate::store::listing::latest_finished;
use crate::store::sync_type::parse_type;
use crate::store::Store;
use crate::{Error, Result};

impl Store {
    /// Statistics of a sync, finished or not; without an id, of the newest finished one of the type.
    pub fn get_stats(&self, request: &GetStatsRequest) -> Result<GetStatsResponse> {
        let of_type = parse_type(&request.sync_type)?;
        let reader = self.engine.reader(&Kind::ALL)?;
        let run = match request.sync_id.as_str() {
            "" => {
                let latest = latest_finished(&reader.sync_runs()?, of_type).cloned();
                latest.ok_or_else(|| Error::not_found("finished sync of type", &request.sync_type))?
            }
            id => self.run_by_id(&reader, id)?,
        };
        if of_type.is_some_and(|wanted| wanted != run.record.r#type()) {
            // SDK: its tests compare the whole text.
            return Err(Error::invalid(format!("sync '{}' is not of type '{}'", run.id, request.sync_type)));
        }
        Ok(GetStatsResponse { stats: Some(of_run(&reader, &run, &Control::none())?) })
    }

    /// Counts the records of a sync, or of the bound one, anew and stores the result.
    pub fn recalculate_stats(&self, request: &RecalculateStatsRequest, control: &Control<'_>) -> Result<()> {
        let mut writer = self.writer()?;
        let reader = writer.reader(&Kind::ALL)?;
        let run = match request.sync_id.as_str() {
            "" => self.run_by_id(&reader, &self.bound()?.id.to_string())?,
            id => self.run_by_id(&reader, id)?,
        };
        writer.put_stats(run.id, &count(&reader, &run, control)?);
        writer.commit(Durability::Synced)?;
        self.mark_dirty();
        Ok(())
    }
}

/// The statistics of a run as callers know them: those that were taken, or counted now if none were.
pub(super) fn of_run(reader: &Reader<'_>, run: &SyncRun, control: &Control<'_>) -> Result<v2::SyncStats> {
    let stored = reader.stats(run.id)?.filter(|_| run.record.ended_at.is_some());
    Ok(described(match stored {
        Some(stats) => stats,
        None => count(reader, run, control)?,
    }))
}

/// Counts the records of a run.
pub fn count(reader: &Reader<'_>, run: &SyncRun, control: &Control<'_>) -> Result<v3::SyncStatsRecord> {
    taken(reader, run, reader.count(run.slot, control)?)
}

/// The statistics of a run whose records were counted.
pub fn taken(reader: &Reader<'_>, run: &SyncRun, counts: Counts) -> Result<v3::SyncStatsRecord> {
    Ok(with_token(run.id, counts, &reader.token(run.id)?))
}

/// The statistics of a sync with so many records, whose token holds what it took.
pub fn with_token(sync: SyncId, counts: Counts, token: &str) -> v3::SyncStatsRecord {
    let mut stats = of_counts(sync, counts);
    stats.written_at = Some(now());
    token_stats::apply(&mut stats, token);
    stats
}

/// The numbers of records in statistics; `None` if they contradict each other.
pub fn counts_of(stats: v3::SyncStatsRecord) -> Option<Counts> {
    /// More than there can be, and few enough to be added up.
    const TOO_MANY: i64 = 1 << 48;
    let is_number = |number: &i64| (0..TOO_MANY).contains(number);
    let of_types = |by_type: &ByType, total: i64| {
        by_type.values().all(is_number) && by_type.values().try_fold(0i64, |sum, &n| sum.checked_add(n)) == Some(total)
    };
    let v3::SyncStatsRecord { resource_types, resources, entitlements, grants, assets, .. } = stats;
    let holds = [resource_types, resources, entitlements, grants, assets].iter().all(is_number)
        && of_types(&stats.resources_by_resource_type, resources)
        && of_types(&stats.entitlements_by_resource_type, entitlements)
        && of_types(&stats.grants_by_entitlement_resource_type, grants);
    holds.then_some(Counts {
        resource_types,
        resources: stats.resources_by_resource_type,
        entitlements: stats.entitlements_by_resource_type,
        grants: stats.grants_by_entitlement_resource_type,
        assets,
    })
}

/// The statistics that the records of a sync come to.
pub fn of_counts(sync: SyncId, counts: Counts) -> v3::SyncStatsRecord {
    let Counts { resource_types, resources, entitlements, grants, assets } = counts;
    v3::SyncStatsRecord {
        sync_id: sync.to_string(),
        resource_types,
        resources: resources.values().sum(),
        entitlements: entitlements.values().sum(),
        grants: grants.values().sum(),
        assets,
        resources_by_resource_type: resources,
        entitlements_by_resource_type: entitlements,
        grants_by_entitlement_resource_type: grants,
        ..v3::SyncStatsRecord::default()
    }
}

fn described(stats: v3::SyncStatsRecord) -> v2::SyncStats {
    let calls = |calls: std::collections::BTreeMap<String, v3::CallStat>| {
        let described = |call: v3::CallStat| v2::CallStat {
            count: call.count,
            total_ms: call.total_ms,
            max_ms: call.max_ms,
            errors: call.errors,
            timeouts: call.timeouts,
        };
        calls.into_iter().map(|(name, call)| (name, described(call))).collect()
    };
    v2::SyncStats {
        resource_types: stats.resource_types,
        resources: stats.resources,
        entitlements: stats.entitlements,
        grants: stats.grants,
        assets: stats.assets,
        resources_by_resource_type: stats.resources_by_resource_type,
        grants_by_resource_type: stats.grants_by_entitlement_resource_type,
        entitlements_by_resource_type: stats.entitlements_by_resource_type,
        step_durations_ms: stats.step_durations_ms,
        connector_call_stats: calls(stats.connector_call_stats),
        session_store_stats: calls(stats.session_store_stats),
    }
}
