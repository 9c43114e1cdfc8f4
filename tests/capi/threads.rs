//! Any thread may call any function at any time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use c1z::capi::code::{C1Z_FAILED_PRECONDITION, C1Z_UNAVAILABLE};
use c1z::capi::cursor::c1z_scan_grants;
use c1z::capi::grants::{c1z_get_grant, c1z_list_grants, c1z_list_grants_for_principal, c1z_put_grants};
use c1z::capi::syncs::{c1z_end_sync, c1z_get_stats};
use c1z::proto::api::{EndSyncRequest, GetStatsRequest, GetStatsResponse, PutGrantsRequest, ScanGrantsRequest};
use c1z::proto::connector::{Grant, GrantsServiceListGrantsRequest, GrantsServiceListGrantsResponse};
use c1z::proto::reader::{
    GrantsReaderServiceGetGrantRequest, GrantsReaderServiceGetGrantResponse,
    GrantsReaderServiceListGrantsForPrincipalRequest, GrantsReaderServiceListGrantsForPrincipalResponse,
};
use prost::Message;

use crate::sample::{assigned, grant, member, open_request, start_sync, user, Sample};
use crate::support::{assert_refused, Failure, Handle};

fn new_store(sample: &Sample) -> (Handle, String) {
    let store = Handle::open(&open_request(&sample.beside("new.c1z"))).unwrap();
    let sync = start_sync(&store);
    (store, sync)
}

/// Two grants to a user of their own, with ids that only the index knows.
fn grants_to(name: &str) -> Vec<Grant> {
    let one = |entitlement| grant(entitlement, user(name));
    let id = |kind: &str| format!("{kind} of {name}");
    vec![Grant { id: id("membership"), ..one(member()) }, Grant { id: id("role"), ..one(assigned()) }]
}

fn put(store: &Handle, name: &str) -> Result<(), Failure> {
    store.call(c1z_put_grants, &PutGrantsRequest { list: grants_to(name), ..Default::default() }).map(drop)
}

fn count(store: &Handle) -> usize {
    let (mut request, mut rows) = (GrantsServiceListGrantsRequest::default(), 0);
    loop {
        let page: GrantsServiceListGrantsResponse = store.ask(c1z_list_grants, &request);
        rows += page.list.len();
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return rows;
        }
    }
}

/// The grants of a user as the index of principals knows them, ordered by entitlement.
fn grants_of(store: &Handle, name: &str) -> Vec<Grant> {
    let request =
        GrantsReaderServiceListGrantsForPrincipalRequest { principal_id: user(name).id, ..Default::default() };
    store.ask::<GrantsReaderServiceListGrantsForPrincipalResponse>(c1z_list_grants_for_principal, &request).list
}

#[track_caller]
fn assert_indexed(store: &Handle, name: &str) {
    let ids = |grants: &[Grant]| grants.iter().map(|grant| grant.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&grants_of(store, name)), ids(&grants_to(name)));
    for id in ids(&grants_to(name)) {
        let request = GrantsReaderServiceGetGrantRequest { grant_id: id.clone(), ..Default::default() };
        let got: GrantsReaderServiceGetGrantResponse = store.ask(c1z_get_grant, &request);
        assert_eq!(got.grant.unwrap().id, id);
    }
}

#[test]
fn eight_threads_write_and_read_beside_each_other_and_every_read_is_whole() {
    const WRITERS: usize = 4;
    const CALLS: usize = 50;
    let sample = Sample::new();
    let (store, _) = new_store(&sample);
    let writing = AtomicUsize::new(WRITERS);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (store, writing) = (&store, &writing);
            scope.spawn(move || {
                for call in 0..CALLS {
                    put(store, &format!("{writer}-{call}")).unwrap();
                    assert_indexed(store, &format!("{writer}-{call}"));
                }
                writing.fetch_sub(1, Ordering::Release);
            });
        }
        for reader in 0..4 {
            let (store, writing) = (&store, &writing);
            scope.spawn(move || {
                let mut last = 0;
                while writing.load(Ordering::Acquire) > 0 {
                    let now = if reader % 2 == 0 { count(store) } else { scanned(store) };
                    assert!(now >= last && now % 2 == 0, "{now} grants after {last}: half of a call is shown");
                    last = now;
                }
            });
        }
    });
    assert_eq!(count(&store), 2 * WRITERS * CALLS);
    store.close().unwrap();
}

fn scanned(store: &Handle) -> usize {
    let mut walk = store.scan(c1z_scan_grants, &ScanGrantsRequest::default()).unwrap();
    let mut rows = 0;
    while let Some(page) = walk.next().unwrap() {
        rows += GrantsServiceListGrantsResponse::decode(&page[..]).unwrap().list.len();
    }
    rows
}

#[test]
fn puts_that_race_with_the_end_of_the_sync_are_written_and_indexed_or_refused_as_sealed() {
    const WRITERS: usize = 7;
    for _ in 0..5 {
        let sample = Sample::new();
        let (store, sync) = new_store(&sample);
        let acknowledged: Vec<AtomicUsize> = (0..WRITERS).map(|_| AtomicUsize::new(0)).collect();
        thread::scope(|scope| {
            for (writer, acknowledged) in acknowledged.iter().enumerate() {
                let store = &store;
                scope.spawn(move || loop {
                    let name = format!("{writer}-{}", acknowledged.load(Ordering::Relaxed));
                    if let Err(failure) = put(store, &name) {
                        return assert_refused(Err::<(), _>(failure), C1Z_FAILED_PRECONDITION, "SEALED", "has ended");
                    }
                    acknowledged.fetch_add(1, Ordering::Release);
                });
            }
            while acknowledged.iter().any(|count| count.load(Ordering::Acquire) == 0) {
                thread::yield_now();
            }
            store.call_long(c1z_end_sync, &EndSyncRequest {}, None).unwrap();
        });
        let acknowledged: Vec<usize> = acknowledged.into_iter().map(AtomicUsize::into_inner).collect();
        let written = 2 * acknowledged.iter().sum::<usize>();
        assert_eq!(count(&store), written);
        let request = GetStatsRequest { sync_id: sync, ..Default::default() };
        let stats: GetStatsResponse = store.ask(c1z_get_stats, &request);
        assert_eq!(stats.stats.unwrap().grants, written as i64);
        for (writer, &count) in acknowledged.iter().enumerate() {
            (0..count).for_each(|number| assert_indexed(&store, &format!("{writer}-{number}")));
            assert_eq!(grants_of(&store, &format!("{writer}-{count}")), []);
        }
    }
}

#[test]
fn calls_that_race_with_close_succeed_or_find_the_store_closed() {
    let sample = Sample::new();
    let (store, _) = new_store(&sample);
    let written = AtomicUsize::new(0);
    let closed = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..7 {
            scope.spawn(|| loop {
                let was_closed = closed.load(Ordering::Acquire);
                match put(&store, &format!("user {}", written.fetch_add(1, Ordering::AcqRel))) {
                    Ok(()) => assert!(!was_closed, "a call succeeded on a closed store"),
                    Err(failure) => return assert_refused(Err::<(), _>(failure), C1Z_UNAVAILABLE, "CLOSED", "closed"),
                }
            });
        }
        while written.load(Ordering::Acquire) < 50 {
            thread::yield_now();
        }
        store.close().unwrap();
        closed.store(true, Ordering::Release);
    });
    // Each thread counted the one call more that was refused.
    let saved = Handle::open(&open_request(&sample.beside("new.c1z"))).unwrap();
    assert_eq!(count(&saved), 2 * (written.into_inner() - 7));
}
