//! Inputs that are damaged: in a table that is read, in one that is only copied, in a record, in the head.

use std::path::Path;

use c1z::control::Control;
use c1z::envelope;
use c1z::keys;
use c1z::store::merge_files;

use crate::family::{self, sync, Sync};
use crate::fixture::*;
use crate::merging::{merge_syncs, request, request_of};
use crate::output::{fails, pair};
use crate::record::Record;
use crate::stored;

const GARBAGE: &[u8] = &[0x0a, 0xff];

#[track_caller]
fn is_damage(folder: &Fixture, request: &MergeFilesRequest, name: &str) {
    let error = fails(folder, request);
    assert_eq!((error.code(), error.reason().name()), CORRUPTION, "{error}");
    assert!(error.to_string().contains(name), "{error} does not name {name}");
}

fn flip(path: &Path, at: u64) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at as usize] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}

fn grants(count: u32, content: u32) -> Vec<Record> {
    (0..count).map(|identity| Record { kind: 3, identity, content, discovered_at: None }).collect()
}

#[test]
fn a_damaged_table_of_any_input_is_named() {
    for (base, partial) in [(20_000, 100), (3_000, 3_000)] {
        for damaged in ["input-0.c1z", "input-1.c1z"] {
            let folder = Fixture::new();
            let paths = family::write_files(&folder, &[sync(1, grants(base, 1)), sync(2, grants(partial, 2))]);
            let path = folder.beside(damaged);
            let sound = std::fs::read(&path).unwrap();
            let tables = envelope::list(&path).unwrap().into_iter().filter(|entry| entry.name.ends_with(".sst"));
            for table in tables {
                std::fs::write(&path, &sound).unwrap();
                let stored = table.stored.unwrap();
                flip(&path, stored.offset + stored.size / 2);
                is_damage(&folder, &request(&paths, &folder.beside("output.c1z")), damaged);
            }
        }
    }
}

#[test]
fn a_table_of_the_base_that_holds_another_sync_is_decoded_too() {
    let folder = Fixture::new();
    let (file, newer) = (folder.path(), folder.beside("newer.c1z"));
    let ids = family::write_file(&file, &[sync(1, grants(3_000, 1)), sync(2, grants(3_000, 1))]);
    family::write_file(&newer, &[sync(3, grants(10, 2))]);
    let table = envelope::list(&file).unwrap().into_iter().find(|entry| entry.name.ends_with(".sst")).unwrap();
    let stored = table.stored.unwrap();
    flip(&file, stored.offset + stored.size / 2);
    is_damage(&folder, &request_of(&[(&file, &ids[1]), (&newer, "")], &folder.beside("output.c1z")), "file.c1z");
}

#[test]
fn a_damaged_head_or_end_is_named() {
    for small in [true, false] {
        let (folder, request) = pair(small);
        for name in ["input-0.c1z", "input-1.c1z"] {
            let path = folder.beside(name);
            let sound = std::fs::read(&path).unwrap();
            let length = sound.len() as u64;
            for at in [20, 60, length - 5, length - 30] {
                std::fs::write(&path, &sound).unwrap();
                flip(&path, at);
                match merge_files(&request, &Control::none()) {
                    // Not every byte of the head says something.
                    Ok(_) => std::fs::remove_file(&request.output_path).unwrap(),
                    Err(_) => is_damage(&folder, &request, name),
                }
            }
            for length in [30, length / 2, length - 1] {
                std::fs::write(&path, &sound[..length as usize]).unwrap();
                is_damage(&folder, &request, name);
            }
            std::fs::write(&path, &sound).unwrap();
        }
    }
}

/// Puts something else in the place of the record of each kind with identity 1.
fn spoil(path: &Path, kind: usize, value: Option<&[u8]>) {
    tamper(path, |writer, reader| {
        let record = Record { kind, identity: 1, content: 1, discovered_at: None };
        let slot = reader.sync_runs().unwrap()[0].slot;
        let key = |record: Record| {
            let keys = c1z::engine::RecordKeys::of(record.kind(), slot, &record.encode()).unwrap();
            keys::record(slot, record.kind().keyspace(), keys::tuple_of(&keys.record))
        };
        assert!(reader.contains(&key(record)).unwrap());
        let other = Record { identity: 2, ..record }.encode();
        writer.set(&key(record), value.unwrap_or(&other));
    });
}

#[test]
fn a_record_that_cannot_be_read_or_lies_elsewhere_is_named() {
    for small in [true, false] {
        for name in ["input-0.c1z", "input-1.c1z"] {
            for kind in 0..5 {
                let (folder, request) = pair(small);
                let path = folder.beside(name);
                let sound = std::fs::read(&path).unwrap();
                spoil(&path, kind, Some(GARBAGE));
                is_damage(&folder, &request, name);
                // A record that loses is looked at for its time only.
                if name == "input-1.c1z" {
                    std::fs::write(&path, &sound).unwrap();
                    spoil(&path, kind, None);
                    is_damage(&folder, &request, name);
                }
            }
        }
    }
}

#[test]
fn a_run_a_token_or_statistics_that_cannot_be_read_are_named() {
    use c1z::keys::Keyspace::*;
    for keyspace in [SyncRun, SyncToken, SyncStats] {
        for name in ["input-0.c1z", "input-1.c1z"] {
            let (folder, request) = pair(true);
            let path = folder.beside(name);
            tamper(&path, |writer, reader| {
                let id = reader.sync_runs().unwrap()[0].id;
                writer.set(&keys::of_sync(keyspace, id), &[0xff, 0xff]);
            });
            is_damage(&folder, &request, name);
        }
    }
}

#[test]
fn statistics_that_are_wrong_change_nothing_but_the_way() {
    for records in [i64::MAX, i64::MIN, -1] {
        let (folder, request) = pair(true);
        for name in ["input-0.c1z", "input-1.c1z"] {
            tamper(&folder.beside(name), |writer, reader| {
                let id = reader.sync_runs().unwrap()[0].id;
                let mut stats = reader.stats(id).unwrap().unwrap();
                (stats.grants, stats.assets) = (records, records);
                writer.put_stats(id, &stats);
            });
        }
        let response = merge_files(&request, &Control::none()).unwrap();
        assert_eq!(response.grants.unwrap(), MergeCounts { output: 40, added: 0, replaced: 4, carried: 36 });
        stored::is_sound(&folder.beside("output.c1z"));
    }
}

#[test]
fn a_record_that_cannot_be_read_leaves_the_syncs_where_they_are() {
    for (base, partial) in [(40, 4), (4, 4)] {
        for spoiled in [0, 1] {
            let folder = Fixture::new();
            let syncs = [sync(1, grants(base, 1)), sync(2, grants(partial, 2))];
            let syncs: Vec<Sync> = if spoiled == 0 { syncs.into() } else { syncs.into_iter().rev().collect() };
            let mut ids = family::write_file(&folder.path(), &syncs);
            spoil(&folder.path(), 3, Some(GARBAGE));
            if spoiled == 1 {
                ids.reverse();
            }
            let store = folder.open();
            let before = dump(store.metadata().unwrap().database_path.as_ref());
            let error = merge_syncs(&store, &[&ids[0], &ids[1]], false).unwrap_err();
            assert_eq!((error.code(), error.reason().name()), CORRUPTION, "{error}");
            assert!(!store.is_dirty());
            let after = dump(store.metadata().unwrap().database_path.as_ref());
            let counted = |rows: &[(Vec<u8>, Vec<u8>)]| rows.iter().filter(|(key, _)| key[..4] != [0; 4]).count();
            assert_eq!(counted(&after), counted(&before), "{base} and {partial}, {spoiled}");
        }
    }
}
