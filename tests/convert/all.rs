//! Everything that format v1 has.

use std::collections::BTreeMap;

use c1z::proto::storage::{SyncStatsRecord, SyncType};
use prost_types::{Any, Timestamp};
use rusqlite::params;

use crate::fixture::*;
use crate::held::{self, Held};
use crate::v1_file::*;

fn seconds(second: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: FIRST_SECOND + second, nanos: 7 })
}

fn counts(rows: i64) -> Option<ConvertCounts> {
    Some(ConvertCounts { rows, records: rows, ..Default::default() })
}

fn sourced(mut grant: Grant, sources: &[(&str, bool)]) -> Grant {
    let sources =
        sources.iter().map(|(id, is_direct)| ((*id).to_owned(), grant_sources::GrantSource { is_direct: *is_direct }));
    grant.sources = Some(GrantSources { sources: sources.collect() });
    grant
}

#[test]
#[allow(deprecated)]
fn every_record_of_a_sync_is_there_with_its_time_and_shown_as_it_was() {
    let v1 = V1::new();
    v1.sync(SYNC);
    ["user", "group"].iter().for_each(|id| v1.resource_type(SYNC, id));
    let mut user = child(("user", "u"), ("group", "g"));
    user.external_id = Some(ExternalId { id: "outside".into(), ..Default::default() });
    user.annotations = vec![Any { type_url: "type.googleapis.com/x".into(), value: vec![1] }];
    v1.resource(SYNC, &user);
    v1.resource(SYNC, &resource(("group", "g")));
    let member = entitlement(("group", "g"), "group:g:member");
    v1.entitlement(SYNC, &member);
    let mut plain = membership("g", "u");
    plain.id = "group:g:member:user:u".into();
    let mut other = sourced(membership("g", "v"), &[("group:h:member", true), ("group:i:member", false)]);
    other.id = "an id of its own".into();
    v1.grant(SYNC, &plain, None);
    v1.grant(SYNC, &other, None);
    v1.asset(SYNC, "icon", b"png");
    let large = vec![7; 5 << 20];
    v1.asset(SYNC, "large", &large);
    let file = v1.file();
    let response = file.convert();
    assert_eq!(response.losses, []);
    let sync = &response.syncs[0];
    assert_eq!((sync.sync_id.as_str(), sync.sync_type.as_str(), sync.ended), (SYNC, "full", true));
    assert_eq!([sync.resource_types, sync.resources, sync.entitlements], [counts(2), counts(2), counts(1)]);
    assert_eq!([sync.grants, sync.assets, sync.session_values], [counts(2), counts(2), counts(0)]);

    let held = held::of_file(&file.out()).remove(SYNC).unwrap();
    assert_eq!(held.resource_types.iter().map(|record| record.discovered_at).collect::<Vec<_>>(), [seconds(1); 2]);
    assert_eq!(held.resources.iter().map(|record| record.discovered_at).collect::<Vec<_>>(), [seconds(2); 2]);
    assert_eq!(held.entitlements[0].discovered_at, seconds(3));
    assert_eq!(held.grants.iter().map(|record| record.discovered_at).collect::<Vec<_>>(), [seconds(4); 2]);
    let asset = |at: usize| (held.assets[at].external_id.as_str(), held.assets[at].content_type.as_str());
    assert_eq!((asset(0), asset(1)), (("icon", "image/png"), ("large", "image/png")));
    assert!(held.assets[0].data == b"png" && held.assets[1].data == large);
    assert_eq!(held.assets[0].discovered_at, seconds(5));

    let store = open(&file.out(), true).unwrap();
    assert_eq!(resources(&store), [resource(("group", "g")), user]);
    assert_eq!(entitlements(&store)[0].id, member.id);
    let shown = grants(&store);
    assert_eq!(shown.iter().map(|grant| grant.id.as_str()).collect::<Vec<_>>(), [&plain.id, &other.id]);
    assert_eq!(shown[1].sources, other.sources);
    assert_eq!(get_grant(&store, "an id of its own").unwrap().id, other.id);
    store.close().unwrap();
}

#[test]
fn syncs_keep_what_they_are_whether_they_had_ended_or_not_and_however_their_rows_lie() {
    let v1 = V1::new();
    let ids: Vec<String> = (0..4).map(|sync| format!("2CoFFEEcoffeeCOFFEEcoffee0{sync}")).collect();
    let run =
        "insert into v1_sync_runs (sync_id, started_at, ended_at, sync_token, sync_type, parent_sync_id, supports_diff,
        stats, ingest_invariant_generation, ingest_invariant_coverage, ingest_invariant_mode)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let token = r#"{"step_durations_ms":{"grants":3}}"#;
    let stats = r#"{"grants":99,"step_durations_ms":{"resources":5}}"#;
    let nothing: Option<String> = None;
    v1.run(run, params![ids[0], at(0), at(9), token, "full", "", 1, stats, "7", "[\"I5\"]", "connector"]);
    v1.run(run, params![ids[1], at(10), nothing, "going on", "partial", ids[0], 0, nothing, "", "", ""]);
    v1.run(run, params![ids[2], at(20), at(29), "", "resources_only", "", 0, stats, "", "", ""]);
    v1.run(run, params![ids[3], at(30), at(39), "", "partial_upserts", ids[2], 0, nothing, "", "", ""]);
    // The rows of two syncs lie among each other, and one lies behind all of the third.
    for round in 0..40 {
        v1.resource(&ids[round % 2], &resource(("user", &format!("u{round}"))));
    }
    v1.resource(&ids[3], &resource(("user", "last")));
    v1.session(&ids[0], "kept", b"after the end");
    v1.session(&ids[1], "page", b"\0\x01");
    v1.session(&ids[1], "", b"");
    let file = v1.file();
    let response = file.convert();
    assert_eq!(response.losses, []);
    assert_eq!(response.syncs.iter().map(|sync| &sync.sync_id).collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());
    assert_eq!(
        response.syncs.iter().map(|sync| sync.sync_type.as_str()).collect::<Vec<_>>(),
        ["full", "partial", "resources_only", ""]
    );
    assert_eq!(response.syncs.iter().map(|sync| sync.ended).collect::<Vec<_>>(), [true, false, true, true]);
    assert_eq!(response.syncs.iter().map(|sync| sync.resources).collect::<Vec<_>>(), [20, 20, 0, 1].map(counts));
    assert_eq!(response.syncs.iter().map(|sync| sync.session_values).collect::<Vec<_>>(), [1, 2, 0, 0].map(counts));

    let held: Vec<Held> = held::of_file(&file.out()).into_values().collect();
    let runs: Vec<_> = held.iter().map(|held| held.run.clone()).collect();
    assert_eq!(runs.iter().map(|run| run.started_at).collect::<Vec<_>>(), [0, 10, 20, 30].map(seconds));
    assert_eq!(runs.iter().map(|run| run.ended_at).collect::<Vec<_>>(), [seconds(9), None, seconds(29), seconds(39)]);
    #[allow(deprecated)]
    let types = [SyncType::Full, SyncType::Partial, SyncType::ResourcesOnly, SyncType::PartialUpserts];
    assert_eq!(runs.iter().map(|run| run.r#type()).collect::<Vec<_>>(), types);
    assert_eq!(runs.iter().map(|run| run.parent_sync_id.as_str()).collect::<Vec<_>>(), ["", &ids[0], "", &ids[2]]);
    assert_eq!(runs.iter().map(|run| run.supports_diff).collect::<Vec<_>>(), [true, false, false, false]);
    let checked = &runs[0];
    assert_eq!(checked.ingest_invariant_coverage, ["I5"]);
    assert_eq!(
        (checked.ingest_invariant_generation.as_str(), checked.ingest_invariant_mode.as_str()),
        ("7", "connector")
    );
    assert_eq!(held.iter().map(|held| held.token.as_str()).collect::<Vec<_>>(), [token, "going on", "", ""]);
    assert_eq!(
        held[1].sessions,
        BTreeMap::from([("page".to_owned(), b"\0\x01".to_vec()), (String::new(), Vec::new())])
    );
    assert_eq!(held[0].sessions.len(), 1);

    let stats: Vec<SyncStatsRecord> = held.iter().map(|held| held.stats.clone().unwrap_or_default()).collect();
    assert_eq!(stats[0].step_durations_ms, BTreeMap::from([("grants".to_owned(), 3)]), "the token's");
    assert_eq!(stats[2].step_durations_ms, BTreeMap::from([("resources".to_owned(), 5)]), "the run's");
    assert_eq!((stats[0].resources, stats[0].grants, &held[1].stats), (20, 0, &None), "counted anew");

    let store = open(&file.out(), false).unwrap();
    let resumed = StartOrResumeSyncRequest { sync_type: "partial".into(), sync_id: ids[1].clone() };
    store.start_or_resume_sync(&resumed).unwrap();
    assert_eq!(current(&store), (ids[1].clone(), "going on".to_owned()));
    store.close().unwrap();
}

#[test]
fn a_file_that_never_had_a_sync_becomes_one_that_has_none() {
    let file = V1::new().file();
    assert_eq!(file.convert(), ConvertFileResponse::default());
    assert_eq!(held::of_file(&file.out()).len(), 0);
}

#[test]
fn many_grants_are_converted_within_a_small_budget_with_one_thread_and_with_two() {
    let v1 = V1::new();
    v1.sync(SYNC);
    v1.run("begin", &[]);
    for number in 0..40_000 {
        let (group, user) = (format!("g{}", number % 199), format!("u{number}"));
        let mut grant = membership(&group, &user);
        // Grants with ids of their own begin in the middle.
        grant.id = match number < 20_000 {
            true => format!("group:{group}:member:user:{user}"),
            false => format!("{number}"),
        };
        v1.grant(SYNC, &grant, None);
    }
    v1.run("commit", &[]);
    let file = v1.file();
    let mut seen = Vec::new();
    for threads in [1, 2] {
        let request = ConvertFileRequest { threads, memory_budget_bytes: 4 << 20, ..file.request() };
        let response = file.try_convert(&request).unwrap();
        assert_eq!(response.syncs[0].grants, counts(40_000));
        seen.push(held::of_file(&file.out()).remove(SYNC).unwrap().grants);
        std::fs::remove_file(file.out()).unwrap();
    }
    assert!(seen[0] == seen[1] && seen[0].len() == 40_000);
    assert_eq!(seen[0].iter().filter(|grant| grant.external_id.is_empty()).count(), 20_000);
}
