//! What a file holds, read without a store.

use std::collections::BTreeMap;
use std::path::Path;

use c1z::control::Control;
use c1z::engine::{Engine, RecordKeys, SyncRun};
use c1z::envelope::{self, Limits};
use c1z::keys;
use c1z::proto::api::VerifyRequest;
use c1z::proto::storage::{SyncRunRecord, SyncStatsRecord};

use crate::fixture::OPTIONS;
use crate::record::KINDS;
use crate::reference::Rows;

/// Records by the number of their kind and by their identity as keys hold it.
pub type Stored = BTreeMap<(usize, Vec<u8>), Vec<u8>>;

/// A sync with everything that is stored of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    pub run: SyncRunRecord,
    pub token: String,
    pub stats: Option<SyncStatsRecord>,
    pub sessions: usize,
    pub records: Stored,
}

/// The syncs of a file by their ids, whatever their slots.
pub fn of_file(path: &Path) -> BTreeMap<String, Held> {
    let folder = tempfile::tempdir().unwrap();
    envelope::unpack(path, folder.path(), &Limits::default(), &Control::none()).unwrap();
    let engine = Engine::open_read_only(folder.path(), &OPTIONS, None).unwrap();
    let reader = engine.snapshot();
    let held = |run: SyncRun| {
        let mut records = Stored::new();
        for (number, kind) in KINDS.into_iter().enumerate() {
            let mut rows = reader.scan(&keys::keyspace(run.slot, kind.keyspace()), None);
            while let Some((key, record)) = rows.next().unwrap() {
                records.insert((number, keys::tuple_of(key).to_vec()), record.to_vec());
            }
        }
        let mut sessions = 0;
        let mut values = reader.scan(&keys::sessions_of(&run.id.to_string()), None);
        while values.next().unwrap().is_some() {
            sessions += 1;
        }
        let (token, stats) = (reader.token(run.id).unwrap(), reader.stats(run.id).unwrap());
        (run.id.to_string(), Held { run: run.record, token, stats, sessions, records })
    };
    reader.sync_runs().unwrap().into_iter().map(held).collect()
}

/// Records as a file holds them.
pub fn of_rows(rows: &Rows) -> Stored {
    let stored = |(&(kind, _), record): (&(usize, u32), &crate::record::Record)| {
        let bytes = record.encode();
        let keys = RecordKeys::of(record.kind(), keys::Slot(1), &bytes).unwrap();
        assert_eq!(keys.missing, None);
        ((kind, keys::tuple_of(&keys.record).to_vec()), bytes)
    };
    rows.iter().map(stored).collect()
}

/// Nothing is found in a file: neither damage nor an entry too many nor a statistic that is wrong.
#[track_caller]
pub fn is_sound(path: &Path) {
    crate::index::agrees_with_the_records(path);
    let request = VerifyRequest {
        path: path.to_str().unwrap().into(),
        threads: 1,
        memory_budget_bytes: 16 << 20,
        ..Default::default()
    };
    let report = c1z::store::verify(&request, &Control::none()).unwrap();
    assert!(report.faults.is_empty(), "{}", report.text);
}
