//! Files in a payload that the database does not name, and that it cannot have.

use std::fs::{self, File};
use std::sync::atomic::{AtomicU64, Ordering};

use c1z::control::Control;
use c1z::envelope::Encoding;

use super::fixture::*;

const GROUPS: usize = 50;
const USERS: usize = 1_000;
/// More than is unpacked before the database is asked what it needs.
const LARGE: u64 = 66 << 20;

/// A file whose payload holds large tables, and beside them files of zeros of those names.
fn with(encoding: Encoding, strangers: &[&str]) -> Fixture {
    let fixture = Fixture::new();
    let options = OpenOptions { encoding: Some(encoding), threads: 1, ..OpenOptions::default() };
    let store = Store::open(&fixture.path(), options, &Control::none()).unwrap();
    start(&store, "full");
    put_memberships(&store, GROUPS, USERS);
    end(&store);
    close(store);
    repack(&fixture.path(), |folder, _| {
        for name in strangers {
            File::create(folder.join(name)).unwrap().set_len(LARGE).unwrap();
        }
    });
    fixture
}

/// Opens, and says how many bytes were unpacked.
fn open_counting(fixture: &Fixture, read_only: bool) -> (Store, u64) {
    let unpacked = AtomicU64::new(0);
    let report = |done, _| unpacked.store(done, Ordering::Relaxed);
    let options = OpenOptions { read_only, threads: 1, ..OpenOptions::default() };
    let store = Store::open(&fixture.path(), options, &Control::new(&|| false, &report)).unwrap();
    (store, unpacked.into_inner())
}

/// Bytes on the disk of all that lies in a store's database.
fn taken(store: &Store) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let files = fs::read_dir(store.metadata().unwrap().database_path).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().blocks() * 512).sum()
}

#[test]
fn a_large_file_that_the_database_does_not_name_is_not_unpacked() {
    for stranger in ["000001.sst", "MANIFEST-999999", "stranger"] {
        let fixture = with(Encoding::IndexedZstd, &[stranger]);
        for read_only in [true, false] {
            let (store, unpacked) = open_counting(&fixture, read_only);
            assert!(unpacked < LARGE / 2, "{stranger}: {unpacked} bytes, read-only: {read_only}");
            assert_eq!(grants(&store).len(), 10_000);
            assert!(taken(&store) < LARGE / 2, "{stranger}: {} bytes, read-only: {read_only}", taken(&store));
            store.close().unwrap();
        }
    }
}

#[test]
fn a_database_that_is_unpacked_in_two_steps_is_whole_and_its_tables_are_not_compressed_again() {
    let plain = with(Encoding::IndexedZstd, &[]);
    let expected = grants(&plain.open());
    let fixture = with(Encoding::IndexedZstd, &["000001.sst"]);
    let store = fixture.open();
    assert!(grants(&store) == expected);
    let tables = fs::read_dir(store.metadata().unwrap().database_path).unwrap();
    let tables =
        tables.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "sst")).count();
    start(&store, "full");
    let saved = store.save(&Control::none()).unwrap();
    assert_eq!(saved.copied, tables, "{saved:?}");
    store.close().unwrap();
    assert!(grants(&fixture.open()) == expected);
}

#[test]
fn a_file_that_no_database_has_is_left_out_of_a_tar_stream_too() {
    for encoding in [Encoding::Tar, Encoding::TarZstd] {
        let fixture = with(encoding, &["stranger", "OPTIONS-000007"]);
        for read_only in [true, false] {
            let store = open(&fixture.path(), read_only).unwrap();
            assert_eq!(grants(&store).len(), 10_000);
            assert!(taken(&store) < LARGE, "{encoding:?}");
        }
    }
}

#[test]
fn a_current_file_that_is_too_long_for_one_is_damage() {
    let fixture = with(Encoding::IndexedZstd, &[]);
    repack(&fixture.path(), |folder, _| {
        let file = fs::OpenOptions::new().write(true).open(folder.join("CURRENT")).unwrap();
        file.set_len(LARGE).unwrap();
    });
    for read_only in [true, false] {
        assert_eq!(why(open(&fixture.path(), read_only)), CORRUPTION);
    }
}
