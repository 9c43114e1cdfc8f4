//! Where the merged file goes, and what is left when it does not get there.

use std::path::Path;

use c1z::control::Control;
use c1z::error::Error;
use c1z::store::merge_files;

use crate::family::{self, sync};
use crate::fixture::*;
use crate::merging::{merge, request};
use crate::record::Record;
use crate::stored;

/// Every file below a folder, with its bytes.
fn files(folder: &Path) -> Vec<(String, Option<Vec<u8>>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = entries.map(|path| (path.display().to_string(), std::fs::read(&path).ok()));
    let mut files: Vec<_> = named.collect();
    files.sort();
    files
}

/// The merge fails, changes no file, and leaves none: neither beside the output nor in the temporary folder.
#[track_caller]
pub fn fails(folder: &Fixture, request: &MergeFilesRequest) -> Error {
    fails_under(folder, request, &Control::none())
}

#[track_caller]
pub fn fails_under(folder: &Fixture, request: &MergeFilesRequest, control: &Control<'_>) -> Error {
    let work = tempfile::tempdir().unwrap();
    let before = files(&folder.beside(""));
    let tmp_dir = work.path().to_str().unwrap().to_owned();
    let error = merge_files(&MergeFilesRequest { tmp_dir, ..request.clone() }, control).expect_err("it fails");
    assert!(files(&folder.beside("")) == before, "{:?} after {error}", files(&folder.beside("")));
    assert_eq!(files(work.path()), [], "after {error}");
    error
}

/// Two files, of which the second is put over the first if it is small, and a request to merge them.
pub fn pair(small: bool) -> (Fixture, MergeFilesRequest) {
    let folder = Fixture::new();
    let records = |count: u32, content| {
        let record = move |kind| move |identity| Record { kind, identity, content, discovered_at: None };
        (0..5).flat_map(|kind| (0..count).map(record(kind))).collect()
    };
    let base = if small { 40 } else { 4 };
    let paths = family::write_files(&folder, &[sync(1, records(base, 1)), sync(2, records(4, 2))]);
    let request = request(&paths, &folder.beside("output.c1z"));
    (folder, request)
}

#[test]
fn nothing_that_is_at_the_path_is_replaced() {
    for small in [true, false] {
        let (folder, request) = pair(small);
        let at = |name: &str| MergeFilesRequest {
            output_path: folder.beside(name).to_str().unwrap().into(),
            ..request.clone()
        };
        std::fs::write(folder.beside("empty"), "").unwrap();
        std::os::unix::fs::symlink(folder.beside("nowhere"), folder.beside("dangling")).unwrap();
        for name in ["empty", "dangling", "input-0.c1z", "input-1.c1z"] {
            let error = fails(&folder, &at(name));
            assert_eq!(
                (error.code(), error.reason().name()),
                (Code::AlreadyExists, "ALREADY_EXISTS"),
                "{name}: {error}"
            );
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    for small in [true, false] {
        let (folder, request) = pair(small);
        let output_path = folder.beside("nowhere/output.c1z").to_str().unwrap().to_owned();
        let error = fails(&folder, &MergeFilesRequest { output_path, ..request.clone() });
        assert_eq!(error.code(), Code::FailedPrecondition, "{error}");
        assert!(error.to_string().contains("nowhere"), "{error}");
        let error = fails(&folder, &MergeFilesRequest { output_path: String::new(), ..request });
        assert_eq!(error.code(), Code::InvalidArgument, "{error}");
        assert!(error.to_string().contains("output_path"), "{error}");
    }
}

#[test]
fn a_file_that_somebody_else_puts_there_meanwhile_stays() {
    for small in [true, false] {
        let (folder, request) = pair(small);
        let output = folder.beside("output.c1z");
        let put = || {
            if !output.exists() && folder.beside("input-0.c1z").exists() {
                std::fs::write(&output, "somebody else's").unwrap();
            }
            false
        };
        let error = merge_files(&request, &Control::new(&put, &|_, _| ())).expect_err("it fails");
        assert_eq!((error.code(), error.reason().name()), (Code::AlreadyExists, "ALREADY_EXISTS"), "{error}");
        assert_eq!(std::fs::read(&output).unwrap(), b"somebody else's");
        assert_eq!(std::fs::read_dir(folder.beside("")).unwrap().count(), 3);
    }
}

#[test]
fn a_merge_leaves_nothing_but_its_file_and_can_be_merged_again() {
    for small in [true, false] {
        let (folder, request) = pair(small);
        let work = tempfile::tempdir().unwrap();
        let tmp_dir = work.path().to_str().unwrap().to_owned();
        let first = merge(&MergeFilesRequest { tmp_dir, ..request.clone() });
        assert_eq!(files(work.path()), []);
        assert_eq!(files(&folder.beside("")).len(), 3);
        let mut again = request.clone();
        again.output_path = folder.beside("again.c1z").to_str().unwrap().into();
        again.inputs[0].path = request.output_path;
        let second = merge(&again);
        assert_ne!(first.sync_id, second.sync_id);
        let held = stored::of_file(&folder.beside("again.c1z")).remove(&second.sync_id).unwrap();
        let token: serde_json::Value = serde_json::from_str(&held.token).unwrap();
        assert_eq!(token["compaction"]["partial_count"], 2);
        stored::is_sound(&folder.beside("again.c1z"));
    }
}

#[test]
fn names_that_are_not_utf_8_are_taken_as_bytes() {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let (folder, request) = pair(true);
    let name = |bytes: &[u8]| folder.beside("").into_os_string().into_vec().into_iter().chain(bytes.to_vec()).collect();
    let [input, output]: [Vec<u8>; 2] = [name(b"in\xff"), name(b"out\xff")];
    std::fs::rename(folder.beside("input-1.c1z"), std::ffi::OsStr::from_bytes(&input)).unwrap();
    let mut request = MergeFilesRequest { output_path: String::new(), output_path_bytes: output.clone(), ..request };
    request.inputs[1] = MergeInput { path_bytes: input, ..Default::default() };
    merge(&request);
    stored::of_file(Path::new(std::ffi::OsStr::from_bytes(&output)));
}
