//! Files that are cut off, made to do harm, or not there.

use std::fs;

use super::run::{Folder, Ran};

/// What each command is asked, of a file FILE.
const LINES: &[&str] = &[
    "info FILE",
    "list resource-types FILE",
    "list resources FILE",
    "list entitlements FILE",
    "list grants FILE",
    "list syncs FILE",
    "list assets FILE",
    "access FILE grace",
    "who FILE docker",
    "verify FILE",
    "inspect FILE",
    "merge out.c1z example.c1z FILE",
    "merge out.c1z FILE example.c1z",
    "compare FILE example.c1z",
    "compare example.c1z FILE",
    "clone FILE out.c1z",
    "prune FILE --keep 1",
];

fn each(folder: &Folder, file: &str, check: impl Fn(&str, &Ran)) {
    for line in LINES {
        let line = line.replace("FILE", file);
        let ran = folder.run(&line.split(' ').collect::<Vec<_>>());
        check(&line, &ran);
        assert!(!folder.file("out.c1z").exists(), "{line}");
    }
}

#[test]
fn a_missing_file_is_not_found_by_any_command() {
    let folder = Folder::new();
    each(&folder, "missing.c1z", |line, ran| {
        let message = ran.failed();
        assert!(message.starts_with("NOT_FOUND: file ") && message.contains("missing.c1z"), "{line}: {message}");
    });
    assert!(!folder.file("missing.c1z").exists());
}

#[test]
fn a_file_that_is_cut_off_is_damaged_for_every_command_that_reads_that_far() {
    let folder = Folder::new();
    let whole = fs::read(folder.file("example.c1z")).unwrap();
    for length in [3, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(folder.file("cut.c1z"), &whole[..length]).unwrap();
        each(&folder, "cut.c1z", |line, ran| match line {
            "verify cut.c1z" => assert_eq!((ran.status, ran.err.as_str()), (1, ""), "{length}: {}", ran.out),
            // The head is whole.
            "info cut.c1z" if length > 10_000 => assert_eq!(ran.status, 0, "{}", ran.err),
            _ => {
                let message = ran.failed();
                let reasons = ["CORRUPTION: ", "NOT_C1Z: "];
                let is_told = reasons.iter().any(|reason| message.starts_with(reason)) && message.contains("cut.c1z");
                assert!(is_told, "{line}, {length} bytes: {message}");
            }
        });
    }
}

#[test]
fn damage_anywhere_is_told_and_never_a_panic() {
    let folder = Folder::new();
    let whole = fs::read(folder.file("example.c1z")).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 24) {
        let mut hostile = whole.clone();
        hostile[at..].iter_mut().take(16).for_each(|byte| *byte = !*byte);
        fs::write(folder.file("hostile.c1z"), &hostile).unwrap();
        each(&folder, "hostile.c1z", |line, ran| {
            if ran.status == 3 {
                // Rows before the damage may be there already.
                let message = ran.err.strip_suffix('\n').unwrap_or_default();
                let is_one_line = message.starts_with("c1z: ") && !message.chars().any(char::is_control);
                assert!(is_one_line, "{line}, damaged at {at}: {:?}", ran.err);
                assert!(!message.contains("INTERNAL"), "{line}, damaged at {at}: {message}");
            } else {
                // What is not read may be damaged, and what is read tells.
                let is_found = line.starts_with("verify ") || line.starts_with("compare ") && ran.status == 1;
                assert_eq!((ran.status, ran.err.as_str()), (i32::from(is_found), ""), "{line}, at {at}: {ran:?}");
            }
            let _ = fs::remove_file(folder.file("out.c1z"));
        });
    }
}

#[test]
fn one_missing_file_does_not_keep_others_from_being_looked_at() {
    let folder = Folder::new();
    for command in ["info", "verify"] {
        let ran = folder.run(&[command, "missing.c1z", "example.c1z"]);
        assert_eq!((ran.status, ran.out.lines().count(), ran.err.lines().count()), (3, 1, 1), "{ran:?}");
    }
}
