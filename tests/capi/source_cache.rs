//! The one call on two stores.

use c1z::capi::code::{C1Z_CANCELLED, C1Z_FAILED_PRECONDITION, C1Z_UNAVAILABLE};
use c1z::capi::resources::c1z_list_resources;
use c1z::capi::source_cache::c1z_replay_source_cache;
use c1z::proto::api::{ReplaySourceCacheRequest, ReplaySourceCacheResponse};
use c1z::proto::connector::{ResourcesServiceListResourcesRequest, ResourcesServiceListResourcesResponse};
use prost::Message;

use crate::sample::{end_sync, open_request, start_sync, Sample, SCOPE};
use crate::support::{assert_refused, Flag, Handle};

fn request() -> ReplaySourceCacheRequest {
    ReplaySourceCacheRequest { row_kind: "resources".into(), scope_key: SCOPE.into(), ..Default::default() }
}

fn replay(store: &Handle, source: &Handle) -> Result<ReplaySourceCacheResponse, crate::support::Failure> {
    let bytes = store.call_from(c1z_replay_source_cache, source, &request(), None)?;
    Ok(ReplaySourceCacheResponse::decode(&bytes[..]).unwrap())
}

fn resources(store: &Handle) -> usize {
    let request = ResourcesServiceListResourcesRequest::default();
    store.ask::<ResourcesServiceListResourcesResponse>(c1z_list_resources, &request).list.len()
}

fn collecting(sample: &Sample, name: &str) -> Handle {
    let store = Handle::open(&open_request(&sample.beside(name))).unwrap();
    start_sync(&store);
    store
}

#[test]
fn rows_come_from_another_store_and_from_the_same() {
    let sample = Sample::new();
    let (store, source) = (collecting(&sample, "other.c1z"), sample.open_read_only());
    assert_eq!(replay(&store, &source).unwrap().rows, 4);
    assert_eq!(resources(&store), 4);
    end_sync(&store);
    let same = sample.open();
    start_sync(&same);
    assert_eq!(replay(&same, &same).unwrap().rows, 4);
    assert_eq!(resources(&same), 4);
}

#[test]
fn a_source_that_is_closed_or_cannot_be_replayed_is_refused_and_stays_usable() {
    let sample = Sample::new();
    let store = collecting(&sample, "other.c1z");
    let source = collecting(&sample, "open.c1z");
    assert_refused(replay(&store, &source), C1Z_FAILED_PRECONDITION, "FAILED_PRECONDITION", "has ended");
    assert_eq!(resources(&source), 0);
    let closed = sample.open();
    closed.close().unwrap();
    assert_refused(replay(&store, &closed), C1Z_UNAVAILABLE, "CLOSED", "closed");
    let source = sample.open_read_only();
    store.close().unwrap();
    assert_refused(replay(&store, &source), C1Z_UNAVAILABLE, "CLOSED", "closed");
    assert_eq!(resources(&source), 4);
}

#[test]
fn a_cancelled_replay_changes_nothing_before_its_source_was_looked_at() {
    let sample = Sample::new();
    let (store, source) = (collecting(&sample, "other.c1z"), sample.open_read_only());
    let cancelled = Flag::new();
    cancelled.set();
    let refused = store.call_from(c1z_replay_source_cache, &source, &request(), Some(&cancelled.control()));
    assert_refused(refused, C1Z_CANCELLED, "CANCELLED", "");
    assert_eq!(resources(&store), 0);
}

#[test]
fn two_stores_replay_from_each_other_while_others_close_them() {
    let sample = Sample::new();
    let [left, right] = ["left.c1z", "right.c1z"].map(|name| {
        std::fs::copy(&sample.path, sample.beside(name)).unwrap();
        collecting(&sample, name)
    });
    std::thread::scope(|scope| {
        let cross = |store, source| {
            move || loop {
                match replay(store, source) {
                    Ok(replayed) => assert_eq!(replayed.rows, 4),
                    Err(failure) => return failure.code,
                }
            }
        };
        let threads = [scope.spawn(cross(&left, &right)), scope.spawn(cross(&right, &left))];
        left.close().unwrap();
        right.close().unwrap();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), C1Z_UNAVAILABLE);
        }
    });
}
