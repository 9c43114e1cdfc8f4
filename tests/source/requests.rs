//! What is asked of a source, and how much of it lies on the disk.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::Ordering;

use c1z::control::Control;
use c1z::envelope::{self, Encoding, Limits};
use c1z::proto::reader::GrantsReaderServiceListGrantsForPrincipalRequest;

use super::fixture::*;
use super::scripted::*;

const USER: &str = "user-000500";

fn grants_of(store: &Store, user: &str) -> Vec<Grant> {
    let principal_id = Some(id(("user", user)));
    let request = GrantsReaderServiceListGrantsForPrincipalRequest { principal_id, ..Default::default() };
    store.list_grants_for_principal(&request).unwrap().decode().unwrap().list
}

/// Bytes that the tables of the working copy take on the disk.
fn on_disk(store: &Store) -> u64 {
    let database = store.metadata().unwrap().database_path;
    let files = fs::read_dir(database).unwrap().map(|entry| entry.unwrap().path());
    let tables = files.filter(|path| path.extension().is_some_and(|extension| extension == "sst"));
    tables.map(|path| fs::metadata(path).unwrap().blocks() * 512).sum()
}

#[test]
fn a_small_file_is_read_at_once() {
    let fixture = in_encoding(Encoding::IndexedZstd, 2, 10);
    let source = Scripted::of(&fixture.path());
    let store = open_source(&source);
    assert!(all_grants(&store, 0) == all_grants(&fixture.open_read_only(), 0));
    assert_eq!(source.counted(), (1, fs::read(fixture.path()).unwrap().len()));
    store.close().unwrap();
}

#[test]
fn who_looks_for_little_reads_little() {
    let fixture = large();
    let source = Scripted::of(&fixture.path());
    let store = open_source(&source);
    let (opening, bytes) = source.counted();
    assert!(opening <= 3, "{opening} requests");
    assert!(bytes < 640 << 10, "{bytes} bytes");
    assert_eq!(grants_of(&store, USER).len(), GROUPS);
    let (requests, _) = source.counted();
    assert!((1..=3).contains(&requests), "{requests} requests");
    assert_eq!(grants_of(&store, USER).len(), GROUPS);
    assert_eq!(source.counted().0, 0, "all that it takes is there");
    store.close().unwrap();
}

#[test]
fn who_reads_all_reads_neighbours_at_once_and_nothing_twice() {
    let fixture = large();
    let tables = envelope::list(&fixture.path()).unwrap().len();
    let whole = fs::read(fixture.path()).unwrap().len();
    let expected = all_grants(&fixture.open_read_only(), 0);
    for threads in [1, 2, 4] {
        let source = Scripted::of(&fixture.path());
        let store = try_open_source(&source, options(threads)).unwrap();
        assert!(all_grants(&store, 1_000) == expected, "{threads} threads");
        assert_eq!(source.most_at_work.load(Ordering::SeqCst), 1);
        let (requests, bytes) = source.counted();
        assert!(requests <= tables, "{requests} requests for {tables} files");
        assert!(bytes <= whole + (512 << 10), "{bytes} bytes of {whole}");
        store.close().unwrap();
    }
}

#[test]
fn threads_that_read_one_source_at_the_same_time_get_the_same() {
    let fixture = large();
    let expected = all_grants(&fixture.open_read_only(), 0);
    let source = Scripted::of(&fixture.path());
    let options = OpenOptions { limits: Limits { max_local_bytes: Some(4 << 20), ..Limits::default() }, ..options(3) };
    let store = try_open_source(&source, options).unwrap();
    std::thread::scope(|scope| {
        let lists: Vec<_> = (0..6).map(|_| scope.spawn(|| all_grants(&store, 1_000))).collect();
        assert!(lists.into_iter().all(|list| list.join().unwrap() == expected));
    });
    store.close().unwrap();
}

#[test]
fn what_lies_on_the_disk_stays_below_its_limit_and_is_asked_for_again() {
    let fixture = large();
    let local = fixture.open_read_only();
    let expected = all_grants(&local, 0);
    let whole = on_disk(&local);
    let largest = envelope::list(&fixture.path()).unwrap().into_iter().map(|entry| entry.raw_size).max().unwrap();
    let limit = largest + (64 << 10);
    assert!(whole > limit + (64 << 10), "{whole} bytes, {limit} may be there");
    let source = Scripted::of(&fixture.path());
    let limits = Limits { max_local_bytes: Some(limit), ..Limits::default() };
    // Whatever was read stays in no cache.
    let options = OpenOptions { limits, memory_budget: 1 << 20, ..options(1) };
    let store = try_open_source(&source, options).unwrap();
    for _ in 0..2 {
        let mut token = String::new();
        let mut all = Vec::new();
        loop {
            let (rows, next) = page(&store, &token, 1_000).unwrap();
            all.extend(rows);
            // The file system rounds each table up.
            assert!(on_disk(&store) <= limit + (64 << 10), "{} bytes of {limit}", on_disk(&store));
            if next.is_empty() {
                break;
            }
            token = next;
        }
        assert!(all == expected);
        assert!(source.counted().0 > 0);
    }
    store.close().unwrap();
}

#[test]
fn nothing_lies_on_the_disk_of_a_table_that_came_halfway() {
    let fixture = large();
    let source = Scripted::of(&fixture.path());
    // Pieces are small: a table takes several.
    let store = try_open_source(&source, OpenOptions { memory_budget: 1 << 20, ..options(1) }).unwrap();
    for answer in [Answer::Fail(Code::Unavailable, "no answer"), Answer::Changed] {
        let before = on_disk(&store);
        source.counted();
        *source.script.lock().unwrap() = Some((1, answer));
        page(&store, "", 0).unwrap_err();
        assert_eq!(source.counted().0, 2, "the first piece came");
        assert_eq!(on_disk(&store), before);
        source.answer(None);
    }
    let (rows, _) = page(&store, "", 1_000).unwrap();
    assert_eq!(rows.len(), 1_000);
    store.close().unwrap();
}

#[test]
fn a_source_is_let_go_when_its_store_is_closed_or_dropped_or_not_opened() {
    let fixture = large();
    for threads in [1, 4] {
        for how in 0..3 {
            let source = Scripted::of(&fixture.path());
            let released = source.released.clone();
            let opened = match how {
                0 | 1 => Some(try_open_source(&source, options(threads)).unwrap()),
                _ => {
                    source.answer(Some(Answer::Short(1)));
                    assert!(try_open_source(&source, options(threads)).is_err());
                    None
                }
            };
            drop(source);
            if let Some(store) = opened {
                let (_, token) = page(&store, "", 1_000).unwrap();
                page(&store, &token, 1_000).unwrap();
                assert!(!released.load(Ordering::SeqCst));
                match how {
                    0 => store.close().unwrap(),
                    _ => drop(store),
                }
            }
            assert!(released.load(Ordering::SeqCst), "{threads} threads, case {how}");
        }
    }
}

#[test]
fn two_stores_of_sources_are_cloned_and_their_syncs_compared_like_any_others() {
    let fixture = large();
    let source = Scripted::of(&fixture.path());
    let store = try_open_source(&source, options(2)).unwrap();
    let path = fixture.beside("clone.c1z");
    let request = CloneSyncRequest { path: path.to_string_lossy().into_owned(), ..Default::default() };
    store.clone_sync(&request, &Control::none()).unwrap();
    assert!(all_grants(&open(&path, true).unwrap(), 0) == all_grants(&fixture.open_read_only(), 0));
    store.close().unwrap();
}
