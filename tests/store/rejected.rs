//! A file that cannot be opened leaves nothing behind in the folder of the working copies.

use std::fs;

use c1z::control::Control;
use c1z::envelope::{Encoding, Limits};

use super::fixture::*;

const ENCODINGS: [Encoding; 3] = [Encoding::IndexedZstd, Encoding::Tar, Encoding::TarZstd];

/// A saved file in that encoding.
fn file(encoding: Encoding) -> Fixture {
    let fixture = Fixture::new();
    let options = OpenOptions { encoding: Some(encoding), threads: 1, ..OpenOptions::default() };
    let store = Store::open(&fixture.path(), options, &Control::none()).unwrap();
    start(&store, "full");
    put_grants(&store, &[membership("g", "u")]);
    end(&store);
    close(store);
    fixture
}

/// Opens the file in both ways, which must fail for that reason.
#[track_caller]
fn assert_rejected(fixture: &Fixture, limits: Limits, reason: &str) {
    for read_only in [true, false] {
        let work = tempfile::tempdir().unwrap();
        let tmp_dir = Some(work.path().to_path_buf());
        let options = OpenOptions { read_only, tmp_dir, limits, threads: 2, ..OpenOptions::default() };
        let error = Store::open(&fixture.path(), options, &Control::none()).err().expect("it is opened");
        assert_eq!(error.reason().name(), reason, "{error}");
        assert!(error.to_string().contains("file.c1z"), "{error} does not name the file");
        assert_eq!(fs::read_dir(work.path()).unwrap().count(), 0, "something is left after {error}");
    }
}

#[test]
fn a_damaged_payload_leaves_nothing_behind() {
    for encoding in ENCODINGS {
        let fixture = file(encoding);
        let bytes = fs::read(fixture.path()).unwrap();
        for len in [bytes.len() - 1, bytes.len() - 600, bytes.len() * 4 / 5] {
            fs::write(fixture.path(), &bytes[..len]).unwrap();
            assert_rejected(&fixture, Limits::default(), "CORRUPTION");
        }
    }
}

#[test]
fn a_payload_over_its_limits_leaves_nothing_behind() {
    for encoding in ENCODINGS {
        let limits = Limits { max_decoded_bytes: Some(1000), ..Limits::default() };
        assert_rejected(&file(encoding), limits, "LIMIT_EXCEEDED");
    }
}

#[test]
fn a_database_that_does_not_open_leaves_nothing_behind() {
    let fixture = file(Encoding::IndexedZstd);
    for (name, reason) in [("CURRENT", "CORRUPTION"), ("MANIFEST", "CORRUPTION"), (".sst", "CORRUPTION")] {
        let bytes = fs::read(fixture.path()).unwrap();
        repack(&fixture.path(), |folder, _| {
            for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.to_str().unwrap().contains(name) {
                    fs::remove_file(entry).unwrap();
                }
            }
        });
        assert_rejected(&fixture, Limits::default(), reason);
        fs::write(fixture.path(), bytes).unwrap();
    }
}

#[test]
fn a_file_of_another_engine_or_layout_leaves_nothing_behind() {
    for (engine, layout, reason) in [("pebble", 1, "ENGINE_MISMATCH"), ("rocksdb", 2, "LAYOUT_MISMATCH")] {
        let fixture = file(Encoding::IndexedZstd);
        repack(&fixture.path(), |_, manifest| {
            (manifest.engine, manifest.engine_schema_version) = (engine.into(), layout);
        });
        assert_rejected(&fixture, Limits::default(), reason);
    }
}
