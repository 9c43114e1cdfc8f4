//! The new file.

use std::fs;

use c1z::control::Control;
use c1z::error::Code;
use c1z::proto::manifest::PayloadEncoding;

use crate::fixture::*;
use crate::held;
use crate::v1_file::*;

fn sample() -> File {
    let v1 = V1::new();
    v1.sync(SYNC);
    for user in 0..10_000 {
        v1.connection.execute_batch(if user == 0 { "begin" } else { "" }).unwrap();
        v1.resource(SYNC, &resource(("user", &user.to_string())));
    }
    v1.run("commit", &[]);
    v1.file()
}

#[test]
fn a_file_that_is_there_is_not_replaced() {
    let file = sample();
    fs::write(file.out(), b"somebody's").unwrap();
    let error = file.try_convert(&file.request()).unwrap_err();
    assert_eq!(error.code(), Code::AlreadyExists, "{error}");
    assert_eq!(fs::read(file.out()).unwrap(), b"somebody's");
}

#[test]
fn only_files_of_format_v1_are_converted() {
    let file = sample();
    file.convert();
    fs::rename(file.out(), file.path()).unwrap();
    let error = file.refused();
    assert_eq!((error.code(), error.reason().name()), (Code::FailedPrecondition, "ENGINE_MISMATCH"), "{error}");
    repack(&file.path(), |_, manifest| manifest.engine = "pebble3".into());
    let error = file.refused();
    assert!(error.to_string().contains("pebble3"), "{error}");
    file.write(b"something else");
    assert_eq!(file.refused().reason().name(), "NOT_C1Z");
}

#[test]
fn a_missing_file_is_not_found_and_a_path_that_is_named_twice_is_invalid() {
    let file = sample();
    let convert = |request: &ConvertFileRequest| why(c1z::store::convert_file(request, &Control::none()));
    let missing = ConvertFileRequest { input_path: "/nowhere/at.all".into(), ..file.request() };
    assert_eq!(convert(&missing), NOT_FOUND);
    let twice = ConvertFileRequest { input_path_bytes: b"/x".to_vec(), ..file.request() };
    assert_eq!(convert(&twice), INVALID);
    assert_eq!(convert(&ConvertFileRequest { output_path: String::new(), ..file.request() }), INVALID);
    assert_eq!(convert(&ConvertFileRequest { unreadable_rows: 9, ..file.request() }), INVALID);
}

#[test]
fn a_cancelled_conversion_leaves_nothing() {
    let file = sample();
    let counted = std::sync::atomic::AtomicU64::new(0);
    let looks = |limit: u64| {
        counted.store(0, std::sync::atomic::Ordering::Relaxed);
        let cancelled = || counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= limit;
        c1z::store::convert_file(&file.request(), &Control::new(&cancelled, &|_, _| ()))
    };
    looks(u64::MAX).unwrap();
    fs::remove_file(file.out()).unwrap();
    let all = counted.load(std::sync::atomic::Ordering::Relaxed);
    assert!(all > 5, "{all}");
    for limit in 0..all - 1 {
        let cancelled = looks(limit);
        if cancelled.is_ok() {
            // How often it is looked depends on the threads.
            fs::remove_file(file.out()).unwrap();
            continue;
        }
        assert_eq!(cancelled.unwrap_err().code(), Code::Cancelled);
        assert!(!file.out().exists());
        assert_eq!(fs::read_dir(file.folder.beside("tmp")).unwrap().count(), 0);
    }
}

#[test]
fn the_new_file_has_the_encoding_that_is_asked_for() {
    let file = sample();
    for encoding in [PayloadEncoding::IndexedZstd, PayloadEncoding::Tar, PayloadEncoding::TarZstd] {
        file.try_convert(&ConvertFileRequest { payload_encoding: encoding.into(), ..file.request() }).unwrap();
        let head = c1z::envelope::read_head(&file.out()).unwrap();
        assert_eq!(head.manifest.payload_encoding(), encoding);
        assert_eq!(head.manifest.sync_runs.len(), 1);
        assert_eq!(held::of_file(&file.out())[SYNC].resources.len(), 10_000);
        fs::remove_file(file.out()).unwrap();
    }
}
