//! What is written to a terminal, and to a terminal only.

use std::fs::File;
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::Stdio;

use super::fixture::*;
use super::run::Folder;

/// A pseudo-terminal: the end that a program writes to, and the one that shows what it has written.
fn terminal() -> (OwnedFd, File) {
    let (mut shown, mut written) = (0, 0);
    let size = libc::winsize { ws_row: 40, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the pointers are to what lives here; what is opened belongs to nobody else.
    unsafe {
        let (name, settings) = (std::ptr::null_mut(), std::ptr::null());
        assert_eq!(libc::openpty(&mut shown, &mut written, name, settings, &size), 0);
        (OwnedFd::from_raw_fd(written), File::from_raw_fd(shown))
    }
}

/// Where a terminal is, elsewhere being a pipe.
#[derive(Clone, Copy, PartialEq)]
enum Where {
    Output,
    Errors,
}

/// What a run shows on a terminal, and its status.
fn shown(folder: &Folder, words: &[&str], at: Where, environment: &[(&str, &str)]) -> (String, i32) {
    let (written, mut shown) = terminal();
    let mut command = folder.command(words);
    command.envs(environment.iter().copied()).stdout(Stdio::null()).stderr(Stdio::null());
    match at {
        Where::Output => command.stdout(Stdio::from(written)),
        Where::Errors => command.stderr(Stdio::from(written)),
    };
    let mut child = command.spawn().unwrap();
    // The terminal ends when nobody has it open to be written to.
    drop(command);
    let mut text = Vec::new();
    let mut part = [0; 4096];
    // Linux: reading from a terminal that nobody can write to any more fails.
    while let Ok(length @ 1..) = shown.read(&mut part) {
        text.extend_from_slice(&part[..length]);
    }
    (String::from_utf8(text).unwrap().replace("\r\n", "\n"), child.wait().unwrap().code().unwrap())
}

#[test]
fn a_terminal_is_shown_a_table_with_a_heading_in_colour() {
    let folder = Folder::new();
    let words = ["access", "example.c1z", "dana"];
    let (text, status) = shown(&folder, &words, Where::Output, &[]);
    assert_eq!(status, 0, "{text}");
    let heading = text.lines().next().unwrap();
    assert!(heading.starts_with("\u{1b}[1mENTITLEMENT ") && heading.ends_with("VIA\u{1b}[0m"), "{heading:?}");
    assert!(!text.lines().skip(1).any(|line| line.contains('\u{1b}')), "{text:?}");
    let plain = folder.run(&[&words[..], &["-o", "table"]].concat()).done();
    assert_eq!(text.replace("\u{1b}[1m", "").replace("\u{1b}[0m", ""), plain);
}

#[test]
fn nobody_is_shown_colours_who_wants_none() {
    let folder = Folder::new();
    for environment in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        for words in [&["access", "example.c1z", "dana"][..], &["verify", "example.c1z"]] {
            let (text, status) = shown(&folder, words, Where::Output, &[environment]);
            assert_eq!((status, text.contains('\u{1b}')), (0, false), "{text:?}");
        }
        let (text, status) = shown(&folder, &["access", "missing.c1z", "dana"], Where::Errors, &[environment]);
        assert_eq!((status, text.contains('\u{1b}')), (3, false), "{text:?}");
    }
    let (text, _) = shown(&folder, &["access", "missing.c1z", "dana"], Where::Errors, &[]);
    assert!(text.starts_with("c1z: \u{1b}[1;31mNOT_FOUND\u{1b}[0m: file"), "{text:?}");
    let (text, _) = shown(&folder, &["verify", "example.c1z"], Where::Output, &[]);
    assert!(text.ends_with("\u{1b}[32mno faults\u{1b}[0m\n"), "{text:?}");
}

#[test]
fn progress_is_shown_on_a_terminal_and_gone_at_the_end() {
    let folder = Folder::new();
    let (text, status) = shown(&folder, &["verify", "example.c1z"], Where::Errors, &[]);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("verifying [") && text.contains(" % "), "{text:?}");
    // The last that is done is to clear the line.
    assert!(text.ends_with("\r\u{1b}[2K") || text.ends_with("\u{1b}[2K\r") || text.ends_with("\u{1b}[2K"), "{text:?}");
    for words in [&["merge", "m.c1z", "example.c1z", "example.c1z"][..], &["clone", "example.c1z", "c.c1z"]] {
        let ran = folder.run(words);
        assert!(!ran.err.contains('\u{1b}') && !ran.err.contains('['), "{ran:?}");
    }
}

#[test]
fn ids_cannot_move_the_cursor() {
    let harmful = "a\u{1b}[2J\u{9b}31m\u{202e}\u{7f}\r\nb";
    let folder = Folder::new();
    let store = open(&folder.file("h.c1z"), false).unwrap();
    start(&store, "full");
    put_resources(&store, &[Resource { display_name: harmful.into(), ..resource(("user", harmful)) }]);
    put_grants(&store, &[membership("g", harmful)]);
    end(&store);
    close(store);
    let is_harmful = |char: char| char != '\n' && char.is_control() || char == '\u{202e}';
    for line in ["list resources h.c1z", "list grants h.c1z", "who h.c1z g", "inspect h.c1z", "access h.c1z"] {
        for format in ["table", "json", "ndjson", "csv"] {
            let mut words: Vec<&str> = line.split(' ').collect();
            if line.starts_with("access") {
                words.push(harmful);
            }
            words.extend(["-o", format]);
            let (text, status) = shown(&folder, &words, Where::Output, &[("NO_COLOR", "1")]);
            assert_eq!(status, 0, "{words:?}: {text}");
            assert!(!text.contains(is_harmful), "{words:?}: {text:?}");
            assert!(!text.lines().any(|line| line == "b"), "{words:?}: {text:?}");
        }
    }
    let (text, status) =
        shown(&folder, &["access", "h.c1z", &format!("{harmful}?")], Where::Errors, &[("NO_COLOR", "1")]);
    assert_eq!((status, text.contains(is_harmful)), (3, false), "{text:?}");
    // Elsewhere values are as they are.
    let csv = folder.run(&["list", "resources", "h.c1z", "-o", "csv"]).done();
    assert!(csv.contains(harmful), "{csv:?}");
}
