//! Timings that the SDK's syncer leaves in its token.
//!
//! The token is the syncer's own JSON. Four keys of it are statistics of the run and are kept beside the counts when the
//! sync ends (SDK: `c1zstore.ApplySyncTokenStatsRecord`). A token that is not that JSON is none of our business.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::proto::storage::{CallStat, IngestQualityStats, SyncStatsRecord};

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Token {
    step_durations_ms: Option<BTreeMap<String, i64>>,
    connector_call_stats: Option<BTreeMap<String, Option<Call>>>,
    session_store_stats: Option<BTreeMap<String, Option<Call>>>,
    ingest_quality: Option<Quality>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Call {
    count: i64,
    total_ms: i64,
    max_ms: i64,
    errors: i64,
    timeouts: i64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Quality {
    source_cache_replay_blocked: bool,
    entitlements_dropped: u64,
    grants_dropped: u64,
    grant_resources_dropped: u64,
    expansion_resource_types_dropped: u64,
    expansions_dropped: u64,
    invalid_resource_types_observed: u64,
    invalid_resources_observed: u64,
    invalid_entitlements_observed: u64,
    reason_flags: u64,
}

/// Adds the timings in what an engine of the SDK has stored as the statistics of a run, where its token had none.
pub fn add_timings(stats: &mut SyncStatsRecord, stored: &str) {
    let is_empty = stats.step_durations_ms.is_empty()
        && stats.connector_call_stats.is_empty()
        && stats.session_store_stats.is_empty();
    if is_empty {
        let ingest_quality = stats.ingest_quality.take();
        apply(stats, stored);
        stats.ingest_quality = ingest_quality;
    }
}

/// Adds what `token` says to `stats`.
pub(super) fn apply(stats: &mut SyncStatsRecord, token: &str) {
    let Ok(token) = serde_json::from_str::<Token>(token) else { return };
    stats.step_durations_ms = token.step_durations_ms.unwrap_or_default();
    stats.connector_call_stats = calls(token.connector_call_stats);
    stats.session_store_stats = calls(token.session_store_stats);
    stats.ingest_quality = token.ingest_quality.map(|quality| IngestQualityStats {
        source_cache_replay_blocked: quality.source_cache_replay_blocked,
        entitlements_dropped: quality.entitlements_dropped,
        grants_dropped: quality.grants_dropped,
        grant_resources_dropped: quality.grant_resources_dropped,
        expansion_resource_types_dropped: quality.expansion_resource_types_dropped,
        expansions_dropped: quality.expansions_dropped,
        reason_flags: quality.reason_flags,
        invalid_resource_types_observed: quality.invalid_resource_types_observed,
        invalid_resources_observed: quality.invalid_resources_observed,
        invalid_entitlements_observed: quality.invalid_entitlements_observed,
    });
}

fn calls(calls: Option<BTreeMap<String, Option<Call>>>) -> BTreeMap<String, CallStat> {
    let stat = |call: Call| CallStat {
        count: call.count,
        total_ms: call.total_ms,
        max_ms: call.max_ms,
        errors: call.errors,
        timeouts: call.timeouts,
    };
    calls.unwrap_or_default().into_iter().filter_map(|(name, call)| Some((name, stat(call?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timings_are_lifted_out_of_a_token_and_other_tokens_are_ignored() {
        let mut stats = SyncStatsRecord::default();
        let token = r#"{"actions":[1],"step_durations_ms":{"grants":7},"connector_call_stats":{"a":{"count":2},"b":null},
            "ingest_quality":{"grants_dropped":3}}"#;
        apply(&mut stats, token);
        assert_eq!(stats.step_durations_ms["grants"], 7);
        assert_eq!(stats.connector_call_stats.len(), 1);
        assert_eq!(stats.connector_call_stats["a"].count, 2);
        assert_eq!(stats.ingest_quality.as_ref().unwrap().grants_dropped, 3);
        let before = stats.clone();
        apply(&mut stats, "not JSON");
        assert_eq!(stats, before);
    }
}
