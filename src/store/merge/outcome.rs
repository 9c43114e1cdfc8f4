//! The sync that merged records make up.

use prost_types::Timestamp;

use super::{rank, Input};
use crate::engine::{Kind, MergedSlot, SyncRun};
use crate::keys::{Slot, SyncId};
use crate::proto::api::{MergeCounts, MergeResponse};
use crate::proto::storage::{SyncRunRecord, SyncStatsRecord};
use crate::store::clock;
use crate::store::merge::token::{compaction_token, Provenance, TokenInput};
use crate::store::sync::stats;
use crate::store::sync_type::type_name;

/// A run, its token and its statistics.
pub(super) struct MergedSync {
    pub run: SyncRun,
    pub token: String,
    pub stats: SyncStatsRecord,
}

/// What the inputs make up, in `slot`. It ends when the last of them did, and behind all of `times`.
pub(super) fn merged_sync(slot: Slot, inputs: &[Input], merged: &MergedSlot, times: &[Timestamp]) -> MergedSync {
    let id = SyncId::generate();
    let (base, partials) = (&inputs[0], &inputs[1..]);
    let greatest = inputs.iter().map(|input| input.run.record.r#type()).max_by_key(|of| rank(*of));
    let newest = inputs.iter().filter_map(|input| input.run.record.ended_at).max_by(clock::compare);
    let record = SyncRunRecord {
        r#type: greatest.unwrap_or_default().into(),
        started_at: base.run.record.started_at,
        ended_at: Some(clock::behind(newest.unwrap_or_default(), times.iter().copied())),
        compacted: true,
        ..SyncRunRecord::default()
    };
    let ids: Vec<String> = partials.iter().map(|input| input.run.id.to_string()).collect();
    let tokens: Vec<String> = partials.iter().map(|input| input.token.clone()).collect();
    let counts = Kind::ALL.map(|kind| (bucket(kind), provenance(merged, kind)));
    let token = compaction_token(
        &base.token,
        &TokenInput {
            base_sync_id: &base.run.id.to_string(),
            partial_sync_ids: &ids,
            partial_tokens: &tokens,
            counts: &counts,
        },
    );
    let stats = stats::with_token(id, merged.counts.clone(), &token);
    MergedSync { run: SyncRun::new(id, slot, record), token, stats }
}

/// What callers are told.
pub(super) fn response(sync: &MergedSync, merged: &MergedSlot) -> MergeResponse {
    let counts = |kind| {
        let Provenance { output, added, replaced, carried } = provenance(merged, kind);
        Some(MergeCounts { output, added, replaced, carried })
    };
    MergeResponse {
        sync_id: sync.run.id.to_string(),
        sync_type: type_name(sync.run.record.r#type()).to_owned(),
        resource_types: counts(Kind::ResourceType),
        resources: counts(Kind::Resource),
        entitlements: counts(Kind::Entitlement),
        grants: counts(Kind::Grant),
        assets: counts(Kind::Asset),
    }
}

fn provenance(merged: &MergedSlot, kind: Kind) -> Provenance {
    let output = merged.counts.total(kind);
    let outcome = merged.outcome[kind as usize];
    let (added, replaced) = (outcome.added, outcome.replaced);
    Provenance { output, added, replaced, carried: output - added - replaced }
}

/// SDK: what it calls the records of a kind in a token.
fn bucket(kind: Kind) -> &'static str {
    match kind {
        Kind::ResourceType => "resource_types",
        Kind::Resource => "resources",
        Kind::Entitlement => "entitlements",
        Kind::Grant => "grants",
        Kind::Asset => "assets",
    }
}
