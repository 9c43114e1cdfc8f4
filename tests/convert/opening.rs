//! A store opened on a file of format v1.

use std::fs;

use c1z::control::Control;
use c1z::envelope::{read_format, FileFormat};

use crate::fixture::*;
use crate::held;
use crate::v1_file::*;

fn sample() -> File {
    let v1 = V1::new();
    v1.sync(SYNC);
    ["a", "b"].iter().for_each(|user| v1.resource(SYNC, &resource(("user", user))));
    v1.file()
}

fn opened(file: &File, read_only: bool) -> c1z::Result<Store> {
    let options = OpenOptions { read_only, convert_v1: true, threads: 1, ..OpenOptions::default() };
    Store::open(&file.path(), options, &Control::none())
}

#[test]
fn a_file_of_format_v1_is_read_as_if_it_were_ours_and_stays_as_it_is() {
    let file = sample();
    let before = fs::read(file.path()).unwrap();
    for read_only in [true, false] {
        let store = opened(&file, read_only).unwrap();
        assert_eq!(resources(&store).len(), 2);
        let metadata = store.metadata().unwrap();
        assert_eq!((metadata.current_sync_id.as_str(), metadata.dirty), (SYNC, false));
        close(store);
        assert!(fs::read(file.path()).unwrap() == before);
    }
    assert_eq!(why(open(&file.path(), true)), (Code::FailedPrecondition, "FORMAT_V1"), "unless it is asked for");
}

#[test]
fn a_store_of_it_that_is_only_read_refuses_writes() {
    let store = opened(&sample(), true).unwrap();
    select(&store, SYNC);
    assert_eq!(why(try_put_resources(&store, &[resource(("user", "c"))])), (Code::FailedPrecondition, "READ_ONLY"));
    store.close().unwrap();
}

#[test]
fn the_first_save_of_a_change_puts_a_file_of_ours_in_its_place() {
    let file = sample();
    let store = opened(&file, false).unwrap();
    resume(&store, SYNC).unwrap();
    put_resources(&store, &[resource(("user", "c"))]);
    close(store);
    assert_eq!(read_format(&file.path()).unwrap(), FileFormat::V3);
    assert_eq!(resources(&open(&file.path(), true).unwrap()).len(), 3);
    // One of ours is opened as ever.
    let store = opened(&file, false).unwrap();
    assert_eq!(resources(&store).len(), 3);
    store.close().unwrap();
}

#[test]
fn a_file_that_somebody_has_changed_meanwhile_is_not_replaced() {
    let file = sample();
    let store = opened(&file, false).unwrap();
    let others = [&fs::read(file.path()).unwrap()[..], b"!"].concat();
    file.write(&others);
    resume(&store, SYNC).unwrap();
    put_resources(&store, &[resource(("user", "c"))]);
    assert_eq!(why(store.save(&Control::none())).1, "CONFLICT");
    store.close().unwrap();
    assert!(fs::read(file.path()).unwrap() == others);
}

#[test]
fn a_missing_or_empty_file_is_opened_as_ever() {
    let file = sample();
    fs::remove_file(file.path()).unwrap();
    assert_eq!(why(opened(&file, true)), NOT_FOUND);
    file.write(b"");
    let store = opened(&file, false).unwrap();
    start(&store, "full");
    end(&store);
    close(store);
    assert_eq!(held::of_file(&file.path()).len(), 1);
}

#[test]
fn a_row_that_cannot_be_read_fails_the_open() {
    let v1 = V1::new();
    v1.sync(SYNC);
    v1.resource(SYNC, &resource(("user", "a")));
    v1.run("update v1_resources set data = x'0aff'", &[]);
    let file = v1.file();
    let error = opened(&file, true).err().unwrap();
    assert!(error.to_string().contains("table v1_resources, row 1"), "{error}");
}
