//! A file to break, and everything that a store shows of itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Mutex;

use c1z::control::Control;
use c1z::engine::EngineOptions;
use c1z::proto::api;
use c1z::proto::c1z_v1::SyncDetails;
use c1z::proto::reader::SyncStats;
use prost::{Message, Name};
use prost_types::Any;
use tempfile::TempDir;

use crate::fixture::*;
use crate::index;
use crate::syscalls::{Fault, Plan};

const USERS: usize = 20;

/// A database whose durable commits survive a crash of the machine, which the faults are to find out.
pub const DURABLE: EngineOptions = EngineOptions { durable: true, ..OPTIONS };

/// A folder with a file, maybe, and a folder for working copies.
pub struct Place {
    folder: TempDir,
}

/// All that a store holds: the syncs with their records, tokens and session values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents(BTreeMap<String, Held>);

#[derive(Clone, Debug, Default, PartialEq)]
struct Held {
    ended: bool,
    supports_diff: bool,
    verification: Option<Verification>,
    token: String,
    stats: Option<SyncStats>,
    resource_types: Vec<ResourceType>,
    resources: Vec<Resource>,
    entitlements: Vec<Entitlement>,
    grants: Vec<Grant>,
    sessions: Vec<SessionValue>,
    scope: Option<(String, Option<u64>)>,
}

impl Place {
    pub fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        Place { folder }
    }

    /// A place with the same file.
    pub fn like(other: &Place) -> Place {
        let place = Place::new();
        std::fs::copy(other.file(), place.file()).unwrap();
        place
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("file.c1z")
    }

    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.file()).unwrap()
    }

    pub fn try_open(&self) -> c1z::Result<Store> {
        open_at(&self.file(), &self.work())
    }

    pub fn open(&self) -> Store {
        self.try_open().unwrap()
    }

    /// What is in the file: read by a store of its own, indexes checked.
    pub fn saved(&self) -> Contents {
        index::agrees_with_the_records(&self.file());
        self.contents()
    }

    /// What a store of its own shows of the file.
    pub fn contents(&self) -> Contents {
        let store = self.open();
        let contents = Contents::of(&store);
        store.close().unwrap();
        contents
    }

    /// What lies in the folder beside the file and the folder of working copies.
    pub fn left_beside(&self) -> Vec<String> {
        let names = names(self.folder());
        names.into_iter().filter(|name| !["file.c1z", "work"].contains(&name.as_str())).collect()
    }

    /// Faults anywhere in the place.
    pub fn plan(&self, fault: Fault, from: u64, and_later: bool) -> Plan {
        Plan { below: self.folder().to_path_buf(), fault: Some(fault), from, and_later }
    }
}

pub fn open_at(file: &Path, work: &Path) -> c1z::Result<Store> {
    // RocksDB: all databases of a process share the threads that flush, and a failed flush keeps its thread for a second.
    let options = OpenOptions {
        tmp_dir: Some(work.into()),
        threads: 32,
        memory_budget: 8 << 20,
        durable: true,
        ..Default::default()
    };
    Store::open(file, options, &Control::none())
}

pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

impl Contents {
    pub fn of(store: &Store) -> Contents {
        let runs = store.list_sync_runs(&Default::default()).unwrap().list;
        Contents(runs.iter().map(|run| (run.id.clone(), Held::of(store, run))).collect())
    }

    /// The syncs' contents, whatever their ids.
    pub fn without_ids(&self) -> Vec<String> {
        let mut syncs: Vec<String> = self.0.values().map(|sync| format!("{sync:?}")).collect();
        syncs.sort();
        syncs
    }

    pub fn has_ended(&self, sync: &str) -> Option<bool> {
        self.0.get(sync).map(|sync| sync.ended)
    }
}

impl Held {
    fn of(store: &Store, run: &api::SyncRun) -> Held {
        let active_sync_id = run.id.clone();
        let resource_types = ResourceTypesServiceListResourceTypesRequest { active_sync_id, ..Default::default() };
        let active_sync_id = run.id.clone();
        let resources = ResourcesServiceListResourcesRequest { active_sync_id, ..Default::default() };
        let active_sync_id = run.id.clone();
        let entitlements = EntitlementsServiceListEntitlementsRequest { active_sync_id, ..Default::default() };
        let active_sync_id = run.id.clone();
        let grants = GrantsServiceListGrantsRequest { active_sync_id, ..Default::default() };
        Held {
            ended: run.ended_at.is_some(),
            supports_diff: run.supports_diff,
            verification: run.verification.clone(),
            token: run.sync_token.clone(),
            stats: run.stats.clone(),
            resource_types: store.list_resource_types(&resource_types).unwrap().decode().unwrap().list,
            resources: store.list_resources(&resources).unwrap().decode().unwrap().list,
            entitlements: store.list_entitlements(&entitlements).unwrap().decode().unwrap().list,
            grants: store.list_grants(&grants).unwrap().decode().unwrap().list,
            sessions: session(store, &run.id),
            scope: scope(store, &run.id),
        }
    }
}

/// A scope of resources.
pub const SCOPE: &str = "scope";

/// What the scope of a sync is compared by, and its number of rows.
fn scope(store: &Store, sync: &str) -> Option<(String, Option<u64>)> {
    let value = SyncDetails { id: sync.into() }.encode_to_vec();
    let annotations = vec![Any { type_url: format!("type.googleapis.com/{}", SyncDetails::full_name()), value }];
    let request = GetSourceCacheEntryRequest { row_kind: "resources".into(), scope_key: SCOPE.into(), annotations };
    let entry = store.get_source_cache_entry(&request).unwrap().entry;
    entry.map(|entry| (entry.cache_validator, entry.row_count))
}

/// Records of every kind, each put by a call of its own.
pub fn put_all(store: &Store) -> c1z::Result<()> {
    try_put_resource_types(store, &["user", "group"])?;
    let users: Vec<String> = (0..USERS).map(|number| format!("u{number}")).collect();
    let parent = ("group", "g");
    try_put_resources(store, &users.iter().map(|user| child(("user", user), parent)).collect::<Vec<_>>())?;
    try_put_entitlements(store, &[entitlement(parent, "group:g:member"), entitlement(parent, "owner")])?;
    try_put_grants(store, &users.iter().map(|user| expandable(membership("g", user))).collect::<Vec<_>>())
}

/// A finished sync.
pub fn whole_sync(store: &Store) {
    start(store, "full");
    put_all(store).unwrap();
    end(store);
}

/// How often a fault struck where, and what the sweep came to.
#[derive(Default)]
pub struct Tally(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    points: BTreeMap<String, usize>,
    faults: usize,
    rounds: usize,
    failed: usize,
}

impl Tally {
    /// Makes rounds with 1, 2, … for the first call that is struck, several at a time, until nothing is left to strike.
    /// A round says which calls were struck and whether the operation failed.
    pub fn sweep(&self, round: impl Fn(u64) -> (Vec<String>, bool) + Sync) {
        const AT_A_TIME: usize = 8;
        let (next, done) = (AtomicU64::new(1), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for _ in 0..AT_A_TIME {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        let (struck, failed) = round(next.fetch_add(1, Ordering::Relaxed));
                        done.fetch_or(struck.is_empty(), Ordering::Relaxed);
                        self.note(&struck, failed);
                    }
                });
            }
        });
    }

    fn note(&self, struck: &[String], failed: bool) {
        let mut counts = self.0.lock().unwrap();
        counts.rounds += usize::from(!struck.is_empty());
        counts.faults += struck.len();
        counts.failed += usize::from(failed);
        for point in struck {
            *counts.points.entry(point.clone()).or_default() += 1;
        }
    }

    /// Every round was survived without loss, or its test had ended there.
    pub fn print(&self, sweep: &str) {
        let Counts { points, faults, rounds, failed } = &*self.0.lock().unwrap();
        println!("{sweep}: {faults} faults in {rounds} rounds, {failed} calls failed, {rounds} rounds survived, 0 bytes lost");
        for (point, count) in points {
            println!("  {count:6} {point}");
        }
    }

    pub fn failed(&self) -> usize {
        self.0.lock().unwrap().failed
    }

    pub fn struck(&self, point: &str) -> bool {
        self.0.lock().unwrap().points.contains_key(point)
    }
}
