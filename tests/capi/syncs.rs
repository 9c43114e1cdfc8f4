//! Writing needs a sync that is bound and not ended.

use c1z::capi::code::{C1Z_FAILED_PRECONDITION, C1Z_NOT_FOUND};
use c1z::capi::syncs::c1z_resume_sync;
use c1z::proto::api::ResumeSyncRequest;

use crate::functions::{all, Needs};
use crate::sample::{end_sync, open_request, start_sync, Sample};
use crate::support::{assert_refused, Handle};

#[test]
fn writes_are_refused_after_the_end_of_the_sync_until_one_is_resumed() {
    let sample = Sample::new();
    let store = sample.open();
    let id = start_sync(&store);
    end_sync(&store);
    let writes = || all(&sample).into_iter().filter(|function| function.needs == Needs::BoundSync);
    for function in writes() {
        let result = store.send(function.exported, &function.request);
        assert!(result.is_err(), "{} wrote", function.name);
        assert_refused(result, C1Z_FAILED_PRECONDITION, "SEALED", "the sync has ended");
    }
    for function in writes() {
        store.call(c1z_resume_sync, &ResumeSyncRequest { sync_id: id.clone(), ..Default::default() }).unwrap();
        let result = store.send(function.exported, &function.request);
        assert!(result.is_ok(), "{}: {result:?}", function.name);
    }
}

#[test]
fn writes_are_refused_in_a_new_file_until_a_sync_is_started() {
    let sample = Sample::new();
    let store = Handle::open(&open_request(&sample.beside("new.c1z"))).unwrap();
    let writes = || all(&sample).into_iter().filter(|function| function.needs == Needs::BoundSync);
    for function in writes() {
        let result = store.send(function.exported, &function.request);
        assert!(result.is_err(), "{} wrote", function.name);
        assert_refused(result, C1Z_FAILED_PRECONDITION, "NO_CURRENT_SYNC", "no current sync");
    }
    for function in writes() {
        start_sync(&store);
        let result = store.send(function.exported, &function.request);
        match function.name {
            "c1z_replay_source_cache" => assert_refused(result, C1Z_NOT_FOUND, "NOT_FOUND", "sync"),
            _ => assert!(result.is_ok(), "{}: {result:?}", function.name),
        }
    }
}
