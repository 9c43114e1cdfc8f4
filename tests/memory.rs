//! Memory follows its budget, not the data: what a process takes at most to write, read and replace a large file.
//!
//! Each budget is measured in a process of its own, which is this test itself, started again: [`measure_if_asked`] is what
//! it then does instead.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::Command;

use c1z::control::Control;
use c1z::proto::api::{
    CleanupRequest, PutAssetRequest, PutGrantsRequest, PutResourcesRequest, ResumeSyncRequest, StartSyncRequest,
};
use c1z::proto::connector::{
    AssetRef, AssetServiceGetAssetRequest, Entitlement, Grant, GrantsServiceListGrantsRequest, Resource, ResourceId,
    ResourcesServiceListResourcesRequest,
};
use c1z::proto::reader::GrantsReaderServiceListGrantsForPrincipalRequest;
use c1z::store::{OpenOptions, Store};
use prost::Message;

/// In the environment of a process that measures: what, the budget in MiB, and how many grants or MiB.
const ASKED: &str = "C1Z_TEST_MEMORY";

const MIB: u64 = 1 << 20;
/// What the process, threads and the coders of the payload take besides. Their rows and index entries take 400 MiB.
const FIXED_MIB: u64 = 96;
const GRANTS: u64 = 1_000_000;
const PAGE: u64 = 1_000;
const USERS: u64 = 5_000;

/// A number that is as good as random.
fn mixed(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 32
}

fn resource(resource_type: &str, id: u64) -> Resource {
    let id = ResourceId { resource_type: resource_type.into(), resource: format!("{id:016}"), ..Default::default() };
    Resource { id: Some(id), ..Default::default() }
}

/// A page of grants, distinct and in no order.
fn grants(page: u64) -> Vec<u8> {
    let list = (page * PAGE..(page + 1) * PAGE).map(|number| {
        let group = mixed(number) * 1_000_000 + number;
        let entitlement = Entitlement {
            resource: Some(resource("group", group / 200)),
            id: format!("group:{:016}:member", group / 200),
            ..Default::default()
        };
        let principal = Some(resource("user", mixed(number) % USERS));
        Grant { entitlement: Some(entitlement), principal, id: format!("grant-{group:020}"), ..Default::default() }
    });
    PutGrantsRequest { list: list.collect(), ..Default::default() }.encode_to_vec()
}

fn open(file: &Path, budget: u64, read_only: bool) -> Store {
    let options = OpenOptions { read_only, threads: 2, memory_budget: budget, ..OpenOptions::default() };
    Store::open(file, options, &Control::none()).unwrap()
}

fn start(store: &Store) {
    store.start_sync(&StartSyncRequest { sync_type: "full".into(), ..Default::default() }).unwrap();
}

fn sync(store: &Store, count: u64) {
    start(store);
    (0..count / PAGE).for_each(|page| store.put_grants(&grants(page)).unwrap());
    store.end_sync(&Control::none()).unwrap();
}

fn write(file: &Path, budget: u64, count: u64) {
    let store = open(file, budget, false);
    sync(&store, count);
    store.save(&Control::none()).unwrap();
    store.close().unwrap();
}

fn read(file: &Path, budget: u64, count: u64) {
    let store = open(file, budget, true);
    let (mut rows, mut page_token) = (0, String::new());
    loop {
        let request = GrantsServiceListGrantsRequest { page_token, page_size: 1_000, ..Default::default() };
        let page = store.list_grants(&request).unwrap().decode().unwrap();
        rows += page.list.len() as u64;
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(rows, count);
    for user in 0..USERS {
        let principal_id = resource("user", user).id;
        let request = GrantsReaderServiceListGrantsForPrincipalRequest { principal_id, ..Default::default() };
        store.list_grants_for_principal(&request).unwrap();
    }
    store.close().unwrap();
}

/// Collects again, and removes what was there: RocksDB compacts.
fn replace(file: &Path, budget: u64, count: u64) {
    let store = open(file, budget, false);
    sync(&store, count);
    store.cleanup(&CleanupRequest { keep: 1 }, &Control::none()).unwrap();
    store.save(&Control::none()).unwrap();
    store.close().unwrap();
}

/// The most memory that the process has had since it was asked last, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    fs::write("/proc/self/clear_refs", "5").unwrap();
    kib << 10
}

/// 700 resources of 1 MB, one a call.
fn write_large(file: &Path, budget: u64, count: u64) {
    let store = open(file, budget, false);
    start(&store);
    for number in 0..count {
        let one = Resource { display_name: "x".repeat(1 << 20), ..resource("user", number) };
        store.put_resources(&PutResourcesRequest { list: vec![one], ..Default::default() }.encode_to_vec()).unwrap();
    }
    store.end_sync(&Control::none()).unwrap();
    eprintln!("{ASKED} ended {}", peak());
    store.save(&Control::none()).unwrap();
    store.close().unwrap();
}

fn read_large(file: &Path, budget: u64, count: u64) {
    let store = open(file, budget, true);
    let (mut rows, mut page_token) = (0, String::new());
    loop {
        let request = ResourcesServiceListResourcesRequest { page_token, ..Default::default() };
        let page = store.list_resources(&request).unwrap().decode().unwrap();
        rows += page.list.len() as u64;
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(rows, count);
    store.close().unwrap();
}

/// One asset of so many MiB, put into an open sync and, when that has ended, once more.
fn write_asset(file: &Path, budget: u64, mib: u64) {
    let store = open(file, budget, false);
    start(&store);
    let asset = Some(AssetRef { id: "icon".into() });
    let request = PutAssetRequest { asset, content_type: String::new(), data: vec![7; (mib * MIB) as usize] };
    let encoded = request.encode_to_vec();
    drop(request);
    peak();
    store.put_asset(&encoded).unwrap();
    eprintln!("{ASKED} put {}", peak());
    store.end_sync(&Control::none()).unwrap();
    eprintln!("{ASKED} ended {}", peak());
    let sync_id = store.list_sync_runs(&Default::default()).unwrap().list.remove(0).id;
    store.resume_sync(&ResumeSyncRequest { sync_type: "full".into(), sync_id }).unwrap();
    store.put_asset(&encoded).unwrap();
    drop(encoded);
    store.save(&Control::none()).unwrap();
    store.close().unwrap();
}

fn read_asset(file: &Path, budget: u64, mib: u64) {
    let store = open(file, budget, true);
    let request = AssetServiceGetAssetRequest { asset: Some(AssetRef { id: "icon".into() }) };
    let response = store.get_asset(&request).unwrap().into_bytes();
    assert!(response.len() as u64 > mib * MIB);
    store.close().unwrap();
}

/// What is done to a file with a budget, so many times.
type Work = fn(&Path, u64, u64);

const GRANTS_OF_A_FILE: [(&str, Work); 3] = [("write", write), ("read", read), ("replace", replace)];
const LARGE_RECORDS: [(&str, Work); 2] = [("write", write_large), ("read", read_large)];
const ASSET: [(&str, Work); 2] = [("write", write_asset), ("read", read_asset)];

#[test]
fn measure_if_asked() {
    let Ok(asked) = std::env::var(ASKED) else { return };
    let asked: Vec<&str> = asked.split(' ').collect();
    let works: &[(&str, Work)] = match asked[0] {
        "grants" => &GRANTS_OF_A_FILE,
        "large" => &LARGE_RECORDS,
        "asset" => &ASSET,
        other => panic!("{other}"),
    };
    let (budget, count) = (asked[1].parse::<u64>().unwrap() * MIB, asked[2].parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file.c1z");
    peak();
    for (name, work) in works {
        work(&file, budget, count);
        eprintln!("{ASKED} {name} {}", peak());
    }
}

/// The peaks of what is done, in MiB.
fn peaks<const N: usize>(what: &str, budget_mib: u64, count: u64, names: [&str; N]) -> [u64; N] {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command
        .args(["--exact", "measure_if_asked", "--nocapture"])
        .env(ASKED, format!("{what} {budget_mib} {count}"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    let peaks = names.map(|name| {
        let start = format!("{ASKED} {name} ");
        text.lines().find_map(|line| line.strip_prefix(&start)).unwrap().parse::<u64>().unwrap() / MIB
    });
    println!("{what} with a budget of {budget_mib} MiB: {names:?} {peaks:?} MiB");
    peaks
}

#[test]
fn peaks_follow_the_budget_and_not_the_data() {
    for budget in [1, 64] {
        let peaks = peaks("grants", budget, GRANTS, ["write", "read", "replace"]);
        let most = FIXED_MIB + budget + budget / 2;
        assert!(peaks.iter().all(|&peak| peak <= most), "{peaks:?} MiB with a budget of {budget} MiB");
    }
}

#[test]
fn peaks_follow_the_budget_also_where_few_records_are_much_data() {
    for budget in [1, 64] {
        let peaks = peaks("large", budget, 700, ["ended", "write", "read"]);
        let most = FIXED_MIB + budget + budget / 2;
        assert!(peaks.iter().all(|&peak| peak <= most), "{peaks:?} MiB with a budget of {budget} MiB");
    }
}

/// RocksDB takes a value in one piece and copies it into a block, gives it in a block, and reads the one that it replaces; what a
/// thread of its own has yet to free comes on top.
#[test]
fn an_asset_takes_no_memory_when_it_is_put_and_twice_its_size_when_it_is_written_or_read() {
    const MIB: u64 = 300;
    const BUDGET: u64 = 8;
    let [put, ended, write, read] = peaks("asset", BUDGET, MIB, ["put", "ended", "write", "read"]);
    let besides = FIXED_MIB + BUDGET;
    assert!(put <= MIB + besides, "put: {put} MiB, of which {MIB} are the request");
    assert!(ended <= 3 * MIB + besides, "end: {ended} MiB, of which {MIB} are the request");
    assert!(write <= 5 * MIB + besides, "replaced and saved: {write} MiB, of which {MIB} are the request");
    assert!(read <= 2 * MIB + besides, "read: {read} MiB");
}
