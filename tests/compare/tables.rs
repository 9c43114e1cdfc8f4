//! Files with a common ancestor: what they have in common is not read, and what differs is found all the same.

use std::ops::Range;
use std::path::{Path, PathBuf};

use c1z::control::Control;
use c1z::envelope;
use c1z::proto::manifest::PayloadEncoding;
use c1z::store::merge_files;

use crate::comparing::{self, input, request};
use crate::family::{self, sync};
use crate::fixture::*;
use crate::record::Record;
use crate::reference::{differences, rows};

/// Enough for tables that are unpacked when they are needed.
const RECORDS: u32 = 40_000;

fn records(kind: usize, identities: Range<u32>, content: u32) -> Vec<Record> {
    identities.map(|identity| Record { kind, identity, content, discovered_at: None }).collect()
}

/// Resources and grants.
fn all() -> Vec<Record> {
    [records(1, 0..RECORDS, 0), records(3, 0..RECORDS, 0)].concat()
}

fn ancestor(folder: &Fixture) -> PathBuf {
    let path = folder.beside("ancestor.c1z");
    family::write_file(&path, &[sync(1, all())]);
    path
}

/// The same comparison of files that have no tables of their own to be told by.
fn without_skipping(before: &Path, after: &Path) -> comparing::Found {
    let folder = Fixture::new();
    let [before, after] = [("before.c1z", before), ("after.c1z", after)].map(|(name, path)| {
        let copy = folder.beside(name);
        std::fs::copy(path, &copy).unwrap();
        repack(&copy, |_, manifest| manifest.payload_encoding = PayloadEncoding::Tar.into());
        copy
    });
    comparing::of_files(&before, &after)
}

#[track_caller]
fn check_few_are_read(before: &Path, after: &Path, most: u64) -> comparing::Found {
    let found = comparing::of_files(before, after);
    let all = without_skipping(before, after);
    assert_eq!(found.list, all.list);
    assert!(all.records_read >= 4 * u64::from(RECORDS) - 10);
    assert!(found.records_read <= most, "{} records were read", found.records_read);
    found
}

#[test]
fn a_file_that_a_merge_has_changed_in_100_records_is_read_for_those() {
    let folder = Fixture::new();
    let base = ancestor(&folder);
    let partial: Vec<Record> = (0..100).flat_map(|number| records(3, number * 397..number * 397 + 1, 1)).collect();
    family::write_file(&folder.beside("partial.c1z"), &[sync(2, partial.clone())]);
    let merged = folder.beside("merged.c1z");
    let merge_input =
        |name: &str| MergeInput { path: folder.beside(name).to_str().unwrap().into(), ..Default::default() };
    let request = MergeFilesRequest {
        inputs: ["ancestor.c1z", "partial.c1z"].map(merge_input).into(),
        output_path: merged.to_str().unwrap().into(),
        ..Default::default()
    };
    assert_eq!(merge_files(&request, &Control::none()).unwrap().grants.unwrap().replaced, 100);
    let found = check_few_are_read(&base, &merged, 1_000);
    let expected = differences(&all(), &[all(), partial].concat(), &CompareOptions::default());
    assert_eq!(rows(&found.list), expected);
    check_few_are_read(&merged, &base, 1_000);
}

#[test]
fn what_was_deleted_or_added_in_a_copy_is_found() {
    let folder = Fixture::new();
    let (before, after) = (ancestor(&folder), folder.path());
    std::fs::copy(&before, &after).unwrap();
    let store = folder.open();
    let sync = store.get_latest_finished_sync(&Default::default()).unwrap().sync.unwrap().id;
    resume(&store, &sync).unwrap();
    for number in [0, 1, 17_000, RECORDS - 1] {
        let resource_id = Some(id(("user", &format!("user {number}"))));
        store.delete_resource(&DeleteResourceRequest { resource_id }).unwrap();
    }
    put_resources(&store, &[resource(("user", "user 20000x")), resource(("zebra", "z"))]);
    end(&store);
    close(store);
    let found = check_few_are_read(&before, &after, 1_000);
    let count = |change| found.list.iter().filter(|found| found.change() == change).count();
    assert_eq!([count(difference::Change::Removed), count(difference::Change::Added)], [4, 2]);
}

#[test]
fn files_of_one_content_are_not_read_and_their_tables_not_unpacked() {
    let folder = Fixture::new();
    let (before, after) = (ancestor(&folder), folder.path());
    std::fs::copy(&before, &after).unwrap();
    assert_eq!(check_few_are_read(&before, &after, 0).list, []);
    let same_file =
        CompareFilesRequest { before: input(&before, ""), after: input(&before, ""), ..request(&before, &before) };
    assert_eq!(comparing::of_request(&same_file).unwrap().records_read, 0);
    // Damage that both have in common is not come by; damage of one is a difference to be looked into.
    let tables = envelope::list(&before).unwrap().into_iter().filter(|entry| entry.name.ends_with(".sst"));
    // Smaller ones are unpacked at once. RocksDB opens the first of the others when it looks for the syncs of the file, whose
    // keys come before all that is in it.
    let large = tables.filter(|table| table.raw_size >= 1 << 20).skip(1);
    let mut damaged = 0;
    for table in large {
        let stored = table.stored.unwrap();
        for path in [&after, &before] {
            let mut bytes = std::fs::read(path).unwrap();
            bytes[(stored.offset + stored.size / 2) as usize] ^= 0x10;
            std::fs::write(path, bytes).unwrap();
            if path == &after {
                // The index of the table is no record: what is damaged may not be what is read.
                damaged += usize::from(comparing::of_request(&request(&before, &after)).is_err());
            }
        }
        assert_eq!(comparing::of_files(&before, &after).records_read, 0);
    }
    assert!(damaged > 0, "some table holds records");
}

#[test]
fn files_without_a_common_ancestor_are_read_once() {
    let folder = Fixture::new();
    let paths = family::write_files(&folder, &[sync(1, all()), sync(2, records(3, 0..RECORDS, 1))]);
    let found = comparing::of_files(&paths[0], &paths[1]);
    assert_eq!(found.records_read, 3 * u64::from(RECORDS));
    assert_eq!(found.list.len(), 2 * RECORDS as usize);
}
