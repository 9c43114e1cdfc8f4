//! Files that are damaged: in a table, in a record, in the head.

use std::path::Path;

use c1z::envelope;
use c1z::keys;

use crate::comparing::{self, request};
use crate::family::{self, sync};
use crate::fixture::*;
use crate::record::Record;

const GARBAGE: &[u8] = &[0x0a, 0xff];

#[track_caller]
fn is_damage(request: &CompareFilesRequest, name: &str) {
    let error = comparing::of_request(request).unwrap_err();
    assert_eq!((error.code(), error.reason().name()), CORRUPTION, "{error}");
    assert!(error.to_string().contains(name), "{error} does not name {name}");
}

fn flip(path: &Path, at: u64) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at as usize] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}

/// Some records of each kind.
fn records(content: u32) -> Vec<Record> {
    let of_kind = |kind| (0..40).map(move |identity| Record { kind, identity, content, discovered_at: None });
    (0..5).flat_map(of_kind).collect()
}

fn two_files() -> (Fixture, CompareFilesRequest) {
    let folder = Fixture::new();
    let paths = family::write_files(&folder, &[sync(1, records(1)), sync(2, records(2))]);
    let request = request(&paths[0], &paths[1]);
    (folder, request)
}

#[test]
fn a_damaged_table_of_either_file_is_named() {
    let (folder, request) = two_files();
    for name in ["input-0.c1z", "input-1.c1z"] {
        let path = folder.beside(name);
        let sound = std::fs::read(&path).unwrap();
        for table in envelope::list(&path).unwrap().into_iter().filter(|entry| entry.name.ends_with(".sst")) {
            let stored = table.stored.unwrap();
            flip(&path, stored.offset + stored.size / 2);
            is_damage(&request, name);
            std::fs::write(&path, &sound).unwrap();
        }
    }
}

#[test]
fn a_damaged_head_or_end_is_named() {
    let (folder, request) = two_files();
    for name in ["input-0.c1z", "input-1.c1z"] {
        let path = folder.beside(name);
        let sound = std::fs::read(&path).unwrap();
        for length in [30, sound.len() / 2, sound.len() - 1] {
            std::fs::write(&path, &sound[..length]).unwrap();
            is_damage(&request, name);
        }
        std::fs::write(&path, &sound).unwrap();
    }
}

#[test]
fn a_record_that_cannot_be_read_is_named_with_its_file_unless_both_are_the_same() {
    for kind in 0..5 {
        let (folder, request) = two_files();
        let spoil = |name: &str| {
            tamper(&folder.beside(name), |writer, reader| {
                let record = Record { kind, identity: 1, content: 1, discovered_at: None };
                let slot = reader.sync_runs().unwrap()[0].slot;
                let key = c1z::engine::RecordKeys::of(record.kind(), slot, &record.encode()).unwrap().record;
                assert!(reader.contains(&key).unwrap());
                writer.set(&keys::record(slot, record.kind().keyspace(), keys::tuple_of(&key)), GARBAGE);
            });
        };
        spoil("input-1.c1z");
        is_damage(&request, "input-1.c1z");
        spoil("input-0.c1z");
        let found = comparing::of_request(&request).unwrap();
        assert!(!found.list.is_empty(), "what is the same is not decoded");
    }
}

#[test]
fn a_record_that_only_one_file_has_is_decoded_to_be_shown() {
    let folder = Fixture::new();
    let mut fewer = records(1);
    fewer.retain(|record| record.kind != 3 || record.identity != 1);
    let paths = family::write_files(&folder, &[sync(1, fewer), sync(2, records(1))]);
    tamper(&paths[1], |writer, reader| {
        let slot = reader.sync_runs().unwrap()[0].slot;
        let record = Record { kind: 3, identity: 1, content: 1, discovered_at: None };
        let key = c1z::engine::RecordKeys::of(record.kind(), slot, &record.encode()).unwrap().record;
        writer.set(&key, GARBAGE);
    });
    is_damage(&request(&paths[0], &paths[1]), "input-1.c1z");
    is_damage(&request(&paths[1], &paths[0]), "input-1.c1z");
}

#[test]
fn a_run_that_cannot_be_read_is_named() {
    for name in ["input-0.c1z", "input-1.c1z"] {
        let (folder, request) = two_files();
        tamper(&folder.beside(name), |writer, reader| {
            let id = reader.sync_runs().unwrap()[0].id;
            writer.set(&keys::of_sync(keys::Keyspace::SyncRun, id), &[0xff, 0xff]);
        });
        is_damage(&request, name);
    }
}
