//! Both ways to merge: over the base, where its tables stay as they are, and in one pass over everything.

use std::path::{Path, PathBuf};

use c1z::control::Control;
use c1z::envelope;
use c1z::store::merge_files;

use crate::family::{self, sync, Sync};
use crate::fixture::*;
use crate::merging::{counts, merge, merge_syncs, request, request_of};
use crate::record::{Record, KINDS};
use crate::reference::merged;
use crate::stored;

/// So many records of a kind from an identity on.
fn many(kind: usize, from: u32, count: u32, content: u32, seconds: i64) -> Vec<Record> {
    let record = |identity| Record { kind, identity, content, discovered_at: Some((seconds, 0)) };
    (from..from + count).map(record).collect()
}

fn some_of_each_kind(count: u32, content: u32, seconds: i64) -> Vec<Record> {
    (0..KINDS.len()).flat_map(|kind| many(kind, 0, count, content, seconds)).collect()
}

/// The compressed tables of a file.
fn tables(path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    let entries = envelope::list(path).unwrap().into_iter().filter(|entry| entry.name.ends_with(".sst"));
    let stored = entries.map(|entry| entry.stored.unwrap());
    stored.map(|stored| bytes[stored.offset as usize..][..stored.size as usize].to_vec()).collect()
}

/// How many tables of a file are in another as they are.
fn copied(from: &Path, to: &Path) -> usize {
    let there = tables(to);
    tables(from).iter().filter(|table| there.contains(table)).count()
}

/// The merged sync of a file has the records that the reference makes of these syncs.
fn holds(path: &Path, response: &MergeResponse, syncs: &[&Sync]) {
    stored::is_sound(path);
    let held = stored::of_file(path).remove(&response.sync_id).unwrap();
    assert!(held.records == stored::of_rows(&merged(syncs).0), "other records than the reference's");
}

fn is_merged(path: &Path, response: &MergeResponse, syncs: &[&Sync]) {
    holds(path, response, syncs);
    assert_eq!(counts(response), merged(syncs).1);
}

/// Merges syncs of files of their own; gives the files, the merged one last.
fn merge_all(folder: &Fixture, syncs: &[Sync]) -> Vec<PathBuf> {
    let mut paths = family::write_files(folder, syncs);
    let output = folder.beside("output.c1z");
    let response = merge(&request(&paths, &output));
    is_merged(&output, &response, &syncs.iter().collect::<Vec<_>>());
    paths.push(output);
    paths
}

#[test]
fn a_small_partial_leaves_the_largest_table_of_the_base_as_it_is() {
    let folder = Fixture::new();
    let base = sync(1, many(3, 0, 20_000, 1, 5));
    let paths = merge_all(&folder, &[base, sync(2, many(3, 0, 100, 2, 6))]);
    // RocksDB may have merged small ones by itself.
    let largest = tables(&paths[0]).into_iter().max_by_key(Vec::len).unwrap();
    assert!(tables(&paths[2]).contains(&largest));
}

#[test]
fn a_partial_as_large_as_the_base_leaves_no_table_of_either() {
    let folder = Fixture::new();
    let paths = merge_all(&folder, &[sync(1, many(3, 0, 5_000, 1, 5)), sync(2, many(3, 2_500, 5_000, 2, 6))]);
    assert_eq!((copied(&paths[0], &paths[2]), copied(&paths[1], &paths[2])), (0, 0));
}

#[test]
fn a_partial_that_takes_tables_of_its_own_is_put_over_the_base() {
    // More rows than go through a memtable, then more than one thread writes.
    for partial in [6_000, 40_000] {
        let folder = Fixture::new();
        let base = sync(1, many(3, 0, 5 * partial, 1, 5));
        // Few are replaced: where much of the base is dead its tables are rewritten.
        let (replaced, added) = (partial / 10, partial - partial / 10);
        let two = sync(2, many(3, 100, replaced, 2, 6));
        let three = sync(3, many(3, 5 * partial - 50, added, 5, 5));
        let paths = merge_all(&folder, &[base, two, three]);
        let dead = envelope::read_head(&paths[3]).unwrap().manifest.fold_dead_bytes;
        // How many tables stay is not told: RocksDB may merge some when a step brings several that lie over others.
        assert!(dead > 0, "{partial} rows in one pass");
    }
}

#[test]
fn a_base_among_other_syncs_is_alone_in_the_new_file() {
    for partial in [10, 5_000] {
        let folder = Fixture::new();
        let base = sync(2, many(3, 0, 24_000, 1, 5));
        let others = [sync(1, some_of_each_kind(900, 1, 4)), Sync { ended: None, ..sync(3, many(3, 0, 50, 1, 4)) }];
        let [ended, unfinished] = others;
        let ids = family::write_file(&folder.path(), &[ended.clone(), base.clone(), unfinished]);
        let newer = folder.beside("newer.c1z");
        let update = sync(4, many(3, 0, partial, 2, 6));
        family::write_file(&newer, std::slice::from_ref(&update));
        let output = folder.beside("output.c1z");
        let response = merge(&request_of(&[(&folder.path(), &ids[1]), (&newer, "")], &output));
        is_merged(&output, &response, &[&base, &update]);
        assert_eq!(stored::of_file(&output).len(), 1);
        // Also what takes no part is gone: the other syncs were no small part of the file.
        let size = |path: &Path| std::fs::metadata(path).unwrap().len();
        let alone = folder.beside("alone.c1z");
        family::write_file(&alone, std::slice::from_ref(&base));
        assert!(size(&output) < size(&alone) + size(&newer) + (64 << 10), "{} bytes", size(&output));
        assert_eq!(ended.records.len(), 4_500);
    }
}

#[test]
fn another_encoding_is_written_in_one_pass() {
    use c1z::proto::manifest::PayloadEncoding::*;
    let folder = Fixture::new();
    let syncs = [sync(1, some_of_each_kind(200, 1, 5)), sync(2, some_of_each_kind(3, 2, 6))];
    let paths = family::write_files(&folder, &syncs);
    for (encoding, name) in [(Tar, "tar"), (TarZstd, "zstd"), (IndexedZstd, "indexed"), (Unspecified, "default")] {
        let output = folder.beside(name);
        let response = merge(&MergeFilesRequest { payload_encoding: encoding.into(), ..request(&paths, &output) });
        is_merged(&output, &response, &[&syncs[0], &syncs[1]]);
        let written = envelope::read_head(&output).unwrap().manifest.payload_encoding();
        assert_eq!(written, if encoding == Unspecified { IndexedZstd } else { encoding });
        // A base of that encoding.
        let again = folder.beside(&format!("{name} again"));
        let response = merge(&request(&[output, paths[1].clone()], &again));
        assert!(counts(&response).iter().all(|counts| counts.carried == counts.output));
        holds(&again, &response, &[&syncs[0], &syncs[1]]);
    }
}

#[test]
fn dead_bytes_are_told_until_tables_are_rewritten() {
    let folder = Fixture::new();
    let dead = |path: &Path| envelope::read_head(path).unwrap().manifest.fold_dead_bytes;
    let base = sync(1, many(3, 0, 20_000, 1, 5));
    let paths = merge_all(&folder, &[base, sync(2, many(3, 0, 100, 2, 6))]);
    assert!(dead(&paths[2]) > 0);
    // Merges in a row: what they leave behind stays a small part.
    let (mut last, mut most) = (paths[2].clone(), 0);
    let mut sizes = Vec::new();
    for round in 0..12 {
        let newer = folder.beside("newer.c1z");
        family::write_file(&newer, &[sync(3 + round, many(3, 1_000, 3_000, 2 + round as u32, 7 + round))]);
        let next = folder.beside(&format!("round-{round}.c1z"));
        merge(&request(&[last, newer], &next));
        most = most.max(dead(&next));
        sizes.push(std::fs::metadata(&next).unwrap().len());
        last = next;
    }
    stored::is_sound(&last);
    let fresh = sizes[0];
    assert!(sizes.iter().all(|&size| size < fresh * 3 / 2), "{sizes:?}, at most {most} dead");
}

#[test]
fn a_hundred_merges_in_a_row_leave_little_more_than_a_fresh_file_has() {
    let folder = Fixture::new();
    let [mut last, mut next] = ["last.c1z", "next.c1z"].map(|name| folder.beside(name));
    family::write_file(&last, &[sync(1, many(3, 0, 20_000, 1, 5))]);
    for round in 0..100 {
        let newer = folder.beside("newer.c1z");
        let from = round * 197 % 19_900;
        family::write_file(&newer, &[sync(2 + i64::from(round), many(3, from, 100, 2 + round, 6 + i64::from(round)))]);
        merge(&request(&[last.clone(), newer.clone()], &next));
        [&last, &newer].into_iter().for_each(|path| std::fs::remove_file(path).unwrap());
        std::mem::swap(&mut last, &mut next);
    }
    stored::is_sound(&last);
    let fresh = folder.beside("fresh.c1z");
    let store = Store::open(&last, OpenOptions { read_only: true, ..Default::default() }, &Control::none()).unwrap();
    let path = fresh.to_str().unwrap().to_owned();
    store.clone_sync(&CloneSyncRequest { path, ..Default::default() }, &Control::none()).unwrap();
    close(store);
    let [size, of_fresh] = [&last, &fresh].map(|path| std::fs::metadata(path).unwrap().len());
    assert!(size * 10 < of_fresh * 13, "{size} bytes, a fresh file has {of_fresh}");
    let layers = tables(&last).len() - tables(&fresh).len();
    assert!(layers < 2 * 8, "{layers} tables more than a fresh file has");
}

#[test]
fn a_store_that_merges_where_syncs_are_gives_their_space_back() {
    // Over the base, and in one pass.
    for partial in [10, 20_000] {
        let folder = Fixture::new();
        let syncs = [sync(1, many(3, 0, 20_000, 1, 5)), sync(2, many(3, 0, partial, 2, 6))];
        let ids = family::write_file(&folder.path(), &syncs);
        let store = folder.open();
        let response = merge_syncs(&store, &[&ids[0], &ids[1]], false).unwrap();
        close(store);
        is_merged(&folder.path(), &response, &[&syncs[0], &syncs[1]]);
        let alone = folder.beside("alone.c1z");
        family::write_file(&alone, &syncs[..1]);
        let [size, alone] = [folder.path(), alone].map(|path| std::fs::metadata(path).unwrap().len());
        assert!(size < alone * 13 / 10, "{partial}: {size} bytes for {alone}");
    }
}

#[test]
fn a_large_record_of_each_input_is_merged_within_a_small_budget() {
    let folder = Fixture::new();
    let data = |byte| vec![byte; 3 << 20];
    let paths: Vec<PathBuf> = (0..3_u8)
        .map(|number| {
            let path = folder.beside(&format!("{number}.c1z"));
            let store = open(&path, false).unwrap();
            start(&store, "full");
            put_asset(&store, "shared", &data(number));
            put_asset(&store, &format!("own {number}"), &data(number + 100));
            end(&store);
            close(store);
            path
        })
        .collect();
    let output = folder.beside("output.c1z");
    let response =
        merge_files(&MergeFilesRequest { memory_budget_bytes: 8 << 20, ..request(&paths, &output) }, &Control::none())
            .unwrap();
    assert_eq!(response.assets, Some(MergeCounts { output: 4, added: 2, replaced: 1, carried: 1 }));
    stored::is_sound(&output);
    let store = open(&output, true).unwrap();
    let asset = |id: &str| {
        let request = AssetServiceGetAssetRequest { asset: Some(AssetRef { id: id.into() }) };
        store.get_asset(&request).unwrap().decode().unwrap().data
    };
    assert!(asset("shared") == data(2) && (0..3).all(|number| asset(&format!("own {number}")) == data(number + 100)));
}

#[test]
fn several_threads_merge_what_one_thread_merges() {
    let folder = Fixture::new();
    // Of two inputs that have 96 MiB each, parts begin in the middle of what both hold.
    let paths: Vec<PathBuf> = [0..96, 48..144]
        .into_iter()
        .enumerate()
        .map(|(number, assets)| {
            let path = folder.beside(&format!("{number}.c1z"));
            let store = open(&path, false).unwrap();
            start(&store, "full");
            assets.for_each(|id| put_asset(&store, &format!("{id:03}"), &vec![number as u8; 1 << 20]));
            end(&store);
            close(store);
            path
        })
        .collect();
    let merged = [1, 4].map(|threads| {
        let output = folder.beside(&format!("by {threads}.c1z"));
        let request = MergeFilesRequest { threads, ..request(&paths, &output) };
        let response = merge_files(&request, &Control::none()).unwrap();
        assert_eq!(
            response.assets,
            Some(MergeCounts { output: 144, added: 48, replaced: 48, carried: 48 }),
            "{threads}"
        );
        stored::is_sound(&output);
        stored::of_file(&output).into_values().map(|held| held.records).collect::<Vec<_>>()
    });
    assert_eq!(merged[0][0].len(), 144);
    assert!(merged[0] == merged[1]);
}
