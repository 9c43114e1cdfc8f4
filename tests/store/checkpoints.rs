//! The files of a database at one moment, while the database goes on.

use std::path::Path;
use std::time::{Duration, Instant};

use c1z::engine::{Durability, Engine};
use c1z::keys;

use super::fixture::*;

/// Sets the one value there is, in a table file of its own.
fn set(engine: &Engine, value: &str) {
    let mut writer = engine.writer();
    writer.set(&keys::meta("value"), value.as_bytes());
    writer.commit(Durability::Buffered).unwrap();
    writer.flush().unwrap();
}

fn value(database: &Path) -> Vec<u8> {
    let engine = Engine::open_read_only(database, &OPTIONS, None).unwrap();
    let value = engine.snapshot().get(&keys::meta("value")).unwrap().unwrap().to_vec();
    value
}

#[test]
fn the_files_of_a_checkpoint_stay_until_it_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let [database, copy] = ["database", "copy"].map(|name| folder.path().join(name));
    std::fs::create_dir(&database).unwrap();
    let engine = Engine::create(&database, &OPTIONS).unwrap();
    set(&engine, "then");
    let checkpoint = engine.writer().checkpoint().unwrap();
    let tables: Vec<_> = checkpoint.files().iter().filter(|file| file.name.ends_with(".sst")).collect();
    let table = database.join(&tables[0].name);

    // RocksDB merges four table files by itself, and would delete them.
    (0..20).for_each(|now| set(&engine, &now.to_string()));
    checkpoint.place_in(&copy).unwrap();
    assert_eq!(value(&copy), b"then");
    assert!(table.exists());

    drop(checkpoint);
    let started = Instant::now();
    while table.exists() {
        assert!(started.elapsed() < Duration::from_secs(60), "the table file was never merged, or never deleted");
        std::thread::sleep(Duration::from_millis(10));
        set(&engine, "now");
    }
}
