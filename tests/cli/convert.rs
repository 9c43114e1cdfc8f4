//! `c1z convert`.

use std::fs;

use rusqlite::params;

use super::fixture::*;
use super::run::Folder;
use super::v1_file::{self, SYNC, V1};

/// The file that the SDK's SQLite engine writes of `examples/data`.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/example-v1.c1z");

fn folder_with(v1: V1) -> Folder {
    let folder = Folder::new();
    fs::copy(v1.file().path(), folder.file("v1.c1z")).unwrap();
    folder
}

#[test]
fn what_the_sdk_has_written_with_sqlite_lists_as_what_it_wrote_with_this_engine() {
    let folder = Folder::new();
    fs::copy(EXAMPLE, folder.file("v1.c1z")).unwrap();
    let counts = folder.run(&["convert", "v1.c1z", "out.c1z", "-o", "csv"]).done();
    let sync = folder.run(&["list", "syncs", "out.c1z", "-o", "csv"]).done().lines().nth(1).unwrap().to_owned();
    let sync = sync.split(',').next().unwrap();
    let expected = [
        "sync,records,rows,in_the_file,merged,skipped".to_owned(),
        format!("{sync},resource types,3,3,0,0"),
        format!("{sync},resources,193,193,0,0"),
        format!("{sync},entitlements,51,51,0,0"),
        format!("{sync},grants,364,364,0,0"),
        format!("{sync},assets,0,0,0,0"),
        format!("{sync},session values,0,0,0,0"),
    ];
    assert_eq!(counts.lines().collect::<Vec<_>>(), expected);
    for kind in ["resource-types", "resources", "entitlements", "grants"] {
        let [ours, converted] = ["example.c1z", "out.c1z"].map(|file| folder.run(&["list", kind, file]).done());
        assert_eq!(ours, converted, "{kind}");
    }
    folder.run(&["verify", "out.c1z"]).done();
    let again = folder.run(&["convert", "v1.c1z", "out.c1z"]);
    assert!(again.failed().starts_with("ALREADY_EXISTS: "), "{again:?}");
    let json = folder.run(&["convert", "v1.c1z", "again.c1z"]).done();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json["syncs"][0]["syncId"].as_str(), json["syncs"][0]["ended"].as_bool()), (Some(sync), Some(true)));
}

#[test]
fn the_syncs_of_a_file_of_format_v1_are_shown_where_somebody_asks() {
    let folder = Folder::new();
    fs::copy(EXAMPLE, folder.file("v1.c1z")).unwrap();
    let info = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&folder.run(&[&["info", "v1.c1z"], arguments].concat()).done()).unwrap()
    };
    assert!(info(&[])["syncRuns"].as_array().is_none_or(Vec::is_empty));
    let deep = info(&["--deep"]);
    let [sync] = &deep["syncRuns"].as_array().unwrap()[..] else { panic!("{deep}") };
    assert_eq!((deep["format"].as_str(), sync["type"].as_str()), (Some("v1"), Some("SYNC_TYPE_FULL")));
    assert_eq!((sync["stats"]["grants"].as_str(), sync["stats"]["resources"].as_str()), (Some("364"), Some("193")));
    folder.run(&["convert", "v1.c1z", "out.c1z"]).done();
    let converted = folder.run(&["list", "syncs", "out.c1z"]).done();
    let converted: serde_json::Value = serde_json::from_str(&converted).unwrap();
    for (ours, theirs) in [("id", "syncId"), ("startedAt", "startedAt"), ("endedAt", "endedAt")] {
        assert_eq!(converted[ours], sync[theirs]);
    }
    let table = folder.run(&["info", "v1.c1z", "--deep", "-o", "table"]).done();
    assert!(table.contains(sync["syncId"].as_str().unwrap()), "{table}");
    fs::write(folder.file("v1.c1z"), &fs::read(EXAMPLE).unwrap()[..20_000]).unwrap();
    assert!(folder.run(&["info", "v1.c1z", "--deep"]).failed().contains("v1.c1z"));
}

#[test]
fn what_is_lost_is_told_on_standard_error() {
    let v1 = V1::new();
    v1.sync(SYNC);
    v1.resource(SYNC, &resource(("user", "u\u{1b}[2J")));
    v1.run("update v1_resources set data = x'0aff'", &[]);
    let folder = folder_with(v1);
    let refused = folder.run(&["convert", "v1.c1z", "out.c1z"]);
    assert!(refused.failed().contains("table v1_resources, row 1"), "{refused:?}");
    assert!(!folder.file("out.c1z").exists());
    let ran = folder.run(&["convert", "v1.c1z", "out.c1z", "--skip-unreadable", "-o", "csv"]);
    assert_eq!(ran.status, 0);
    let line = ran.err.strip_suffix('\n').unwrap();
    assert!(line.starts_with("c1z: not converted: 1 × unreadable row of v1_resources: row 1, "), "{line}");
    assert!(!line.chars().any(char::is_control), "{line:?}");
}

#[test]
fn times_without_a_zone_are_those_of_the_process() {
    let v1 = V1::new();
    let run = "insert into v1_sync_runs (sync_id, started_at, ended_at, sync_token) values (?1, ?2, ?3, '')";
    v1.run(run, params![SYNC, "2024-01-15 12:00:00.5", "2024-07-15 12:00:00"]);
    let folder = folder_with(v1);
    let mut command = folder.command(&["convert", "v1.c1z", "out.c1z"]);
    // Five hours behind, in summer four.
    assert!(command.env("TZ", "EST5EDT,M3.2.0,M11.1.0").output().unwrap().status.success());
    let syncs = folder.run(&["list", "syncs", "out.c1z"]).done();
    let sync: serde_json::Value = serde_json::from_str(&syncs).unwrap();
    assert_eq!(sync["startedAt"], "2024-01-15T17:00:00.500Z");
    assert_eq!(sync["endedAt"], "2024-07-15T16:00:00Z");
}

#[test]
fn files_that_are_missing_cut_off_hostile_or_something_else_fail_in_one_line() {
    let folder = Folder::new();
    let whole = fs::read(EXAMPLE).unwrap();
    fs::write(folder.file("cut.c1z"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.file("hostile.c1z"), v1_file::packed(b"SQLite format 3\0")).unwrap();
    for (file, reason) in [
        ("missing.c1z", "NOT_FOUND"),
        ("cut.c1z", "CORRUPTION"),
        ("hostile.c1z", "CORRUPTION"),
        ("example.c1z", "ENGINE_MISMATCH"),
    ] {
        let ran = folder.run(&["convert", file, "out.c1z"]);
        let message = ran.failed();
        assert!(message.starts_with(&format!("{reason}: ")) && message.contains(file), "{message}");
        assert!(!folder.file("out.c1z").exists());
    }
}
