//! Pages end by bytes as well as by rows, and lose nothing where they end.
#![allow(deprecated, clippy::field_reassign_with_default)]

use c1z::control::Control;
use c1z::proto::reader::*;
use c1z::store::{Scan, ScanRequest};
use prost::Message;
use prost_types::Any;

use super::fixture::*;

const MIB: usize = 1 << 20;
/// What a page may have beside its last row.
const PAGE: usize = 8 * MIB;
/// What a message has beside the one long text in it.
const ROW: usize = MIB + 1000;

/// One page of a listing: its rows, its bytes, and the token of the next.
type Page = (usize, usize, String);

/// How many rows each page of a listing has. No page has more than fits, none is empty.
#[track_caller]
fn sizes(name: &str, longest: usize, page: impl Fn(&str) -> Page) -> Vec<usize> {
    let (mut sizes, mut token) = (Vec::new(), String::new());
    loop {
        let (rows, bytes, next) = page(&token);
        assert!(rows > 0, "{name}: page {} is empty", sizes.len());
        assert!(bytes <= PAGE + longest, "{name}: page {} has {bytes} bytes", sizes.len());
        sizes.push(rows);
        if next.is_empty() {
            return sizes;
        }
        token = next;
    }
}

macro_rules! page {
    ($store:expr, $method:ident, $request:expr) => {
        |token: &str| {
            let mut request = $request;
            request.page_token = token.into();
            let response = $store.$method(&request).unwrap().decode().unwrap();
            (response.list.len(), response.encoded_len(), response.next_page_token)
        }
    };
}

fn long() -> Any {
    Any { type_url: "type.googleapis.com/acme.Long".into(), value: vec![7; MIB] }
}

fn long_grant(group: usize, user: usize) -> Grant {
    let mut grant = expandable(membership(&format!("g{group}"), &format!("u{user:02}")));
    grant.annotations.push(long());
    grant
}

/// 20 resource types, resources and entitlements of 1 MiB, and as many grants for each of two entitlements.
fn fill(store: &Store) {
    start(store, "full");
    let name = "x".repeat(MIB);
    for n in 0..20 {
        let id = format!("r{n:02}");
        let of_type = ResourceType { id: id.clone(), display_name: name.clone(), ..Default::default() };
        store.put_resource_types(&PutResourceTypesRequest { list: vec![of_type] }.encode_to_vec()).unwrap();
        let one = Resource { display_name: name.clone(), ..child(("user", &id), ("org", "o")) };
        put_resources(store, &[one]);
        let one = Entitlement { description: name.clone(), ..entitlement(("group", "g"), &format!("group:g:{id}")) };
        put_entitlements(store, &[one]);
        put_grants(store, &[long_grant(1, n), long_grant(2, n)]);
    }
}

#[test]
fn every_listing_ends_its_pages_by_bytes_and_goes_on_behind_them() {
    let fixture = Fixture::new();
    let store = fixture.open();
    fill(&store);
    let twenty = [8, 8, 4];
    let of = |group: &str| entitlement(("group", group), &format!("group:{group}:member"));

    let types = page!(store, list_resource_types, ResourceTypesServiceListResourceTypesRequest::default());
    assert_eq!(sizes("resource types", ROW, types), twenty);
    let all = page!(store, list_resources, ResourcesServiceListResourcesRequest::default());
    assert_eq!(sizes("resources", ROW, all), twenty);
    let parent = Some(id(("org", "o")));
    let request = ResourcesServiceListResourcesRequest { parent_resource_id: parent, ..Default::default() };
    assert_eq!(sizes("children", ROW, page!(store, list_resources, request.clone())), twenty);
    let all = page!(store, list_entitlements, EntitlementsServiceListEntitlementsRequest::default());
    assert_eq!(sizes("entitlements", ROW, all), twenty);

    let all = page!(store, list_grants, GrantsServiceListGrantsRequest::default());
    assert_eq!(sizes("grants", ROW, all), [8, 8, 8, 8, 8]);
    let request = GrantsReaderServiceListGrantsForEntitlementRequest {
        entitlement: Some(of("g1")),
        principal_resource_type_ids: vec!["user".into(), "none".into(), "user".into()],
        ..Default::default()
    };
    let filtered = page!(store, list_grants_for_entitlement, request.clone());
    // The part of another type that follows may have rows: its page is the one that may be empty.
    let first = filtered("");
    assert_eq!((first.0, filtered(&first.2).0), (8, 8));
    let request =
        GrantsReaderServiceListGrantsForEntitlementRequest { principal_resource_type_ids: Vec::new(), ..request };
    assert_eq!(sizes("of an entitlement", ROW, page!(store, list_grants_for_entitlement, request.clone())), twenty);
    let entitlements = vec![of("g1"), of("none"), of("g2")];
    let request = GrantsReaderServiceListGrantsForEntitlementsRequest { entitlements, ..Default::default() };
    let of_several = sizes("of entitlements", ROW, page!(store, list_grants_of_several, request.clone()));
    assert_eq!(of_several, [8, 8, 8, 8, 8], "a page goes on with the next entitlement");
    let request =
        GrantsReaderServiceListGrantsForResourceTypeRequest { resource_type_id: "user".into(), ..Default::default() };
    let of_type = page!(store, list_grants_for_resource_type, request.clone());
    assert_eq!(sizes("of a type", ROW, of_type), [8, 8, 8, 8, 8]);
    let request = ListGrantsWithAnnotationsRequest::default();
    let annotated = page!(store, list_grants_with_annotations, request.clone());
    assert_eq!(sizes("with annotations", ROW, annotated), [8, 8, 8, 8, 8]);
    // What is shown of such a grant is short. What has to be read is not, and is let go of row by row.
    let pending = page!(store, list_pending_expansion, ListPendingExpansionRequest::default());
    assert_eq!(sizes("pending", ROW, pending).iter().sum::<usize>(), 40);
}

#[test]
fn the_grants_of_one_principal_end_their_pages_by_bytes_too() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    (0..20).for_each(|group| put_grants(&store, &[long_grant(group, 1)]));
    let principal = Some(id(("user", "u01")));
    let request = GrantsReaderServiceListGrantsForPrincipalRequest { principal_id: principal, ..Default::default() };
    assert_eq!(sizes("of a principal", ROW, page!(store, list_grants_for_principal, request.clone())), [8, 8, 4]);
}

#[test]
fn walks_end_their_pages_by_bytes_and_see_every_row() {
    let fixture = Fixture::new();
    let store = fixture.open();
    fill(&store);
    let walk = |request: ScanRequest| {
        let mut scan: Scan = store.scan(&request).unwrap();
        let mut rows = Vec::new();
        while let Some(page) = store.scan_next(&mut scan).unwrap() {
            assert!(page.len() <= PAGE + ROW, "{request:?}: {} bytes", page.len());
            rows.push(GrantsServiceListGrantsResponse::decode(&page[..]).map_or(0, |page| page.list.len()));
        }
        rows
    };
    assert_eq!(walk(ScanRequest::Grants(Default::default())), [8, 8, 8, 8, 8]);
    let of_principal = ScanGrantsRequest {
        principal_resource_type_id: "user".into(),
        principal_resource_id: "u03".into(),
        ..Default::default()
    };
    assert_eq!(walk(ScanRequest::Grants(of_principal)), [2]);
    assert_eq!(walk(ScanRequest::Resources(Default::default())).len(), 3);
    assert_eq!(walk(ScanRequest::Entitlements(Default::default())).len(), 3);
}

#[test]
fn a_row_that_is_longer_than_a_page_is_a_page() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    let named = |id: &str, bytes| Resource { display_name: "x".repeat(bytes), ..resource(("user", id)) };
    put_resources(&store, &[named("a", 10), named("b", 20 * MIB), named("c", 20 * MIB), named("d", 10)]);
    let request = ResourcesServiceListResourcesRequest::default();
    assert_eq!(sizes("resources", 20 * MIB + 1000, page!(store, list_resources, request.clone())), [2, 1, 1]);
}

#[test]
fn long_tokens_of_syncs_end_pages_too() {
    let fixture = Fixture::new();
    let store = fixture.open();
    for _ in 0..12 {
        start(&store, "full");
        checkpoint(&store, &"t".repeat(MIB));
        end(&store);
    }
    let page = |token: &str| {
        let request = ListSyncRunsRequest { page_token: token.into(), ..Default::default() };
        let response = store.list_sync_runs(&request).unwrap();
        (response.list.len(), response.encoded_len(), response.next_page_token)
    };
    assert_eq!(sizes("sync runs", ROW, page), [8, 4]);
    let page = |token: &str| {
        let request = SyncsReaderServiceListSyncsRequest { page_token: token.into(), ..Default::default() };
        let response = store.list_syncs(&request).unwrap();
        (response.syncs.len(), response.encoded_len(), response.next_page_token)
    };
    assert_eq!(sizes("syncs", ROW, page), [8, 4]);
}

/// 3,000 resources of 10 kB.
fn many(store: &Store) {
    start(store, "full");
    let name = "x".repeat(10_000);
    for n in 0..30 {
        let one = |m| Resource { display_name: name.clone(), ..resource(("user", &format!("{:05}", n * 100 + m))) };
        put_resources(store, &(0..100).map(one).collect::<Vec<_>>());
    }
    end(store);
}

#[test]
fn pages_that_two_threads_make_and_pages_that_are_read_ahead_end_where_others_do() {
    let fixture = Fixture::new();
    let store = fixture.open();
    many(&store);
    close(store);
    let listed = |read_only, threads| {
        let options = OpenOptions { read_only, threads, ..OpenOptions::default() };
        let store = Store::open(&fixture.path(), options, &Control::none()).unwrap();
        let ids = std::cell::RefCell::new(Vec::new());
        let page = |token: &str| {
            let request = ResourcesServiceListResourcesRequest { page_token: token.into(), ..Default::default() };
            let response = store.list_resources(&request).unwrap().decode().unwrap();
            ids.borrow_mut().extend(response.list.iter().map(|row| row.id.clone().unwrap().resource));
            (response.list.len(), response.encoded_len(), response.next_page_token)
        };
        let sizes = sizes("resources", 11_000, page);
        (sizes, ids.into_inner())
    };
    let (sizes, ids) = listed(false, 1);
    assert!(sizes.len() > 3 && sizes[0] > 800, "{sizes:?}");
    assert!(ids.is_sorted() && ids.len() == 3000);
    for (read_only, threads) in [(false, 4), (true, 1), (true, 4)] {
        assert_eq!(listed(read_only, threads), (sizes.clone(), ids.clone()), "{read_only} {threads}");
    }
}

#[test]
fn records_that_a_request_names_by_their_ids_are_bounded_together() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_resources(&store, &[Resource { display_name: "x".repeat(9 * MIB), ..resource(("user", "u")) }]);
    let ask = |times| {
        let resource_ids = vec![id(("user", "u")); times];
        let request = ResourcesReaderServiceListResourcesByIdsRequest { resource_ids, ..Default::default() };
        store.list_resources_by_ids(&request).map(|response| response.decode().unwrap().list.len())
    };
    assert_eq!(ask(3).unwrap(), 3);
    assert_eq!(why(ask(100)), (Code::ResourceExhausted, "LIMIT_EXCEEDED"));
}
