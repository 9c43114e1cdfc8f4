//! What a merge is to come to.

use std::collections::BTreeMap;

use c1z::proto::api::MergeCounts;

use crate::family::Sync;
use crate::record::{Record, KINDS};

/// By kind and identity.
pub type Rows = BTreeMap<(usize, u32), Record>;

/// The records of a sync: of several with one identity the last one put.
pub fn rows(sync: &Sync) -> Rows {
    sync.records.iter().map(|record| ((record.kind, record.identity), *record)).collect()
}

/// The base first. A later record wins unless it was discovered earlier; without a time it was discovered before any.
pub fn merged(inputs: &[&Sync]) -> (Rows, [MergeCounts; KINDS.len()]) {
    let mut result = Rows::new();
    for (key, record) in inputs.iter().flat_map(|input| rows(input)) {
        if result.get(&key).is_none_or(|before| record.discovered_at >= before.discovered_at) {
            result.insert(key, record);
        }
    }
    let base = rows(inputs[0]);
    let mut counts = [MergeCounts::default(); KINDS.len()];
    for (key, record) in &result {
        let MergeCounts { output, added, replaced, carried } = &mut counts[key.0];
        *output += 1;
        match base.get(key) {
            None => *added += 1,
            Some(before) if before != record => *replaced += 1,
            Some(_) => *carried += 1,
        }
    }
    (result, counts)
}
