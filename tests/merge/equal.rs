//! Random families of syncs, merged in every form, come to what the reference says.

use std::path::{Path, PathBuf};

use c1z::proto::storage::SyncType;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::family::{self, Sync};
use crate::fixture::*;
use crate::merging::{counts, merge, merge_syncs, request, request_of};
use crate::record::{Record, Time, KINDS};
use crate::reference::merged;
use crate::stored::{self, Held};

/// Identities of a kind that a small sync chooses from.
const IDENTITIES: u32 = 12;
/// Records of a kind in a base over which partials are put.
const LARGE: u32 = 60;

fn time() -> impl Strategy<Value = Time> {
    let nanos = prop_oneof![Just(0), Just(1), Just(999_999_999)];
    prop_oneof![1 => Just(None), 3 => (-1..2_i64, nanos).prop_map(Some)]
}

fn record() -> impl Strategy<Value = Record> {
    (0..KINDS.len(), 0..IDENTITIES, 0..4_u32, time()).prop_map(|(kind, identity, content, discovered_at)| Record {
        kind,
        identity,
        content,
        discovered_at,
    })
}

fn large() -> impl Strategy<Value = Vec<Record>> {
    let record = |content, discovered_at| move |(kind, identity)| Record { kind, identity, content, discovered_at };
    let all = || (0..KINDS.len()).flat_map(|kind| (0..LARGE).map(move |identity| (kind, identity)));
    (0..4_u32, time()).prop_map(move |(content, at)| all().map(record(content, at)).collect())
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    vec(record(), 0..10)
}

fn sync_of(records: impl Strategy<Value = Vec<Record>>) -> impl Strategy<Value = Sync> {
    let of_type = prop_oneof![Just(SyncType::Full), Just(SyncType::ResourcesOnly), Just(SyncType::Partial)];
    let token = prop_oneof![Just(String::new()), Just(r#"{"step_durations_ms":{"grants":5}}"#.to_owned())];
    let times = (1000..1010_i64, 1000..1010_i64);
    (of_type, times, token, records).prop_map(|(of_type, (started, ended), token, records)| Sync {
        of_type,
        started,
        ended: Some(ended),
        token,
        records,
    })
}

/// The base first. Some partials are as an input before them.
fn family() -> impl Strategy<Value = Vec<Sync>> {
    let base = prop_oneof![sync_of(large()).boxed(), sync_of(records()).boxed()];
    let partial = (sync_of(records()), prop::option::weighted(0.2, any::<prop::sample::Index>()));
    (base, vec(partial, 1..8)).prop_map(|(base, partials)| {
        let mut syncs = vec![base];
        for (mut sync, like) in partials {
            if let Some(like) = like {
                sync.records = syncs[like.index(syncs.len())].records.clone();
            }
            syncs.push(sync);
        }
        syncs
    })
}

/// Of the file that holds it, the merged sync is what the reference makes of the inputs; says the other syncs.
fn check(path: &Path, response: &MergeResponse, inputs: &[&Sync]) -> Vec<(String, Held)> {
    stored::is_sound(path);
    let mut all = stored::of_file(path);
    let held = all.remove(&response.sync_id).expect("the merged sync");
    let (rows, expected) = merged(inputs);
    assert_eq!(held.records, stored::of_rows(&rows));
    assert_eq!(counts(response), expected);
    assert_eq!(held.sessions, 0);
    let run = &held.run;
    let of_type = |of| inputs.iter().any(|input| input.of_type == of);
    let expected = match (of_type(SyncType::Full), of_type(SyncType::ResourcesOnly)) {
        (true, _) => (SyncType::Full, "full"),
        (_, true) => (SyncType::ResourcesOnly, "resources_only"),
        _ => (SyncType::Partial, "partial"),
    };
    assert_eq!((run.r#type(), response.sync_type.as_str()), expected);
    assert_eq!(run.started_at, Some(family::at(inputs[0].started)));
    assert!(run.compacted && !run.supports_diff && run.parent_sync_id.is_empty());
    assert!(run.ingest_invariant_generation.is_empty() && run.ingest_invariant_mode.is_empty());
    assert!(run.ingest_invariant_coverage.is_empty());
    all.into_iter().collect()
}

fn newest(inputs: &[&Sync]) -> i64 {
    inputs.iter().filter_map(|input| input.ended).max().unwrap()
}

fn bytes(paths: &[PathBuf]) -> Vec<Vec<u8>> {
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn files_of_their_own(syncs: &[Sync]) {
    let folder = Fixture::new();
    let paths = family::write_files(&folder, syncs);
    let before = bytes(&paths);
    let output = folder.beside("output.c1z");
    let response = merge(&request(&paths, &output));
    let inputs: Vec<_> = syncs.iter().collect();
    assert_eq!(check(&output, &response, &inputs), []);
    let ended = stored::of_file(&output)[&response.sync_id].run.ended_at;
    assert_eq!(ended, Some(family::at(newest(&inputs))));
    assert!(bytes(&paths) == before, "an input has changed");
    assert_eq!(std::fs::read_dir(folder.beside("")).unwrap().count(), paths.len() + 1);
}

/// The syncs of a family, and others that are not merged: one that has ended and one that has not.
fn one_file(path: &Path, syncs: &[Sync]) -> Vec<String> {
    let record = Record { kind: 3, identity: 3, content: 3, discovered_at: Some((9, 9)) };
    let ended = Sync { ended: Some(2000), ..family::sync(1, vec![record]) };
    let unfinished = Sync { ended: None, ..family::sync(3, vec![record]) };
    let all: Vec<_> = syncs.iter().cloned().chain([ended, unfinished]).collect();
    family::write_file(path, &all)
}

fn syncs_of_one_file(syncs: &[Sync]) {
    let folder = Fixture::new();
    let (file, output) = (folder.path(), folder.beside("output.c1z"));
    let ids = one_file(&file, syncs);
    let before = std::fs::read(&file).unwrap();
    let named: Vec<_> = ids[..syncs.len()].iter().map(|id| (file.as_path(), id.as_str())).collect();
    let response = merge(&request_of(&named, &output));
    assert_eq!(check(&output, &response, &syncs.iter().collect::<Vec<_>>()), []);
    assert!(std::fs::read(&file).unwrap() == before, "the input has changed");
}

fn where_they_are(syncs: &[Sync], keep_inputs: bool) {
    let folder = Fixture::new();
    let file = folder.path();
    let ids = one_file(&file, syncs);
    let before = stored::of_file(&file);
    let store = folder.open();
    let merged_ids: Vec<_> = ids[..syncs.len()].iter().map(String::as_str).collect();
    let response = merge_syncs(&store, &merged_ids, keep_inputs).unwrap();
    assert!(store.is_dirty());
    close(store);
    let others = check(&file, &response, &syncs.iter().collect::<Vec<_>>());
    let stays = |(id, _): &(String, Held)| keep_inputs || !merged_ids.contains(&id.as_str());
    assert_eq!(others, before.into_iter().filter(stays).collect::<Vec<_>>());
    let ended = stored::of_file(&file)[&response.sync_id].run.ended_at.unwrap();
    // The unfinished sync was started last.
    assert_eq!(ended, prost_types::Timestamp { nanos: 8, ..family::at(3000) });
}

#[test]
fn a_merge_in_any_form_comes_to_what_the_reference_says() {
    let cases = std::env::var("C1Z_MERGE_CASES").ok().map(|cases| cases.parse().expect("a number of cases"));
    let config =
        Config { cases: cases.unwrap_or(24), failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let result = TestRunner::new(config).run(&family(), |syncs| {
        files_of_their_own(&syncs);
        syncs_of_one_file(&syncs);
        where_they_are(&syncs, false);
        where_they_are(&syncs, true);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
