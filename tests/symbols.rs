//! What the shared library exports is what `symbols.txt` lists. `C1Z_WRITE_SYMBOLS=1 cargo test --test symbols` writes
//! the list anew.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The library that Cargo built for this test: it lies beside it.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.with_file_name(format!("{}c1z{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX))
}

fn exported() -> String {
    let library = library();
    let nm = Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(&library).output().unwrap();
    assert!(nm.status.success(), "nm {}: {}", library.display(), String::from_utf8_lossy(&nm.stderr));
    let text = String::from_utf8(nm.stdout).unwrap();
    let mut names: Vec<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    names.sort();
    names.iter().map(|name| format!("{name}\n")).collect()
}

#[test]
fn the_library_exports_what_the_list_names() {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/symbols.txt");
    let exported = exported();
    if std::env::var_os("C1Z_WRITE_SYMBOLS").is_some() {
        std::fs::write(&list, &exported).unwrap();
    }
    assert_eq!(exported, std::fs::read_to_string(&list).unwrap_or_default());
}

#[test]
fn every_exported_name_starts_with_the_librarys_own() {
    let strangers: Vec<String> =
        exported().lines().filter(|name| !name.starts_with("c1z_")).map(str::to_owned).collect();
    assert_eq!(strangers, [""; 0]);
}

#[test]
fn the_header_declares_every_exported_function() {
    let header = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("include/c1z.h")).unwrap();
    let missing: Vec<String> =
        exported().lines().filter(|name| !header.contains(&format!("{name}("))).map(str::to_owned).collect();
    assert_eq!(missing, [""; 0]);
}
