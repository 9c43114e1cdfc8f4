//! A file that is opened read-only: its tables come when they are needed, and pages before they are asked for.

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use c1z::control::Control;
use c1z::engine::{Durability, Engine};
use c1z::envelope::{self, Limits};
use c1z::keys::{self, Keyspace, SyncId};

use super::fixture::*;

const GROUPS: usize = 50;
const USERS: usize = 1_000;

/// A file whose grants take more than one large table.
pub fn large() -> Fixture {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_resource_types(&store, &["user", "group"]);
    put_memberships(&store, GROUPS, USERS);
    end(&store);
    close(store);
    fixture
}

fn open_with(fixture: &Fixture, threads: usize) -> Store {
    let options = OpenOptions { read_only: true, threads, ..OpenOptions::default() };
    Store::open(&fixture.path(), options, &Control::none()).unwrap()
}

/// Tables of which nothing has been unpacked.
fn empty_tables(store: &Store) -> Vec<PathBuf> {
    let database = store.metadata().unwrap().database_path;
    let files = fs::read_dir(database).unwrap().map(|entry| entry.unwrap().path());
    let is_empty = |path: &PathBuf| fs::metadata(path).is_ok_and(|file| file.len() > 0 && file.blocks() == 0);
    files.filter(|path| path.extension().is_some_and(|extension| extension == "sst") && is_empty(path)).collect()
}

/// A page of a listing, and the token of the one that follows.
fn page(store: &Store, token: &str, size: u32) -> (Vec<Grant>, String) {
    let request = GrantsServiceListGrantsRequest { page_size: size, page_token: token.into(), ..Default::default() };
    let page = store.list_grants(&request).unwrap().decode().unwrap();
    (page.list, page.next_page_token)
}

pub fn all_grants(store: &Store, size: u32) -> Vec<Grant> {
    let (mut all, mut token) = page(store, "", size);
    while !token.is_empty() {
        let (rows, next) = page(store, &token, size);
        all.extend(rows);
        token = next;
    }
    all
}

/// Changes a byte of the largest frame of the file.
pub fn damage_the_largest_table(fixture: &Fixture) -> String {
    let entries = envelope::list(&fixture.path()).unwrap();
    let largest = entries.into_iter().max_by_key(|entry| entry.raw_size).unwrap();
    let frame = largest.stored.unwrap();
    let file = fs::OpenOptions::new().read(true).write(true).open(fixture.path()).unwrap();
    let (at, mut byte) = (frame.offset + frame.size / 2, [0]);
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
    largest.name
}

/// RocksDB: with `open_files_async` it schedules the opening of all tables, which `cpp/provided_files.cc` puts off for ever.
#[test]
fn a_database_that_is_written_to_asks_for_a_table_when_it_looks_into_it() {
    let (fixture, folder) = (large(), tempfile::tempdir().unwrap());
    envelope::unpack(&fixture.path(), folder.path(), &Limits::default(), &Control::none()).unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let open = || {
        let (asked, below) = (asked.clone(), folder.path().to_path_buf());
        let is_large = move |name: &str| fs::metadata(below.join(name)).is_ok_and(|file| file.len() > 1 << 20);
        let provider = move |name: &str| {
            asked.lock().unwrap().extend(Some(name.to_owned()).filter(|name| is_large(name)));
            Ok(())
        };
        Engine::open_lazily(folder.path(), &OPTIONS, Box::new(provider)).unwrap()
    };
    for _ in 0..20 {
        // Closed before anything that was scheduled can have run.
        drop(open());
    }
    let engine = open();
    assert_eq!(*asked.lock().unwrap(), [""; 0]);
    let slot = engine.snapshot().sync_runs().unwrap()[0].slot;
    let key = keys::keyspace(slot, Keyspace::Grant);
    assert!(engine.ended().scan(&key, None).next().unwrap().is_some());
    assert_eq!(asked.lock().unwrap().len(), 1);
    let mut writer = engine.writer();
    writer.set(&keys::of_sync(Keyspace::SyncToken, SyncId::generate()), b"token");
    writer.commit(Durability::Synced).unwrap();
    drop(writer.checkpoint().unwrap());
    drop(writer);
    drop(engine);
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn a_table_is_unpacked_when_something_in_it_is_read() {
    let fixture = large();
    let store = open_with(&fixture, 1);
    let empty = empty_tables(&store);
    assert!(!empty.is_empty());
    assert_eq!(page(&store, "", 10).0.len(), 10);
    let read = empty_tables(&store);
    assert!(read.len() < empty.len(), "{read:?}");
    assert_eq!(all_grants(&store, 0).len(), GROUPS * USERS);
    store.close().unwrap();
}

#[test]
fn every_page_size_and_number_of_threads_shows_what_a_writable_store_shows() {
    let fixture = large();
    let writable = fixture.open();
    let expected = all_grants(&writable, 0);
    assert_eq!(expected.len(), GROUPS * USERS);
    for threads in [1, 2, 8] {
        let store = open_with(&fixture, threads);
        for size in [700, 1_000, 3_333, 10_000] {
            assert!(all_grants(&store, size) == expected, "{threads} threads, pages of {size}");
        }
        store.close().unwrap();
    }
}

#[test]
fn listings_that_are_read_in_turn_or_given_up_do_not_disturb_each_other() {
    let fixture = large();
    let expected = all_grants(&fixture.open(), 0);
    for threads in [2, 3] {
        let store = open_with(&fixture, threads);
        // In turn, one of them twice.
        let mut listings = [1_000, 1_500, 2_000, 1_000].map(|size| (size, Vec::new(), Some(String::new())));
        while listings.iter().any(|(_, _, token)| token.is_some()) {
            for (size, all, token) in &mut listings {
                if let Some(after) = token.take() {
                    let (rows, next) = page(&store, &after, *size);
                    all.extend(rows);
                    *token = Some(next).filter(|next| !next.is_empty());
                }
            }
        }
        assert!(listings.iter().all(|(_, all, _)| *all == expected));
        // Given up behind the second page, more often than there are threads.
        for size in 1_001..1_010 {
            let (_, token) = page(&store, "", size);
            page(&store, &token, size);
        }
        assert!(all_grants(&store, 1_000) == expected);
        let (_, token) = page(&store, "", 1_000);
        page(&store, &token, 1_000);
        store.close().unwrap();
    }
}

#[test]
fn threads_that_list_at_the_same_time_get_the_same() {
    let fixture = large();
    let store = open_with(&fixture, 3);
    std::thread::scope(|scope| {
        let lists: Vec<_> = (0..6).map(|_| scope.spawn(|| all_grants(&store, 1_000))).collect();
        let mut lists = lists.into_iter().map(|list| list.join().unwrap());
        let first = lists.next().unwrap();
        assert_eq!(first.len(), GROUPS * USERS);
        assert!(lists.all(|list| list == first));
    });
}

#[test]
fn a_damaged_table_fails_the_reads_that_need_it_and_no_others() {
    let fixture = large();
    let name = damage_the_largest_table(&fixture);
    assert_eq!(why(open(&fixture.path(), false)), CORRUPTION);
    for threads in [1, 2] {
        let store = open_with(&fixture, threads);
        assert_eq!(store.list_resource_types(&Default::default()).unwrap().decode().unwrap().list.len(), 2);
        for _ in 0..2 {
            let error = store.list_grants(&Default::default()).expect_err("the table is damaged");
            assert_eq!((error.code(), error.reason().name()), CORRUPTION, "{error}");
            assert!(error.to_string().contains("file.c1z"), "{error} does not name the file");
            assert!(error.to_string().contains(&name), "{error} does not name the frame");
        }
        store.close().unwrap();
    }
}

#[test]
fn a_sync_is_cloned_from_tables_that_nobody_has_read_before() {
    let fixture = large();
    let store = open_with(&fixture, 2);
    let path = fixture.beside("clone.c1z");
    let request = CloneSyncRequest { path: path.to_string_lossy().into_owned(), ..Default::default() };
    store.clone_sync(&request, &Control::none()).unwrap();
    assert!(all_grants(&open(&path, true).unwrap(), 0) == all_grants(&store, 0));
}
