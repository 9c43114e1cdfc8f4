//! Several processes and one file.
//!
//! The processes are this test itself, started again: [`play_if_asked`] is what they then do instead.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use c1z::control::Control;
use c1z::proto::api::*;
use c1z::proto::connector::ResourceType;
use c1z::store::{OpenOptions, Store};
use prost::Message;
use tempfile::TempDir;

/// In the environment of a process: what it does, and to which file.
const PART: &str = "C1Z_TEST_PART";
const FILE: &str = "C1Z_TEST_SHARED_FILE";
const TYPES: usize = 300;
/// How often each process opens the file, and saves it if it writes.
const ROUNDS: usize = 8;

fn open(file: &Path, read_only: bool) -> Store {
    let options = OpenOptions { read_only, threads: 1, memory_budget: 8 << 20, ..OpenOptions::default() };
    Store::open(file, options, &Control::none()).unwrap()
}

fn put_sync(store: &Store, id: &str) {
    store.start_sync(&StartSyncRequest { sync_type: "full".into(), ..Default::default() }).unwrap();
    let list = (0..TYPES).map(|number| ResourceType { id: format!("{id}-{number}"), ..Default::default() }).collect();
    store.put_resource_types(&PutResourceTypesRequest { list }.encode_to_vec()).unwrap();
    store.end_sync(&Control::none()).unwrap();
}

/// Checks that the sync in view is one that was saved, all of it.
fn assert_whole(store: &Store) {
    let list = store.list_resource_types(&Default::default()).unwrap().decode().unwrap().list;
    let (writer, _) = list[0].id.split_once('-').unwrap();
    assert!(list.len() == TYPES && list.iter().all(|one| one.id.split_once('-').unwrap().0 == writer));
}

fn play_if_asked() {
    let (Ok(part), Some(file)) = (std::env::var(PART), std::env::var_os(FILE)) else { return };
    let file = PathBuf::from(file);
    let mut left = ROUNDS;
    while left > 0 {
        let store = open(&file, part == "reader");
        assert_whole(&store);
        if part != "reader" {
            put_sync(&store, &part);
        }
        match store.save(&Control::none()) {
            Ok(_) => left -= 1,
            // The other writer was faster: again, with what it has saved.
            Err(error) => assert_eq!(error.reason().name(), "CONFLICT", "{error}"),
        }
        store.close().unwrap();
    }
    std::process::exit(0);
}

fn start(test: &str, part: &str, file: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(PART, part).env(FILE, file).spawn().unwrap()
}

fn saved_file() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("test.c1z");
    let store = open(&file, false);
    put_sync(&store, "first");
    store.save(&Control::none()).unwrap();
    store.close().unwrap();
    (folder, file)
}

/// What tells that somebody has written to a folder or a file in it.
fn trace(folder: &Path) -> Vec<(String, u64, i64, i64)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).chain([folder.to_path_buf()]);
    let trace = |path: PathBuf| {
        let metadata = fs::metadata(&path).unwrap();
        (path.to_str().unwrap().to_owned(), metadata.ino(), metadata.mtime(), metadata.mtime_nsec())
    };
    let mut traces: Vec<_> = paths.map(trace).collect();
    traces.sort();
    traces
}

#[track_caller]
fn assert_succeed(processes: Vec<Child>) {
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
}

#[test]
fn many_processes_read_one_file_at_once_and_none_writes_beside_it() {
    play_if_asked();
    let (folder, file) = saved_file();
    let (before, bytes) = (trace(folder.path()), fs::read(&file).unwrap());
    let name = "many_processes_read_one_file_at_once_and_none_writes_beside_it";
    assert_succeed((0..4).map(|_| start(name, "reader", &file)).collect());
    assert_eq!(trace(folder.path()), before);
    assert!(fs::read(&file).unwrap() == bytes);
}

#[test]
fn two_writers_and_two_readers_of_one_file_always_see_a_whole_one_and_no_sync_is_lost() {
    play_if_asked();
    let (folder, file) = saved_file();
    let name = "two_writers_and_two_readers_of_one_file_always_see_a_whole_one_and_no_sync_is_lost";
    assert_succeed(["a", "b", "reader", "reader"].map(|part| start(name, part, &file)).into());
    let store = open(&file, true);
    assert_whole(&store);
    assert_eq!(store.list_sync_runs(&Default::default()).unwrap().list.len(), 1 + 2 * ROUNDS);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something is left beside the file");
}
