//! How a command ends.

use std::io::{self, Write};
use std::process::ExitCode;

use c1z::quoted;

use crate::several::Several;
use crate::terminal::{self, Paint};

/// The exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All of it was done.
    Done = 0,
    /// A file has faults, or two differ.
    Found = 1,
    /// An id may be any of several.
    Several = 2,
    /// Something failed: standard error says what.
    Failed = 3,
    /// The command line is wrong: `EX_USAGE`.
    Usage = 64,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(status as u8)
    }
}

/// Why a command could not go on.
#[derive(Debug)]
pub enum Failure {
    /// The library says why.
    Library(c1z::Error),
    /// An id may be any of several.
    Several(Several),
    /// Standard output takes no more.
    Output(io::Error),
}

impl From<c1z::Error> for Failure {
    fn from(error: c1z::Error) -> Failure {
        match error {
            // Of a name that the store looked up by itself.
            c1z::Error::Ambiguous { noun, id } => Failure::Several(Several::unlisted(noun, id)),
            error => Failure::Library(error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Failure {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Failure::Output(error),
            other => Failure::Library(c1z::Error::Internal(format!("{other:?}"))),
        }
    }
}

impl Failure {
    /// Says on standard error what is the matter. Whoever has read enough of the output knows that already.
    pub fn report(&self) -> Status {
        match self {
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Status::Done,
            Failure::Output(error) => {
                say("IO", &format!("standard output: {error}"));
                Status::Failed
            }
            Failure::Library(error) => {
                say(error.reason().name(), &error.to_string());
                Status::Failed
            }
            Failure::Several(several) => {
                say("AMBIGUOUS_ID", &several.sentence());
                let mut stderr = io::stderr().lock();
                for hit in several.lines() {
                    let _ = writeln!(stderr, "  {hit}");
                }
                Status::Several
            }
        }
    }
}

/// One line, with the word that stands for the reason.
fn say(reason: &str, message: &str) {
    let paint = Paint::of(terminal::is_coloured(&io::stderr()));
    // There is nobody left to tell.
    let _ = writeln!(io::stderr(), "c1z: {}: {}", paint.bad(reason), quoted::line(message));
}
