//! Each call that commits, made to fail: it changes nothing, and succeeds when it is tried again.

use std::collections::BTreeSet;

use c1z::control::Control;
use c1z::proto::storage::{EntitlementRef, GrantRecord, PrincipalRef, SyncRunRecord};

use prost::Message;

use crate::fixture::*;
use crate::functions::{all, Function};
use crate::place::{put_all, whole_sync, Contents, Place, Tally, SCOPE};
use crate::sample::{open_request, start_sync, Sample};
use crate::support::Handle;
use crate::syscalls::{under, Fault, Plan};

/// The exported function that commits, and a call of what it does.
type Call = (&'static str, fn(&Scene) -> c1z::Result<()>);

/// A saved store with two finished syncs and a bound one.
struct Scene {
    place: Place,
    store: Store,
    finished: [String; 2],
    bound: String,
}

const CALLS: [Call; 35] = [
    ("c1z_put_resource_types", |Scene { store, .. }| try_put_resource_types(store, &["new", "user"])),
    ("c1z_put_resources", |Scene { store, .. }| {
        try_put_resources(store, &[resource(("user", "new")), child(("user", "u1"), ("a", "b"))])
    }),
    ("c1z_put_entitlements", |Scene { store, .. }| {
        try_put_entitlements(store, &[entitlement(("group", "g"), "new"), entitlement(("group", "g"), "owner")])
    }),
    ("c1z_put_grants", |Scene { store, .. }| try_put_grants(store, &[membership("g", "new"), membership("g", "u1")])),
    ("c1z_put_asset", |Scene { store, .. }| try_put_asset(store, "icon", b"bytes")),
    ("c1z_put_asset", |Scene { store, .. }| try_put_asset(store, "large", &[7; 5 << 20])),
    ("c1z_put_expanded_grants", |Scene { store, .. }| {
        try_put_expanded(store, &[membership("g", "u1"), membership("g", "new")])
    }),
    ("c1z_put_grant_contributions", |Scene { store, .. }| try_put_contributions(store, "g", &["u1", "new"], true)),
    ("c1z_set_entitlement_graph", |Scene { store, .. }| {
        store.set_entitlement_graph(&SetEntitlementGraphRequest {
            sync_id: String::new(),
            graph: Some(b"graph".to_vec()),
        })
    }),
    ("c1z_commit_page", |Scene { store, .. }| {
        let page = CommitPageRequest {
            delete_grants: Some(DeleteGrantsRequest { list: vec![membership("g", "u1")] }),
            grants: Some(PutGrantsRequest { list: vec![membership("g", "new")], ..Default::default() }),
            values: [("page".to_owned(), b"1".to_vec())].into(),
            ..Default::default()
        };
        store.commit_page(&page.encode_to_vec())
    }),
    ("c1z_put_source_cache_entry", |Scene { store, .. }| put_entry(store, "etag 2")),
    ("c1z_replay_source_cache", |Scene { store, finished, .. }| {
        let request = ReplaySourceCacheRequest {
            row_kind: "resources".into(),
            scope_key: SCOPE.into(),
            source_sync_id: finished[1].clone(),
        };
        store.replay_source_cache(None, &request, &Control::none()).map(drop)
    }),
    ("c1z_delete_source_cache_rows", |Scene { store, .. }| {
        let request = DeleteSourceCacheRowsRequest {
            row_kind: "resources".into(),
            scope_key: SCOPE.into(),
            by: SourceCacheRowsBy::PublicId.into(),
            resource_ids: vec![id(("user", "u1")), id(("user", "scoped"))],
            ..Default::default()
        };
        store.delete_source_cache_rows(&request, &Control::none()).map(drop)
    }),
    ("c1z_delete_grant", |Scene { store, .. }| {
        store.delete_grant(&DeleteGrantRequest { grant_id: "group:g:member:user:u1".into() })
    }),
    ("c1z_delete_grants", |Scene { store, .. }| {
        try_delete_grants(store, vec![membership("g", "u1"), membership("g", "u2")])
    }),
    ("c1z_delete_resource", |Scene { store, .. }| {
        store.delete_resource(&DeleteResourceRequest { resource_id: Some(id(("user", "u1"))) })
    }),
    ("c1z_delete_entitlement", |Scene { store, .. }| {
        let entitlement = Some(entitlement(("group", "g"), "owner"));
        store.delete_entitlement(&DeleteEntitlementRequest { entitlement })
    }),
    ("c1z_set_session_values", |Scene { store, bound, .. }| try_set_session(store, bound, &[("key", b"value")])),
    ("c1z_delete_session_values", |Scene { store, bound: sync_id, .. }| {
        let (sync_id, keys) = (sync_id.clone(), vec!["old".into()]);
        store.delete_session_values(&DeleteSessionValuesRequest { sync_id, keys, ..Default::default() })
    }),
    ("c1z_clear_session", |Scene { store, bound: sync_id, .. }| {
        store.clear_session(&ClearSessionRequest { sync_id: sync_id.clone(), ..Default::default() })
    }),
    ("c1z_checkpoint_sync", |Scene { store, .. }| {
        store.checkpoint_sync(&CheckpointSyncRequest { sync_token: "token".into() })
    }),
    ("c1z_end_sync", |Scene { store, .. }| store.end_sync(&Control::none())),
    ("c1z_start_sync", |Scene { store, .. }| {
        let request = StartSyncRequest { sync_type: "partial".into(), sync_id: KSUID.into(), ..Default::default() };
        store.start_sync(&request).map(drop)
    }),
    ("c1z_start_or_resume_sync", |Scene { store, .. }| {
        let request = StartOrResumeSyncRequest { sync_type: "full".into(), ..Default::default() };
        store.start_or_resume_sync(&request).map(drop)
    }),
    ("c1z_mark_sync_supports_diff", |Scene { store, bound, .. }| {
        store.mark_sync_supports_diff(&MarkSyncSupportsDiffRequest { sync_id: bound.clone() })
    }),
    ("c1z_mark_sync_verified", |Scene { store, finished, .. }| mark_verified(store, &finished[0], "2")),
    ("c1z_clear_sync_verification", |Scene { store, finished, .. }| {
        store.clear_sync_verification(&ClearSyncVerificationRequest { sync_id: finished[0].clone() })
    }),
    ("c1z_recalculate_stats", |Scene { store, .. }| {
        store.recalculate_stats(&RecalculateStatsRequest::default(), &Control::none())
    }),
    ("c1z_diff_syncs", |Scene { store, finished, .. }| {
        let [base_sync_id, applied_sync_id] = finished.clone();
        store.diff_syncs(&DiffSyncsRequest { base_sync_id, applied_sync_id }, &Control::none()).map(drop)
    }),
    ("c1z_merge_syncs", |Scene { store, finished, .. }| merge(store, &[&finished[0], &finished[1]], false)),
    ("c1z_merge_syncs", |Scene { store, finished, .. }| merge(store, &[&finished[0], &finished[1]], true)),
    ("c1z_merge_syncs", |Scene { store, finished, .. }| merge(store, &[&finished[0], &small_sync(store)], false)),
    ("c1z_import_records", |Scene { store, .. }| {
        let grant = GrantRecord {
            entitlement: Some(EntitlementRef {
                resource_type_id: "group".into(),
                resource_id: "g".into(),
                entitlement_id: "e".into(),
            }),
            principal: Some(PrincipalRef {
                resource_type_id: "user".into(),
                resource_id: "u1".into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let request = ImportRecordsRequest {
            sync_id: KSUID.into(),
            run: Some(SyncRunRecord { ended_at: Some(Default::default()), ..Default::default() }),
            kind: RecordKind::Grant.into(),
            list: vec![grant.encode_to_vec()],
            end: true,
            ..Default::default()
        };
        store.import_records(&request.encode_to_vec(), &Control::none()).map(drop)
    }),
    ("c1z_cleanup", |Scene { store, .. }| store.cleanup(&CleanupRequest { keep: 1 }, &Control::none()).map(drop)),
    ("c1z_clone_sync", |Scene { store, place, .. }| {
        let path = place.folder().join("clone.c1z").to_str().unwrap().to_owned();
        store.clone_sync(&CloneSyncRequest { path, ..Default::default() }, &Control::none())
    }),
];

fn put_entry(store: &Store, validator: &str) -> c1z::Result<()> {
    store.put_source_cache_entry(&PutSourceCacheEntryRequest {
        row_kind: "resources".into(),
        scope_key: SCOPE.into(),
        cache_validator: validator.into(),
    })
}

/// Two rows in a scope, and what it is compared by.
fn put_scope(store: &Store, validator: &str) {
    let list = ["scoped", "scoped 2"].map(|user| resource(("user", user))).into();
    let request = PutResourcesRequest { list, source_scope_key: SCOPE.into() };
    store.put_resources(&request.encode_to_vec()).unwrap();
    put_entry(store, validator).unwrap();
}

const KSUID: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOv";

fn mark_verified(store: &Store, sync: &str, generation: &str) -> c1z::Result<()> {
    let (generation, coverage, mode) = (generation.into(), vec!["grants".into()], "connector".into());
    let verification = Some(Verification { generation, coverage, mode });
    store.mark_sync_verified(MarkSyncVerifiedRequest { sync_id: sync.into(), verification })
}

fn merge(store: &Store, syncs: &[&str], keep_inputs: bool) -> c1z::Result<()> {
    let sync_ids = syncs.iter().map(|sync| (*sync).to_owned()).collect();
    store.merge_syncs(&MergeSyncsRequest { sync_ids, keep_inputs }, &Control::none()).map(drop)
}

/// The sync of the template that is put over a larger one when they are merged.
fn small_sync(store: &Store) -> String {
    let runs = store.list_sync_runs(&Default::default()).unwrap().list;
    runs.into_iter().find(|run| run.sync_type == "resources_only").unwrap().id
}

fn template() -> (Place, [String; 2]) {
    let place = Place::new();
    let store = place.open();
    let mut syncs = ["", "extra"].map(|extra| {
        let sync = start(&store, "full");
        put_all(&store).unwrap();
        put_resources(&store, &[resource(("user", extra))]);
        put_scope(&store, "etag");
        end(&store);
        mark_verified(&store, &sync, "1").unwrap();
        sync
    });
    whole_sync(&store);
    start(&store, "resources_only");
    put_resources(&store, &[resource(("user", "u1"))]);
    end(&store);
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
    put_scope(&store, "etag 1");
    set_session(&store, &bound, &[("old", b"value")]);
    if function.starts_with("c1z_start_") {
        end(&store);
    } else if function.starts_with("c1z_put_") {
        // Into an open sync nothing is committed before it is read.
        end(&store);
        resume(&store, &bound).unwrap();
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
    assert_eq!(store.is_dirty(), *function != "c1z_clone_sync", "{at}");
    save(store);
    assert_eq!(place.saved(), after, "{at}");
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

/// Whether a function commits when it is called on a sample as it is opened, or on one with a sync that was just started:
/// whether it writes to the log of a database.
fn commits(function: &Function) -> bool {
    [false, true].into_iter().any(|is_started| {
        let sample = Sample::new();
        let below = sample.beside("");
        let request = OpenRequest { tmp_dir: below.to_str().unwrap().into(), ..open_request(&sample.path) };
        let store = Handle::open(&request).unwrap();
        if is_started {
            start_sync(&store);
        }
        let plan = Plan { below, fault: None, from: 1, and_later: true };
        // Into a sync that was just started, some have nothing to do and some fail.
        let (_, calls) = under(plan, || store.send(function.exported, &function.request));
        store.discard().unwrap();
        calls.iter().any(|call| call == "write log")
    })
}

#[test]
fn every_function_that_commits_is_made_to_fail() {
    let sample = Sample::new();
    let functions = all(&sample);
    let committing = functions.iter().filter(|function| commits(function)).map(|function| function.name);
    assert_eq!(committing.collect::<BTreeSet<_>>(), CALLS.iter().map(|(function, _)| *function).collect());
}
