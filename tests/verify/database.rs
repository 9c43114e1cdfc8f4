//! The files of the database, and keys that are no keys of the layout.

use std::fs;
use std::path::Path;

use c1z::control::Control;
use c1z::envelope::Encoding;
use c1z::keys::{self, Keyspace, Slot};
use c1z::proto::api::FaultKind::{self, *};
use rocksdb::{BottommostLevelCompaction, CompactOptions};

use super::fixture::*;
use super::sample::*;

fn kinds(report: &VerifyReport) -> Vec<FaultKind> {
    report.faults.iter().map(|fault| fault.kind()).collect()
}

fn tables(folder: &Path) -> Vec<String> {
    files(folder).into_iter().filter(|name| name.ends_with(".sst")).collect()
}

const USERS: u64 = 20_000;

/// A file with one sync of so many grants that it has several blocks.
fn large(encoding: Encoding) -> Sample {
    let fixture = Fixture::new();
    let options = OpenOptions { encoding: Some(encoding), threads: 1, ..OpenOptions::default() };
    let store = Store::open(&fixture.path(), options, &Control::none()).unwrap();
    let sync = start(&store, "full");
    let grants: Vec<Grant> = (0..USERS).map(|user| membership("g", &format!("user-{user:06}"))).collect();
    put_grants(&store, &grants);
    end(&store);
    close(store);
    Sample { fixture, syncs: [sync, String::new(), String::new()] }
}

#[test]
fn a_table_that_is_missing_is_found_and_the_others_are_walked() {
    let sample = large(Encoding::IndexedZstd);
    // Several tables that do not overlap.
    sample.tamper(|db| {
        db.set_options(&[("target_file_size_base", "200000"), ("compression", "kNoCompression")]).unwrap();
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        db.compact_range_opt(None::<&[u8]>, None::<&[u8]>, &options);
    });
    assert_eq!(sample.verify().faults, []);
    let (mut missing, mut count) = (String::new(), 0);
    sample.repack(|folder, _| {
        let tables = tables(folder);
        count = tables.len() as u64;
        missing = tables[tables.len() / 2].clone();
        fs::remove_file(folder.join(&missing)).unwrap();
    });
    assert!(count >= 4, "{count} tables");
    let report = sample.verify();
    assert_eq!(kinds(&report), [FileMissing, Table], "{}", report.text);
    assert!(report.faults.iter().all(|fault| fault.file == missing), "{}", report.text);
    assert!(report.faults[1].sentence.contains("it goes on at key"), "{}", report.text);
    let lost = 2 * USERS - report.syncs[0].grants - report.syncs[0].index_entries;
    assert!(report.database_walked && !report.syncs[0].complete);
    assert!((1..USERS).contains(&lost), "{lost} are lost: {}", report.text);
}

#[test]
fn a_missing_table_that_overlaps_all_others_is_found_and_nothing_is_made_up_about_them() {
    let sample = Sample::new();
    let mut before = Vec::new();
    sample.repack(|folder, _| before = tables(folder));
    let record = c1z::proto::storage::ResourceTypeRecord { external_id: "zz".into(), ..Default::default() };
    let key = keys::resource_type(FIRST, "zz");
    sample.tamper(|db| db.put(&key, prost::Message::encode_to_vec(&record)).unwrap());
    let mut missing = String::new();
    sample.repack(|folder, _| {
        missing = tables(folder).into_iter().find(|name| !before.contains(name)).unwrap();
        fs::remove_file(folder.join(&missing)).unwrap();
    });
    let report = sample.verify();
    assert_eq!(kinds(&report), [FileMissing, Table], "{}", report.text);
    assert_eq!(report.faults[0].file, missing);
    assert!(report.faults[0].sentence.contains(&c1z::findings::hex(&key)), "{}", report.text);
    assert!(report.faults[1].sentence.contains("nothing behind it can be read"), "{}", report.text);
}

#[test]
fn a_database_that_cannot_be_opened_is_one_fault() {
    for name in ["CURRENT", "MANIFEST"] {
        let sample = Sample::new();
        sample.repack(|folder, _| {
            let name = files(folder).into_iter().find(|file| file.starts_with(name)).unwrap();
            fs::remove_file(folder.join(name)).unwrap();
        });
        let report = sample.verify();
        assert_eq!(kinds(&report), [Database], "{}", report.text);
        assert!(!report.database_walked && report.syncs.is_empty());
        assert!(!report.text.contains("c1z-"), "the working folder means nothing: {}", report.text);
    }
}

#[test]
fn a_file_that_the_database_does_not_use_is_found() {
    for name in ["999999.sst", "stranger"] {
        let sample = Sample::new();
        sample.repack(|folder, _| fs::write(folder.join(name), b"nobody's").unwrap());
        let faults = sample.assert_faults(&[(FileUnknown, b"")]);
        assert_eq!(faults[0].file, name);
    }
}

#[test]
fn a_damaged_block_is_found_and_the_walk_goes_on_behind_it() {
    for encoding in [Encoding::IndexedZstd, Encoding::Tar] {
        let sample = large(encoding);
        assert_eq!(sample.verify().faults, []);
        let mut damaged = String::new();
        sample.repack(|folder, _| {
            let size = |name: &String| fs::metadata(folder.join(name)).unwrap().len();
            damaged = tables(folder).into_iter().max_by_key(size).unwrap();
            let path = folder.join(&damaged);
            let mut bytes = fs::read(&path).unwrap();
            let at = bytes.len() / 4;
            bytes[at] ^= 0xff;
            fs::write(&path, bytes).unwrap();
        });
        let report = sample.verify();
        assert_eq!(report.faults[0].kind(), Table, "{}", report.text);
        assert_eq!(report.faults[0].file, damaged);
        assert!(report.faults[0].sentence.contains("it goes on at key"), "{}", report.text);
        assert!(!report.text.contains("c1z-"), "{}", report.text);
        let walked = &report.syncs[0];
        assert!(!walked.complete);
        // One block of 16 KiB, before compression, holds a few hundred entries.
        let lost = 2 * USERS - walked.grants - walked.index_entries;
        assert!((1..1500).contains(&lost), "{lost} of {USERS} are lost: {}", report.text);
        assert_eq!(kinds(&report), [Table], "{}", report.text);
    }
}

#[test]
fn keyspaces_that_the_layout_does_not_have_are_found_once_each() {
    let sample = Sample::new();
    let first = [&FIRST.0.to_be_bytes()[..], b"\x41a"].concat();
    let more = [&FIRST.0.to_be_bytes()[..], b"\x41b"].concat();
    let session = keys::session("x", "", "y");
    let misplaced = [&FIRST.0.to_be_bytes()[..], &session[4..]].concat();
    let zero = keys::keyspace(Slot::FILE, Keyspace::Grant);
    sample.tamper(|db| [&first, &more, &misplaced, &zero].iter().for_each(|key| db.put(key, b"").unwrap()));
    sample.assert_faults(&[(KeyspaceUnknown, &first), (KeyspaceUnknown, &misplaced), (KeyspaceUnknown, &zero)]);
}

#[test]
fn keys_that_are_none_are_found() {
    let sample = Sample::new();
    let short = vec![0, 0, 0, 1];
    let metadata = keys::meta("unknown");
    let session = [keys::keyspace(Slot::FILE, Keyspace::Session), b"one element".to_vec()].concat();
    let escape = [keys::keyspace(Slot::FILE, Keyspace::Session), b"a\0\x01\x07".to_vec()].concat();
    let token = [keys::keyspace(Slot::FILE, Keyspace::SyncToken), b"no ksuid".to_vec()].concat();
    let all = [&short, &metadata, &session, &escape, &token];
    sample.tamper(|db| all.iter().for_each(|key| db.put(key, b"").unwrap()));
    let expected: Vec<(FaultKind, &[u8])> = all.iter().map(|key| (KeyMalformed, key.as_slice())).collect();
    sample.assert_faults(&expected);
}
