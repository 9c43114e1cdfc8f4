//! What an error of RocksDB means.
//!
//! RocksDB: its C API turns a status into a text, `code: subcode: what was done: what the system said`, and drops the
//! rest. This is the one place that reads such a text, by RocksDB's own words for subcodes and the system's own words for
//! its errors, whatever their language.

use std::io;

use rustix::io::Errno;

use super::rocksdb_ext::{said_by_source, said_by_status, Said};
use crate::error::EngineCause;
use crate::Error;

/// No number of an error of the system is higher; those of Linux end at 133.
const LAST_ERRNO: i32 = 255;

impl From<rocksdb::Error> for Error {
    fn from(error: rocksdb::Error) -> Error {
        error_of(error.into_string())
    }
}

/// The error that RocksDB's C API gave away as `text`.
pub(super) fn error_of(text: String) -> Error {
    if let Some(of_source) = said_by_source(&text) {
        return of_source;
    }
    let cause = cause(&text);
    // RocksDB: a folder that is gone is "NotFound: " and nothing else.
    let message = match text.strip_suffix(": ") {
        Some("NotFound") => "a file or folder of the database is gone".to_owned(),
        _ => text,
    };
    Error::Engine { cause, message }
}

fn cause(text: &str) -> EngineCause {
    let system = |errno: Errno| EngineCause::System(errno.raw_os_error());
    match said_by_status(text) {
        Said::Corruption => EngineCause::Corruption,
        Said::NotThere => system(Errno::NOENT),
        Said::NoSpace => system(Errno::NOSPC),
        Said::StaleFile => system(Errno::STALE),
        Said::Limit => EngineCause::Limit,
        // Errors of the crate itself, when it creates the folder of a database, are no statuses.
        Said::System | Said::NoStatus => said_by_system(text).map_or(system(Errno::IO), EngineCause::System),
        Said::Busy => EngineCause::Busy,
        // RocksDB: what it could not read when it opened a database is called an invalid argument.
        Said::Misuse => said_by_system(text).map_or(EngineCause::Misuse, EngineCause::System),
        Said::Other => EngineCause::Other,
    }
}

/// The number of the system's error whose words a text ends with.
fn said_by_system(text: &str) -> Option<i32> {
    (1..=LAST_ERRNO).find(|&errno| {
        // The standard library adds the number to the system's words.
        let said = io::Error::from_raw_os_error(errno).to_string();
        let words = said.strip_suffix(&format!(" (os error {errno})")).unwrap_or(&said);
        text.strip_suffix(words).is_some_and(|before| before.ends_with(": "))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::engine::{Engine, EngineOptions};
    use crate::error::{Code, Reason};
    use rocksdb::{Options, DB};

    const OPTIONS: EngineOptions =
        EngineOptions { memory_budget: 8 << 20, threads: 1, durable: false, compress_blocks: false };

    fn opening(folder: &Path) -> EngineCause {
        match DB::open(&Options::default(), folder) {
            Err(error) => cause(error.as_ref()),
            Ok(_) => panic!("it was opened"),
        }
    }

    #[test]
    fn what_the_system_refuses_to_rocksdb_is_known_by_its_number() {
        let folder = tempfile::tempdir().unwrap();
        drop(Engine::create(folder.path(), &OPTIONS).unwrap());
        let current = folder.path().join("CURRENT");
        let manifest = std::fs::read_to_string(&current).unwrap();
        // A link that leads to itself, a folder, and nothing at all in the place of a file that is read.
        let manifest = folder.path().join(manifest.trim_end());
        std::fs::remove_file(&manifest).unwrap();
        assert_eq!(opening(folder.path()), EngineCause::System(Errno::NOENT.raw_os_error()));
        std::os::unix::fs::symlink(&manifest, &manifest).unwrap();
        assert_eq!(opening(folder.path()), EngineCause::System(Errno::LOOP.raw_os_error()));
        std::fs::remove_file(&manifest).unwrap();
        std::fs::create_dir(&manifest).unwrap();
        assert_eq!(opening(folder.path()), EngineCause::System(Errno::ISDIR.raw_os_error()));
    }

    #[test]
    fn the_last_words_of_a_status_are_those_of_the_system() {
        for errno in [Errno::NOSPC, Errno::DQUOT, Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::ROFS, Errno::ACCESS]
        {
            let said = io::Error::from(errno).to_string();
            let words = &said[..said.find(" (os error").unwrap()];
            let text = format!("IO error: While appending to file: /tmp/a: {words}");
            assert_eq!(said_by_system(&text), Some(errno.raw_os_error()), "{text}");
            assert_eq!(said_by_system(&format!("IO error: {words} in /tmp/a")), None);
            assert_eq!(said_by_system(&format!("{text} or so")), None);
        }
    }

    #[test]
    fn a_status_without_words_says_what_is_the_matter() {
        let Error::Engine { cause, message } = error_of("NotFound: ".into()) else { panic!("another error") };
        assert_eq!(cause, EngineCause::System(Errno::NOENT.raw_os_error()));
        assert_eq!(message, "a file or folder of the database is gone");
    }

    #[test]
    fn a_file_that_vanished_is_no_record_that_is_missing() {
        let error = |cause| Error::Engine { cause, message: String::new() };
        let missing = error(EngineCause::System(Errno::NOENT.raw_os_error()));
        assert_eq!((missing.code(), missing.reason()), (Code::FailedPrecondition, Reason::Engine));
        assert_eq!(error(EngineCause::System(Errno::MFILE.raw_os_error())).code(), Code::ResourceExhausted);
        assert_eq!(error(EngineCause::Corruption).reason(), Reason::Corruption);
    }
}
