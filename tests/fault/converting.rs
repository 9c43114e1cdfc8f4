//! A conversion whose disk fails at any step: the file stays, the new one is whole or not there, and the next one succeeds.

use std::fs;

use c1z::control::Control;
use c1z::store::convert_file;

use crate::fixture::*;
use crate::place::{names, open_at, Contents, Place, Tally};
use crate::syscalls::{under, Fault};
use crate::v1_file::{OTHER, SYNC, V1};

const INPUT: &str = "v1.c1z";
const OUTPUT: &str = "converted.c1z";

/// A file with two syncs of every kind of record.
fn input() -> Vec<u8> {
    let v1 = V1::new();
    for sync in [SYNC, OTHER] {
        v1.sync(sync);
        v1.resource_type(sync, "user");
        v1.resource(sync, &resource(("user", "u")));
        v1.entitlement(sync, &entitlement(("group", "g"), "group:g:member"));
        ["u", "v"].iter().for_each(|user| v1.grant(sync, &Grant { id: (*user).into(), ..membership("g", user) }, None));
        v1.asset(sync, "icon", b"png");
        v1.session(sync, "key", b"value");
    }
    fs::read(v1.file().path()).unwrap()
}

fn convert(place: &Place) -> c1z::Result<ConvertFileResponse> {
    let path = |name: &str| place.folder().join(name).to_str().unwrap().to_owned();
    let request = ConvertFileRequest {
        input_path: path(INPUT),
        output_path: path(OUTPUT),
        tmp_dir: place.work().to_str().unwrap().into(),
        threads: 2,
        memory_budget_bytes: 8 << 20,
        ..Default::default()
    };
    convert_file(&request, &Control::none())
}

fn held(place: &Place) -> Vec<String> {
    crate::index::agrees_with_the_records(&place.folder().join(OUTPUT));
    let store = open_at(&place.folder().join(OUTPUT), &place.work()).unwrap();
    let contents = Contents::of(&store).without_ids();
    store.close().unwrap();
    contents
}

#[test]
fn a_conversion_whose_disk_fails_at_any_step_leaves_its_input_and_can_be_made_again() {
    let input = input();
    let placed = || {
        let place = Place::new();
        fs::create_dir_all(place.work()).unwrap();
        fs::write(place.folder().join(INPUT), &input).unwrap();
        place
    };
    let whole = placed();
    convert(&whole).unwrap();
    let expected = held(&whole);
    assert_eq!(expected.len(), 2);
    for (fault, and_later) in [(libc::ENOSPC, false), (libc::EIO, true)] {
        let tally = Tally::default();
        tally.sweep(|from| {
            let place = placed();
            let (result, struck) = under(place.plan(Fault::Error(fault), from, and_later), || convert(&place));
            let at = format!("{from}: {struck:?}, {result:?}");
            assert!(fs::read(place.folder().join(INPUT)).unwrap() == input, "{at}");
            let is_there = place.folder().join(OUTPUT).exists();
            assert!(is_there || result.is_err(), "{at}");
            // Nothing can be removed while removing fails.
            if !struck.iter().any(|point| point.starts_with("remove")) {
                let expected: &[&str] = if result.is_ok() { &[OUTPUT, INPUT, "work"] } else { &[INPUT, "work"] };
                let mut there = names(place.folder());
                there.sort();
                assert_eq!(there, expected, "{at}");
                assert_eq!(names(&place.work()), [""; 0], "{at}");
            }
            if is_there {
                fs::remove_file(place.folder().join(OUTPUT)).unwrap();
            }
            convert(&place).unwrap_or_else(|error| panic!("{error}, after {at}"));
            assert_eq!(held(&place), expected, "{at}");
            (struck, result.is_err())
        });
        tally.print(&format!("convert, {fault}"));
        assert!(tally.failed() > 0);
    }
}
