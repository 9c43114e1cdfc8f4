//! Commands that write files.

use std::fs;

use super::fixture::*;
use super::run::Folder;

fn ids(folder: &Folder, file: &str) -> Vec<String> {
    let rows = folder.run(&["list", "syncs", file, "-o", "csv"]).done();
    rows.lines().skip(1).map(|row| row.split(',').next().unwrap().to_owned()).collect()
}

#[test]
fn a_clone_has_what_the_file_has() {
    let folder = Folder::new();
    assert_eq!(folder.run(&["clone", "example.c1z", "clone.c1z"]).done(), "");
    for kind in ["resource-types", "resources", "entitlements", "grants", "syncs"] {
        let [a, b] = ["example.c1z", "clone.c1z"].map(|file| folder.run(&["list", kind, file]).done());
        assert_eq!(a, b, "{kind}");
    }
    let message = folder.run(&["clone", "example.c1z", "clone.c1z"]);
    assert!(message.failed().starts_with("ALREADY_EXISTS: "), "{message:?}");
}

#[test]
fn a_merge_counts_what_became_of_the_records() {
    let folder = Folder::new();
    let store = open(&folder.file("partial.c1z"), false).unwrap();
    start(&store, "partial");
    put_grants(&store, &[membership("docker", "new"), membership("docker", "leslie")]);
    end(&store);
    close(store);
    let counts = folder.run(&["merge", "merged.c1z", "example.c1z", "partial.c1z", "-o", "csv"]).done();
    let expected = "records,in_all,added,replaced,carried\n\
        resource types,3,0,0,3\nresources,193,0,0,193\nentitlements,51,0,0,51\ngrants,365,1,1,363\nassets,0,0,0,0\n";
    assert_eq!(counts, expected);
    assert!(folder.run(&["access", "merged.c1z", "new"]).done().contains("group:docker:member:user:new"));
    let json = folder.run(&["merge", "again.c1z", "example.c1z", "partial.c1z"]).done();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json["syncType"].as_str(), json["grants"]["added"].as_str()), (Some("full"), Some("1")));
}

#[test]
fn pruning_drops_the_oldest_syncs_and_lists_them() {
    let folder = Folder::new();
    let store = open(&folder.file("many.c1z"), false).unwrap();
    let syncs: Vec<String> = (0..4)
        .map(|_| {
            let sync = start(&store, "full");
            put_grants(&store, &[membership("g", "u")]);
            end(&store);
            sync
        })
        .collect();
    close(store);
    let dropped = folder.run(&["prune", "many.c1z", "-o", "csv"]).done();
    let left = ids(&folder, "many.c1z");
    assert_eq!(dropped.lines().count() + left.len(), 1 + syncs.len(), "{dropped}");
    assert!(dropped.lines().skip(1).all(|id| !left.iter().any(|left| left == id)), "{dropped}");
    assert!(left.contains(&syncs[3]), "the newest stays");
    let before = fs::read(folder.file("many.c1z")).unwrap();
    assert_eq!(folder.run(&["prune", "many.c1z"]).done(), "");
    assert_eq!(fs::read(folder.file("many.c1z")).unwrap(), before, "what has nothing to prune is not written");
}

#[test]
fn reading_changes_no_file() {
    let folder = Folder::new();
    let before = fs::read(folder.file("example.c1z")).unwrap();
    for line in [
        "access example.c1z grace",
        "verify example.c1z",
        "list grants example.c1z",
        "inspect example.c1z",
        "compare example.c1z example.c1z",
    ] {
        folder.run(&line.split(' ').collect::<Vec<_>>()).done();
    }
    assert_eq!(fs::read(folder.file("example.c1z")).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}
