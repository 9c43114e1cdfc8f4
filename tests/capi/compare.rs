//! Comparing through the C ABI: a cursor of two files, and one of a store.

use std::ptr;

use c1z::capi::code::*;
use c1z::capi::compare::{c1z_compare_files, c1z_compare_syncs};
use c1z::capi::syncs::c1z_cleanup;
use c1z::proto::api::{
    difference, CleanupRequest, CompareFilesRequest, CompareInput, ComparePage, CompareSyncsRequest,
};
use prost::Message;

use crate::sample::{start_sync, Sample};
use crate::support::{assert_refused, slice, Flag, Walk, EMPTY};

/// The two syncs of a sample.
pub fn request(sample: &Sample) -> CompareFilesRequest {
    let input = |sync_id: &str| CompareInput {
        path: sample.path.to_str().unwrap().to_owned(),
        sync_id: sync_id.to_owned(),
        ..CompareInput::default()
    };
    CompareFilesRequest {
        before: Some(input(&sample.first)),
        after: Some(input(&sample.second)),
        threads: 2,
        memory_budget_bytes: 16 << 20,
        ..CompareFilesRequest::default()
    }
}

fn of_store(sample: &Sample) -> CompareSyncsRequest {
    CompareSyncsRequest {
        before_sync_id: sample.first.clone(),
        after_sync_id: sample.second.clone(),
        ..CompareSyncsRequest::default()
    }
}

/// Kind and change of each difference. The second sync has one user more, with two grants.
fn changes(walk: &mut Walk) -> Vec<(i32, difference::Change)> {
    let page = ComparePage::decode(&walk.next().unwrap().unwrap()[..]).unwrap();
    assert_eq!(walk.next().unwrap(), None);
    assert_eq!(walk.next().unwrap(), None);
    page.list.iter().map(|found| (found.kind, found.change())).collect()
}

#[test]
fn a_cursor_shows_what_differs_and_then_ends_for_good() {
    use difference::Change::Added;
    let sample = Sample::new();
    let expected = [(2, Added), (4, Added), (4, Added)];
    assert_eq!(changes(&mut Walk::compare(&request(&sample), None).unwrap()), expected);
    for store in [sample.open(), sample.open_read_only()] {
        assert_eq!(changes(&mut store.scan(c1z_compare_syncs, &of_store(&sample)).unwrap()), expected);
        store.close().unwrap();
    }
}

#[test]
fn a_cursor_that_is_freed_in_the_middle_leaves_nothing_behind() {
    let sample = Sample::new();
    let before = std::fs::read(&sample.path).unwrap();
    let work = sample.beside("work");
    std::fs::create_dir(&work).unwrap();
    let files = || std::fs::read_dir(&work).unwrap().count();
    let request = CompareFilesRequest { tmp_dir: work.to_str().unwrap().into(), ..request(&sample) };
    let mut walk = Walk::compare(&request, None).unwrap();
    assert_eq!(files(), 1);
    assert!(walk.next().unwrap().is_some());
    drop(walk);
    assert_eq!(files(), 0);
    assert_eq!(std::fs::read(&sample.path).unwrap(), before);
}

#[test]
fn a_store_with_an_open_comparison_does_not_close_and_its_cursor_outlives_it() {
    let sample = Sample::new();
    let store = sample.open();
    let mut walk = store.scan(c1z_compare_syncs, &of_store(&sample)).unwrap();
    assert_refused(store.close(), C1Z_FAILED_PRECONDITION, "FAILED_PRECONDITION", "cursors are open: 1");
    assert!(walk.next().unwrap().is_some(), "the refused close has harmed the cursor");
    drop(walk);
    store.close().unwrap();

    let store = sample.open();
    let mut walk = store.scan(c1z_compare_syncs, &of_store(&sample)).unwrap();
    drop(store);
    assert_refused(walk.next(), C1Z_UNAVAILABLE, "CLOSED", "the store is closed");
}

#[test]
fn a_sync_that_was_dropped_is_not_found_by_the_next_page() {
    let sample = Sample::new();
    let store = sample.open();
    let mut walk = store.scan(c1z_compare_syncs, &of_store(&sample)).unwrap();
    start_sync(&store);
    store.call_long(c1z_cleanup, &CleanupRequest { keep: 1 }, None).unwrap();
    assert_refused(walk.next(), C1Z_NOT_FOUND, "NOT_FOUND", &sample.first);
    drop(walk);
    store.discard().unwrap();
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let sample = Sample::new();
    let refused = |request: CompareFilesRequest| Walk::compare(&request, None);
    assert_refused(refused(CompareFilesRequest::default()), C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", "before");
    let only_one = CompareFilesRequest { after: None, ..request(&sample) };
    assert_refused(refused(only_one), C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", "after");
    let no_path = CompareFilesRequest { after: Some(CompareInput::default()), ..request(&sample) };
    assert_refused(refused(no_path), C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", "after.path");
    let other = sample.beside("other.c1z");
    let with_other = || {
        let path = other.to_str().unwrap().to_owned();
        CompareFilesRequest { after: Some(CompareInput { path, ..Default::default() }), ..request(&sample) }
    };
    assert_refused(refused(with_other()), C1Z_NOT_FOUND, "NOT_FOUND", "other.c1z");
    std::fs::write(&other, "not a c1z file").unwrap();
    assert_refused(refused(with_other()), C1Z_FAILED_PRECONDITION, "NOT_C1Z", "other.c1z");
    let flag = Flag::new();
    flag.set();
    assert_refused(Walk::compare(&request(&sample), Some(&flag.control())), C1Z_CANCELLED, "CANCELLED", "cancelled");
}

#[test]
fn null_pointers_are_refused_and_an_error_is_not_forced_upon_anyone() {
    let bytes = request(&Sample::new()).encode_to_vec();
    // SAFETY: every pointer is null or lives through the call.
    unsafe {
        let refused = c1z_compare_files(slice(&bytes), ptr::null(), ptr::null_mut(), ptr::null_mut());
        assert_eq!(refused, C1Z_INVALID_ARGUMENT);
        let mut cursor = ptr::null_mut();
        assert_eq!(c1z_compare_files(EMPTY, ptr::null(), &mut cursor, ptr::null_mut()), C1Z_INVALID_ARGUMENT);
        assert!(cursor.is_null());
    }
}
