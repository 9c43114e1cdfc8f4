//! An open that fails at any step: the file stays as it is, nothing is left, and the file is not called damaged.

use c1z::keys;

use crate::fixture::*;
use crate::place::{names, whole_sync, Contents, Place, Tally};
use crate::syscalls::{under, Fault};

fn round(template: &Place, held: &Contents, fault: i32, from: u64, and_later: bool) -> (Vec<String>, bool) {
    let place = Place::like(template);
    let (opened, struck) = under(place.plan(Fault::Error(fault), from, and_later), || place.try_open());
    let at = format!("{from}: {struck:?}, {:?}", opened.as_ref().err());
    let failed = opened.is_err();
    match opened {
        Err(error) => {
            assert!(["IO", "ENGINE"].contains(&error.reason().name()), "{at}");
            if !and_later {
                assert_eq!(names(&place.work()), [""; 0], "{at}");
            }
        }
        Ok(store) => {
            assert_eq!(Contents::of(&store), *held, "{at}");
            put_resources_after(&store, &at);
            store.close().unwrap();
        }
    }
    assert!(place.bytes() == template.bytes(), "{at}");
    assert_eq!(place.contents(), *held, "{at}");
    (struck, failed)
}

/// Whatever has failed while opening, the store can be written.
fn put_resources_after(store: &Store, at: &str) {
    start(store, "full");
    try_put_resources(store, &[resource(("user", "later"))]).unwrap_or_else(|error| panic!("{error}, after {at}"));
}

#[test]
fn an_open_that_fails_at_any_step_leaves_the_file_and_says_that_it_was_the_disk() {
    let template = Place::new();
    let store = template.open();
    whole_sync(&store);
    close(store);
    let held = template.saved();
    // Garbage that an open removes.
    tamper(&template.file(), |writer, _| {
        let slot = writer.allocate_slot().unwrap();
        writer.set(&keys::asset(slot, "garbage"), b"");
    });
    let tally = Tally::default();
    tally.sweep(|from| round(&template, &held, libc::ENOSPC, from, false));
    tally.sweep(|from| round(&template, &held, libc::EIO, from, true));
    tally.print("open");
    for point in ["create folder", "open sst", "write sst", "write MANIFEST", "sync MANIFEST", "open log"] {
        assert!(tally.struck(point), "no fault struck at {point}");
    }
}
