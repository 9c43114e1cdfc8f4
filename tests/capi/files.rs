//! Files that cannot be opened: the right code, the right reason, and the file's name.

use std::fs;
use std::path::Path;

use c1z::capi::code::{
    Code, C1Z_DATA_LOSS, C1Z_FAILED_PRECONDITION, C1Z_INVALID_ARGUMENT, C1Z_NOT_FOUND, C1Z_RESOURCE_EXHAUSTED,
};
use c1z::capi::file::c1z_read_header;
use c1z::capi::syncs::c1z_clone_sync;
use c1z::control::Control;
use c1z::envelope::{save, unpack, Encoding, Limits, Payload, SaveOptions};
use c1z::proto::api::{
    CloneSyncRequest, CompareFilesRequest, CompareInput, InspectRequest, OpenRequest, ReadHeaderRequest, VerifyRequest,
};
use c1z::proto::manifest::C1zManifestV3;
use prost::Message;
use tempfile::TempDir;

use crate::sample::{open_request, Sample};
use crate::support::{ask, assert_refused, inspect_schema, slice, verify_bytes, Handle, Walk};

/// Opens `path` for reading and for writing; both fail alike.
#[track_caller]
fn assert_unopenable(path: &Path, code: Code, reason: &str, culprit: &str) {
    for read_only in [true, false] {
        let opened = Handle::open(&OpenRequest { read_only, ..open_request(path) });
        assert_refused(opened.map(drop), code, reason, culprit);
        let opened = Handle::open(&OpenRequest { read_only, ..open_request(path) });
        assert_refused(opened, code, reason, path.to_str().unwrap());
    }
}

/// A folder with a file of these bytes.
fn file(bytes: &[u8]) -> (TempDir, std::path::PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("test.c1z");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// A well-formed file whose manifest says so.
fn file_of(engine: &str, engine_schema_version: u32) -> (TempDir, std::path::PathBuf) {
    let (folder, path) = file(b"");
    let payload = folder.path().join("payload");
    fs::create_dir(&payload).unwrap();
    fs::write(payload.join("CURRENT"), "MANIFEST-000001\n").unwrap();
    let manifest = C1zManifestV3 { engine: engine.into(), engine_schema_version, ..Default::default() };
    let options = SaveOptions::default();
    save(&path, manifest, Encoding::IndexedZstd, Payload::below(&payload).unwrap(), &options, &Control::none())
        .unwrap();
    (folder, path)
}

#[test]
fn a_missing_or_empty_file_cannot_be_opened_read_only() {
    let (folder, empty) = file(b"");
    let open = |path| Handle::open(&OpenRequest { read_only: true, ..open_request(path) });
    let missing = folder.path().join("missing.c1z");
    assert_refused(open(&missing), C1Z_NOT_FOUND, "NOT_FOUND", missing.to_str().unwrap());
    assert_refused(open(&empty), C1Z_FAILED_PRECONDITION, "NOT_C1Z", "is empty");
}

#[test]
fn a_missing_or_empty_file_is_one_to_be_created() {
    let (folder, empty) = file(b"");
    for path in [folder.path().join("missing.c1z"), empty] {
        Handle::open(&open_request(&path)).unwrap().close().unwrap();
    }
}

#[test]
fn a_file_of_format_v1_is_named_as_such() {
    let (_folder, path) = file(b"C1ZF\0and then anything");
    assert_unopenable(&path, C1Z_FAILED_PRECONDITION, "FORMAT_V1", "v1");
}

#[test]
fn a_file_that_is_no_c1z_is_named_as_such() {
    let (_folder, path) = file(b"PK\x03\x04 and then a zip");
    assert_unopenable(&path, C1Z_FAILED_PRECONDITION, "NOT_C1Z", "not a .c1z file");
}

#[test]
fn a_file_of_another_engine_names_the_engine() {
    let (_folder, path) = file_of("pebble3", 1);
    assert_unopenable(&path, C1Z_FAILED_PRECONDITION, "ENGINE_MISMATCH", "pebble3");
}

#[test]
fn a_file_of_another_layout_names_the_version() {
    let (_folder, path) = file_of("rocksdb", 4711);
    assert_unopenable(&path, C1Z_FAILED_PRECONDITION, "LAYOUT_MISMATCH", "4711");
}

#[test]
fn a_file_of_an_unknown_payload_encoding_names_its_number() {
    let manifest = C1zManifestV3 {
        engine: "rocksdb".into(),
        engine_schema_version: c1z::keys::LAYOUT_VERSION,
        payload_encoding: 77,
        ..Default::default()
    };
    let manifest = manifest.encode_to_vec();
    let (_folder, path) = file(&[b"C1Z3\0", &(manifest.len() as u32).to_be_bytes()[..], &manifest].concat());
    assert_unopenable(&path, C1Z_FAILED_PRECONDITION, "PAYLOAD_ENCODING", "77");
}

#[test]
fn a_database_that_lacks_one_of_its_files_is_damaged() {
    let sample = Sample::new();
    for lacking in ["CURRENT", "MANIFEST-", ".sst"] {
        let folder = TempDir::new().unwrap();
        let payload = folder.path().join("payload");
        fs::create_dir(&payload).unwrap();
        let head = unpack(&sample.path, &payload, &Limits::default(), &Control::none()).unwrap();
        let mut names = fs::read_dir(&payload).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        fs::remove_file(payload.join(names.find(|name| name.contains(lacking)).unwrap())).unwrap();
        let path = folder.path().join("test.c1z");
        let options = SaveOptions::default();
        save(
            &path,
            head.manifest,
            Encoding::IndexedZstd,
            Payload::below(&payload).unwrap(),
            &options,
            &Control::none(),
        )
        .unwrap();
        assert_unopenable(&path, C1Z_DATA_LOSS, "CORRUPTION", "");
    }
}

#[test]
fn a_truncated_file_is_damaged_wherever_it_ends() {
    let bytes = fs::read(&Sample::new().path).unwrap();
    let ends = (1..20).chain((20..bytes.len()).step_by(bytes.len() / 40)).chain(bytes.len() - 20..bytes.len());
    for end in ends {
        let (_folder, path) = file(&bytes[..end]);
        assert_unopenable(&path, C1Z_DATA_LOSS, "CORRUPTION", "");
    }
}

#[test]
fn a_file_with_a_changed_payload_is_damaged() {
    let bytes = fs::read(&Sample::new().path).unwrap();
    // The last quarter is payload and index.
    for at in (bytes.len() * 3 / 4..bytes.len()).step_by(bytes.len() / 100) {
        let mut changed = bytes.clone();
        changed[at] ^= 0xff;
        let (_folder, path) = file(&changed);
        assert_unopenable(&path, C1Z_DATA_LOSS, "CORRUPTION", "");
    }
}

#[test]
fn a_file_that_unpacks_to_more_than_the_limit_is_refused() {
    let sample = Sample::new();
    let request = OpenRequest { max_decoded_bytes: 1, ..open_request(&sample.path) };
    let name = sample.path.to_str().unwrap();
    assert_refused(Handle::open(&request), C1Z_RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED", name);
}

#[test]
fn a_folder_is_no_file() {
    let folder = TempDir::new().unwrap();
    assert_unopenable(folder.path(), C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", "not a regular file");
}

#[test]
fn a_missing_folder_for_working_copies_is_named() {
    let sample = Sample::new();
    let missing = sample.beside("missing");
    let missing = missing.to_str().unwrap();
    let request = OpenRequest { tmp_dir: missing.into(), ..open_request(&sample.path) };
    assert_refused(Handle::open(&request), C1Z_FAILED_PRECONDITION, "IO", missing);
}

#[test]
fn a_path_that_cannot_be_one_is_refused_alike_by_every_call() {
    let sample = Sample::new();
    let store = sample.open();
    let ring = sample.beside("ring");
    std::os::unix::fs::symlink(&ring, &ring).unwrap();
    let paths = [
        String::new(),
        "a\0b.c1z".to_owned(),
        sample.beside(&"a".repeat(300)).to_str().unwrap().to_owned(),
        sample.beside(&"a/".repeat(3000)).to_str().unwrap().to_owned(),
        ring.join("a.c1z").to_str().unwrap().to_owned(),
    ];
    for path in &paths {
        let open = |read_only| Handle::open(&OpenRequest { read_only, ..open_request(path.as_ref()) }).map(drop);
        let verify = VerifyRequest { path: path.clone(), ..Default::default() };
        let inspect = InspectRequest { open: Some(open_request(path.as_ref())), ..Default::default() };
        let input = Some(CompareInput { path: path.clone(), ..Default::default() });
        let compare = CompareFilesRequest { before: input.clone(), after: input, ..Default::default() };
        let header = ReadHeaderRequest { path: path.clone(), ..Default::default() }.encode_to_vec();
        let clone = CloneSyncRequest { path: path.clone(), ..Default::default() };
        let results = [
            open(false),
            open(true),
            verify_bytes(&verify.encode_to_vec(), None).map(drop),
            Walk::inspect(&inspect, None).map(drop),
            Walk::compare(&compare, None).map(drop),
            inspect_schema(path).map(drop),
            // SAFETY: everything outlives the call.
            ask(|out, error| unsafe { c1z_read_header(slice(&header), out, error) }).map(drop),
            store.call_long(c1z_clone_sync, &clone, None).map(drop),
        ];
        for (call, result) in results.into_iter().enumerate() {
            let code = result.map_err(|failure| failure.code).expect_err("there is no such file");
            assert_eq!(code, C1Z_INVALID_ARGUMENT, "call {call}, {path:.40?}");
        }
        if path.is_empty() {
            continue;
        }
        // As a folder for working copies.
        let tmp_dir = path.clone();
        let open = OpenRequest { tmp_dir: tmp_dir.clone(), ..open_request(&sample.path) };
        let verify = VerifyRequest {
            path: sample.path.to_str().unwrap().into(),
            tmp_dir: tmp_dir.clone(),
            ..Default::default()
        };
        let target = sample.beside("target.c1z").to_str().unwrap().to_owned();
        let clone = CloneSyncRequest { path: target, tmp_dir, ..Default::default() };
        let results = [
            Handle::open(&open).map(drop),
            verify_bytes(&verify.encode_to_vec(), None).map(drop),
            store.call_long(c1z_clone_sync, &clone, None).map(drop),
        ];
        for (call, result) in results.into_iter().enumerate() {
            let failure = result.expect_err("there is no such folder");
            assert_eq!(failure.code, C1Z_INVALID_ARGUMENT, "call {call}, {path:.40?}: {failure:?}");
        }
    }
}
