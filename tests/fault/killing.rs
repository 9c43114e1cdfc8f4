//! A process that is killed at any step leaves the old file or the whole new one.
//!
//! The process is this test itself, started again: [`write_if_asked`] is what it then does instead.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use c1z::control::Control;

use crate::fixture::*;
use crate::place::{put_all, whole_sync, Contents, Place, Tally};
use crate::syscalls::{under, Fault, Plan};

const TEST: &str = "killing::a_process_killed_at_any_step_leaves_the_old_file_or_the_whole_new_one";

/// In the environment of the process that is killed: the folder of its file, and at which step.
const FOLDER: &str = "C1Z_TEST_FAULT_FOLDER";
const STEP: &str = "C1Z_TEST_FAULT_STEP";

/// In the process that is to be killed: a second sync, from opening to closing.
fn write_if_asked() {
    let (Ok(folder), Ok(step)) = (std::env::var(FOLDER), std::env::var(STEP)) else { return };
    let folder = PathBuf::from(folder);
    let plan = Plan { below: folder.clone(), fault: Some(Fault::Kill), from: step.parse().unwrap(), and_later: false };
    under(plan, || {
        let store = crate::place::open_at(&folder.join("file.c1z"), &folder.join("work")).unwrap();
        start(&store, "full");
        put_all(&store).unwrap();
        checkpoint(&store, "half way");
        end(&store);
        store.save(&Control::none()).unwrap();
        store.close().unwrap();
    });
    std::process::exit(0);
}

/// Whether the process was killed, and whether it left the new file.
fn round(template: &Place, old: &Contents, step: u64) -> (bool, bool) {
    let place = Place::like(template);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", TEST]).env(FOLDER, place.folder()).env(STEP, step.to_string());
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success() || status.signal() == Some(libc::SIGKILL), "{status}");

    let is_old = place.bytes() == template.bytes();
    let left = place.saved();
    match is_old {
        true => assert_eq!(left, *old),
        false => assert_eq!((left.syncs(), left.without_ids()), (2, [old.without_ids(), with_token(old)].concat())),
    }
    assert!(place.left_beside().len() <= 1, "{:?}", place.left_beside());
    let store = place.open();
    whole_sync(&store);
    close(store);
    assert_eq!(place.saved().syncs(), left.syncs() + 1);
    (!status.success(), !is_old)
}

/// The sync of the killed process holds what the old one does, and a token.
fn with_token(old: &Contents) -> Vec<String> {
    old.without_ids().into_iter().map(|sync| sync.replace("token: \"\"", "token: \"half way\"")).collect()
}

#[test]
fn a_process_killed_at_any_step_leaves_the_old_file_or_the_whole_new_one() {
    write_if_asked();
    let template = Place::new();
    let store = template.open();
    whole_sync(&store);
    close(store);
    let held = template.saved();
    let (tally, new) = (Tally::default(), std::sync::atomic::AtomicU64::new(0));
    tally.sweep(|step| {
        let (killed, left_new) = round(&template, &held, step);
        if killed && left_new {
            new.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        (if killed { vec!["kill".to_owned()] } else { Vec::new() }, killed)
    });
    tally.print("kill");
    println!("  {new:?} times with the new file in its place");
    assert!(new.into_inner() > 0, "no kill behind the rename");
}
