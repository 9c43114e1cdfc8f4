//! Running the command in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The file that `make demo` writes of `examples/data`.
pub const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/example.c1z");

/// What a run has come to.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            status: output.status.code().expect("it was not killed"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// What was written by a run that has done all.
    pub fn done(self) -> String {
        assert_eq!((self.status, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// What stands behind "c1z: " in the one line that a failed run has written.
    pub fn failed(&self) -> &str {
        assert_eq!((self.status, self.out.as_str()), (3, ""), "{}", self.err);
        let line = self.err.strip_suffix('\n').and_then(|line| line.strip_prefix("c1z: ")).unwrap_or(&self.err);
        assert!(!line.is_empty() && !line.chars().any(char::is_control), "{line:?}");
        line
    }
}

/// A folder to run in, with the example in it.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Folder {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(EXAMPLE, folder.path().join("example.c1z")).unwrap();
        std::fs::create_dir(folder.path().join("tmp")).unwrap();
        Folder(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Runs the command with these words; what it unpacks is gone when it has ended.
    pub fn run(&self, words: &[&str]) -> Ran {
        let ran = self.command(words).output().unwrap().into();
        let left: Vec<_> = std::fs::read_dir(self.file("tmp")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{words:?} left {left:?}");
        ran
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_c1z"));
        command.args(words).current_dir(self.path()).env("TMPDIR", self.file("tmp")).stdin(Stdio::null());
        command.env_remove("NO_COLOR").env("TERM", "xterm");
        command
    }
}
