//! Read-only stores of one file share what they have unpacked of it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use c1z::control::Control;

use super::fixture::*;
use super::lazy_files::{all_grants, damage_the_largest_table, large};

/// A file, and a folder for temporary files.
struct Place(Fixture);

impl Place {
    fn new() -> Place {
        let fixture = large();
        fs::create_dir(fixture.beside("tmp")).unwrap();
        Place(fixture)
    }

    fn tmp(&self) -> PathBuf {
        self.0.beside("tmp")
    }

    fn open(&self) -> Store {
        let options = OpenOptions { read_only: true, threads: 2, tmp_dir: Some(self.tmp()), ..OpenOptions::default() };
        Store::open(&self.0.path(), options, &Control::none()).unwrap()
    }

    /// Bytes on the disk of all temporary files, each counted once.
    fn taken(&self) -> u64 {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.tmp()];
        while let Some(folder) = folders.pop() {
            for path in entries(&folder) {
                let file = fs::symlink_metadata(&path).unwrap();
                if file.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(file.ino(), file.blocks() * 512);
                }
            }
        }
        files.values().sum()
    }

    /// The folders in which tables are shared.
    fn shares(&self) -> usize {
        let homes = entries(&self.tmp());
        let folders = homes.iter().flat_map(|home| entries(home));
        folders.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("c1z-tables-")).count()
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn many_stores_of_one_file_take_the_room_of_one_and_the_last_to_close_leaves_nothing() {
    let place = Place::new();
    let expected = all_grants(&place.0.open(), 0);
    let first = place.open();
    assert!(all_grants(&first, 0) == expected);
    let of_one = place.taken();
    let mut stores: Vec<Store> = (0..7).map(|_| place.open()).chain([first]).collect();
    std::thread::scope(|scope| {
        for store in &stores {
            scope.spawn(|| assert!(all_grants(store, 0) == expected));
        }
    });
    assert!(place.taken() < of_one * 3 / 2, "{} bytes instead of {of_one}", place.taken());
    assert_eq!(place.shares(), 1);
    while stores.len() > 1 {
        stores.pop().unwrap().close().unwrap();
    }
    let last = stores.pop().unwrap();
    assert!(all_grants(&last, 0) == expected);
    last.close().unwrap();
    assert_eq!(entries(&place.tmp()), [""; 0].map(PathBuf::from));
}

#[test]
fn stores_that_are_opened_read_and_closed_at_the_same_time_all_show_the_same() {
    let place = Place::new();
    let expected = all_grants(&place.0.open(), 0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..4 {
                    let store = place.open();
                    assert!(all_grants(&store, 0) == expected);
                    store.close().unwrap();
                }
            });
        }
    });
    assert_eq!(entries(&place.tmp()), [""; 0].map(PathBuf::from));
}

#[test]
fn a_file_that_has_taken_the_place_of_another_shares_nothing_with_it() {
    let place = Place::new();
    let old = place.open();
    let writable = place.0.open();
    let expected = all_grants(&writable, 0);
    let sync = start(&writable, "full");
    put_memberships(&writable, 20, 1_000);
    end(&writable);
    close(writable);
    let new = place.open();
    assert_eq!(get_sync(&new, &sync).id, sync);
    assert_eq!(all_grants(&new, 0).len(), 20_000);
    assert!(all_grants(&old, 0) == expected);
    assert_eq!(place.shares(), 2);
}

#[test]
fn a_damaged_table_is_not_shared() {
    let place = Place::new();
    damage_the_largest_table(&place.0);
    let stores = [place.open(), place.open()];
    for store in &stores {
        let error = store.list_grants(&Default::default()).expect_err("the table is damaged");
        assert_eq!((error.code(), error.reason().name()), CORRUPTION, "{error}");
    }
}
