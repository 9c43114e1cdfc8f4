//! Tests that go on in a process of their own, with another umask, folder or user: the test itself, started again.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// In the environment of the process that goes on.
const ALONE: &str = "C1Z_TEST_STORE_ALONE";
pub const NOBODY: u32 = 65534;

/// Runs `body` in a process of its own, started by a shell behind `setting`.
pub fn alone(test: &str, setting: &str, body: fn()) {
    if std::env::var_os(ALONE).is_some() {
        return body();
    }
    let program = std::env::current_exe().unwrap();
    run(Command::new("sh").arg("-c").arg(format!("{setting} && exec \"$0\" \"$@\"")).arg(program), test);
}

/// Lets `prepare` fill a folder in which everybody may do everything, and runs `body` as a user whom nothing belongs to
/// and who has the rights of others only. Where that takes rights that this process does not have, it says so.
pub fn as_nobody(test: &str, prepare: fn(&Path), body: fn(&Path)) {
    if std::env::var_os(ALONE).is_some() {
        return body(&std::env::temp_dir());
    }
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        assert!(std::env::var_os("CI").is_none(), "{test} needs root");
        // Not println!, which the test harness keeps to itself.
        let mut out = std::io::stderr();
        return writeln!(out, "not run, for it needs root: {test}").unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o777);
    prepare(folder.path());
    // Where the program lies others may not look.
    let program = folder.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    run(Command::new(program).env("TMPDIR", folder.path()).uid(NOBODY).gid(NOBODY).current_dir("/"), test);
}

fn run(command: &mut Command, test: &str) {
    command.args(["--exact", test, "--nocapture"]).env(ALONE, "yes");
    let output = loop {
        match command.output() {
            // A process that another test was starting meanwhile still has the copy of the program open for writing.
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
            output => break output.unwrap(),
        }
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
