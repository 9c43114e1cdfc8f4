//! Runs, tokens, statistics, slots, and what the manifest says of them.

use c1z::keys::{self, Keyspace, Slot, SyncId};
use c1z::proto::api::FaultKind::*;
use c1z::proto::storage::{SyncRunRecord, SyncStatsRecord};
use c1z::proto::wire;
use prost::Message;

use super::sample::*;

fn key(keyspace: Keyspace, sync: &str) -> Vec<u8> {
    keys::of_sync(keyspace, SyncId::parse(sync).unwrap())
}

/// The stored run of a sync in another slot.
fn moved(value: &[u8], slot: u64) -> Vec<u8> {
    let mut value = SyncRunRecord::decode(value).unwrap().encode_to_vec();
    wire::put_varint(&mut value, 1000, slot);
    value
}

#[test]
fn statistics_that_are_off_by_one_are_found() {
    let changes: [fn(&mut SyncStatsRecord); 7] = [
        |stats| stats.grants += 1,
        |stats| stats.resources -= 1,
        |stats| stats.entitlements += 1,
        |stats| stats.resource_types -= 1,
        |stats| stats.assets += 1,
        |stats| *stats.resources_by_resource_type.get_mut("org").unwrap() += 1,
        |stats| stats.grants_by_entitlement_resource_type = [("nothing".into(), 3)].into(),
    ];
    for change in changes {
        let sample = Sample::new();
        let key = key(Keyspace::SyncStats, &sample.syncs[0]);
        let mut stats = SyncStatsRecord::default();
        sample.tamper(|db| {
            stats = SyncStatsRecord::decode(&db.get(&key).unwrap().unwrap()[..]).unwrap();
            change(&mut stats);
            db.put(&key, stats.encode_to_vec()).unwrap();
        });
        // The manifest repeats the statistics.
        sample.repack(|_, manifest| {
            let summary = manifest.sync_runs.iter_mut().find(|summary| summary.sync_id == sample.syncs[0]);
            summary.unwrap().stats = Some(stats);
        });
        let faults = sample.assert_faults(&[(StatsMismatch, &key)]);
        assert_eq!(faults[0].sync_id, sample.syncs[0]);
    }
}

#[test]
fn statistics_of_a_sync_that_was_changed_after_its_end_are_found_until_they_are_counted_again() {
    use super::fixture::*;
    let sample = Sample::new();
    let store = sample.fixture.open();
    resume(&store, &sample.syncs[0]).unwrap();
    put_resource_types(&store, &["another"]);
    let store = sample.fixture.reopen(store);
    sample.assert_faults(&[(StatsMismatch, &key(Keyspace::SyncStats, &sample.syncs[0]))]);
    let request = RecalculateStatsRequest { sync_id: sample.syncs[0].clone() };
    store.recalculate_stats(&request, &c1z::control::Control::none()).unwrap();
    close(store);
    sample.assert_faults(&[]);
}

#[test]
fn statistics_of_an_unfinished_sync_mean_nothing() {
    let sample = Sample::new();
    let sync = &sample.syncs[2];
    let stats = SyncStatsRecord { sync_id: sync.clone(), grants: 77, ..Default::default() };
    sample.tamper(|db| db.put(key(Keyspace::SyncStats, sync), stats.encode_to_vec()).unwrap());
    sample.repack(|_, manifest| {
        let summary = manifest.sync_runs.iter_mut().find(|summary| summary.sync_id == *sync);
        summary.unwrap().stats = Some(stats);
    });
    sample.assert_faults(&[]);
}

#[test]
fn tokens_and_statistics_that_are_damaged_or_of_no_sync_are_found() {
    let sample = Sample::new();
    let [first, second, _] = &sample.syncs;
    let stranger = SyncId::generate().to_string();
    let stats = SyncStatsRecord { sync_id: first.clone(), ..Default::default() }.encode_to_vec();
    sample.tamper(|db| {
        db.put(key(Keyspace::SyncToken, first), b"\xff").unwrap();
        db.put(key(Keyspace::SyncToken, &stranger), b"token").unwrap();
        db.put(key(Keyspace::SyncStats, first), b"\xff").unwrap();
        db.put(key(Keyspace::SyncStats, second), &stats).unwrap();
    });
    sample.repack(|_, manifest| manifest.sync_runs.iter_mut().for_each(|summary| summary.stats = None));
    sample.assert_faults(&[
        (TokenInvalid, &key(Keyspace::SyncToken, first)),
        (RunMissing, &key(Keyspace::SyncToken, &stranger)),
        (StatsInvalid, &key(Keyspace::SyncStats, first)),
        (StatsInvalid, &key(Keyspace::SyncStats, second)),
    ]);
}

#[test]
fn a_manifest_that_says_something_else_of_a_sync_than_its_run_is_found() {
    let sample = Sample::new();
    let stranger = SyncId::generate().to_string();
    sample.repack(|_, manifest| {
        manifest.sync_runs[0].compacted = true;
        manifest.sync_runs[1].sync_id = stranger.clone();
    });
    let faults = sample.assert_faults(&[(ManifestRunMismatch, &b""[..]); 3]);
    let mut named: Vec<&str> = faults.iter().map(|fault| fault.sync_id.as_str()).collect();
    named.sort();
    let mut expected = [sample.syncs[0].as_str(), sample.syncs[1].as_str(), &stranger];
    expected.sort();
    assert_eq!(named, expected);
    assert!(faults.iter().any(|fault| fault.sentence.contains("compacted")), "{faults:?}");
}

#[test]
fn a_manifest_with_its_syncs_in_another_order_or_twice_is_found() {
    let sample = Sample::new();
    sample.repack(|_, manifest| manifest.sync_runs.reverse());
    let faults = sample.assert_faults(&[(ManifestRunMismatch, b"")]);
    assert!(faults[0].sentence.contains("order"), "{faults:?}");

    let sample = Sample::new();
    sample.repack(|_, manifest| manifest.sync_runs.push(manifest.sync_runs[0].clone()));
    sample.assert_faults(&[(ManifestRunMismatch, b"")]);
}

#[test]
fn keys_in_a_slot_of_no_sync_are_found_once_for_each_slot() {
    let sample = Sample::new();
    let [first, second, last] = [Slot(7), Slot(9), Slot::NONE].map(|slot| keys::resource_type(slot, "user"));
    sample.tamper(|db| {
        [&first, &second, &last].iter().for_each(|key| db.put(key, b"").unwrap());
        db.put(keys::resource_type(Slot(7), "users"), b"").unwrap();
    });
    sample.assert_faults(&[(SlotUnmapped, &first), (SlotUnmapped, &second), (SlotUnmapped, &last)]);
}

#[test]
fn a_run_that_cannot_be_read_is_found_and_its_slot_is_nobodys() {
    let sample = Sample::new();
    let run = key(Keyspace::SyncRun, &sample.syncs[0]);
    for value in [&b"\xff"[..], b""] {
        sample.tamper(|db| db.put(&run, value).unwrap());
        let report = sample.verify();
        let kinds: Vec<_> = report.faults.iter().map(|fault| fault.kind()).collect();
        assert_eq!(kinds, [RunInvalid, SlotUnmapped, ManifestRunMismatch], "{}", report.text);
        assert_eq!(report.faults[0].sync_id, sample.syncs[0]);
        assert_eq!(report.syncs.len(), 2);
    }
}

#[test]
fn a_run_under_the_key_of_another_sync_is_found() {
    let sample = Sample::new();
    let stranger = SyncId::generate().to_string();
    sample.tamper(|db| {
        let run = db.get(key(Keyspace::SyncRun, &sample.syncs[0])).unwrap().unwrap();
        db.put(key(Keyspace::SyncRun, &stranger), run).unwrap();
    });
    sample.assert_faults(&[(RunInvalid, &key(Keyspace::SyncRun, &stranger))]);
}

#[test]
fn two_runs_with_one_slot_are_found() {
    let sample = Sample::new();
    let mut ids = [sample.syncs[0].clone(), sample.syncs[1].clone()];
    ids.sort();
    let second = key(Keyspace::SyncRun, &sample.syncs[1]);
    sample.tamper(|db| db.put(&second, moved(&db.get(&second).unwrap().unwrap(), 1)).unwrap());
    let report = sample.verify();
    let kinds: Vec<_> = report.faults.iter().map(|fault| (fault.kind(), fault.sync_id.clone())).collect();
    assert_eq!(kinds, [(SlotShared, ids[1].clone()), (SlotUnmapped, String::new())], "{}", report.text);
}

#[test]
fn a_next_slot_that_is_missing_malformed_or_too_low_is_found() {
    let next = keys::meta("next-slot");
    for value in [None, Some(&b"4"[..]), Some(&[0, 0, 0, 3])] {
        let sample = Sample::new();
        sample.tamper(|db| match value {
            Some(value) => db.put(&next, value).unwrap(),
            None => db.delete(&next).unwrap(),
        });
        sample.assert_faults(&[(NextSlot, &next)]);
    }
}

#[test]
fn another_layout_is_found_and_its_keys_are_not_looked_at() {
    let layout = keys::meta("layout");
    let sample = Sample::new();
    sample.tamper(|db| {
        db.put(&layout, 2u32.to_be_bytes()).unwrap();
        db.put(keys::resource_type(Slot(9), "x"), b"").unwrap();
    });
    sample.assert_faults(&[(Layout, &layout)]);
    assert!(!sample.verify().database_walked);

    let sample = Sample::new();
    sample.repack(|_, manifest| manifest.engine_schema_version = 2);
    sample.assert_faults(&[(Layout, b"")]);
    assert!(!sample.verify().database_walked);
}

#[test]
fn a_missing_or_malformed_layout_is_found_and_all_else_is_walked() {
    let layout = keys::meta("layout");
    for value in [None, Some(b"1")] {
        let sample = Sample::new();
        sample.tamper(|db| match value {
            Some(value) => db.put(&layout, value).unwrap(),
            None => db.delete(&layout).unwrap(),
        });
        sample.assert_faults(&[(Layout, &layout)]);
        assert_eq!(sample.verify().syncs.len(), 3);
    }
}
