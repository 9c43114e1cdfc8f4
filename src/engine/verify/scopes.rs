//! Whether scopes have as many rows as were counted.

use super::{Row, Rows};
use crate::engine::source_cache::{check_entry, Scope};
use crate::findings::Findings;
use crate::keys::{self, Keyspace, Slot, SyncId};
use crate::proto::api::{Fault, FaultKind};
use crate::Result;

/// Compares the counts of a sync's scopes with their indexes, which are compared with the records.
pub(super) fn check_counts(slot: Slot, sync: SyncId, rows: &Rows<'_>, findings: &mut Findings) -> Result<()> {
    let mut entries = rows.below(keys::keyspace(slot, Keyspace::SourceCacheEntry));
    while let Some(row) = entries.next()? {
        let Row::Entry(key, value) = row else { continue };
        // What is wrong with the entry itself is told already.
        let Ok(entry) = check_entry(key, value) else { continue };
        let scope = Scope::named(&entry.row_kind, &entry.scope_key);
        let (Some(scope), Some(counted)) = (scope, entry.row_count) else { continue };
        let (mut index, mut found) = (rows.below(scope.rows(slot)), 0u64);
        while index.next()?.is_some() {
            found += 1;
        }
        if found != counted {
            let sentence = format!("the scope has {found} rows, {counted} were counted");
            findings.add(Fault::of(FaultKind::StatsMismatch, sentence).in_sync(Some(sync)).at_key(key));
        }
    }
    Ok(())
}
