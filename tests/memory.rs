//! Memory follows its budget, not the data: what a process takes at most to write, read and replace a large file.
//!
//! Each budget is measured in a process of its own, which is this test itself, started again: [`measure_if_asked`] is what
//! it then does instead.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::Command;

use c1z::control::Control;
use c1z::proto::api::{CleanupRequest, PutGrantsRequest, StartSyncRequest};
use c1z::proto::connector::{Entitlement, Grant, GrantsServiceListGrantsRequest, Resource, ResourceId};
use c1z::proto::reader::GrantsReaderServiceListGrantsForPrincipalRequest;
use c1z::store::{OpenOptions, Store};
use prost::Message;

/// In the environment of a process that measures: the budget in MiB and the number of grants.
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

fn sync(store: &Store, count: u64) {
    store.start_sync(&StartSyncRequest { sync_type: "full".into(), ..Default::default() }).unwrap();
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

#[test]
fn measure_if_asked() {
    let Ok(asked) = std::env::var(ASKED) else { return };
    let (budget, count) = asked.split_once(' ').unwrap();
    let (budget, count) = (budget.parse::<u64>().unwrap() * MIB, count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file.c1z");
    peak();
    for (name, work) in [("write", write as fn(&Path, u64, u64)), ("read", read), ("replace", replace)] {
        work(&file, budget, count);
        eprintln!("{ASKED} {name} {}", peak());
    }
}

/// The peaks of writing, reading and replacing a file.
fn peaks(budget_mib: u64, count: u64) -> [u64; 3] {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command
        .args(["--exact", "measure_if_asked", "--nocapture"])
        .env(ASKED, format!("{budget_mib} {count}"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    ["write", "read", "replace"].map(|name| {
        let start = format!("{ASKED} {name} ");
        text.lines().find_map(|line| line.strip_prefix(&start)).unwrap().parse().unwrap()
    })
}

#[test]
fn peaks_follow_the_budget_and_not_the_data() {
    for budget in [1, 64] {
        let peaks = peaks(budget, GRANTS).map(|peak| peak / MIB);
        println!("budget {budget} MiB: write {}, read {}, replace {} MiB", peaks[0], peaks[1], peaks[2]);
        let most = FIXED_MIB + budget + budget / 2;
        assert!(peaks.iter().all(|&peak| peak <= most), "{peaks:?} MiB with a budget of {budget} MiB");
    }
}
