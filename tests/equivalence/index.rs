//! What no read shows: every record of a saved file has its index entries, and every entry its record.

#[path = "digests.rs"]
pub mod digests;

use std::collections::BTreeSet;
use std::path::Path;

use c1z::control::Control;
use c1z::engine::{Engine, EngineOptions, Kind, RecordKeys};
use c1z::envelope::{self, Limits};
use c1z::keys::{self, Keyspace, Slot};
use c1z::proto::api::{FaultKind, VerifyRequest};

const KINDS: [Kind; 5] = [Kind::ResourceType, Kind::Resource, Kind::Entitlement, Kind::Grant, Kind::Asset];

/// Opens the payload of a file beside the store and compares what its records ask for with what is there.
pub fn agrees_with_the_records(file: &Path) {
    has_no_fault(file);
    let folder = tempfile::tempdir().unwrap();
    envelope::unpack(file, folder.path(), &Limits::default(), &Control::none()).unwrap();
    let options = EngineOptions { memory_budget: 16 << 20, threads: 1, durable: false, compress_blocks: false };
    let engine = Engine::open_read_only(folder.path(), &options, None).unwrap();
    let reader = engine.snapshot();
    let slots: BTreeSet<Slot> = reader.sync_runs().unwrap().iter().map(|run| run.slot).collect();

    let mut stored = BTreeSet::new();
    let mut entries = reader.scan(b"", Some(&Slot(1).span().0));
    while let Some((key, value)) = entries.next().unwrap() {
        let slot = Slot::of(key).unwrap();
        assert!(slots.contains(&slot), "a key of no sync: {}", key.escape_ascii());
        // No record leads to a named value, or to what is kept of a scope; digests are looked at by themselves.
        let beside =
            [Keyspace::NamedValue, Keyspace::SourceCacheEntry, Keyspace::SourceCachePoison, Keyspace::GrantDigest];
        if !Keyspace::of(key).is_some_and(|keyspace| beside.contains(&keyspace)) {
            stored.insert((key.to_vec(), value.to_vec()));
        }
    }

    let mut derived = BTreeSet::new();
    for (slot, kind) in slots.iter().flat_map(|&slot| KINDS.map(|kind| (slot, kind))) {
        let mut records = reader.scan(&keys::keyspace(slot, kind.keyspace()), None);
        while let Some((key, record)) = records.next().unwrap() {
            let own = RecordKeys::of(kind, slot, record).unwrap();
            assert_eq!(own.record, key, "a record that is not where it belongs");
            assert_eq!(own.missing, None);
            derived.extend(own.entries().map(|(entry, value)| (entry.to_vec(), value.to_vec())));
            derived.insert((own.record, record.to_vec()));
        }
    }
    let printed = |entries: Vec<&(Vec<u8>, Vec<u8>)>| {
        let text = |(key, value): &&(Vec<u8>, Vec<u8>)| format!("{}: {}", key.escape_ascii(), value.escape_ascii());
        entries.iter().map(text).collect::<Vec<_>>()
    };
    let orphans = printed(stored.difference(&derived).collect());
    let lost = printed(derived.difference(&stored).collect());
    assert!(
        orphans.is_empty() && lost.is_empty(),
        "entries without record: {orphans:?}; records without entry: {lost:?}"
    );

    slots.iter().for_each(|&slot| digests::are_exact(&reader, slot));

    // Tokens and statistics of a dropped sync go with it.
    for keyspace in [Keyspace::SyncToken, Keyspace::SyncStats, Keyspace::EntitlementGraph] {
        let mut rows = reader.scan(&keys::keyspace(Slot::FILE, keyspace), None);
        while let Some((key, _)) = rows.next().unwrap() {
            let sync = keys::sync_of(key).unwrap();
            assert!(reader.run(sync).unwrap().is_some(), "{} of sync {sync}, which is not there", keyspace.noun());
        }
    }
}

/// Verifies a file. Statistics are those of the end of a sync: what is changed later shows there as a difference.
fn has_no_fault(file: &Path) {
    let path = file.to_str().unwrap().to_owned();
    let request = VerifyRequest { path, threads: 1, memory_budget_bytes: 16 << 20, ..Default::default() };
    let report = c1z::store::verify(&request, &Control::none()).unwrap();
    let fault = report.faults.iter().find(|fault| fault.kind() != FaultKind::StatsMismatch);
    assert!(fault.is_none() && report.database_walked, "{}", report.text);
}
