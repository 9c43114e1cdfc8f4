//! Random pairs of syncs, compared in every form, differ in what the reference says.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::comparing::{self, input, request};
use crate::family::{self, sync};
use crate::fixture::*;
use crate::record::{Record, Time, KINDS};
use crate::reference::{differences, rows};

fn time() -> impl Strategy<Value = Time> {
    prop_oneof![Just(None), Just(Some((1, 0))), Just(Some((2, 5)))]
}

fn record() -> impl Strategy<Value = Record> {
    let parts = (0..KINDS.len(), 0..12_u32, 0..4_u32, time());
    parts.prop_map(|(kind, identity, content, discovered_at)| Record { kind, identity, content, discovered_at })
}

fn options() -> impl Strategy<Value = CompareOptions> {
    (any::<[bool; 4]>(), vec(1..6, 0..3)).prop_map(|(ignored, kinds)| CompareOptions {
        kinds,
        ignore_display: ignored[0],
        ignore_annotations: ignored[1],
        ignore_sources: ignored[2],
        ignore_expansion: ignored[3],
    })
}

/// The second sync has the records of the first but for some that it lacks, and others of its own.
fn pair() -> impl Strategy<Value = [Vec<Record>; 2]> {
    (vec((record(), 0..4_u8), 0..40), vec(record(), 0..10)).prop_map(|(first, own)| {
        let before: Vec<Record> = first.iter().map(|(record, _)| *record).collect();
        let kept = first.into_iter().filter(|(_, lacks)| *lacks > 0).map(|(record, _)| record);
        [before, kept.chain(own).collect()]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_two_syncs_differ_in_what_the_reference_says(records in pair(), options in options()) {
        let folder = Fixture::new();
        let [before, after] = &records;
        let expected = differences(before, after, &options);
        let syncs = [sync(1, before.clone()), sync(2, after.clone())];

        let both = folder.beside("both.c1z");
        let ids = family::write_file(&both, &syncs);
        let store = open(&both, false).unwrap();
        let found = comparing::of_syncs(&store, &ids[0], &ids[1], &options).unwrap();
        prop_assert_eq!(rows(&found.list), expected.clone());
        let back = comparing::of_syncs(&store, &ids[1], &ids[0], &options).unwrap();
        prop_assert_eq!(rows(&back.list), differences(after, before, &options));
        prop_assert!(comparing::of_syncs(&store, &ids[0], &ids[0], &options).unwrap().list.is_empty());
        drop(store);

        let paths = family::write_files(&folder, &syncs);
        let of_files = CompareFilesRequest { options: Some(options.clone()), ..request(&paths[0], &paths[1]) };
        let of_files = comparing::of_request(&of_files).unwrap();
        prop_assert_eq!(&of_files.list, &found.list);
        let in_one = CompareFilesRequest {
            before: input(&both, &ids[0]),
            after: input(&both, &ids[1]),
            options: Some(options),
            ..request(&both, &both)
        };
        prop_assert_eq!(comparing::of_request(&in_one).unwrap().list, of_files.list);
    }
}
