//! Syncs that come from elsewhere: invisible until they are whole, and then what they were.

use std::collections::BTreeMap;

use c1z::control::Control;
use c1z::error::Code;
use c1z::proto::api::SyncRun;
use c1z::proto::storage::{
    AssetRecord, EntitlementRecord, EntitlementRef, GrantExpandableRecord, GrantRecord, IngestQualityStats,
    PrincipalRef, ResourceRecord, ResourceRef, ResourceTypeRecord, SyncRunRecord, SyncStatsRecord, SyncType,
};
use c1z::store::ScanRequest;
use prost::Message;
use prost_types::{Any, Timestamp};

use super::fixture::*;
use super::index;

const ID: &str = "3Mr6TM8KQScYI7vVlNMMQXZ27Dl";
const OTHER: &str = "3Mr6TM8KQScYI7vVlNMMQXZ27Dm";

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 5 })
}

fn run() -> SyncRunRecord {
    SyncRunRecord {
        r#type: SyncType::Partial.into(),
        parent_sync_id: "a parent elsewhere".into(),
        started_at: at(100),
        ended_at: at(200),
        sync_token: r#"{"step_durations_ms":{"grants":4}}"#.into(),
        supports_diff: true,
        compacted: true,
        ingest_invariant_generation: "1".into(),
        ingest_invariant_coverage: vec!["I5".into()],
        ingest_invariant_mode: "connector".into(),
        ..Default::default()
    }
}

/// A field that no schema names.
fn with_unknown(record: impl Message) -> Vec<u8> {
    let mut bytes = record.encode_to_vec();
    prost::encoding::string::encode(777, &"kept".to_owned(), &mut bytes);
    bytes
}

fn grant_of(user: &str, id: &str, discovered: i64) -> GrantRecord {
    GrantRecord {
        external_id: id.into(),
        entitlement: Some(EntitlementRef {
            resource_type_id: "group".into(),
            resource_id: "g".into(),
            entitlement_id: "group:g:member".into(),
        }),
        principal: Some(PrincipalRef {
            resource_type_id: "user".into(),
            resource_id: user.into(),
            ..Default::default()
        }),
        discovered_at: at(discovered),
        ..Default::default()
    }
}

/// Some of everything, by kind, in the order of the keys.
fn records() -> Vec<(RecordKind, Vec<Vec<u8>>)> {
    let resource_type = ResourceTypeRecord { external_id: "user".into(), discovered_at: at(1), ..Default::default() };
    let resource = ResourceRecord {
        resource_type_id: "user".into(),
        resource_id: "u".into(),
        parent: Some(ResourceRef { resource_type_id: "group".into(), resource_id: "g".into() }),
        source_scope_key: "scope".into(),
        discovered_at: at(2),
        ..Default::default()
    };
    let entitlement = EntitlementRecord {
        external_id: "group:g:member".into(),
        resource: Some(ResourceRef { resource_type_id: "group".into(), resource_id: "g".into() }),
        discovered_at: at(3),
        ..Default::default()
    };
    let expandable = GrantRecord {
        expansion: Some(GrantExpandableRecord { entitlement_ids: vec!["e".into()], ..Default::default() }),
        needs_expansion: true,
        ..grant_of("v", "an id of its own", 5)
    };
    let asset = |id: &str, data: Vec<u8>| AssetRecord {
        external_id: id.into(),
        content_type: "image/png".into(),
        data,
        discovered_at: at(6),
        ..Default::default()
    };
    vec![
        (RecordKind::ResourceType, vec![with_unknown(resource_type)]),
        (RecordKind::Resource, vec![with_unknown(resource)]),
        (RecordKind::Entitlement, vec![with_unknown(entitlement)]),
        (RecordKind::Grant, vec![with_unknown(grant_of("u", "", 4)), with_unknown(expandable)]),
        (RecordKind::Asset, vec![with_unknown(asset("icon", vec![1])), with_unknown(asset("large", vec![7; 5 << 20]))]),
    ]
}

fn step(store: &Store, request: &ImportRecordsRequest) -> c1z::Result<ImportRecordsResponse> {
    store.import_records(&request.encode_to_vec(), &Control::none())
}

fn begin() -> ImportRecordsRequest {
    ImportRecordsRequest { sync_id: ID.into(), run: Some(run()), ..Default::default() }
}

fn batch(kind: RecordKind, list: Vec<Vec<u8>>) -> ImportRecordsRequest {
    ImportRecordsRequest { sync_id: ID.into(), kind: kind.into(), list, ..Default::default() }
}

fn finish() -> ImportRecordsRequest {
    ImportRecordsRequest { sync_id: ID.into(), end: true, ..Default::default() }
}

fn import(store: &Store, records: Vec<(RecordKind, Vec<Vec<u8>>)>) -> ConvertedSync {
    step(store, &begin()).unwrap();
    for (kind, list) in records {
        step(store, &batch(kind, list)).unwrap();
    }
    step(store, &finish()).unwrap().sync.unwrap()
}

/// The records of a kind as they are stored.
fn stored(store: &Store, sync: &str, kind: RecordKind) -> Vec<Vec<u8>> {
    let request = ScanRecordsRequest { sync_id: sync.into(), kind: kind.into() };
    let mut scan = store.scan(&ScanRequest::Records(request)).unwrap();
    let mut list = Vec::new();
    while let Some(page) = store.scan_next(&mut scan).unwrap() {
        list.extend(RecordPage::decode(&page[..]).unwrap().list);
    }
    list
}

fn check_indexes(fixture: &Fixture, store: &Store) {
    save(store);
    index::agrees_with_the_records(&fixture.path());
}

fn counts(rows: i64) -> Option<ConvertCounts> {
    Some(ConvertCounts { rows, records: rows, ..Default::default() })
}

fn runs(store: &Store) -> Vec<SyncRun> {
    store.list_sync_runs(&Default::default()).unwrap().list
}

#[test]
fn everything_is_stored_as_it_came_and_survives_a_save() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let imported = import(&store, records());
    assert_eq!((imported.sync_id.as_str(), imported.sync_type.as_str(), imported.ended), (ID, "partial", true));
    assert_eq!([imported.resource_types, imported.resources, imported.entitlements], [counts(1); 3]);
    assert_eq!([imported.grants, imported.assets], [counts(2); 2]);
    let store = fixture.reopen(store);
    for (kind, list) in records() {
        let held = stored(&store, ID, kind);
        match kind {
            // What it is found by comes first.
            RecordKind::Asset => {
                let decoded = |list: Vec<Vec<u8>>| {
                    list.iter().map(|one| AssetRecord::decode(&one[..]).unwrap()).collect::<Vec<_>>()
                };
                assert_eq!(decoded(held), decoded(list));
            }
            _ => assert_eq!(held, list),
        }
    }
    let shown = &runs(&store)[0];
    assert_eq!((shown.started_at, shown.ended_at), (at(100), at(200)));
    assert_eq!((&shown.parent_sync_id[..], &shown.sync_token[..]), ("a parent elsewhere", &run().sync_token[..]));
    assert!(shown.supports_diff && shown.compacted && shown.verification.is_some());
    assert_eq!(shown.stats.as_ref().unwrap().step_durations_ms, BTreeMap::from([("grants".into(), 4)]));
    assert_eq!(pending(&store).len(), 1);
    assert_eq!(children(&store, ("group", "g")), [id(("user", "u"))]);
    assert_eq!(get_grant(&store, "an id of its own").unwrap().principal.unwrap().id.unwrap().resource, "v");
    check_indexes(&fixture, &store);
}

#[test]
fn one_step_may_be_all_of_an_import_and_statistics_and_graph_come_with_it() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let stats = SyncStatsRecord {
        grants: 1_000_000,
        grants_by_entitlement_resource_type: BTreeMap::from([("nothing".into(), 5)]),
        step_durations_ms: BTreeMap::from([("resources".into(), 9)]),
        ingest_quality: Some(IngestQualityStats { grants_dropped: 3, ..Default::default() }),
        written_at: at(7),
        ..Default::default()
    };
    let whole = ImportRecordsRequest {
        end: true,
        stats: Some(stats),
        entitlement_graph: Some(b"a graph".to_vec()),
        run: Some(run()),
        ..batch(RecordKind::Grant, records().remove(3).1)
    };
    assert_eq!(step(&store, &whole).unwrap().sync.unwrap().grants, counts(2));
    let stats = runs(&store)[0].stats.clone().unwrap();
    assert_eq!((stats.grants, stats.grants_by_resource_type), (2, BTreeMap::from([("group".into(), 2)])));
    assert_eq!(stats.step_durations_ms, BTreeMap::from([("resources".into(), 9)]));
    let graph = store.get_entitlement_graph(&GetEntitlementGraphRequest { sync_id: ID.into() }).unwrap();
    assert_eq!(graph.graph, Some(b"a graph".to_vec()));
    assert_eq!(why(step(&store, &whole)), (Code::FailedPrecondition, "FAILED_PRECONDITION"));
}

#[test]
fn a_sync_that_had_not_ended_is_resumed() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let request = ImportRecordsRequest { run: Some(SyncRunRecord { ended_at: None, ..run() }), end: true, ..begin() };
    assert!(!step(&store, &request).unwrap().sync.unwrap().ended);
    let store = fixture.reopen(store);
    resume(&store, ID).unwrap();
    assert_eq!(current(&store), (ID.to_owned(), run().sync_token));
    put_grants(&store, &[membership("g", "w")]);
    end(&store);
    assert_eq!(grants(&store).len(), 1);
}

#[test]
fn nobody_sees_anything_before_the_end_and_other_syncs_are_written_meanwhile() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let other = start(&store, "full");
    step(&store, &begin()).unwrap();
    for (kind, list) in records() {
        step(&store, &batch(kind, list)).unwrap();
        put_grants(&store, &[membership("h", &format!("{kind:?}"))]);
        assert_eq!(runs(&store).len(), 1);
        assert_eq!(why(resume(&store, ID)), (Code::NotFound, "NOT_FOUND"));
    }
    assert_eq!(grants(&store).len(), 5);
    step(&store, &finish()).unwrap();
    assert_eq!(current(&store).0, other, "what is bound does not change");
    end(&store);
    assert_eq!(grants(&store).len(), 5);
    let store = fixture.reopen(store);
    let mut ids: Vec<String> = runs(&store).into_iter().map(|run| run.id).collect();
    ids.sort();
    let mut expected = [other, ID.to_owned()];
    expected.sort();
    assert_eq!(ids, expected);
    assert_eq!(stored(&store, ID, RecordKind::Grant).len(), 2);
    check_indexes(&fixture, &store);
}

#[test]
fn what_is_abandoned_or_never_ended_is_gone() {
    let fixture = Fixture::new();
    let store = fixture.open();
    put_one_sync(&store);
    let abandon = ImportRecordsRequest { sync_id: ID.into(), abandon: true, ..Default::default() };
    step(&store, &begin()).unwrap();
    step(&store, &batch(RecordKind::Grant, records().remove(3).1)).unwrap();
    step(&store, &abandon).unwrap();
    assert_eq!(why(step(&store, &abandon)), (Code::FailedPrecondition, "FAILED_PRECONDITION"));
    assert_eq!(why(step(&store, &finish())), (Code::FailedPrecondition, "FAILED_PRECONDITION"));
    for syncs in [2, 3] {
        put_one_sync(&store);
        step(&store, &begin()).unwrap();
        step(&store, &batch(RecordKind::Grant, records().remove(3).1)).unwrap();
        assert_eq!(why(store.save(&Control::none())), (Code::FailedPrecondition, "FAILED_PRECONDITION"));
        store.abandon_import().unwrap();
        assert_eq!(runs(&store).len(), syncs);
        check_indexes(&fixture, &store);
    }
    let store = fixture.reopen(store);
    assert_eq!(why(step(&store, &finish())), (Code::FailedPrecondition, "FAILED_PRECONDITION"));
    assert_eq!(runs(&store).len(), 3);
    import(&store, records());
    assert_eq!(stored(&store, ID, RecordKind::Grant).len(), 2);
    check_indexes(&fixture, &store);
}

fn put_one_sync(store: &Store) {
    start(store, "full");
    put_grants(store, &[membership("g", "u")]);
    end(store);
}

#[test]
fn grants_with_one_identity_become_one_in_whatever_order_they_come() {
    let annotated = |name: &str, grant: GrantRecord| GrantRecord {
        annotations: vec![Any { type_url: format!("type.googleapis.com/{name}"), value: Vec::new() }],
        ..grant
    };
    let late = annotated("late", grant_of("u", "late", 9));
    let early = annotated("early", grant_of("u", "early", 3));
    let before = grant_of("a", "", 1);
    let of = |list: &[&GrantRecord]| list.iter().map(|grant| grant.encode_to_vec()).collect::<Vec<_>>();
    let orders = [
        vec![of(&[&before, &late, &early])],
        vec![of(&[&early, &before]), of(&[&late])],
        vec![of(&[&late]), of(&[&before]), of(&[&early])],
    ];
    for batches in orders {
        let fixture = Fixture::new();
        let store = fixture.open();
        let imported = import(&store, batches.into_iter().map(|list| (RecordKind::Grant, list)).collect());
        assert_eq!(imported.grants, Some(ConvertCounts { rows: 3, records: 2, merged: 1, skipped: 0 }));
        let held = stored(&store, ID, RecordKind::Grant);
        let one = GrantRecord::decode(&held[1][..]).unwrap();
        assert_eq!((one.external_id.as_str(), one.discovered_at, one.annotations.len()), ("early", at(3), 2));
        check_indexes(&fixture, &store);
    }
}

#[test]
fn a_grant_that_comes_twice_keeps_what_nobody_knows_of_it() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let grants = records().remove(3).1;
    let imported = import(&store, vec![(RecordKind::Grant, grants.clone()), (RecordKind::Grant, grants.clone())]);
    assert_eq!(imported.grants, Some(ConvertCounts { rows: 4, records: 2, merged: 2, skipped: 0 }));
    assert_eq!(stored(&store, ID, RecordKind::Grant), grants);
}

#[test]
fn of_other_records_with_one_identity_the_last_counts() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let named = |name: &str| {
        let record = ResourceRecord { display_name: name.into(), ..Default::default() };
        ResourceRecord { resource_type_id: "user".into(), resource_id: "u".into(), ..record }.encode_to_vec()
    };
    let imported = import(&store, vec![(RecordKind::Resource, vec![named("one"), named("two")])]);
    assert_eq!(imported.resources, Some(ConvertCounts { rows: 2, records: 1, merged: 1, skipped: 0 }));
    assert_eq!(stored(&store, ID, RecordKind::Resource), [named("two")]);
}

#[test]
fn a_record_that_cannot_be_read_is_named_and_the_import_stays_as_it_was() {
    let whole = grant_of("u", "", 1);
    let nobody = GrantRecord { principal: None, ..whole.clone() };
    let long = GrantRecord { source_scope_key: "s".repeat(257), ..whole.clone() };
    let mut broken_time = whole.encode_to_vec();
    broken_time.extend_from_slice(&[0x2a, 2, 0x0a, 0]); // discovered_at.seconds as bytes
    let mut no_text = ResourceTypeRecord { external_id: "user".into(), ..Default::default() }.encode_to_vec();
    no_text.extend_from_slice(&[0x1a, 1, 0xff]);
    let cut = [&whole.encode_to_vec()[..], &[0x0a, 9]].concat();
    let cases = [
        (RecordKind::Grant, nobody.encode_to_vec(), "has no principal resource type"),
        (RecordKind::Grant, long.encode_to_vec(), "its source_scope_key has 257 bytes"),
        (RecordKind::Grant, broken_time, "discovered_at"),
        (RecordKind::Grant, cut, "cannot be read"),
        (
            RecordKind::ResourceType,
            no_text,
            r#"resource type 1 of the call, "user", cannot be read: field display_name is not UTF-8"#,
        ),
        (
            RecordKind::Entitlement,
            EntitlementRecord::default().encode_to_vec(),
            "entitlement 1 of the call cannot be read: it has no resource type",
        ),
        (RecordKind::Asset, AssetRecord::default().encode_to_vec(), "asset 1 of the call cannot be read: it has no id"),
        (RecordKind::Asset, vec![0x2a, 2, 0x0a, 0], "cannot be read"),
    ];
    let fixture = Fixture::new();
    let store = fixture.open();
    step(&store, &begin()).unwrap();
    for (kind, bad, says) in cases {
        let good = records().into_iter().find(|(of, _)| *of == kind).unwrap().1.remove(0);
        let request = batch(kind, vec![good.clone(), bad.clone()]);
        let error = step(&store, &request).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{error}");
        assert!(error.to_string().contains(says), "{error}");
        let skipping = ImportRecordsRequest { unreadable_rows: UnreadableRows::Skip.into(), ..batch(kind, vec![bad]) };
        let losses = step(&store, &skipping).unwrap().losses;
        assert_eq!((losses[0].count, losses[0].kind()), (1, LossKind::UnreadableRow));
        assert!(["resource_types", "entitlements", "grants", "assets"].contains(&losses[0].table.as_str()));
    }
    let imported = step(&store, &finish()).unwrap().sync.unwrap();
    assert_eq!(imported.grants, Some(ConvertCounts { rows: 4, records: 0, merged: 0, skipped: 4 }));
    assert_eq!(stored(&store, ID, RecordKind::Grant).len(), 0);
}

#[test]
fn a_step_that_asks_for_what_cannot_be_is_refused() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let sync = start(&store, "full");
    end(&store);
    let refused = |request: ImportRecordsRequest| {
        let error = step(&store, &request).unwrap_err();
        (error.code(), error.to_string())
    };
    for (request, says) in [
        (ImportRecordsRequest::default(), "is not a KSUID"),
        (ImportRecordsRequest { kind: 9, ..batch(RecordKind::Grant, vec![Vec::new()]) }, "there is no kind 9"),
        (ImportRecordsRequest { kind: 0, ..batch(RecordKind::Grant, vec![Vec::new()]) }, "kind is missing"),
        (ImportRecordsRequest { unreadable_rows: 7, ..finish() }, "unreadable_rows 7 is unknown"),
        (ImportRecordsRequest { abandon: true, ..finish() }, "abandon stands by itself"),
        (
            ImportRecordsRequest { run: Some(SyncRunRecord { sync_id: OTHER.into(), ..run() }), ..begin() },
            "run is that of sync",
        ),
        (
            ImportRecordsRequest {
                run: Some(SyncRunRecord { parent_sync_id: "p".repeat(2 << 20), ..run() }),
                ..begin()
            },
            "bytes beside its token",
        ),
    ] {
        let (code, message) = refused(request);
        assert_eq!(code, Code::InvalidArgument, "{message}");
        assert!(message.contains(says), "{message}");
    }
    for (request, says) in
        [(ImportRecordsRequest { sync_id: sync, ..begin() }, "exists already"), (finish(), "is not being imported")]
    {
        let (code, message) = refused(request);
        assert_eq!(code, Code::FailedPrecondition, "{message}");
        assert!(message.contains(says), "{message}");
    }
    step(&store, &begin()).unwrap();
    let second = ImportRecordsRequest { sync_id: OTHER.into(), ..begin() };
    assert!(refused(second).1.contains("is being imported"));
    assert!(refused(ImportRecordsRequest { sync_id: OTHER.into(), ..finish() }).1.contains("is not being imported"));
    step(&store, &finish()).unwrap();
}
