//! What the database tells of its syncs, without their records.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::database::Database;
use super::losses::Losses;
use super::rows::Translator;
use super::{runs, DATABASE};
use crate::control::Control;
use crate::envelope::{unpack_v1, Limits};
use crate::proto::manifest::SyncRunSummary;
use crate::proto::storage::SyncStatsRecord;
use crate::store::file::WorkingFolder;
use crate::Result;

/// SDK: what its engine stores as the statistics of a run, of which these are the counts.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Counts {
    resource_types: i64,
    resources: i64,
    entitlements: i64,
    grants: i64,
    assets: i64,
    resources_by_resource_type: BTreeMap<String, i64>,
    entitlements_by_resource_type: BTreeMap<String, i64>,
    grants_by_resource_type: BTreeMap<String, i64>,
}

/// The syncs of a file of format v1, in the order of their rows. The first one that cannot be read fails the call.
pub fn read_syncs(
    path: &Path,
    work: &WorkingFolder,
    limits: &Limits,
    control: &Control<'_>,
) -> Result<Vec<SyncRunSummary>> {
    let folder = work.create_folder("v1")?;
    unpack_v1(path, &folder, DATABASE, limits, control)?;
    let database = Database::open(path, &folder.join(DATABASE))?;
    let runs = runs::read(&database, &mut Translator::new()?, &mut Losses::new(false), control)?;
    runs.into_iter()
        .map(|run| {
            let stats = runs::texts(&database, &run, control)?.stats;
            Ok(SyncRunSummary {
                sync_id: run.id.to_string(),
                r#type: run.record.r#type,
                started_at: run.record.started_at,
                ended_at: run.record.ended_at,
                parent_sync_id: run.record.parent_sync_id,
                stats: serde_json::from_str(&stats).ok().map(|counts| record(run.id.to_string(), counts)),
                compacted: false,
            })
        })
        .collect()
}

fn record(sync_id: String, counts: Counts) -> SyncStatsRecord {
    SyncStatsRecord {
        sync_id,
        resource_types: counts.resource_types,
        resources: counts.resources,
        entitlements: counts.entitlements,
        grants: counts.grants,
        assets: counts.assets,
        resources_by_resource_type: counts.resources_by_resource_type,
        entitlements_by_resource_type: counts.entitlements_by_resource_type,
        grants_by_entitlement_resource_type: counts.grants_by_resource_type,
        ..SyncStatsRecord::default()
    }
}
