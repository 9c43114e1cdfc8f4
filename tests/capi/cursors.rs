//! Cursors: what they walk through, and how they hold a store open.

use c1z::capi::api::{CallFn, ScanFn};
use c1z::capi::code::{C1Z_FAILED_PRECONDITION, C1Z_NOT_FOUND, C1Z_UNAVAILABLE};
use c1z::capi::cursor::{c1z_scan_entitlements, c1z_scan_grants, c1z_scan_resources};
use c1z::capi::entitlements::c1z_list_entitlements;
use c1z::capi::grants::c1z_list_grants;
use c1z::capi::resources::{c1z_list_resources, c1z_put_resources};
use c1z::proto::api::{PutResourcesRequest, ScanEntitlementsRequest, ScanGrantsRequest, ScanResourcesRequest};
use c1z::proto::connector::{
    EntitlementsServiceListEntitlementsRequest, GrantsServiceListGrantsRequest, ResourcesServiceListResourcesRequest,
    ResourcesServiceListResourcesResponse,
};
use prost::Message;

use crate::sample::{start_sync, user, Sample};
use crate::support::{assert_refused, Exported, Given};

#[test]
fn a_store_with_open_cursors_says_how_many_and_closes_once_they_are_freed() {
    let sample = Sample::new();
    let store = sample.open();
    let resources = store.scan(c1z_scan_resources, &ScanResourcesRequest::default()).unwrap();
    let mut grants = store.scan(c1z_scan_grants, &ScanGrantsRequest::default()).unwrap();
    for close in [store.close(), store.discard()] {
        assert_refused(close, C1Z_FAILED_PRECONDITION, "FAILED_PRECONDITION", "cursors are open: 2");
    }
    assert!(grants.next().unwrap().is_some(), "the refused close has harmed a cursor");
    drop(resources);
    assert_refused(store.close(), C1Z_FAILED_PRECONDITION, "FAILED_PRECONDITION", "cursors are open: 1");
    drop(grants);
    store.close().unwrap();
}

#[test]
fn a_cursor_that_failed_to_open_does_not_hold_the_store_open() {
    let sample = Sample::new();
    let store = sample.open();
    let unknown = ScanResourcesRequest { sync_id: "unknown".into(), ..Default::default() };
    assert_refused(store.scan(c1z_scan_resources, &unknown), C1Z_NOT_FOUND, "NOT_FOUND", "\"unknown\"");
    store.close().unwrap();
}

#[test]
fn a_cursor_may_be_freed_after_its_store() {
    let sample = Sample::new();
    let store = sample.open();
    let mut walk = store.scan(c1z_scan_resources, &ScanResourcesRequest::default()).unwrap();
    drop(store);
    assert_refused(walk.next(), C1Z_UNAVAILABLE, "CLOSED", "the store is closed");
}

#[test]
fn a_walk_shows_what_the_list_call_shows_and_then_ends_for_good() {
    let sample = Sample::new();
    let store = sample.open();
    let walks: [(ScanFn, Vec<u8>, CallFn, Vec<u8>); 3] = [
        (
            c1z_scan_resources,
            ScanResourcesRequest::default().encode_to_vec(),
            c1z_list_resources,
            ResourcesServiceListResourcesRequest::default().encode_to_vec(),
        ),
        (
            c1z_scan_entitlements,
            ScanEntitlementsRequest::default().encode_to_vec(),
            c1z_list_entitlements,
            EntitlementsServiceListEntitlementsRequest::default().encode_to_vec(),
        ),
        (
            c1z_scan_grants,
            ScanGrantsRequest::default().encode_to_vec(),
            c1z_list_grants,
            GrantsServiceListGrantsRequest::default().encode_to_vec(),
        ),
    ];
    for (scan, scan_request, list, list_request) in walks {
        let Given::Walk(mut walk) = store.send(Exported::Scan(scan), &scan_request).unwrap() else { panic!() };
        let Given::Bytes(listed) = store.send(Exported::Call(list), &list_request).unwrap() else { panic!() };
        assert_eq!(walk.next().unwrap(), Some(listed));
        assert_eq!(walk.next().unwrap(), None);
        assert_eq!(walk.next().unwrap(), None);
    }
}

#[test]
fn a_walk_of_more_than_ten_thousand_records_has_two_pages() {
    let sample = Sample::new();
    let store = sample.open();
    start_sync(&store);
    let list = (0..10_001).map(|number| user(&format!("{number:05}"))).collect();
    store.call(c1z_put_resources, &PutResourcesRequest { list, ..Default::default() }).unwrap();
    let mut walk = store.scan(c1z_scan_resources, &ScanResourcesRequest::default()).unwrap();
    let mut page = || {
        let bytes = walk.next().unwrap()?;
        Some(ResourcesServiceListResourcesResponse::decode(&bytes[..]).unwrap().list)
    };
    assert_eq!(page().map(|list| list.len()), Some(10_000));
    assert_eq!(page(), Some(vec![user("10000")]));
    assert_eq!(page(), None);
}
