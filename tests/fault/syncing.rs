//! Which files of a working copy reach the disk, and when.

use std::path::Path;

use c1z::engine::{Durability, Engine};
use c1z::keys;

use crate::fixture::OPTIONS;
use crate::place::{Place, DURABLE};
use crate::syscalls::{note_syncs, synced};

fn set(engine: &Engine, key: &str, durability: Durability) {
    let mut writer = engine.writer();
    writer.set(&keys::meta(key), b"value");
    writer.commit(durability).unwrap();
}

/// The kinds of file in a folder that are synced as long as they are; the lock, which is always empty, does not count.
fn synced_kinds(folder: &Path) -> Vec<String> {
    let whole = synced(folder).into_iter().filter(|(path, bytes)| path.metadata().unwrap().len() == bytes.len() as u64);
    let kind = |path: &Path| match path.extension() {
        Some(extension) => extension.to_string_lossy().into_owned(),
        None => path.file_name().unwrap().to_string_lossy().split('-').next().unwrap().to_owned(),
    };
    let mut kinds: Vec<String> = whole.map(|(path, _)| kind(&path)).filter(|kind| kind != "LOCK").collect();
    kinds.sort();
    kinds
}

#[test]
fn a_database_is_synced_if_it_is_to_last_and_a_checkpoint_never() {
    note_syncs();
    let place = Place::new();
    // However the folder is written, its files are those of the database.
    for directory in ["plain", "slash/", "twice//below"] {
        let directory = place.work().join(directory);
        std::fs::create_dir_all(&directory).unwrap();
        let engine = Engine::create(&directory, &DURABLE).unwrap();
        set(&engine, "synced", Durability::Synced);
        assert_eq!(synced_kinds(&directory), ["CURRENT", "MANIFEST", "log"]);

        let checkpoint = place.folder().join("checkpoint");
        engine.writer().checkpoint().unwrap().place_in(&checkpoint).unwrap();
        assert_eq!(synced_kinds(&checkpoint), ["sst"], "the database's own, linked");
        assert!(synced_kinds(&directory).starts_with(&["CURRENT".into(), "MANIFEST".into()]));
        drop(engine);
        std::fs::remove_dir_all(&checkpoint).unwrap();
        Engine::open(&directory, &DURABLE).unwrap();
    }
}

#[test]
fn a_database_that_nobody_reads_after_a_crash_is_not_synced() {
    note_syncs();
    let place = Place::new();
    let directory = place.work().join("database");
    std::fs::create_dir_all(&directory).unwrap();
    let engine = Engine::create(&directory, &OPTIONS).unwrap();
    set(&engine, "synced", Durability::Synced);
    engine.writer().flush().unwrap();
    set(&engine, "again", Durability::Synced);
    assert_eq!(synced_kinds(&directory), [""; 0]);
    drop(engine);
    Engine::open(&directory, &OPTIONS).unwrap();
    assert_eq!(synced_kinds(&directory), [""; 0]);
}
