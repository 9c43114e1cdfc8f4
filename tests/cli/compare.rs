//! Two files compared: what is written, and what the exit status says.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use super::fixture::*;
use super::run::{Folder, Ran};

/// The example with one member of the group docker more, and another way for one that it has.
fn changed(folder: &Folder) {
    let store = open(&folder.file("partial.c1z"), false).unwrap();
    start(&store, "partial");
    put_resources(&store, &[Resource { display_name: "New\u{1b}[2J".into(), ..resource(("user", "new")) }]);
    put_grants(&store, &[membership("docker", "new"), expandable(membership("docker", "leslie"))]);
    end(&store);
    close(store);
    folder.run(&["merge", "changed.c1z", "example.c1z", "partial.c1z"]).done();
}

fn different(ran: Ran) -> String {
    assert_eq!((ran.status, ran.err.as_str()), (1, ""), "{}", ran.out);
    ran.out
}

fn compare(folder: &Folder, words: &str) -> Ran {
    folder.run(&words.split(' ').collect::<Vec<_>>())
}

#[test]
fn what_differs_is_written_in_every_format() {
    let folder = Folder::new();
    changed(&folder);
    let csv = different(compare(&folder, "compare example.c1z changed.c1z -o csv"));
    let expected = "change,kind,type,on,id,name,principal_type,principal,principal_name,fields\n\
        added,resource,user,,new,New\u{1b}[2J,,,,\n\
        changed,grant,group,docker,group:docker:member,,user,leslie,Leslie Lamport,\"expansion, needs_expansion\"\n\
        added,grant,group,docker,group:docker:member,,user,new,New\u{1b}[2J,\n";
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows.len(), 4, "{csv}");
    for (row, expected) in rows.iter().zip(expected.lines()) {
        let cut = |row: &str| row.split(",Leslie").next().unwrap().to_owned();
        assert!(cut(row).starts_with(&cut(expected)), "{row}");
    }

    let back = different(compare(&folder, "compare changed.c1z example.c1z -o csv"));
    assert_eq!(back.lines().filter(|row| row.starts_with("removed,")).count(), 2, "{back}");

    let ndjson = different(compare(&folder, "compare example.c1z changed.c1z"));
    let rows: Vec<serde_json::Value> = ndjson.lines().map(|row| serde_json::from_str(row).unwrap()).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!((&rows[1]["kind"], &rows[1]["change"]), (&"RECORD_KIND_GRANT".into(), &"CHANGE_CHANGED".into()));
    assert_eq!(rows[1]["fields"], serde_json::json!(["expansion", "needs_expansion", "annotations"]));
    assert_eq!(rows[1]["before"]["grant"]["id"], rows[1]["after"]["grant"]["id"]);
    assert!(rows[2]["after"]["grant"]["principal"].is_object() && rows[2]["before"].is_null(), "{}", rows[2]);
    let array = different(compare(&folder, "compare example.c1z changed.c1z -o json"));
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&array).unwrap(), rows);

    let table = different(compare(&folder, "compare example.c1z changed.c1z -o table"));
    assert!(!table.contains('\u{1b}'), "{table}");
    let (differences, summary) = table.split_once("\n\n").unwrap();
    assert_eq!(differences.lines().count(), 4, "{table}");
    let summary: Vec<Vec<&str>> = summary.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(summary[0], ["RECORDS", "ADDED", "REMOVED", "CHANGED"]);
    assert!(summary.contains(&vec!["grant", "1", "0", "1"]), "{table}");
}

#[test]
fn a_summary_counts_and_filters_leave_out() {
    let folder = Folder::new();
    changed(&folder);
    let summary = different(compare(&folder, "compare example.c1z changed.c1z --summary -o csv"));
    let expected = "records,added,removed,changed\n\
        resource type,0,0,0\nresource,1,0,0\nentitlement,0,0,0\ngrant,1,0,1\nasset,0,0,0\n";
    assert_eq!(summary, expected);
    let json = different(compare(&folder, "compare example.c1z changed.c1z --summary"));
    assert_eq!(json.lines().count(), 5);
    let count = |words: &str| compare(&folder, &format!("compare example.c1z changed.c1z {words}"));
    assert_eq!(different(count("-k resources")).lines().count(), 1);
    assert_eq!(different(count("-k grants --ignore expansion,annotations")).lines().count(), 1);
    assert_eq!(different(count("-k grants,resources --ignore display,annotations")).lines().count(), 3);
    assert_eq!(count("-k resource-types --kind entitlements").done(), "");
}

#[test]
fn files_that_are_the_same_have_status_0() {
    let folder = Folder::new();
    fs::copy(folder.file("example.c1z"), folder.file("copy.c1z")).unwrap();
    assert_eq!(compare(&folder, "compare example.c1z copy.c1z").done(), "");
    assert_eq!(compare(&folder, "compare example.c1z example.c1z -o json").done(), "[]\n");
}

#[test]
fn two_syncs_of_one_file_are_compared_by_their_ids() {
    let folder = Folder::new();
    let store = open(&folder.file("two.c1z"), false).unwrap();
    let syncs = ["a", "b"].map(|user| {
        let sync = start(&store, "full");
        put_grants(&store, &[membership("g", user)]);
        end(&store);
        sync
    });
    close(store);
    let [first, second] = &syncs;
    let compared =
        compare(&folder, &format!("compare two.c1z two.c1z --before-sync {first} --after-sync {second} -o csv"));
    assert_eq!(different(compared).lines().count(), 3);
    assert_eq!(compare(&folder, &format!("compare two.c1z two.c1z --before-sync {second}")).done(), "");
}

#[test]
fn who_has_read_enough_ends_a_comparison_without_noise() {
    let folder = Folder::new();
    for (name, groups) in [("long.c1z", 60), ("empty.c1z", 0)] {
        let store = open(&folder.file(name), false).unwrap();
        start(&store, "full");
        put_memberships(&store, groups, 1000);
        end(&store);
        close(store);
    }
    for format in ["table", "json", "ndjson", "csv"] {
        let mut command = folder.command(&["compare", "empty.c1z", "long.c1z", "-o", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(lines.by_ref().take(3).map(Result::unwrap).count(), 3, "{format}");
        drop(lines);
        let mut noise = String::new();
        child.stderr.take().unwrap().read_to_string(&mut noise).unwrap();
        assert_eq!((child.wait().unwrap().code(), noise.as_str()), (Some(0), ""), "{format}");
    }
    let all = different(folder.run(&["compare", "empty.c1z", "long.c1z", "-o", "csv"]));
    assert_eq!(all.lines().count(), 60_001);
}
