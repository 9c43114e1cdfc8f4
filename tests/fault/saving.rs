//! A save that fails at any step: the old file stays, the store stays open, a second save succeeds.

use c1z::control::Control;
use c1z::Error;

use crate::fixture::*;
use crate::place::{put_all, whole_sync, Contents, Place, Tally};
use crate::syscalls::{under, Fault};

/// A store with a saved sync, and behind it one that has ended and one that has not.
fn dirty(template: &Place) -> (Place, Store) {
    let place = Place::like(template);
    let store = place.open();
    whole_sync(&store);
    let sync = start(&store, "full");
    put_all(&store).unwrap();
    checkpoint(&store, "half way");
    set_session(&store, &sync, &[("key", b"value")]);
    (place, store)
}

/// One round: the save under the fault, and all that must hold afterwards.
fn round(template: &Place, fault: i32, from: u64, and_later: bool) -> (Vec<String>, bool) {
    let (place, store) = dirty(template);
    let acknowledged = Contents::of(&store);
    let plan = place.plan(Fault::Error(fault), from, and_later);
    let (saved, struck) = under(plan, || store.save(&Control::none()));
    let at = format!("{from}: {struck:?}, {saved:?}");
    match &saved {
        Err(error @ Error::ArtifactUnusable(_)) => {
            assert!(place.bytes() == template.bytes(), "the old file is gone: {at}");
            assert_eq!(error.reason().name(), "ARTIFACT_UNUSABLE");
            assert!(store.is_dirty(), "{at}");
            // Nothing can be removed while removing fails.
            if !struck.iter().any(|point| point == "remove new file") {
                assert_eq!(place.left_beside(), [""; 0], "{at}");
            }
        }
        Err(Error::Io { op: "sync folder", .. }) | Ok(_) => {
            assert!(!store.is_dirty(), "{at}");
            assert_eq!(place.saved(), acknowledged, "{at}");
            assert_eq!(place.left_beside(), [""; 0], "{at}");
        }
        Err(_) => panic!("a save that fails is unusable: {at}"),
    }

    assert_eq!(Contents::of(&store), acknowledged, "{at}");
    try_put_resources(&store, &[resource(("user", "later"))]).unwrap_or_else(|error| panic!("{error}, after {at}"));
    let acknowledged = Contents::of(&store);
    store.save(&Control::none()).unwrap_or_else(|error| panic!("{error}, after {at}"));
    store.close().unwrap();
    assert_eq!(place.saved(), acknowledged, "{at}");
    (struck, saved.is_err())
}

fn sweep(fault: i32, and_later: bool, tally: &Tally) {
    let template = Place::new();
    let store = template.open();
    whole_sync(&store);
    close(store);
    tally.sweep(|from| round(&template, fault, from, and_later));
}

#[test]
fn a_save_that_fails_at_any_step_leaves_the_old_file_and_can_be_made_up_for() {
    let tally = Tally::default();
    for error in [libc::ENOSPC, libc::EACCES] {
        sweep(error, false, &tally);
    }
    // Threads of the database make calls too: the number of one differs from round to round, and a sweep may miss it.
    let points = ["open new file", "write new file", "sync new file", "sync folder", "write MANIFEST", "write sst"];
    for _ in 0..5 {
        if !points.iter().all(|point| tally.struck(point)) {
            sweep(libc::ENOSPC, false, &tally);
        }
    }
    tally.print("save, one call fails");
    for point in points {
        assert!(tally.struck(point), "no fault struck at {point}");
    }
}

#[test]
fn a_save_on_a_disk_that_fails_from_any_step_on_leaves_the_old_file_and_can_be_made_up_for() {
    let tally = Tally::default();
    sweep(libc::EIO, true, &tally);
    tally.print("save, all calls fail from one on");
}
