//! What cannot be taken over.

use c1z::error::Code;
use prost::Message;
use rusqlite::params;

use crate::fixture::*;
use crate::held;
use crate::v1_file::*;

/// The losses as kind, table and count.
fn losses(response: &ConvertFileResponse) -> Vec<(LossKind, &str, i64)> {
    response.losses.iter().map(|loss| (loss.kind(), loss.table.as_str(), loss.count)).collect()
}

#[test]
fn rows_that_cannot_be_read_fail_the_call_which_names_the_first_or_are_left_out_and_told_of() {
    let with = |spoil: &dyn Fn(&V1)| {
        let v1 = V1::new();
        v1.sync(SYNC);
        v1.resource_type(SYNC, "user");
        v1.resource(SYNC, &resource(("user", "u")));
        v1.entitlement(SYNC, &entitlement(("group", "g"), "group:g:member"));
        v1.grant(SYNC, &Grant { id: "sound".into(), ..membership("g", "u") }, None);
        v1.asset(SYNC, "icon", b"png");
        v1.session(SYNC, "key", b"value");
        spoil(&v1);
        v1.file()
    };
    let broken = b"\x0a\xff\xff".to_vec();
    // The table, what is wrong with a row of it, and what makes that so.
    type Case<'c> = (&'c str, &'c str, &'c dyn Fn(&V1));
    let cases: [Case<'_>; 10] = [
        ("v1_resource_types", "malformed protobuf", &|v1| {
            v1.run("update v1_resource_types set data = ?1", params![broken])
        }),
        ("v1_resources", "field id.resource is not UTF-8", &|v1| {
            v1.run("update v1_resources set data = x'0a04120280ff'", &[])
        }),
        ("v1_resources", "a number stands where bytes should", &|v1| v1.run("update v1_resources set data = 5", &[])),
        ("v1_entitlements", "it has no resource type", &|v1| {
            let lonely = Entitlement { id: "lonely".into(), ..Default::default() }.encode_to_vec();
            v1.run("update v1_entitlements set data = ?1", params![lonely])
        }),
        ("v1_grants", "it has no principal resource type", &|v1| {
            v1.run("update v1_grants set data = x'1a0141', principal_resource_type_id = ''", &[])
        }),
        ("v1_grants", "its expansion: ", &|v1| v1.run("update v1_grants set expansion = x'0a0280ff'", &[])),
        ("v1_grants", "\"yesterday\" is no time", &|v1| {
            v1.run("update v1_grants set discovered_at = 'yesterday'", &[])
        }),
        ("v1_assets", "it has no id", &|v1| v1.run("update v1_assets set external_id = ''", &[])),
        ("v1_connector_sessions", "is not UTF-8", &|v1| {
            v1.run("update v1_connector_sessions set key = cast(x'ff' as text)", &[])
        }),
        ("v1_sync_runs", "is not a KSUID", &|v1| {
            v1.sync("hand-made");
        }),
    ];
    for (table, what, spoil) in cases {
        let file = with(spoil);
        let error = file.refused();
        assert_eq!(error.code(), Code::DataLoss, "{error}");
        let message = error.to_string();
        assert!(message.contains(&format!("table {table}, row ")) && message.contains(what), "{message}");
        let response = file.convert_readable();
        assert_eq!(losses(&response), [(LossKind::UnreadableRow, table, 1)], "{what}");
        assert!(response.losses[0].examples[0].contains(what), "{:?}", response.losses);
        let sync = &response.syncs[0];
        let counts = [
            ("v1_resource_types", sync.resource_types),
            ("v1_resources", sync.resources),
            ("v1_entitlements", sync.entitlements),
            ("v1_grants", sync.grants),
            ("v1_assets", sync.assets),
            ("v1_connector_sessions", sync.session_values),
        ];
        for (of, counts) in counts {
            let skipped = i64::from(of == table);
            let expected = ConvertCounts { rows: 1, records: 1 - skipped, merged: 0, skipped };
            assert_eq!(counts, Some(expected), "{of}, {what}");
        }
        held::of_file(&file.out());
    }
}

#[test]
fn what_format_v1_has_and_ours_has_not_is_listed() {
    let v1 = V1::new();
    v1.sync(SYNC);
    v1.run("update v1_sync_runs set sync_type = 'frobnitz', linked_sync_id = 'other'", &[]);
    v1.run("update v1_sync_runs set ingest_invariant_generation = '1', ingest_invariant_coverage = '['", &[]);
    v1.run("alter table v1_grants add column risk integer", &[]);
    v1.run("create table notes (text)", &[]);
    v1.run("create view of_notes as select * from notes", &[]);
    for user in 0..30 {
        v1.grant(OTHER, &Grant { id: format!("stray {user}"), ..membership("g", &user.to_string()) }, None);
    }
    v1.session(OTHER, "key", b"value");
    let file = v1.file();
    let response = file.convert();
    let expected = [
        (LossKind::Table, "", 2),
        (LossKind::Column, "v1_grants", 1),
        (LossKind::SyncType, "v1_sync_runs", 1),
        (LossKind::Verification, "v1_sync_runs", 1),
        (LossKind::LinkedSync, "v1_sync_runs", 1),
        (LossKind::NoSync, "v1_grants", 30),
        (LossKind::NoSync, "v1_connector_sessions", 1),
    ];
    assert_eq!(losses(&response), expected);
    assert_eq!(response.losses[0].examples, ["notes", "of_notes"]);
    assert_eq!(
        (response.losses[5].examples.len(), response.losses[5].examples[0].as_str()),
        (20, "row 1, \"stray 0\"")
    );
    let held = held::of_file(&file.out()).remove(SYNC).unwrap();
    assert_eq!((held.run.r#type, held.grants.len(), held.sessions.len()), (0, 0, 0));
}

#[test]
fn rows_of_a_file_without_a_readable_sync_are_listed() {
    let v1 = V1::new();
    v1.sync("no KSUID");
    v1.resource("no KSUID", &resource(("user", "u")));
    let response = v1.file().convert_readable();
    assert_eq!(response.syncs, []);
    let expected = [(LossKind::UnreadableRow, "v1_sync_runs", 1), (LossKind::NoSync, "v1_resources", 1)];
    assert_eq!(losses(&response), expected);
}
