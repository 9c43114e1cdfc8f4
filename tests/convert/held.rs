//! What a file holds, read without a store.

use std::collections::BTreeMap;
use std::path::Path;

use c1z::control::Control;
use c1z::engine::{Engine, Kind};
use c1z::envelope::{self, Limits};
use c1z::keys::{self, Keyspace, Slot};
use c1z::proto::api::VerifyRequest;
use c1z::proto::storage::{
    AssetRecord, EntitlementRecord, GrantRecord, ResourceRecord, ResourceTypeRecord, SyncRunRecord, SyncStatsRecord,
};
use prost::Message;

use crate::fixture::OPTIONS;

/// A sync with everything that is stored of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held {
    pub run: SyncRunRecord,
    pub token: String,
    pub stats: Option<SyncStatsRecord>,
    pub sessions: BTreeMap<String, Vec<u8>>,
    pub resource_types: Vec<ResourceTypeRecord>,
    pub resources: Vec<ResourceRecord>,
    pub entitlements: Vec<EntitlementRecord>,
    pub grants: Vec<GrantRecord>,
    pub assets: Vec<AssetRecord>,
}

/// The syncs of a file by their ids; nothing is wrong with the file.
#[track_caller]
pub fn of_file(path: &Path) -> BTreeMap<String, Held> {
    is_sound(path);
    let folder = tempfile::tempdir().unwrap();
    envelope::unpack(path, folder.path(), &Limits::default(), &Control::none()).unwrap();
    let engine = Engine::open_read_only(folder.path(), &OPTIONS, None).unwrap();
    let reader = engine.snapshot();
    let rows = |prefix: &[u8]| {
        let mut rows = Vec::new();
        let mut scan = reader.scan(prefix, None);
        while let Some((key, value)) = scan.next().unwrap() {
            rows.push((key.to_vec(), value.to_vec()));
        }
        rows
    };
    fn decoded<M: Message + Default>(rows: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<M> {
        rows.iter().map(|(_, value)| M::decode(&value[..]).unwrap()).collect()
    }
    let mut syncs = BTreeMap::new();
    for run in reader.sync_runs().unwrap() {
        let of_kind = |kind: Kind| rows(&keys::keyspace(run.slot, kind.keyspace()));
        let sessions = rows(&keys::sessions_of(&run.id.to_string()));
        let name =
            |key: &[u8]| keys::Elements::of(keys::tuple_of(key)).nth(1).and_then(keys::unescape).unwrap().to_vec();
        let named = |(key, value): (Vec<u8>, Vec<u8>)| (String::from_utf8(name(&key)).unwrap(), value);
        let held = Held {
            token: reader.token(run.id).unwrap(),
            stats: reader.stats(run.id).unwrap(),
            sessions: sessions.into_iter().map(named).collect(),
            resource_types: decoded(of_kind(Kind::ResourceType)),
            resources: decoded(of_kind(Kind::Resource)),
            entitlements: decoded(of_kind(Kind::Entitlement)),
            grants: decoded(of_kind(Kind::Grant)),
            assets: decoded(of_kind(Kind::Asset)),
            run: run.record.clone(),
        };
        syncs.insert(run.id.to_string(), held);
    }
    let of_no_sync = rows(&keys::keyspace(Slot::FILE, Keyspace::Session)).len();
    assert_eq!(of_no_sync, syncs.values().map(|held| held.sessions.len()).sum::<usize>());
    syncs
}

/// Nothing is found in a file: neither damage nor an entry too many nor a statistic that is wrong.
#[track_caller]
pub fn is_sound(path: &Path) {
    let request = VerifyRequest { path: path.to_str().unwrap().into(), threads: 1, ..Default::default() };
    let report = c1z::store::verify(&request, &Control::none()).unwrap();
    assert!(report.faults.is_empty(), "{}", report.text);
}
