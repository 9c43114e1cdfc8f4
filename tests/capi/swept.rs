//! Somebody else removes the working folder of an open store: a cleaner of temporary files, for one.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use c1z::capi::code::{C1Z_ALREADY_EXISTS, C1Z_FAILED_PRECONDITION, C1Z_NOT_FOUND};
use c1z::capi::file::c1z_get_metadata;
use c1z::proto::api::{GetMetadataRequest, GetMetadataResponse};

use crate::functions::{all, Function, Needs};
use crate::sample::*;
use crate::support::{assert_refused, Given, Handle};

fn working_folder(store: &Handle) -> PathBuf {
    let metadata: GetMetadataResponse = store.ask(c1z_get_metadata, &GetMetadataRequest {});
    let folder = Path::new(&metadata.database_path).parent().unwrap();
    assert!(folder.file_name().unwrap().to_str().unwrap().starts_with("c1z-"), "{folder:?}");
    folder.to_owned()
}

fn swept(store: Handle) -> Handle {
    let folder = working_folder(&store);
    // RocksDB may make a file while the others are removed.
    while let Err(error) = fs::remove_dir_all(&folder) {
        assert_eq!(error.kind(), ErrorKind::DirectoryNotEmpty, "{error}");
    }
    store
}

/// Makes a call, and walks a cursor to its end. What fails is never taken for an answer. Whether the call failed.
fn fails(store: &Handle, function: &Function) -> bool {
    let outcome = store.send(function.exported, &function.request).and_then(|given| {
        if let Given::Walk(mut walk) = given {
            while walk.next()?.is_some() {}
        }
        Ok(())
    });
    let Err(failure) = outcome else { return false };
    assert!(![C1Z_NOT_FOUND, C1Z_ALREADY_EXISTS].contains(&failure.code), "{}: {failure:?}", function.name);
    assert!(["IO", "ENGINE", "ARTIFACT_UNUSABLE"].contains(&failure.reason.as_str()), "{}: {failure:?}", function.name);
    true
}

#[test]
fn nothing_is_not_found_because_the_working_folder_is_gone() {
    let sample = Sample::new();
    let mut failed = 0;
    // A store for each call: what one call changed in memory, the next would rightly find changed.
    for function in all(&sample).iter().filter(|function| !function.is_close()) {
        let store = sample.open();
        if function.needs == Needs::BoundSync {
            start_sync(&store);
        }
        let store = swept(store);
        failed += usize::from(fails(&store, function));
        store.discard().unwrap();
    }
    assert!(failed > 0, "nothing needed the folder");
}

#[test]
fn nothing_is_not_found_by_a_reader_whose_working_folder_is_gone() {
    let sample = Sample::new();
    let store = swept(sample.open_read_only());
    let functions = all(&sample);
    let failed = functions.iter().filter(|function| function.needs == Needs::Open && !function.is_close());
    assert!(failed.filter(|function| fails(&store, function)).count() > 0, "nothing needed the folder");
    store.discard().unwrap();
}

#[test]
fn a_store_without_changes_closes_without_its_working_folder() {
    for open in [Sample::open, Sample::open_read_only] {
        let sample = Sample::new();
        let before = fs::read(&sample.path).unwrap();
        swept(open(&sample)).close().unwrap();
        assert_eq!(fs::read(&sample.path).unwrap(), before);
    }
}

#[test]
fn changes_that_are_gone_with_the_working_folder_are_not_passed_over_and_can_be_given_up() {
    let sample = Sample::new();
    let before = fs::read(&sample.path).unwrap();
    let store = sample.open();
    start_sync(&store);
    let folder = working_folder(&store);
    let store = swept(store);
    assert_refused(store.close(), C1Z_FAILED_PRECONDITION, "ARTIFACT_UNUSABLE", folder.to_str().unwrap());
    store.discard().unwrap();
    assert_eq!(fs::read(&sample.path).unwrap(), before);
}
