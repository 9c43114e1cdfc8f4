//! Each call that commits, made to fail: it changes nothing, and succeeds when it is tried again.

use std::collections::BTreeSet;
use std::path::Path;

use c1z::control::Control;

use crate::fixture::*;
use crate::place::{put_all, whole_sync, Contents, Place, Tally};
use crate::syscalls::{under, Fault};

/// The function that commits, and a call of it.
type Call = (&'static str, fn(&Scene) -> c1z::Result<()>);

/// A saved store with two finished syncs and a bound one.
struct Scene {
    place: Place,
    store: Store,
    finished: [String; 2],
    bound: String,
}

const CALLS: [Call; 18] = [
    ("put_records", |Scene { store, .. }| {
        try_put_resources(store, &[resource(("user", "new")), child(("user", "u1"), ("a", "b"))])
    }),
    ("put_records", |Scene { store, .. }| try_put_grants(store, &[membership("g", "new"), membership("g", "u1")])),
    ("put_records", |Scene { store, .. }| try_put_asset(store, "icon", b"bytes")),
    ("put_large", |Scene { store, .. }| try_put_asset(store, "large", &[7; 5 << 20])),
    ("delete_grant", |Scene { store, .. }| {
        store.delete_grant(&DeleteGrantRequest { grant_id: "group:g:member:user:u1".into() })
    }),
    ("delete", |Scene { store, .. }| try_delete_grants(store, vec![membership("g", "u1"), membership("g", "u2")])),
    ("delete", |Scene { store, .. }| {
        store.delete_resource(&DeleteResourceRequest { resource_id: Some(id(("user", "u1"))) })
    }),
    ("delete", |Scene { store, .. }| {
        let entitlement = Some(entitlement(("group", "g"), "owner"));
        store.delete_entitlement(&DeleteEntitlementRequest { entitlement })
    }),
    ("put_expanded_grants", |Scene { store, .. }| {
        try_put_expanded(store, &[membership("g", "u1"), membership("g", "new")])
    }),
    ("change_session", |Scene { store, bound, .. }| try_set_session(store, bound, &[("key", b"value")])),
    ("checkpoint_sync", |Scene { store, .. }| {
        store.checkpoint_sync(&CheckpointSyncRequest { sync_token: "token".into() })
    }),
    ("end_sync", |Scene { store, .. }| store.end_sync(&Control::none())),
    ("start", |Scene { store, .. }| {
        let request = StartSyncRequest { sync_type: "partial".into(), sync_id: KSUID.into(), ..Default::default() };
        store.start_sync(&request).map(drop)
    }),
    ("update_run", |Scene { store, bound, .. }| {
        store.mark_sync_supports_diff(&MarkSyncSupportsDiffRequest { sync_id: bound.clone() })
    }),
    ("recalculate_stats", |Scene { store, .. }| {
        store.recalculate_stats(&RecalculateStatsRequest::default(), &Control::none())
    }),
    ("diff_syncs", |Scene { store, finished, .. }| {
        let [base_sync_id, applied_sync_id] = finished.clone();
        store.diff_syncs(&DiffSyncsRequest { base_sync_id, applied_sync_id }, &Control::none()).map(drop)
    }),
    ("cleanup", |Scene { store, .. }| store.cleanup(&CleanupRequest { keep: 1 }, &Control::none()).map(drop)),
    ("clone_sync", |Scene { store, place, .. }| {
        let path = place.folder().join("clone.c1z").to_str().unwrap().to_owned();
        store.clone_sync(&CloneSyncRequest { path, ..Default::default() }, &Control::none())
    }),
];

const KSUID: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOv";

/// Functions that commit and are made to fail elsewhere.
const ELSEWHERE: [(&str, &str); 2] =
    [("copy_missing", "within diff_syncs"), ("drop_unmapped_slots", "within an open, in opening.rs")];

fn template() -> (Place, [String; 2]) {
    let place = Place::new();
    let store = place.open();
    let mut syncs = ["", "extra"].map(|extra| {
        let sync = start(&store, "full");
        put_all(&store).unwrap();
        put_resources(&store, &[resource(("user", extra))]);
        end(&store);
        sync
    });
    whole_sync(&store);
    close(store);
    // The first one is for `cleanup`.
    syncs.sort();
    (place, syncs)
}

fn scene((template, finished): &(Place, [String; 2]), function: &str) -> Scene {
    let place = Place::like(template);
    let store = place.open();
    let bound = start(&store, "full");
    put_all(&store).unwrap();
    match function {
        "start" => end(&store),
        // Into an open sync nothing is committed before it is read.
        "put_records" | "put_large" | "put_expanded_grants" => {
            end(&store);
            resume(&store, &bound).unwrap();
        }
        _ => {}
    }
    save(&store);
    Scene { place, store, finished: finished.clone(), bound }
}

fn round(template: &(Place, [String; 2]), call: &Call, expected: &[String], from: u64) -> (Vec<String>, bool) {
    let (function, make) = call;
    let scene = scene(template, function);
    let before = Contents::of(&scene.store);
    let (result, struck) = under(scene.place.plan(Fault::Error(libc::EIO), from, true), || make(&scene));
    let at = format!("{function} {from}: {struck:?}, {result:?}");
    let Scene { place, store, .. } = &scene;
    if result.is_err() {
        assert_eq!(Contents::of(store), before, "{at}");
        assert!(!store.is_dirty(), "{at}");
        if struck.iter().any(|point| point == "remove file") {
            // The clone is in its place, and could not be taken away again.
            std::fs::remove_file(place.folder().join("clone.c1z")).unwrap();
        }
        make(&scene).unwrap_or_else(|error| panic!("{error}, after {at}"));
    }
    let after = Contents::of(store);
    assert_eq!(after.without_ids(), expected, "{at}");
    assert_eq!(store.is_dirty(), *function != "clone_sync", "{at}");
    save(store);
    // The slot of a failed diff is garbage, which the next writer removes.
    let saved = if *function == "diff_syncs" { place.contents() } else { place.saved() };
    assert_eq!(saved, after, "{at}");
    (struck, result.is_err())
}

#[test]
fn a_call_whose_commit_fails_changes_nothing_and_can_be_made_again() {
    let template = template();
    let tally = Tally::default();
    for call in &CALLS {
        let scene = scene(&template, call.0);
        call.1(&scene).unwrap();
        let expected = Contents::of(&scene.store).without_ids();
        let before = tally.failed();
        tally.sweep(|from| round(&template, call, &expected, from));
        assert!(tally.failed() > before, "nothing made {} fail", call.0);
    }
    tally.print("commits");
}

/// The functions in a folder of the source that commit.
fn functions_that_commit(folder: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.append(&mut functions_that_commit(&format!("{folder}/{name}")));
            continue;
        }
        let source = std::fs::read_to_string(entry.path()).unwrap();
        let mut function = "";
        for line in source.lines() {
            if let Some((_, rest)) = line.split_once("fn ") {
                function = rest.split(['(', '<']).next().unwrap();
            }
            if line.contains(".commit(") {
                found.insert(function.to_owned());
            }
        }
    }
    found
}

#[test]
fn no_function_commits_that_is_not_made_to_fail() {
    let committing = &functions_that_commit("src/store") | &functions_that_commit("src/engine");
    let here = CALLS.iter().map(|(function, _)| *function);
    let known: BTreeSet<String> = here.chain(ELSEWHERE.map(|(function, _)| function)).map(str::to_owned).collect();
    assert_eq!(committing, known);
}
