//! Paths that requests name: relative ones, ones that are no text, and ones where no file can be.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{symlink, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use c1z::control::Control;
use c1z::store::{inspect_schema, read_header, required_path, verify, Inspection};

use super::fixture::*;
use super::other_process::{alone, as_nobody, set_mode};

const UNSAVABLE: (Code, &str) = (Code::FailedPrecondition, "FAILED_PRECONDITION");

fn request(path: &Path) -> OpenRequest {
    match path.to_str() {
        Some(text) => OpenRequest { path: text.into(), threads: 1, ..Default::default() },
        None => OpenRequest { path_bytes: path.as_os_str().as_bytes().into(), threads: 1, ..Default::default() },
    }
}

fn open_as(request: &OpenRequest) -> c1z::Result<Store> {
    let path = required_path("path", &request.path, &request.path_bytes)?;
    Store::open(&path, OpenOptions::of(request)?, &Control::none())
}

/// Writes a file with one finished sync.
fn write_sync(path: &Path) {
    let store = open(path, false).unwrap();
    start(&store, "full");
    end(&store);
    close(store);
}

/// What every call that reads a file says of one.
fn read_in_every_way(path: &Path) -> Vec<c1z::Result<()>> {
    let mut calls = read_in_every_way_but_verify(path);
    calls.push(verified(path).map(|report| assert!(report.faults.is_empty(), "{}", report.text)));
    calls
}

fn read_in_every_way_but_verify(path: &Path) -> Vec<c1z::Result<()>> {
    let inspected = InspectRequest { open: Some(request(path)), ..Default::default() };
    vec![
        open(path, true).map(drop),
        read_header(path).map(drop),
        inspect_schema(path).map(drop),
        Inspection::open(&inspected, &Control::none()).map(drop),
    ]
}

fn verified(path: &Path) -> c1z::Result<VerifyReport> {
    let OpenRequest { path, path_bytes, .. } = request(path);
    verify(&VerifyRequest { path, path_bytes, ..Default::default() }, &Control::none())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_relative_path_means_the_same_after_the_process_has_gone_elsewhere() {
    let test = "places::a_relative_path_means_the_same_after_the_process_has_gone_elsewhere";
    alone(test, "cd \"$(mktemp -d)\" && mkdir elsewhere tmp", || {
        let store = open_as(&OpenRequest { tmp_dir: "tmp".into(), ..request("file.c1z".as_ref()) }).unwrap();
        let here = std::env::current_dir().unwrap();
        std::env::set_current_dir("elsewhere").unwrap();
        let sync_id = start(&store, "full");
        end(&store);
        save(&store);
        // A clone takes the store's folder for working copies.
        store
            .clone_sync(&CloneSyncRequest { path: "clone.c1z".into(), sync_id, ..Default::default() }, &Control::none())
            .unwrap();
        assert_eq!(Path::new(&store.metadata().unwrap().path), here.join("file.c1z"));
        store.close().unwrap();
        assert_eq!(names(&here), ["elsewhere", "file.c1z", "tmp"]);
        assert_eq!(names(&here.join("elsewhere")), ["clone.c1z"]);
        fs::remove_dir_all(here).unwrap();
    });
}

#[test]
fn a_path_that_is_not_utf_8_works_in_every_call() {
    let fixture = Fixture::new();
    let folder = fixture.beside("").join(OsStr::from_bytes(b"folder \xff"));
    fs::create_dir(&folder).unwrap();
    let (path, clone) = (folder.join(OsStr::from_bytes(b"\xfe.c1z")), folder.join(OsStr::from_bytes(b"\xfd.c1z")));
    let tmp_dir_bytes = folder.as_os_str().as_bytes().to_vec();

    let store = open_as(&OpenRequest { tmp_dir_bytes: tmp_dir_bytes.clone(), ..request(&path) }).unwrap();
    start(&store, "full");
    end(&store);
    save(&store);
    let shown = store.metadata().unwrap();
    assert_eq!(shown.path, path.to_string_lossy());
    assert_eq!(shown.path_bytes, path.as_os_str().as_bytes());
    assert!(shown.database_path_bytes.starts_with(&tmp_dir_bytes), "{}", shown.database_path);
    let path_bytes = clone.as_os_str().as_bytes().to_vec();
    let to_clone = CloneSyncRequest { path_bytes, tmp_dir_bytes: tmp_dir_bytes.clone(), ..Default::default() };
    store.clone_sync(&to_clone, &Control::none()).unwrap();
    store.close().unwrap();

    for path in [&path, &clone] {
        for read in read_in_every_way(path) {
            read.unwrap();
        }
    }
    let path_bytes = path.as_os_str().as_bytes().to_vec();
    let report = verify(&VerifyRequest { path_bytes, tmp_dir_bytes, ..Default::default() }, &Control::none()).unwrap();
    assert!(report.text.contains("\u{fffd}.c1z"), "{}", report.text);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
}

#[test]
fn text_is_shown_as_text_alone() {
    let fixture = Fixture::new();
    let shown = fixture.open().metadata().unwrap();
    assert_eq!(Path::new(&shown.path), fixture.path());
    assert!(shown.path_bytes.is_empty() && shown.database_path_bytes.is_empty());
}

#[test]
fn a_path_is_named_once() {
    let both = || ("a".to_owned(), b"b".to_vec());
    let (path, path_bytes) = both();
    assert_eq!(why(open_as(&OpenRequest { path, path_bytes, ..Default::default() })), INVALID);
    let (tmp_dir, tmp_dir_bytes) = both();
    assert_eq!(why(OpenOptions::of(&OpenRequest { tmp_dir, tmp_dir_bytes, ..Default::default() })), INVALID);
    let (path, path_bytes) = both();
    assert_eq!(why(verify(&VerifyRequest { path, path_bytes, ..Default::default() }, &Control::none())), INVALID);
    let (path, path_bytes) = both();
    let clone = CloneSyncRequest { path, path_bytes, ..Default::default() };
    assert_eq!(why(Fixture::new().open().clone_sync(&clone, &Control::none())), INVALID);
}

/// Things that are no files, and what they are.
fn no_files(folder: &Path) -> Vec<(PathBuf, &'static str)> {
    let at = |name| folder.join(name);
    fs::create_dir(at("folder")).unwrap();
    assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    UnixListener::bind(at("socket")).unwrap();
    symlink("pipe", at("link")).unwrap();
    vec![
        (at("folder"), "a folder"),
        (at("pipe"), "a pipe"),
        (at("link"), "a pipe"),
        (at("socket"), "a socket"),
        ("/dev/null".into(), "a device"),
    ]
}

#[test]
fn what_is_no_file_is_said_to_be_none_by_every_call() {
    let fixture = Fixture::new();
    let store = fixture.open();
    for (path, is) in no_files(&fixture.beside("")) {
        let mut calls = read_in_every_way(&path);
        calls.push(open(&path, false).map(drop));
        let clone = CloneSyncRequest { path: path.to_str().unwrap().into(), ..Default::default() };
        calls.push(store.clone_sync(&clone, &Control::none()));
        for result in calls {
            let error = result.unwrap_err();
            assert_eq!((error.code(), error.reason().name()), INVALID, "{error}");
            assert!(error.to_string().ends_with(&format!(": not a regular file but {is}")), "{error}");
        }
    }
}

#[test]
fn an_empty_file_is_said_to_be_empty_by_every_call_that_reads() {
    let fixture = Fixture::new();
    fs::write(fixture.path(), b"").unwrap();
    for result in read_in_every_way_but_verify(&fixture.path()) {
        let error = result.unwrap_err();
        assert_eq!((error.code(), error.reason().name()), (Code::FailedPrecondition, "NOT_C1Z"), "{error}");
        assert!(error.to_string().ends_with("file.c1z: not a .c1z file: it is empty"), "{error}");
    }
    let report = verified(&fixture.path()).unwrap();
    assert!(report.faults.len() == 1 && report.faults[0].sentence.contains("it is empty"), "{}", report.text);
}

/// The path is refused by who would write there, before anything is written, and by nobody who only reads.
#[track_caller]
fn assert_unsavable(path: &Path, reason: (Code, &str), culprit: &str) {
    let before = names(path.parent().unwrap_or(Path::new("/")));
    let error = open(path, false).err().expect("it is opened");
    assert_eq!((error.code(), error.reason().name()), reason, "{error}");
    assert!(error.to_string().contains(culprit), "{error} does not name {culprit}");
    assert_eq!(names(path.parent().unwrap_or(Path::new("/"))), before);
}

#[test]
fn a_place_where_no_file_can_be_is_refused_when_a_store_is_opened_for_writing() {
    let fixture = Fixture::new();
    let store = fixture.open();
    write_sync(&fixture.beside("other.c1z"));
    for (path, reason, culprit) in [
        ("missing/file.c1z", UNSAVABLE, "there is no folder"),
        ("other.c1z/file.c1z", UNSAVABLE, "other.c1z is not a folder"),
        ("new.c1z/", INVALID, "names a folder"),
        ("new.c1z/.", INVALID, "names a folder"),
        ("..", INVALID, "names a folder"),
    ] {
        let path = fixture.beside(path);
        let error = open(&path, false).err().expect("it is opened");
        assert_eq!((error.code(), error.reason().name()), reason, "{error}");
        assert!(error.to_string().contains(culprit), "{error}");
        let clone = CloneSyncRequest { path: path.to_str().unwrap().into(), ..Default::default() };
        let error = store.clone_sync(&clone, &Control::none()).unwrap_err();
        assert!(error.to_string().contains(culprit), "{error}");
    }
    assert_eq!(names(&fixture.beside("")), ["other.c1z"]);
}

#[test]
fn a_link_to_a_place_where_no_file_can_be_is_refused_too() {
    let fixture = Fixture::new();
    symlink("missing/file.c1z", fixture.path()).unwrap();
    assert_unsavable(&fixture.path(), UNSAVABLE, "there is no folder");
    fs::create_dir(fixture.beside("missing")).unwrap();
    write_sync(&fixture.path());
    assert!(fixture.path().is_symlink() && fixture.beside("missing/file.c1z").is_file());
}

#[test]
fn a_folder_that_takes_no_files_is_refused_when_a_store_is_opened_for_writing() {
    let test = "places::a_folder_that_takes_no_files_is_refused_when_a_store_is_opened_for_writing";
    as_nobody(
        test,
        |folder| {
            for (name, mode) in [("locked", 0o755), ("sticky", 0o1777)] {
                let folder = folder.join(name);
                fs::create_dir(&folder).unwrap();
                write_sync(&folder.join("file.c1z"));
                set_mode(&folder, mode);
            }
        },
        |folder| {
            let at = |path| folder.join(path);
            assert_ne!(fs::metadata(at("locked/file.c1z")).unwrap().uid(), fs::metadata("/proc/self").unwrap().uid());
            for path in ["locked/file.c1z", "locked/new.c1z"] {
                assert_unsavable(&at(path), (Code::PermissionDenied, "IO"), "locked");
            }
            assert_unsavable(&at("sticky/file.c1z"), UNSAVABLE, "another user's");
            for path in ["locked/file.c1z", "sticky/file.c1z"] {
                open(&at(path), true).unwrap().close().unwrap();
            }
            write_sync(&at("sticky/new.c1z"));
            write_sync(&at("sticky/new.c1z"));
        },
    );
}
