//! A list response holds its records where the put request has them: its bytes can be put as they are.

use c1z::capi::api::{CallFn, ScanFn};
use c1z::capi::cursor::{c1z_scan_entitlements, c1z_scan_grants, c1z_scan_resources};
use c1z::capi::entitlements::{c1z_list_entitlements, c1z_put_entitlements};
use c1z::capi::expansion::c1z_list_pending_expansion;
use c1z::capi::grants::{c1z_list_grants, c1z_put_grants};
use c1z::capi::resource_types::{c1z_list_resource_types, c1z_put_resource_types};
use c1z::capi::resources::{c1z_list_resources, c1z_put_resources};
use c1z::proto::api::{
    ListPendingExpansionRequest, ListPendingExpansionResponse, ScanEntitlementsRequest, ScanGrantsRequest,
    ScanResourcesRequest,
};
use c1z::proto::connector::{
    EntitlementsServiceListEntitlementsRequest, GrantsServiceListGrantsRequest, GrantsServiceListGrantsResponse,
    ResourceTypesServiceListResourceTypesRequest, ResourcesServiceListResourcesRequest,
};
use prost::Message;

use crate::sample::{open_request, start_sync, Sample};
use crate::support::{Exported, Given, Handle};

/// A store with a sync and nothing in it.
fn empty_store(sample: &Sample, name: &str) -> Handle {
    let store = Handle::open(&open_request(&sample.beside(name))).unwrap();
    start_sync(&store);
    store
}

fn bytes(store: &Handle, function: CallFn, request: &[u8]) -> Vec<u8> {
    match store.send(Exported::Call(function), request).unwrap() {
        Given::Bytes(bytes) => bytes,
        given => panic!("{given:?} is no response"),
    }
}

/// What lists a kind of records, the request for all of them, and what puts them.
fn kinds() -> [(CallFn, Vec<u8>, CallFn); 4] {
    [
        (
            c1z_list_resource_types,
            ResourceTypesServiceListResourceTypesRequest::default().encode_to_vec(),
            c1z_put_resource_types,
        ),
        (c1z_list_resources, ResourcesServiceListResourcesRequest::default().encode_to_vec(), c1z_put_resources),
        (
            c1z_list_entitlements,
            EntitlementsServiceListEntitlementsRequest::default().encode_to_vec(),
            c1z_put_entitlements,
        ),
        (c1z_list_grants, GrantsServiceListGrantsRequest::default().encode_to_vec(), c1z_put_grants),
    ]
}

#[test]
fn a_list_response_can_be_put_and_is_listed_byte_by_byte_again() {
    let sample = Sample::new();
    let (from, to) = (sample.open(), empty_store(&sample, "copy.c1z"));
    for (list, request, put) in kinds() {
        let listed = bytes(&from, list, &request);
        to.send(Exported::Call(put), &listed).unwrap();
        assert_eq!(bytes(&to, list, &request), listed);
    }
    let waiting = |store: &Handle| {
        let waiting: ListPendingExpansionResponse =
            store.ask(c1z_list_pending_expansion, &ListPendingExpansionRequest::default());
        waiting.list
    };
    assert_eq!(waiting(&to), waiting(&from));
    assert_eq!(waiting(&to).len(), 2);
}

#[test]
fn a_page_with_a_token_can_be_put_too() {
    let sample = Sample::new();
    let (from, to) = (sample.open(), empty_store(&sample, "copy.c1z"));
    let mut request = GrantsServiceListGrantsRequest { page_size: 1, ..Default::default() };
    loop {
        let page = from.call(c1z_list_grants, &request).unwrap();
        to.send(Exported::Call(c1z_put_grants), &page).unwrap();
        request.page_token = GrantsServiceListGrantsResponse::decode(&page[..]).unwrap().next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let all = GrantsServiceListGrantsRequest::default();
    assert_eq!(to.call(c1z_list_grants, &all).unwrap(), from.call(c1z_list_grants, &all).unwrap());
}

#[test]
fn the_pages_of_a_cursor_can_be_put_too() {
    let sample = Sample::new();
    let (from, to) = (sample.open(), empty_store(&sample, "copy.c1z"));
    let scans: [(ScanFn, Vec<u8>); 3] = [
        (c1z_scan_resources, ScanResourcesRequest::default().encode_to_vec()),
        (c1z_scan_entitlements, ScanEntitlementsRequest::default().encode_to_vec()),
        (c1z_scan_grants, ScanGrantsRequest::default().encode_to_vec()),
    ];
    for ((scan, scan_request), (list, request, put)) in scans.into_iter().zip(kinds().into_iter().skip(1)) {
        let Given::Walk(mut walk) = from.send(Exported::Scan(scan), &scan_request).unwrap() else { panic!() };
        while let Some(page) = walk.next().unwrap() {
            to.send(Exported::Call(put), &page).unwrap();
        }
        assert_eq!(bytes(&to, list, &request), bytes(&from, list, &request));
    }
}
