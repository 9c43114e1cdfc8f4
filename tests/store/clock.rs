//! Clocks that were set back, or that ran ahead when a file was written.

use c1z::control::Control;
use c1z::engine::{Durability, SyncRun};
use prost_types::Timestamp;

use super::fixture::*;

const YEAR: i64 = 365 * 24 * 60 * 60;
/// The last second of the year 9999.
const LAST: Timestamp = Timestamp { seconds: 253_402_300_799, nanos: 999_999_999 };

fn now() -> Timestamp {
    Timestamp::from(std::time::SystemTime::now())
}

fn key(at: &Timestamp) -> (i64, i32) {
    (at.seconds, at.nanos)
}

/// Starts and ends a sync, and says when that was.
fn whole_sync(store: &Store) -> (String, Timestamp, Timestamp) {
    let sync = start(store, "full");
    end(store);
    let run = get_sync(store, &sync);
    (sync, run.started_at.unwrap(), run.ended_at.unwrap())
}

/// A file whose only sync has these times.
fn file_of(started_at: Timestamp, ended_at: Timestamp) -> (Fixture, String) {
    let fixture = Fixture::new();
    let store = fixture.open();
    let (sync, ..) = whole_sync(&store);
    close(store);
    tamper(&fixture.path(), |writer, reader| {
        let mut runs: Vec<SyncRun> = reader.sync_runs().unwrap();
        runs[0].record.started_at = Some(started_at);
        runs[0].record.ended_at = Some(ended_at);
        writer.put_sync_run(&runs[0]);
        writer.commit(Durability::Synced).unwrap();
    });
    (fixture, sync)
}

fn shown(store: &Store) -> String {
    store.get_latest_sync_run(&Default::default()).unwrap().sync.unwrap().id
}

#[test]
fn a_sync_is_the_newest_also_if_the_clock_was_ahead_when_the_one_before_it_ended() {
    let ahead = Timestamp { seconds: now().seconds + YEAR, nanos: 7 };
    let (fixture, first) = file_of(ahead, ahead);
    let store = fixture.open();
    assert_eq!(shown(&store), first);
    let (second, started, ended) = whole_sync(&store);
    assert_eq!(key(&started), (ahead.seconds, 8));
    assert_eq!(key(&ended), (ahead.seconds, 9));
    let store = fixture.reopen(store);
    assert_eq!(shown(&store), second);
    assert_eq!(current(&store).0, second, "the sync that a reader is shown");

    let (third, ..) = whole_sync(&store);
    let deleted = store.cleanup(&CleanupRequest { keep: 2 }, &Control::none()).unwrap().deleted_sync_ids;
    assert_eq!((deleted, shown(&store)), (vec![first], third));
}

#[test]
fn a_difference_is_newer_than_the_syncs_that_it_was_made_of() {
    let ahead = Timestamp { seconds: now().seconds + YEAR, nanos: 999_999_999 };
    let (fixture, base_sync_id) = file_of(ahead, ahead);
    let store = fixture.open();
    let (applied_sync_id, _, ended) = whole_sync(&store);
    let request = DiffSyncsRequest { base_sync_id, applied_sync_id };
    let diff = store.diff_syncs(&request, &Control::none()).unwrap().sync_id;
    let run = get_sync(&store, &diff);
    let (started_at, ended_at) = (run.started_at.unwrap(), run.ended_at.unwrap());
    assert!(key(&ended) < key(&started_at) && key(&started_at) < key(&ended_at));
    assert_eq!(shown(&store), diff);
}

#[test]
fn a_sync_that_is_resumed_ends_behind_all_others() {
    let ahead = Timestamp { seconds: now().seconds + YEAR, nanos: 0 };
    let (fixture, first) = file_of(ahead, ahead);
    let store = fixture.open();
    let (second, ..) = whole_sync(&store);
    for resumed in [first, second] {
        resume(&store, &resumed).unwrap();
        end(&store);
        assert_eq!(shown(&store), resumed);
    }
}

#[test]
fn times_that_nothing_can_be_behind_stay_what_a_timestamp_may_be() {
    for hostile in [LAST, Timestamp { seconds: i64::MAX, nanos: i32::MAX }, Timestamp { seconds: i64::MAX, nanos: -1 }]
    {
        let (fixture, _) = file_of(Timestamp { seconds: i64::MIN, nanos: i32::MIN }, hostile);
        let store = fixture.open();
        let (_, started, ended) = whole_sync(&store);
        assert_eq!((started, ended), (LAST, LAST), "{hostile:?}");
        let (last, ..) = whole_sync(&store);
        let store = fixture.reopen(store);
        assert_eq!(get_sync(&store, &last).ended_at, Some(LAST));
        store.cleanup(&CleanupRequest { keep: 1 }, &Control::none()).unwrap();
        store.close().unwrap();
    }
}

#[test]
fn the_clock_is_believed_as_long_as_nothing_is_newer() {
    let (fixture, _) = file_of(now(), now());
    let store = fixture.open();
    let before = now();
    let (_, started, ended) = whole_sync(&store);
    assert!(key(&before) <= key(&started) && key(&ended) <= key(&now()));
}
