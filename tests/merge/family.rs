//! Files that hold chosen syncs, written without a store, which would choose times itself.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use c1z::control::Control;
use c1z::engine::{Counts, Durability, Kind, Records, Rows, SyncRun, Writer};
use c1z::keys::{self, SyncId};
use c1z::proto::storage::{SyncRunRecord, SyncStatsRecord, SyncType};
use prost_types::Timestamp;

use crate::fixture::*;
use crate::record::Record;

/// A sync that is to be in a file.
#[derive(Clone, Debug)]
pub struct Sync {
    pub of_type: SyncType,
    pub started: i64,
    /// If it has ended.
    pub ended: Option<i64>,
    pub token: String,
    pub records: Vec<Record>,
}

/// A full sync of the first minutes of 1970 that ended.
pub fn sync(number: i64, records: Vec<Record>) -> Sync {
    Sync {
        of_type: SyncType::Full,
        started: 1000 * number,
        ended: Some(1000 * number + 500),
        token: format!(r#"{{"version":1,"step_durations_ms":{{"grants":{number}}}}}"#),
        records,
    }
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 7 }
}

/// Writes a file with these syncs; says their ids.
pub fn write_file(path: &Path, syncs: &[Sync]) -> Vec<String> {
    static EMPTY: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let fixture = Fixture::new();
        let store = fixture.open();
        start(&store, "full");
        close(store);
        std::fs::read(fixture.path()).unwrap()
    });
    std::fs::write(path, &*EMPTY).unwrap();
    let mut ids = Vec::new();
    tamper(path, |writer, reader| {
        for run in reader.sync_runs().unwrap() {
            writer.drop_sync(&run).unwrap();
        }
        ids = syncs.iter().map(|sync| put(writer, sync).to_string()).collect();
    });
    ids
}

/// Files with one of these syncs each, in a folder.
pub fn write_files(folder: &Fixture, syncs: &[Sync]) -> Vec<PathBuf> {
    let write = |(number, sync): (usize, &Sync)| {
        let path = folder.beside(&format!("input-{number}.c1z"));
        write_file(&path, std::slice::from_ref(sync));
        path
    };
    syncs.iter().enumerate().map(write).collect()
}

fn put(writer: &mut Writer<'_>, sync: &Sync) -> SyncId {
    let (id, slot) = (SyncId::generate(), writer.allocate_slot().unwrap());
    let record = SyncRunRecord {
        r#type: sync.of_type.into(),
        parent_sync_id: SyncId::generate().to_string(),
        started_at: Some(at(sync.started)),
        ended_at: sync.ended.map(at),
        supports_diff: true,
        ingest_invariant_generation: "1".into(),
        ingest_invariant_coverage: vec!["grants".into()],
        ingest_invariant_mode: "connector".into(),
        ..Default::default()
    };
    writer.put_sync_run(&SyncRun::new(id, slot, record));
    writer.put_token(id, &sync.token);
    writer.set(&keys::session(&id.to_string(), "", "key"), b"value");
    writer.commit(Durability::Buffered).unwrap();
    for kind in Kind::ALL {
        let mut records = Records::default();
        for record in sync.records.iter().filter(|record| record.kind() == kind) {
            let encoded = record.encode();
            records.reserve(encoded.len()).unwrap();
            let push = |out: &mut Vec<u8>| {
                out.extend_from_slice(&encoded);
                Ok::<_, Infallible>(())
            };
            records.push(push).unwrap();
        }
        if !records.is_empty() {
            writer.put(slot, true, Rows::Records(kind, &records)).unwrap();
        }
    }
    if sync.ended.is_some() {
        let counts = writer.count(slot, &Control::none()).unwrap();
        writer.put_stats(id, &stats_of(id, counts));
        writer.commit(Durability::Buffered).unwrap();
    }
    id
}

fn stats_of(id: SyncId, counts: Counts) -> SyncStatsRecord {
    let Counts { resource_types, resources, entitlements, grants, assets } = counts;
    SyncStatsRecord {
        sync_id: id.to_string(),
        resource_types,
        resources: resources.values().sum(),
        entitlements: entitlements.values().sum(),
        grants: grants.values().sum(),
        assets,
        resources_by_resource_type: resources,
        entitlements_by_resource_type: entitlements,
        grants_by_entitlement_resource_type: grants,
        ..Default::default()
    }
}
