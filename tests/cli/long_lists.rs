//! Lists that nobody reads to the end, and such as are longer than memory.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use super::fixture::*;
use super::run::Folder;

/// More rows than a pipe, a page and a part of a table hold.
fn long(folder: &Folder) {
    write(folder, "long.c1z", 60);
}

/// A file of so many thousand grants.
fn write(folder: &Folder, name: &str, thousands: usize) {
    let store = open(&folder.file(name), false).unwrap();
    start(&store, "full");
    put_memberships(&store, thousands, 1000);
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

/// The most memory that a run of the command holds until its last rows are read, in KiB.
fn peak(mut command: Command) -> u64 {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    for (row, line) in BufReader::new(child.stdout.take().unwrap()).lines().enumerate() {
        line.unwrap();
        // What the pipe does not hold yet is still to be written, by a process that is there.
        if row % 1000 == 0 {
            let status = std::fs::read_to_string(&status).unwrap();
            let held = status
                .lines()
                .find_map(|line| line.strip_prefix("VmHWM:"))
                .and_then(|held| held.split_whitespace().next());
            peak = held.map_or(peak, |held| held.parse().unwrap());
        }
    }
    assert!(child.wait().unwrap().success());
    peak
}

#[test]
fn memory_does_not_grow_with_a_list() {
    const SLACK_KIB: u64 = 16 << 10;
    let folder = Folder::new();
    write(&folder, "small.c1z", 30);
    write(&folder, "large.c1z", 200);
    for format in ["table", "json", "ndjson", "csv"] {
        let [small, large] =
            ["small.c1z", "large.c1z"].map(|file| peak(folder.command(&["list", "grants", file, "-o", format])));
        // What there is more of are 40 MB of messages alone.
        assert!(large < small + SLACK_KIB, "{format}: {small} and {large} KiB");
    }
}
