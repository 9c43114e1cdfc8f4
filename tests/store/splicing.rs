//! A save of an opened file copies what has not changed in it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use c1z::control::Control;
use c1z::engine::Engine;
use c1z::envelope::{self, Encoding, Limits};
use c1z::store::SavedFrames;

use super::fixture::*;

/// A saved file with fewer table files than RocksDB merges by itself, which is four.
fn file_of_tables() -> Fixture {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    let grants: Vec<Grant> = (0..500).map(|user| membership("g", &format!("user-{user}"))).collect();
    put_grants(&store, &grants);
    end(&store);
    close(store);
    fixture
}

fn set_one_value(store: &Store, value: &str) -> SavedFrames {
    let sync = current(store).0;
    set_session(store, &sync, &[("key", value.as_bytes())]);
    store.save(&Control::none()).unwrap()
}

/// The compressed bytes of each file of the payload.
fn frames(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let frame = |stored: envelope::Stored| bytes[stored.offset as usize..][..stored.size as usize].to_vec();
    let entries = envelope::list(path).unwrap().into_iter();
    entries.map(|entry| (entry.name, frame(entry.stored.unwrap()))).collect()
}

/// The compressed bytes of each table file.
fn tables(path: &Path) -> BTreeMap<String, Vec<u8>> {
    frames(path).into_iter().filter(|(name, _)| name.ends_with(".sst")).collect()
}

#[test]
fn a_save_after_one_change_copies_every_table_file() {
    let fixture = file_of_tables();
    let before = tables(&fixture.path());
    assert!((1..3).contains(&before.len()), "{:?}", before.keys());
    let store = fixture.open();
    let saved = set_one_value(&store, "changed");
    store.close().unwrap();
    let after = tables(&fixture.path());
    assert_eq!(saved.copied, before.len());
    // The table file of the change, CURRENT and MANIFEST.
    assert_eq!((saved.compressed, after.len()), (3, before.len() + 1));
    assert!(before.iter().all(|(name, frame)| after.get(name) == Some(frame)));
    let store = fixture.open_read_only();
    assert_eq!(session(&store, &current(&store).0)[0].value, b"changed");
    assert_eq!(grants(&store).len(), 500);
}

#[test]
fn every_further_save_copies_what_is_in_the_file_of_the_one_before() {
    let fixture = file_of_tables();
    let store = fixture.open();
    let mut copied = 0;
    // RocksDB merges table files now and then: what it has merged is not there any more.
    for round in 0..8 {
        let before = frames(&fixture.path());
        let saved = set_one_value(&store, &round.to_string());
        let after = frames(&fixture.path());
        let kept = before.iter().filter(|(name, frame)| after.get(*name) == Some(frame)).count();
        assert_eq!((saved.copied, saved.compressed), (kept, after.len() - kept), "round {round}");
        copied += tables(&fixture.path()).keys().filter(|name| before.contains_key(*name)).count();
    }
    assert!(copied > 2, "only {copied}");
}

#[test]
fn a_new_file_is_compressed_once_and_copied_from_then_on() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_grants(&store, &[membership("g", "u")]);
    let first = store.save(&Control::none()).unwrap();
    assert_eq!(first.copied, 0);
    assert!(first.compressed >= 3);
    assert_eq!(store.save(&Control::none()).unwrap(), SavedFrames::default(), "nothing has changed");
    // The table file, and CURRENT, whose bytes are the same.
    assert_eq!(set_one_value(&store, "v"), SavedFrames { copied: 2, compressed: 2 });
}

#[test]
fn a_checkpoint_links_the_table_files_that_were_unpacked_under_their_names() {
    let fixture = file_of_tables();
    let folder = tempfile::tempdir().unwrap();
    let [database, checkpoint] = ["database", "checkpoint"].map(|name| folder.path().join(name));
    fs::create_dir(&database).unwrap();
    envelope::unpack(&fixture.path(), &database, &Limits::default(), &Control::none()).unwrap();
    let inodes = |folder: &Path| -> BTreeMap<String, (u64, u64)> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let inode = |metadata: fs::Metadata| (metadata.ino(), metadata.len());
        let inodes = entries.map(|entry| (entry.file_name().into_string().unwrap(), inode(entry.metadata().unwrap())));
        inodes.filter(|(name, _)| name.ends_with(".sst")).collect()
    };
    let unpacked = inodes(&database);
    let engine = Engine::open(&database, &OPTIONS).unwrap();
    engine.writer().checkpoint().unwrap().place_in(&checkpoint).unwrap();
    assert!(!unpacked.is_empty());
    assert_eq!(inodes(&checkpoint), unpacked);
}

#[test]
fn a_file_that_is_replaced_or_damaged_while_it_is_open_is_saved_whole() {
    for spoil in [
        |path: &Path| fs::remove_file(path).unwrap(),
        |path: &Path| fs::write(path, "something else").unwrap(),
        |path: &Path| fs::write(path, vec![0; fs::metadata(path).unwrap().len() as usize]).unwrap(),
    ] {
        let fixture = file_of_tables();
        let options = OpenOptions { overwrite: true, threads: 1, ..OpenOptions::default() };
        let store = Store::open(&fixture.path(), options, &Control::none()).unwrap();
        spoil(&fixture.path());
        set_one_value(&store, "changed");
        store.close().unwrap();
        let store = fixture.open_read_only();
        assert_eq!((grants(&store).len(), session(&store, &current(&store).0).len()), (500, 1));
    }
}

#[test]
fn another_encoding_than_the_files_copies_nothing() {
    let fixture = file_of_tables();
    for encoding in [Encoding::Tar, Encoding::IndexedZstd] {
        let options = OpenOptions { encoding: Some(encoding), ..OpenOptions::default() };
        let store = Store::open(&fixture.path(), options, &Control::none()).unwrap();
        assert_eq!(set_one_value(&store, "v").copied, 0);
    }
}

#[test]
fn what_merges_left_unused_is_still_told_after_a_save() {
    let fixture = file_of_tables();
    repack(&fixture.path(), |_, manifest| manifest.fold_dead_bytes = 12345);
    let store = fixture.open();
    for value in ["a", "b"] {
        set_one_value(&store, value);
        assert_eq!(envelope::read_head(&fixture.path()).unwrap().manifest.fold_dead_bytes, 12345);
    }
}
