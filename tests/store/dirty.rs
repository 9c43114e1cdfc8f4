//! What makes a store dirty, and so reaches the file.

use c1z::control::Control;
use c1z::proto::reader::*;

use super::fixture::*;

struct Mutator {
    name: &'static str,
    act: fn(&Store) -> c1z::Result<()>,
    /// What the act changes, as text.
    seen: fn(&Store) -> String,
}

const OLDEST: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOt";
const OLDER: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOu";
const BOUND: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOv";

fn run(store: &Store) -> String {
    let runs = store.list_sync_runs(&Default::default()).unwrap().list;
    format!("{:?}", runs.into_iter().find(|run| run.id == BOUND))
}

fn syncs(store: &Store) -> String {
    store.list_syncs(&Default::default()).unwrap().syncs.len().to_string()
}

fn values(store: &Store) -> String {
    format!("{:?}", session(store, BOUND))
}

fn held(store: &Store) -> String {
    format!("{:?}", grants(store))
}

fn resource_type_list(store: &Store) -> String {
    format!("{:?}", store.list_resource_types(&Default::default()).unwrap().decode().unwrap().list)
}

fn icon(store: &Store) -> String {
    let request = AssetServiceGetAssetRequest { asset: Some(AssetRef { id: "icon".into() }) };
    store.get_asset(&request).map_or("none".into(), |asset| asset.decode().unwrap().content_type)
}

fn stats(store: &Store) -> String {
    let request = SyncsReaderServiceGetSyncRequest { sync_id: BOUND.into(), ..Default::default() };
    format!("{:?}", store.get_sync(&request).unwrap().sync.unwrap().stats)
}

fn verified() -> MarkSyncVerifiedRequest {
    let verification = Verification { generation: "2".into(), coverage: vec!["I5".into()], mode: "connector".into() };
    MarkSyncVerifiedRequest { sync_id: BOUND.into(), verification: Some(verification) }
}

fn start_one(store: &Store, sync_type: &str) -> c1z::Result<()> {
    store.start_sync(&StartSyncRequest { sync_type: sync_type.into(), ..Default::default() }).map(drop)
}

const MUTATORS: &[Mutator] = &[
    Mutator { name: "start_sync", act: |store| start_one(store, "full"), seen: syncs },
    Mutator {
        name: "start_or_resume_sync",
        act: |store| {
            let request = StartOrResumeSyncRequest { sync_type: "partial".into(), ..Default::default() };
            store.start_or_resume_sync(&request).map(|bound| assert!(bound.started))
        },
        seen: syncs,
    },
    Mutator {
        name: "checkpoint_sync",
        act: |store| store.checkpoint_sync(&CheckpointSyncRequest { sync_token: "later".into() }),
        seen: run,
    },
    Mutator { name: "end_sync", act: |store| store.end_sync(&Control::none()), seen: run },
    Mutator {
        name: "cleanup",
        act: |store| {
            let dropped = store.cleanup(&CleanupRequest { keep: 1 }, &Control::none())?;
            assert_eq!(dropped.deleted_sync_ids, [OLDEST]);
            Ok(())
        },
        seen: syncs,
    },
    Mutator {
        name: "diff_syncs",
        act: |store| {
            let request = DiffSyncsRequest { base_sync_id: OLDEST.into(), applied_sync_id: OLDER.into() };
            store.diff_syncs(&request, &Control::none()).map(drop)
        },
        seen: syncs,
    },
    Mutator {
        name: "mark_sync_supports_diff",
        act: |store| store.mark_sync_supports_diff(&MarkSyncSupportsDiffRequest { sync_id: BOUND.into() }),
        seen: run,
    },
    Mutator { name: "mark_sync_verified", act: |store| store.mark_sync_verified(verified()), seen: run },
    Mutator {
        name: "clear_sync_verification",
        act: |store| store.clear_sync_verification(&ClearSyncVerificationRequest { sync_id: BOUND.into() }),
        seen: run,
    },
    Mutator {
        name: "recalculate_stats",
        act: |store| store.recalculate_stats(&RecalculateStatsRequest::default(), &Control::none()),
        seen: stats,
    },
    Mutator {
        name: "put_resource_types",
        act: |store| try_put_resource_types(store, &["new"]),
        seen: resource_type_list,
    },
    Mutator {
        name: "put_resources",
        act: |store| try_put_resources(store, &[resource(("user", "new"))]),
        seen: |store| format!("{:?}", resources(store)),
    },
    Mutator {
        name: "put_entitlements",
        act: |store| try_put_entitlements(store, &[entitlement(("group", "g"), "new")]),
        seen: |store| format!("{:?}", entitlements(store)),
    },
    Mutator { name: "put_grants", act: |store| try_put_grants(store, &[membership("g", "new")]), seen: held },
    Mutator {
        name: "put_expanded_grants",
        act: |store| try_put_expanded(store, &[membership("g", "new")]),
        seen: held,
    },
    Mutator {
        name: "put_grant_contributions",
        act: |store| try_put_contributions(store, "g", &["new"], true),
        seen: held,
    },
    Mutator { name: "put_asset", act: |store| try_put_asset(store, "icon", b""), seen: icon },
    Mutator {
        name: "delete_grant",
        act: |store| store.delete_grant(&DeleteGrantRequest { grant_id: "group:g:member:user:u".into() }),
        seen: held,
    },
    Mutator { name: "delete_grants", act: |store| try_delete_grants(store, vec![membership("g", "u")]), seen: held },
    Mutator {
        name: "delete_entitlement",
        act: |store| {
            let entitlement = Some(entitlement(("group", "g"), "group:g:member"));
            store.delete_entitlement(&DeleteEntitlementRequest { entitlement })
        },
        seen: |store| format!("{:?}", entitlements(store)),
    },
    Mutator {
        name: "delete_resource",
        act: |store| {
            let resource_id = Some(id(("user", "u")));
            store.delete_resource(&DeleteResourceRequest { resource_id })
        },
        seen: |store| format!("{:?}", resources(store)),
    },
    Mutator { name: "set_session_values", act: |store| try_set_session(store, BOUND, &[("new", b"")]), seen: values },
    Mutator {
        name: "delete_session_values",
        act: |store| {
            let keys = vec!["key".into()];
            let request = DeleteSessionValuesRequest { sync_id: BOUND.into(), prefix: String::new(), keys };
            store.delete_session_values(&request)
        },
        seen: values,
    },
    Mutator {
        name: "clear_session",
        act: |store| store.clear_session(&ClearSessionRequest { sync_id: BOUND.into(), prefix: String::new() }),
        seen: values,
    },
];

/// Three finished syncs; the last holds one record of each kind, one of them unknown to its statistics.
fn base(fixture: &Fixture) {
    let store = fixture.open();
    for sync in [OLDEST, OLDER, BOUND] {
        start_as(&store, "full", sync);
        put_resources(&store, &[resource(("user", "u")), resource(("sync", sync))]);
        put_entitlements(&store, &[entitlement(("group", "g"), "group:g:member")]);
        end(&store);
    }
    select(&store, BOUND);
    put_grants(&store, &[membership("g", "u")]);
    store
        .mark_sync_verified(MarkSyncVerifiedRequest {
            verification: verified().verification.map(|old| Verification { generation: "1".into(), ..old }),
            ..verified()
        })
        .unwrap();
    set_session(&store, BOUND, &[("key", b"value")]);
    close(store);
}

#[test]
fn each_change_alone_makes_a_reopened_store_dirty_and_reaches_the_file() {
    let fixture = Fixture::new();
    base(&fixture);
    let pristine = std::fs::read(fixture.path()).unwrap();
    for Mutator { name, act, seen } in MUTATORS {
        std::fs::write(fixture.path(), &pristine).unwrap();
        let store = fixture.open();
        select(&store, BOUND);
        let before = seen(&store);
        assert!(!store.is_dirty(), "{name}");
        act(&store).unwrap();
        assert!(store.is_dirty(), "{name}");
        close(store);
        let store = fixture.open();
        select(&store, BOUND);
        assert_ne!(seen(&store), before, "{name}");
    }
}

#[test]
fn what_is_no_change_writes_no_file() {
    let fixture = Fixture::new();
    base(&fixture);
    let written = |fixture: &Fixture| std::fs::metadata(fixture.path()).unwrap().modified().unwrap();
    let before = written(&fixture);
    let store = fixture.open();
    select(&store, OLDER);
    resume(&store, BOUND).unwrap();
    let resumed = StartOrResumeSyncRequest { sync_type: "full".into(), sync_id: OLDER.into() };
    assert!(!store.start_or_resume_sync(&resumed).unwrap().started);
    put_grants(&store, &[]);
    put_resources(&store, &[]);
    assert!(try_put_grants(&store, &[Grant::default()]).is_err());
    assert!(resume(&store, "no ksuid").is_err());
    store.delete_grant(&DeleteGrantRequest { grant_id: "absent".into() }).unwrap();
    assert_eq!(store.cleanup(&CleanupRequest { keep: 9 }, &Control::none()).unwrap().deleted_sync_ids, [""; 0]);
    assert_eq!(grants(&store), []);
    assert!(!store.is_dirty());
    close(store);
    assert_eq!(written(&fixture), before);
}

#[test]
fn a_store_that_is_never_written_to_leaves_no_file() {
    let fixture = Fixture::new();
    close(fixture.open());
    assert!(!fixture.path().exists());
}

#[test]
fn a_read_only_store_refuses_every_change() {
    let fixture = Fixture::new();
    base(&fixture);
    let before = std::fs::read(fixture.path()).unwrap();
    let store = fixture.open_read_only();
    select(&store, BOUND);
    for Mutator { name, act, .. } in MUTATORS {
        assert_eq!(why(act(&store)), (Code::FailedPrecondition, "READ_ONLY"), "{name}");
    }
    assert!(!store.is_dirty());
    close(store);
    assert_eq!(std::fs::read(fixture.path()).unwrap(), before);
}

#[test]
fn opening_a_missing_file_read_only_is_not_found_and_creates_nothing() {
    let fixture = Fixture::new();
    assert_eq!(why(open(&fixture.path(), true)), NOT_FOUND);
    assert_eq!(std::fs::read_dir(fixture.path().parent().unwrap()).unwrap().count(), 0);
}
