//! A save that fails leaves the previous file as it was and the store open, and can be tried again.

use std::fs;
use std::path::Path;

use c1z::capi::api::LongCallFn;
use c1z::capi::code::{
    Code, C1Z_ABORTED, C1Z_ALREADY_EXISTS, C1Z_CANCELLED, C1Z_FAILED_PRECONDITION, C1Z_INVALID_ARGUMENT,
};
use c1z::capi::file::{c1z_close, c1z_save};
use c1z::capi::syncs::{c1z_clone_sync, c1z_list_syncs};
use c1z::proto::api::{CloneSyncRequest, CloseRequest, OpenRequest, SaveRequest};
use c1z::proto::reader::{SyncsReaderServiceListSyncsRequest, SyncsReaderServiceListSyncsResponse};
use tempfile::TempDir;

use crate::sample::{end_sync, open_request, start_sync, Sample};
use crate::support::{assert_refused, Flag, Handle};

const SAVING: [LongCallFn; 2] = [c1z_save, c1z_close];

fn syncs(store: &Handle) -> Vec<String> {
    let listed: SyncsReaderServiceListSyncsResponse =
        store.ask(c1z_list_syncs, &SyncsReaderServiceListSyncsRequest::default());
    listed.syncs.into_iter().map(|sync| sync.id).collect()
}

/// A new file at `path`, with a sync that is not saved.
fn unsaved(path: &Path) -> (Handle, String) {
    let store = Handle::open(&open_request(path)).unwrap();
    let sync = start_sync(&store);
    end_sync(&store);
    (store, sync)
}

/// Saving fails with that code, and the store stays open.
#[track_caller]
fn assert_unusable(store: &Handle, sync: &str, code: Code, culprit: &str) {
    for function in SAVING {
        assert_refused(store.call_long(function, &(), None), code, "ARTIFACT_UNUSABLE", culprit);
        assert_eq!(syncs(store), [sync]);
    }
}

/// Closing succeeds, and the file holds the sync.
#[track_caller]
fn assert_saved(store: &Handle, path: &Path, sync: &str) {
    store.close().unwrap();
    let reopened = Handle::open(&OpenRequest { read_only: true, ..open_request(path) }).unwrap();
    assert_eq!(syncs(&reopened), [sync]);
}

#[test]
fn a_folder_in_the_place_of_the_file_can_be_moved_out_of_the_way() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("new.c1z");
    let (store, sync) = unsaved(&path);
    fs::create_dir(&path).unwrap();
    assert_unusable(&store, &sync, C1Z_INVALID_ARGUMENT, path.to_str().unwrap());
    fs::remove_dir(&path).unwrap();
    assert_saved(&store, &path, &sync);
}

#[test]
fn a_file_in_the_place_of_the_folder_can_be_moved_out_of_the_way() {
    let folder = TempDir::new().unwrap();
    let parent = folder.path().join("parent");
    let path = parent.join("new.c1z");
    fs::create_dir(&parent).unwrap();
    let (store, sync) = unsaved(&path);
    fs::remove_dir(&parent).unwrap();
    fs::write(&parent, "in the way").unwrap();
    assert_unusable(&store, &sync, C1Z_FAILED_PRECONDITION, parent.to_str().unwrap());
    fs::remove_file(&parent).unwrap();
    fs::create_dir(&parent).unwrap();
    assert_saved(&store, &path, &sync);
}

#[test]
fn a_missing_folder_can_be_created() {
    let folder = TempDir::new().unwrap();
    let parent = folder.path().join("parent");
    let path = parent.join("new.c1z");
    fs::create_dir(&parent).unwrap();
    let (store, sync) = unsaved(&path);
    fs::remove_dir(&parent).unwrap();
    assert_unusable(&store, &sync, C1Z_FAILED_PRECONDITION, parent.to_str().unwrap());
    fs::create_dir(&parent).unwrap();
    assert_saved(&store, &path, &sync);
}

#[test]
fn a_cancelled_save_leaves_the_previous_file_and_can_be_made_up_for() {
    let sample = Sample::new();
    let before = fs::read(&sample.path).unwrap();
    let store = sample.open();
    let sync = start_sync(&store);
    let flag = Flag::new();
    flag.set();
    for function in SAVING {
        let saved = store.call_long(function, &(), Some(&flag.control()));
        assert_refused(saved, C1Z_CANCELLED, "ARTIFACT_UNUSABLE", "the previous file is untouched");
        assert_eq!(fs::read(&sample.path).unwrap(), before);
    }
    store.close().unwrap();
    assert!(syncs(&sample.open_read_only()).contains(&sync));
}

#[test]
fn a_failed_save_can_be_given_up() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("new.c1z");
    let (store, _) = unsaved(&path);
    fs::create_dir(&path).unwrap();
    store.close().unwrap_err();
    store.discard().unwrap();
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
}

#[test]
fn a_file_that_somebody_else_has_saved_is_overwritten_only_on_request() {
    let sample = Sample::new();
    let stores = [(); 4].map(|()| {
        let store = sample.open();
        let sync = start_sync(&store);
        end_sync(&store);
        (store, sync)
    });
    let [(first, _), (second, by_close), (third, by_save), (fourth, _)] = stores;
    first.close().unwrap();
    let saved = fs::read(&sample.path).unwrap();
    for store in [&second, &third, &fourth] {
        for function in SAVING {
            assert_refused(
                store.call_long(function, &(), None),
                C1Z_ABORTED,
                "CONFLICT",
                sample.path.to_str().unwrap(),
            );
        }
    }
    assert!(fs::read(&sample.path).unwrap() == saved);
    second.call_long(c1z_close, &CloseRequest { overwrite: true, ..Default::default() }, None).unwrap();
    assert!(syncs(&sample.open_read_only()).contains(&by_close));
    third.call_long(c1z_save, &SaveRequest { overwrite: true }, None).unwrap();
    third.close().unwrap();
    assert!(syncs(&sample.open_read_only()).contains(&by_save));
    fourth.discard().unwrap();
    assert!(syncs(&sample.open_read_only()).contains(&by_save));
}

#[test]
fn failed_saves_leave_nothing_beside_the_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("new.c1z");
    let (store, _) = unsaved(&path);
    fs::create_dir(&path).unwrap();
    store.close().unwrap_err();
    fs::remove_dir(&path).unwrap();
    let flag = Flag::new();
    flag.set();
    store.close_watched(Some(&flag.control())).unwrap_err();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_clone_never_replaces_a_file() {
    let sample = Sample::new();
    let target = sample.beside("clone.c1z");
    fs::write(&target, "precious").unwrap();
    let request = CloneSyncRequest { path: target.to_str().unwrap().into(), ..Default::default() };
    let cloned = sample.open().call_long(c1z_clone_sync, &request, None);
    assert_refused(cloned, C1Z_ALREADY_EXISTS, "ALREADY_EXISTS", target.to_str().unwrap());
    assert_eq!(fs::read(&target).unwrap(), b"precious");
}
