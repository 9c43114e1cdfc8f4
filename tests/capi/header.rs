//! What a file says of itself, through the C ABI.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

use c1z::capi::code::{C1Z_DATA_LOSS, C1Z_FAILED_PRECONDITION, C1Z_INVALID_ARGUMENT, C1Z_NOT_FOUND};
use c1z::capi::error::c1z_error_free;
use c1z::capi::file::c1z_read_header;
use c1z::envelope::read_head;
use c1z::proto::api::{FileHeader, ReadHeaderRequest};
use c1z::proto::manifest::PayloadEncoding;
use prost::Message;
use tempfile::TempDir;

use crate::sample::Sample;
use crate::support::{ask, assert_refused, slice, Failure, EMPTY};

fn read(path: &Path) -> Result<FileHeader, Failure> {
    let request = match path.to_str() {
        Some(path) => ReadHeaderRequest { path: path.into(), ..Default::default() },
        None => ReadHeaderRequest { path_bytes: path.as_os_str().as_bytes().into(), ..Default::default() },
    };
    let request = request.encode_to_vec();
    // SAFETY: everything outlives the call.
    let bytes = ask(|response, error| unsafe { c1z_read_header(slice(&request), response, error) })?;
    Ok(FileHeader::decode(bytes.as_slice()).unwrap())
}

#[test]
fn the_header_is_the_manifest_without_what_explains_the_records() {
    let sample = Sample::new();
    let header = read(&sample.path).unwrap();
    let head = read_head(&sample.path).unwrap();
    assert_eq!((header.format.as_str(), header.engine.as_str(), header.engine_schema_version), ("v3", "rocksdb", 1));
    assert_eq!(header.payload_encoding(), PayloadEncoding::IndexedZstd);
    assert_eq!(header.file_size_bytes, fs::metadata(&sample.path).unwrap().len());
    assert_eq!(header.manifest_sha256, head.manifest_sha256);
    assert!(!header.sync_runs.is_empty() && header.sync_runs.iter().any(|run| run.stats.is_some()));
    assert_eq!(header.sync_runs, head.manifest.sync_runs);
}

#[test]
fn a_path_may_be_bytes_that_are_no_text() {
    let sample = Sample::new();
    let path = sample.beside("").join(OsStr::from_bytes(b"\xff.c1z"));
    fs::copy(&sample.path, &path).unwrap();
    assert_eq!(read(&path).unwrap(), read(&sample.path).unwrap());
    let missing = sample.beside("").join(OsStr::from_bytes(b"\xfe.c1z"));
    assert_eq!(read(&missing).unwrap_err().code, C1Z_NOT_FOUND);
    let both = ReadHeaderRequest { path: "a".into(), path_bytes: b"a".into() }.encode_to_vec();
    // SAFETY: everything outlives the call.
    let refused = ask(|response, error| unsafe { c1z_read_header(slice(&both), response, error) });
    assert_refused(refused, C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", "path and path_bytes are both set");
}

#[test]
fn nothing_behind_the_manifest_is_read() {
    let sample = Sample::new();
    let whole = read(&sample.path).unwrap();
    let payload_start = read_head(&sample.path).unwrap().payload_start;
    // A sparse file of a size that nobody could read.
    let file = fs::OpenOptions::new().write(true).open(&sample.path).unwrap();
    for size in [payload_start, 1 << 43] {
        file.set_len(size).unwrap();
        assert_eq!(read(&sample.path).unwrap(), FileHeader { file_size_bytes: size, ..whole.clone() });
    }
    file.set_len(payload_start - 1).unwrap();
    assert_refused(read(&sample.path), C1Z_DATA_LOSS, "CORRUPTION", "truncated manifest");
}

#[test]
fn a_file_of_format_v1_says_so_and_other_files_are_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("test.c1z");
    fs::write(&path, b"C1ZF\0 and a database").unwrap();
    let expected = FileHeader { format: "v1".into(), file_size_bytes: 20, ..Default::default() };
    assert_eq!(read(&path).unwrap(), FileHeader { file_size_bytes: fs::metadata(&path).unwrap().len(), ..expected });
    fs::write(&path, b"PK\x03\x04 a zip").unwrap();
    assert_refused(read(&path), C1Z_FAILED_PRECONDITION, "NOT_C1Z", path.to_str().unwrap());
    fs::write(&path, b"C1").unwrap();
    assert_refused(read(&path), C1Z_DATA_LOSS, "CORRUPTION", path.to_str().unwrap());
    assert_refused(read(folder.path()), C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", folder.path().to_str().unwrap());
    assert_refused(read(&folder.path().join("none")), C1Z_NOT_FOUND, "NOT_FOUND", "none");
}

#[test]
fn pointers_are_checked() {
    let (mut response, mut error) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: every pointer is null or lives through the call.
    unsafe {
        assert_eq!(c1z_read_header(EMPTY, ptr::null_mut(), &mut error), C1Z_INVALID_ARGUMENT);
        c1z_error_free(error);
        assert_eq!(c1z_read_header(slice(b"\xff"), &mut response, ptr::null_mut()), C1Z_INVALID_ARGUMENT);
    }
    assert!(response.is_null());
}
