//! Memory and threads that the system refuses: calls fail with a code of their own, and go on working once there is some.
//!
//! Each case runs in a process of its own, which is this test itself, started again: [`run_if_asked`] is what it then does
//! instead. It must end by itself.
#![cfg(target_os = "linux")]

#[allow(dead_code)]
#[path = "capi/support.rs"]
mod support;

use std::fs;
use std::process::Command;

use c1z::capi::assets::{c1z_get_asset, c1z_put_asset};
use c1z::capi::code::C1Z_RESOURCE_EXHAUSTED;
use c1z::capi::grants::c1z_put_grants;
use c1z::capi::resources::{c1z_list_resources, c1z_put_resources};
use c1z::capi::sessions::c1z_set_session_values;
use c1z::capi::syncs::{c1z_end_sync, c1z_get_current_sync, c1z_set_current_sync, c1z_start_sync};
use c1z::proto::api::*;
use c1z::proto::connector::{
    AssetRef, AssetServiceGetAssetRequest, Resource, ResourceId, ResourcesServiceListResourcesRequest,
    ResourcesServiceListResourcesResponse,
};
use prost::Message;
use support::{verify_bytes, Exported, Failure, Handle};

/// In the environment of a process that runs a case: the case and what is limited.
const ASKED: &str = "C1Z_TEST_REFUSED";

/// The case that no memory is refused in.
const THREADS: &str = "threads";

const MIB: usize = 1 << 20;

/// What the process may have more than it has.
#[derive(Clone, Copy)]
enum Limit {
    /// Of addresses, as `ulimit -v` sets it.
    Addresses,
    /// Of memory of its own, as `ulimit -d` sets it.
    Data,
}

impl Limit {
    fn named(name: &str) -> Limit {
        match name {
            "addresses" => Limit::Addresses,
            "data" => Limit::Data,
            other => panic!("{other}"),
        }
    }

    /// Runs `body` with room for so many more bytes.
    fn within<T>(self, more: usize, body: impl FnOnce() -> T) -> T {
        let (limit, name) = match self {
            Limit::Addresses => (libc::RLIMIT_AS, "VmSize:"),
            Limit::Data => (libc::RLIMIT_DATA, "VmData:"),
        };
        set(limit, kib(name) * 1024 + more as u64);
        let result = body();
        set(limit, libc::RLIM_INFINITY);
        result
    }
}

/// Sets the soft limit, as far as the hard one permits.
fn set(limit: libc::__rlimit_resource_t, value: u64) {
    let mut limits = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the struct outlives the calls.
    unsafe {
        assert_eq!(libc::getrlimit(limit, &mut limits), 0);
        limits.rlim_cur = value.min(limits.rlim_max);
        assert_eq!(libc::setrlimit(limit, &limits), 0);
    }
}

fn kib(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[track_caller]
fn assert_out_of_memory<T>(result: Result<T, Failure>) {
    let failure = result.err().expect("memory is refused");
    assert_eq!((failure.code, failure.reason.as_str()), (C1Z_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY"), "{failure:?}");
    assert!(failure.message.contains("bytes of memory"), "{failure:?}");
}

fn started(folder: &tempfile::TempDir) -> Handle {
    let path = folder.path().join("file.c1z").to_str().unwrap().to_owned();
    let request = OpenRequest { path, threads: 1, memory_budget_bytes: 8 << 20, ..Default::default() };
    let store = Handle::open(&request).unwrap();
    let request = StartSyncRequest { sync_type: "full".into(), ..Default::default() };
    store.call(c1z_start_sync, &request).unwrap();
    store
}

fn user(id: &str, bytes: usize) -> Resource {
    let id = ResourceId { resource_type: "user".into(), resource: id.into(), baton_resource: false };
    Resource { id: Some(id), display_name: "x".repeat(bytes), ..Default::default() }
}

fn put(ids: &[&str], bytes: usize) -> Vec<u8> {
    let list = ids.iter().map(|id| user(id, bytes)).collect();
    PutResourcesRequest { list, ..Default::default() }.encode_to_vec()
}

fn listed(store: &Handle) -> Vec<String> {
    let page: ResourcesServiceListResourcesResponse =
        store.ask(c1z_list_resources, &ResourcesServiceListResourcesRequest::default());
    page.list.into_iter().map(|row| row.id.unwrap().resource).collect()
}

fn puts(limit: Limit) {
    let folder = tempfile::tempdir().unwrap();
    let store = started(&folder);
    let small = put(&["before"], 10);
    store.send(Exported::Call(c1z_put_resources), &small).unwrap();
    let large = put(&["large"], 128 * MIB);
    let many = put(&["a", "b", "c", "d", "e", "f", "g", "h"], 20 * MIB);
    let grants = PutGrantsRequest { source_scope_key: "s".repeat(128 * MIB), ..Default::default() }.encode_to_vec();
    limit.within(80 * MIB, || {
        assert_out_of_memory(store.send(Exported::Call(c1z_put_resources), &large));
        assert_out_of_memory(store.send(Exported::Call(c1z_put_resources), &many));
        store.send(Exported::Call(c1z_put_grants), &grants).unwrap_err();
        store.send(Exported::Call(c1z_put_resources), &put(&["between"], 10)).unwrap();
        assert_eq!(listed(&store), ["before", "between"]);
    });
    store.send(Exported::Call(c1z_put_resources), &large).unwrap();
    store.call_long(c1z_end_sync, &EndSyncRequest {}, None).unwrap();
    store.close().unwrap();
}

fn lists(limit: Limit) {
    let folder = tempfile::tempdir().unwrap();
    let store = started(&folder);
    store.send(Exported::Call(c1z_put_resources), &put(&["large"], 100 * MIB)).unwrap();
    store.call_long(c1z_end_sync, &EndSyncRequest {}, None).unwrap();
    // There is room for what RocksDB reads, and none for the page.
    limit.within(160 * MIB, || {
        let request = ResourcesServiceListResourcesRequest::default();
        assert_out_of_memory(store.call(c1z_list_resources, &request));
    });
    assert_eq!(listed(&store), ["large"]);
    store.close().unwrap();
}

fn assets(limit: Limit) {
    let folder = tempfile::tempdir().unwrap();
    let store = started(&folder);
    let asset = Some(AssetRef { id: "icon".into() });
    let request = PutAssetRequest { asset: asset.clone(), content_type: String::new(), data: vec![7; 100 * MIB] };
    let request = request.encode_to_vec();
    let get = AssetServiceGetAssetRequest { asset };
    let sync_id = store.ask::<GetCurrentSyncResponse>(c1z_get_current_sync, &GetCurrentSyncRequest {}).sync_id;
    limit.within(50 * MIB, || {
        // It needs no memory before it becomes part of the database.
        store.send(Exported::Call(c1z_put_asset), &request).unwrap();
        assert_out_of_memory(store.call_long(c1z_end_sync, &EndSyncRequest {}, None));
    });
    store.call_long(c1z_end_sync, &EndSyncRequest {}, None).unwrap();
    store.call(c1z_set_current_sync, &SetCurrentSyncRequest { sync_id }).unwrap();
    limit.within(160 * MIB, || assert_out_of_memory(store.call(c1z_get_asset, &get)));
    assert!(store.call(c1z_get_asset, &get).unwrap().len() > 100 * MIB);
    store.close().unwrap();
}

fn requests(limit: Limit) {
    let folder = tempfile::tempdir().unwrap();
    let store = started(&folder);
    let values = [("key".to_owned(), vec![7; 100 * MIB])].into();
    let set = SetSessionValuesRequest { sync_id: "s".into(), values, ..Default::default() }.encode_to_vec();
    let list = ResourcesServiceListResourcesRequest { page_token: "x".repeat(100 * MIB), ..Default::default() };
    let list = list.encode_to_vec();
    limit.within(50 * MIB, || {
        assert_out_of_memory(store.send(Exported::Call(c1z_set_session_values), &set));
        assert_out_of_memory(store.send(Exported::Call(c1z_list_resources), &list));
    });
    // There is room for the request, and none for what RocksDB makes of it.
    limit.within(250 * MIB, || assert_out_of_memory(store.send(Exported::Call(c1z_set_session_values), &set)));
    store.send(Exported::Call(c1z_set_session_values), &set).unwrap();
    store.close().unwrap();
}

/// A file of a large record, and a store that is opened, with less memory than either takes.
fn files(limit: Limit) {
    let folder = tempfile::tempdir().unwrap();
    let store = started(&folder);
    let path = folder.path().join("file.c1z").to_str().unwrap().to_owned();
    let request =
        PutAssetRequest { asset: Some(AssetRef { id: "icon".into() }), data: vec![7; 60 * MIB], ..Default::default() };
    store.send(Exported::Call(c1z_put_asset), &request.encode_to_vec()).unwrap();
    store.call_long(c1z_end_sync, &EndSyncRequest {}, None).unwrap();
    store.close().unwrap();
    let verify = VerifyRequest { path: path.clone(), memory_budget_bytes: 8 << 20, threads: 1, ..Default::default() };
    let verify = || verify_bytes(&verify.encode_to_vec(), None);
    let open = |read_only| {
        let open = OpenRequest {
            path: path.clone(),
            read_only,
            threads: 1,
            memory_budget_bytes: 8 << 20,
            ..Default::default()
        };
        Handle::open(&open)
    };
    // How much there is to spare within what the process has already cannot be told: a call works or says what it lacks.
    let mut refused = 0;
    for more in [0, 20, 60, 100, 140, 180] {
        // For a process that ends here.
        eprintln!("{more} MiB");
        limit.within(more * MIB, || {
            for result in [open(true).map(drop), open(false).map(drop), verify().map(drop)] {
                if result.is_err() {
                    refused += 1;
                    assert_out_of_memory(result);
                }
            }
        });
    }
    assert!(refused > 0, "nothing was refused");
    verify().unwrap();
    open(true).unwrap().close().unwrap();
}

/// The system counts the threads of a user, so the process becomes one that has no others, if it may.
fn become_nobody_else() {
    const USER: libc::uid_t = 61_234;
    // SAFETY: it takes numbers.
    unsafe {
        if libc::geteuid() == 0 {
            assert_eq!(libc::setresuid(USER, USER, USER), 0);
        }
    }
}

/// Opens and writes with as few threads as the system lets it have, until it has enough.
fn threads() {
    become_nobody_else();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.c1z").to_str().unwrap().to_owned();
    let tmp_dir = folder.path().to_str().unwrap().to_owned();
    let request = OpenRequest { path: path.clone(), tmp_dir, memory_budget_bytes: 8 << 20, ..Default::default() };
    let verify = VerifyRequest { path, memory_budget_bytes: 8 << 20, ..Default::default() };
    let mut refused = 0;
    for limit in 1.. {
        set(libc::RLIMIT_NPROC, limit);
        match Handle::open(&request) {
            Err(failure) => {
                refused += 1;
                assert_eq!((failure.code, failure.reason.as_str()), (C1Z_RESOURCE_EXHAUSTED, "IO"), "{failure:?}");
                assert!(failure.message.starts_with("start a thread for"), "{failure:?}");
            }
            Ok(store) => {
                store
                    .call(c1z_start_sync, &StartSyncRequest { sync_type: "full".into(), ..Default::default() })
                    .unwrap();
                store.send(Exported::Call(c1z_put_resources), &put(&["user"], 10)).unwrap();
                store.call_long(c1z_end_sync, &EndSyncRequest {}, None).unwrap();
                store.close().unwrap();
                break;
            }
        }
    }
    assert!(refused > 0, "nothing was refused");
    set(libc::RLIMIT_NPROC, libc::RLIM_INFINITY);
    verify_bytes(&verify.encode_to_vec(), None).unwrap();
    set(libc::RLIMIT_NPROC, 1);
    verify_bytes(&verify.encode_to_vec(), None).map(drop).unwrap_err();
}

/// What is done with how much memory.
type Case = (&'static str, fn(Limit));

const CASES: [Case; 5] =
    [("files", files), ("puts", puts), ("lists", lists), ("assets", assets), ("requests", requests)];

#[test]
fn run_if_asked() {
    let Ok(asked) = std::env::var(ASKED) else { return };
    if asked == THREADS {
        return threads();
    }
    let (case, limit) = asked.split_once(' ').unwrap();
    let (_, run) = CASES.iter().find(|(name, _)| *name == case).unwrap();
    run(Limit::named(limit));
}

/// Runs a case in a process of its own.
fn assert_survives(asked: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "run_if_asked", "--nocapture"])
        .env(ASKED, asked)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{asked}: {}\n{text}", output.status);
}

#[test]
fn calls_that_are_refused_memory_fail_and_the_store_goes_on() {
    for (case, limit) in CASES.iter().flat_map(|(case, _)| [(case, "addresses"), (case, "data")]) {
        assert_survives(&format!("{case} {limit}"));
    }
}

#[test]
fn opening_without_the_threads_it_takes_fails_and_works_once_there_are_some() {
    assert_survives(THREADS);
}
