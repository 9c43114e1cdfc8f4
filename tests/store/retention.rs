//! Which syncs go, worked out by hand from the SDK's policy.

use c1z::store::{select_syncs_to_delete, RetentionCandidate, SyncType};
use prost_types::Timestamp;

use SyncType::{Full, Partial, ResourcesOnly};

/// A sync that ran from one second to another.
fn sync(of_type: SyncType, started: i64, ended: Option<i64>) -> RetentionCandidate {
    let at = |seconds| Timestamp { seconds, nanos: 0 };
    RetentionCandidate { of_type, started_at: Some(at(started)), ended_at: ended.map(at), current: false }
}

fn ended(of_type: SyncType, started: i64) -> RetentionCandidate {
    sync(of_type, started, Some(started + 1))
}

fn current(candidate: RetentionCandidate) -> RetentionCandidate {
    RetentionCandidate { current: true, ..candidate }
}

fn deletes(candidates: &[RetentionCandidate], keep: usize, expected: &[usize]) {
    let mut selected = select_syncs_to_delete(candidates, keep);
    selected.sort();
    assert_eq!(selected, expected, "keeping {keep} of {candidates:#?}");
}

#[test]
fn the_newest_full_syncs_stay() {
    let full: Vec<_> = [0, 10, 20, 30].map(|started| ended(Full, started)).to_vec();
    deletes(&[], 2, &[]);
    deletes(&full[..1], 2, &[]);
    deletes(&full[..2], 2, &[]);
    deletes(&full[..3], 2, &[0]);
    deletes(&full, 2, &[0, 1]);
    deletes(&full, 4, &[]);
    deletes(&full, 9, &[]);
    deletes(&full, 1, &[0, 1, 2]);
}

#[test]
fn unfinished_syncs_stay_and_take_no_place() {
    let candidates = [sync(Full, 0, None), ended(Full, 10), ended(Full, 20), sync(Partial, 1, None), ended(Full, 30)];
    deletes(&candidates, 2, &[1]);
    deletes(&[sync(Full, 0, None), sync(Partial, 1, None), sync(ResourcesOnly, 2, None)], 1, &[]);
}

#[test]
#[allow(deprecated)]
fn unknown_and_retired_types_count_as_full() {
    let candidates =
        [ended(SyncType::Unspecified, 0), ended(SyncType::PartialUpserts, 5), ended(Full, 10), ended(Full, 20)];
    deletes(&candidates, 2, &[0, 1]);
}

#[test]
fn partial_syncs_go_that_ended_before_the_oldest_full_one_that_stays_was_started() {
    let full = || [ended(Full, 0), ended(Full, 100), ended(Full, 200)];
    let with = |candidate: RetentionCandidate| {
        let mut all = full().to_vec();
        all.insert(1, candidate);
        all
    };
    deletes(&with(sync(Partial, 10, Some(99))), 2, &[0, 1]);
    deletes(&with(sync(ResourcesOnly, 10, Some(99))), 2, &[0, 1]);
    // Ended in the very moment, or after it.
    deletes(&with(sync(Partial, 10, Some(100))), 2, &[0]);
    deletes(&with(sync(Partial, 10, Some(150))), 2, &[0]);
    // While no full sync goes, no partial one does.
    deletes(&with(sync(Partial, 10, Some(99))), 3, &[]);
    let only_partial = [ended(Partial, 0), ended(ResourcesOnly, 10), ended(Partial, 20)];
    deletes(&only_partial, 1, &[]);
}

#[test]
fn an_unfinished_bound_sync_takes_the_place_of_a_kept_one() {
    // One other full sync stays; partial ones are measured against the newest full one that goes.
    let open = [
        ended(Full, 0),
        ended(Partial, 10),
        ended(Full, 100),
        ended(Partial, 110),
        ended(Full, 200),
        current(sync(Full, 300, None)),
    ];
    deletes(&open, 2, &[0, 1, 2]);
    deletes(&open, 3, &[0]);
    deletes(&open, 4, &[]);
    // Keeping one keeps the bound one alone.
    deletes(&open, 1, &[0, 1, 2, 3, 4]);
}

#[test]
fn a_bound_sync_that_has_ended_stays_beside_those_that_are_kept() {
    let finished = [ended(Full, 0), ended(Full, 10), current(ended(Full, 20))];
    deletes(&finished, 2, &[]);
    deletes(&finished, 1, &[0]);
    let oldest = [current(ended(Full, 0)), ended(Full, 10), ended(Partial, 15), ended(Full, 20), ended(Full, 30)];
    deletes(&oldest, 2, &[1, 2]);
}

#[test]
fn a_sync_without_a_start_measures_nothing() {
    let undated = RetentionCandidate { started_at: None, ..ended(Full, 100) };
    deletes(&[ended(Full, 0), ended(Partial, 10), undated, ended(Full, 200)], 2, &[0]);
}
