//! The programs that make fixtures and measure run, at a size at which their figures mean nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use c1z::control::Control;
use c1z::proto::connector::GrantsServiceListGrantsRequest;
use c1z::store::{OpenOptions, Store};

/// An example that Cargo built together with this test.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    folder.join("examples").join(name)
}

/// What a program prints when it succeeds.
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(example(program)).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn fixture(folder: &Path, shape: &str) -> String {
    let path = folder.join(format!("{shape}.c1z")).to_str().unwrap().to_owned();
    output("fixture_gen", &["--out", &path, "--grants", "2500", "--shape", shape]);
    path
}

#[test]
fn a_fixture_of_each_shape_holds_the_grants_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for shape in ["groups", "skewed", "flat", "wide"] {
        let path = fixture(folder.path(), shape);
        let options = OpenOptions { read_only: true, ..OpenOptions::default() };
        let store = Store::open(Path::new(&path), options, &Control::none()).unwrap();
        let grants = store.list_grants(&GrantsServiceListGrantsRequest::default()).unwrap().decode().unwrap().list;
        assert_eq!(grants.len(), 2500, "{shape}");
    }
}

#[test]
fn reads_of_a_fixture_are_timed() {
    let folder = tempfile::tempdir().unwrap();
    let path = fixture(folder.path(), "groups");
    let printed = output("storage_bench", &[&path, "--samples", "20"]);
    for read in
        ["all grants, pages of 10,000 | 1 | 2,500", "grants of an entitlement | 20", "one grant by its id | 20 | 20"]
    {
        assert!(printed.contains(&format!("| {read} |")), "{read:?} is not in:\n{printed}");
    }
}

#[test]
fn what_a_far_file_is_asked_for_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = fixture(folder.path(), "groups");
    let printed = output("source_requests", &[&path, "0"]);
    // It is so small that its start, or its end, is all of it.
    for row in ["open | 0 | 1", "all grants | 2500 | 0 | 0.00"] {
        assert!(printed.contains(&format!("| {row} |")), "{row:?} is not in:\n{printed}");
    }
}

#[test]
fn a_write_is_timed_beside_its_floor() {
    let printed = output("storage_bench", &["--write", "2500", "--rounds", "1"]);
    for row in ["library, sorted", "library, shuffled", "floor, shuffled", "floor with index entries, sorted"] {
        assert!(printed.contains(&format!("| {row} |")), "{row:?} is not in:\n{printed}");
    }
}

#[test]
fn every_encoding_is_measured_with_and_without_block_compression() {
    let printed = output("storage_bench", &["--encodings", "2500", "--rounds", "1"]);
    for row in
        ["IndexedZstd | plain | 3", "IndexedZstd | zstd | 6", "TarZstd | zstd | 1", "Tar | plain | –", "Tar | zstd | –"]
    {
        assert!(printed.contains(&format!("| {row} |")), "{row:?} is not in:\n{printed}");
    }
}
