//! Every command on the demo's file writes what stands in `tests/cli/expected`, which `C1Z_WRITE_EXPECTED=1` writes anew.

use std::path::Path;
use std::{env, fs};

use super::run::Folder;

/// A case's name, and what is typed. Of what changes a file, or writes one, see `changes`.
const CASES: &[(&str, &str)] = &[
    ("info-table", "info example.c1z -o table"),
    ("info-csv", "info example.c1z -o csv"),
    ("info-json", "info example.c1z example.c1z -o json"),
    ("info-ndjson", "info example.c1z"),
    ("list-resource-types-table", "list resource-types example.c1z -o table"),
    ("list-resource-types-json", "list resource-types example.c1z -o json"),
    ("list-resources-table", "list resources example.c1z -o table"),
    ("list-resources-ndjson", "list resources example.c1z -t role"),
    ("list-resources-of-one-id", "list resources example.c1z -r backup"),
    ("list-entitlements-table", "list entitlements example.c1z -o table -t role"),
    ("list-entitlements-csv", "list entitlements example.c1z -o csv -r docker"),
    ("list-entitlements-ndjson", "list entitlements example.c1z -r docker"),
    ("list-grants-csv", "list grants example.c1z -o csv"),
    ("list-grants-of-an-entitlement", "list grants example.c1z -o table -e group:docker:member"),
    ("list-grants-on-a-resource", "list grants example.c1z -o table -r administrator"),
    ("list-grants-on-a-resource-to-one", "list grants example.c1z -o table -r administrator -p grace"),
    ("list-grants-of-an-entitlement-to-one", "list grants example.c1z -e group:docker:member -p leslie"),
    ("list-grants-to-one", "list grants example.c1z -o table -p grace"),
    ("list-grants-to-groups", "list grants example.c1z -o table -t group"),
    ("list-syncs-table", "list syncs example.c1z -o table"),
    ("list-syncs-ndjson", "list syncs example.c1z"),
    ("list-assets-csv", "list assets example.c1z -o csv"),
    ("list-assets-json", "list assets example.c1z -o json"),
    ("access-table", "access example.c1z grace -o table"),
    ("access-csv", "access example.c1z grace -o csv"),
    ("access-ndjson", "access example.c1z grace"),
    ("who-table", "who example.c1z role:log-reader:assigned -o table"),
    ("who-resource-table", "who example.c1z log-reader -o table"),
    ("who-ndjson", "who example.c1z docker --resource"),
    ("verify-table", "verify example.c1z -o table"),
    ("verify-csv", "verify example.c1z -o csv"),
    ("verify-ndjson", "verify example.c1z"),
    ("compare-table", "compare example.c1z example.c1z -o table"),
    ("inspect-table", "inspect example.c1z -o table --record-type c1.storage.v3.ResourceTypeRecord"),
    ("inspect-ndjson", "inspect example.c1z --record-type c1.storage.v3.EntitlementRecord"),
    ("help", "--help"),
];

#[test]
fn every_command_writes_what_is_expected() {
    let folder = Folder::new();
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/expected");
    let mut differing = Vec::new();
    for (name, line) in CASES {
        let words: Vec<&str> = line.split(' ').collect();
        let mut out = folder.run(&words).done();
        // Whether the command has it is up to the build.
        if let Some((before, (_, after))) =
            out.split_once("  export ").and_then(|(before, rest)| Some((before, rest.split_once('\n')?)))
        {
            out = [before, after].concat();
        }
        let file = expected.join(format!("{name}.txt"));
        if env::var_os("C1Z_WRITE_EXPECTED").is_some() {
            fs::write(&file, &out).unwrap();
        }
        if fs::read_to_string(&file).unwrap_or_default() != out {
            differing.push(format!("{name}, c1z {line}:\n{out}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn nothing_is_expected_that_no_case_writes() {
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/expected");
    for entry in fs::read_dir(expected).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(CASES.iter().any(|(case, _)| name == format!("{case}.txt")), "{name}");
    }
}

#[test]
fn every_row_of_json_is_json() {
    let folder = Folder::new();
    for line in ["list resources example.c1z", "list grants example.c1z", "inspect example.c1z", "verify example.c1z"] {
        let words: Vec<&str> = line.split(' ').collect();
        let rows = folder.run(&words).done();
        let rows: Vec<serde_json::Value> = rows.lines().map(|row| serde_json::from_str(row).unwrap()).collect();
        let array = folder.run(&[&words[..], &["-o", "json"]].concat()).done();
        assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&array).unwrap(), rows, "{line}");
        assert!(!rows.is_empty());
    }
}

#[test]
fn completions_and_man_pages_tell_of_every_command() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = folder.run(&["completions", shell]).done();
        assert!(["access", "who", "inspect", "prune"].iter().all(|command| script.contains(command)), "{shell}");
    }
    folder.run(&["manual", "tmp/.."]).done();
    for page in ["c1z.1", "c1z-access.1", "c1z-list-grants.1"] {
        assert!(fs::read_to_string(folder.file(page)).unwrap().contains(".TH"), "{page}");
    }
}

#[test]
fn a_wrong_command_line_has_a_status_of_its_own() {
    let folder = Folder::new();
    for line in ["access example.c1z", "compare a", "list grants example.c1z -o xml", "prune example.c1z --keep 0"] {
        let ran = folder.run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!((ran.status, ran.out.as_str()), (64, ""), "{line}: {}", ran.err);
        assert!(ran.err.starts_with("error: "), "{}", ran.err);
    }
}
