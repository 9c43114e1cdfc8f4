//! A closed store stays a valid handle, and refuses everything but being closed again.

use std::path::Path;

use c1z::capi::code::C1Z_UNAVAILABLE;
use c1z::capi::file::{c1z_get_metadata, c1z_save};
use c1z::capi::resources::c1z_list_resources;
use c1z::proto::api::{GetMetadataRequest, GetMetadataResponse, OpenRequest, SaveRequest};
use c1z::proto::connector::ResourcesServiceListResourcesRequest;
use tempfile::TempDir;

use crate::functions::all;
use crate::sample::{end_sync, open_request, start_sync, Sample};
use crate::support::{assert_refused, Handle};

#[test]
fn a_closed_store_refuses_every_function_but_close() {
    let sample = Sample::new();
    let store = sample.open();
    store.close().unwrap();
    for function in all(&sample).iter().filter(|function| !function.is_close()) {
        let result = store.send(function.exported, &function.request);
        assert!(result.is_err(), "{} succeeded on a closed store", function.name);
        assert_refused(result, C1Z_UNAVAILABLE, "CLOSED", "the store is closed");
    }
}

#[test]
fn closing_again_succeeds_and_changes_nothing() {
    let sample = Sample::new();
    let store = sample.open();
    start_sync(&store);
    store.close().unwrap();
    let saved = std::fs::read(&sample.path).unwrap();
    store.close().unwrap();
    store.discard().unwrap();
    assert_eq!(std::fs::read(&sample.path).unwrap(), saved);
}

#[test]
fn closing_writes_the_file_only_when_something_has_changed() {
    let sample = Sample::new();
    let modified = || std::fs::metadata(&sample.path).unwrap().modified().unwrap();
    let before = modified();
    sample.open().close().unwrap();
    assert_eq!(modified(), before);
    let store = sample.open();
    start_sync(&store);
    store.close().unwrap();
    assert_ne!(modified(), before);
}

#[test]
fn discarding_gives_up_what_was_not_saved() {
    let sample = Sample::new();
    let before = std::fs::read(&sample.path).unwrap();
    let store = sample.open();
    start_sync(&store);
    store.discard().unwrap();
    assert_eq!(std::fs::read(&sample.path).unwrap(), before);
}

#[test]
fn freeing_an_open_store_gives_up_what_was_not_saved() {
    let sample = Sample::new();
    let before = std::fs::read(&sample.path).unwrap();
    let store = sample.open();
    start_sync(&store);
    drop(store);
    assert_eq!(std::fs::read(&sample.path).unwrap(), before);
}

#[test]
fn saving_leaves_the_store_open_and_clean() {
    let sample = Sample::new();
    let store = sample.open();
    let dirty = || store.ask::<GetMetadataResponse>(c1z_get_metadata, &GetMetadataRequest {}).dirty;
    start_sync(&store);
    end_sync(&store);
    assert!(dirty());
    store.call_long(c1z_save, &SaveRequest::default(), None).unwrap();
    assert!(!dirty());
    store.call(c1z_list_resources, &ResourcesServiceListResourcesRequest::default()).unwrap();
}

#[test]
fn nothing_is_left_of_the_working_copy_however_a_store_ends() {
    let sample = Sample::new();
    let work = TempDir::new().unwrap();
    let open = |path: &Path| {
        Handle::open(&OpenRequest { tmp_dir: work.path().to_str().unwrap().into(), ..open_request(path) })
    };
    let left = || std::fs::read_dir(work.path()).unwrap().count();

    let store = open(&sample.path).unwrap();
    assert_eq!(left(), 1, "the working copy is elsewhere");
    start_sync(&store);
    store.close().unwrap();
    assert_eq!(left(), 0, "left by close");

    open(&sample.path).unwrap().discard().unwrap();
    assert_eq!(left(), 0, "left by discarding");

    drop(open(&sample.path).unwrap());
    assert_eq!(left(), 0, "left by freeing");

    let damaged = std::fs::read(&sample.path).unwrap();
    std::fs::write(&sample.path, &damaged[..damaged.len() / 2]).unwrap();
    open(&sample.path).unwrap_err();
    assert_eq!(left(), 0, "left by an open that failed");
}
