//! Lists that nobody reads to the end, and such as are longer than memory.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use super::fixture::*;
use super::run::Folder;

/// More rows than a pipe, a page and a part of a table hold.
fn long(folder: &Folder) {
    let store = open(&folder.file("long.c1z"), false).unwrap();
    start(&store, "full");
    put_memberships(&store, 60, 1000);
    end(&store);
    close(store);
}

#[test]
fn who_has_read_enough_ends_a_list_without_noise() {
    let folder = Folder::new();
    long(&folder);
    for format in ["table", "json", "ndjson", "csv"] {
        let mut command = folder.command(&["list", "grants", "long.c1z", "-o", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: Vec<String> = lines.by_ref().take(3).map(Result::unwrap).collect();
        assert_eq!(first.len(), 3, "{format}");
        drop(lines);
        let mut noise = String::new();
        child.stderr.take().unwrap().read_to_string(&mut noise).unwrap();
        assert_eq!((child.wait().unwrap().code(), noise.as_str()), (Some(0), ""), "{format}");
    }
}

#[test]
fn a_list_of_many_pages_is_whole_in_every_format() {
    const ROWS: usize = 60 * 1000;
    let folder = Folder::new();
    long(&folder);
    let rows = |format| folder.run(&["list", "grants", "long.c1z", "-o", format]).done();
    assert_eq!(rows("ndjson").lines().count(), ROWS);
    assert_eq!(rows("csv").lines().count(), ROWS + 1);
    assert_eq!(rows("table").lines().count(), ROWS + 1);
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&rows("json")).unwrap().len(), ROWS);
}
