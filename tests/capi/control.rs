//! Watching and stopping long calls.

use std::fs;

use c1z::capi::api::LongCallFn;
use c1z::capi::cancel::{c1z_cancel_free, c1z_cancel_new, c1z_cancel_set};
use c1z::capi::code::C1Z_CANCELLED;
use c1z::capi::file::c1z_save;
use c1z::capi::syncs::{c1z_clone_sync, c1z_list_syncs};
use c1z::proto::api::{CloneSyncRequest, SaveRequest};
use c1z::proto::reader::{SyncsReaderServiceListSyncsRequest, SyncsReaderServiceListSyncsResponse};
use prost::Message;

use crate::functions::all;
use crate::sample::{open_request, start_sync, Sample};
use crate::support::{assert_refused, watched, Exported, Failure, Flag, Given, Handle};

/// What a store that is read holds and says of itself.
fn state(store: &Handle) -> SyncsReaderServiceListSyncsResponse {
    store.ask(c1z_list_syncs, &SyncsReaderServiceListSyncsRequest::default())
}

#[test]
fn every_long_call_stops_when_the_flag_was_set_before_and_changes_nothing() {
    let flag = Flag::new();
    flag.set();
    for name in all(&Sample::new()).iter().filter(|one| matches!(one.exported, Exported::Long(_))).map(|one| one.name) {
        let sample = Sample::new();
        let function = all(&sample).into_iter().find(|function| function.name == name).unwrap();
        let file = fs::read(&sample.path).unwrap();
        let store = sample.open();
        if ["c1z_save", "c1z_close"].contains(&name) {
            start_sync(&store);
        }
        let before = state(&store);
        let result = store.send_watched(function.exported, &function.request, Some(&flag.control()));
        let failure = result.expect_err(name);
        assert_eq!(failure.code, C1Z_CANCELLED, "{name}: {failure:?}");
        assert!(failure.message.contains("cancelled"), "{name}: {failure:?}");
        assert_eq!(state(&store), before, "{name}");
        assert_eq!(fs::read(&sample.path).unwrap(), file, "{name}");
        assert!(!sample.beside("clone.c1z").exists(), "{name}");
        // Nothing is left behind that is in the way of the same call.
        let result = store.send(function.exported, &function.request);
        assert!(result.is_ok(), "{name}: {result:?}");
    }
}

#[test]
fn open_stops_when_the_flag_was_set_before() {
    let flag = Flag::new();
    flag.set();
    let opened = Handle::open_watched(&open_request(&Sample::new().path), Some(&flag.control()));
    assert_refused(opened, C1Z_CANCELLED, "CANCELLED", "cancelled");
}

/// The calls that report progress, each on a store where it has something to do.
fn reporting(sample: &Sample) -> [(LongCallFn, Vec<u8>); 2] {
    let clone = CloneSyncRequest { path: sample.beside("clone.c1z").to_str().unwrap().into(), ..Default::default() };
    [(c1z_save, SaveRequest::default().encode_to_vec()), (c1z_clone_sync, clone.encode_to_vec())]
}

fn send(
    sample: &Sample,
    function: LongCallFn,
    request: &[u8],
    control: &c1z::capi::cancel::Control,
) -> Result<Given, Failure> {
    let store = sample.open();
    start_sync(&store);
    store.send_watched(Exported::Long(function), request, Some(control))
}

#[test]
fn progress_starts_at_nothing_never_goes_back_and_ends_with_everything() {
    let sample = Sample::new();
    let mut seen = Vec::new();
    let opened = watched(
        std::ptr::null(),
        |done, total| seen.push((done, total)),
        |control| Handle::open_watched(&open_request(&sample.path), Some(control)),
    );
    drop(opened.unwrap());
    let mut all = vec![seen];
    for (function, request) in reporting(&sample) {
        let mut seen = Vec::new();
        let watch = |done, total| seen.push((done, total));
        watched(std::ptr::null(), watch, |control| send(&sample, function, &request, control)).unwrap();
        all.push(seen);
    }
    for seen in all {
        let (first, last) = (seen[0], seen[seen.len() - 1]);
        assert_eq!(first.0, 0);
        assert!(last.1 > 0 && last.0 == last.1, "ended with {last:?}");
        assert!(seen.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 == pair[1].1), "{seen:?}");
    }
}

#[test]
fn a_call_stops_when_the_flag_is_set_while_it_runs() {
    let sample = Sample::new();
    let before = fs::read(&sample.path).unwrap();
    let flag = Flag::new();
    let opened =
        watched(flag.0, |_, _| flag.set(), |control| Handle::open_watched(&open_request(&sample.path), Some(control)));
    assert_refused(opened, C1Z_CANCELLED, "CANCELLED", "cancelled");
    for (function, request) in reporting(&sample) {
        let flag = Flag::new();
        let result = watched(flag.0, |_, _| flag.set(), |control| send(&sample, function, &request, control));
        assert_eq!(result.unwrap_err().code, C1Z_CANCELLED);
    }
    assert_eq!(fs::read(&sample.path).unwrap(), before);
    assert!(!sample.beside("clone.c1z").exists());
}

#[test]
fn a_flag_may_be_freed_while_its_call_runs_and_still_counts() {
    let sample = Sample::new();
    for set in [false, true] {
        let flag = c1z_cancel_new();
        let mut freed = false;
        let watch = |_, _| {
            if !std::mem::replace(&mut freed, true) {
                // SAFETY: freed once, and set before.
                unsafe {
                    if set {
                        c1z_cancel_set(flag);
                    }
                    c1z_cancel_free(flag);
                }
            }
        };
        let opened = watched(flag, watch, |control| Handle::open_watched(&open_request(&sample.path), Some(control)));
        match set {
            false => drop(opened.unwrap()),
            true => assert_refused(opened, C1Z_CANCELLED, "CANCELLED", "cancelled"),
        }
    }
}
