//! Giving a finished file its name.
//!
//! Two savers of one file must not both find the old one unchanged and then both replace it. So a saver locks the file
//! that it is about to replace, looks once more whether the path leads to it, and renames while it has the lock.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{flock, open, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use tempfile::{NamedTempFile, PersistError};

use super::temporary::unlock;
use crate::control::Control;
use crate::envelope::{Identity, Replace};
use crate::{files, Error, Result};

/// Savers hold the lock for as long as a rename takes. Who holds it longer is none of them, but a host that locks the
/// file for reasons of its own, and must not keep it from being saved.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(2);

/// Gives `finished` the name `target`, if `replace` permits that. On failure it is removed.
pub fn publish(mut finished: NamedTempFile, target: &Path, replace: Replace, control: &Control<'_>) -> Result<File> {
    loop {
        let occupant = Occupant::lock(target, control)?;
        replace.check(target, occupant.as_ref().map(|occupant| occupant.identity))?;
        let published = match occupant {
            Some(_) => finished.persist(target),
            None => create(finished, target),
        };
        match published {
            Ok(file) => {
                unlock(&file);
                return Ok(file);
            }
            // Somebody else has created it meanwhile.
            Err(error) if occupant.is_none() && error.error.kind() == ErrorKind::AlreadyExists => {
                finished = error.file;
                control.check()?;
            }
            Err(error) => return Err(Error::io("rename to", target)(error.error)),
        }
    }
}

/// Gives `finished` a name that nobody has.
fn create(finished: NamedTempFile, target: &Path) -> Result<File, PersistError> {
    match finished.persist_noclobber(target) {
        // A file system that can neither rename without replacing nor link leaves a look before the rename.
        Err(error) if has_no_links(&error.error) && fs::symlink_metadata(target).is_err() => error.file.persist(target),
        created => created,
    }
}

fn has_no_links(error: &io::Error) -> bool {
    let errors = [Errno::PERM, Errno::NOSYS, Errno::OPNOTSUPP, Errno::INVAL];
    errors.iter().any(|errno| Some(errno.raw_os_error()) == error.raw_os_error())
}

/// The file that is about to be replaced. It is locked until this is dropped, unless the system cannot lock it.
struct Occupant {
    file: Option<File>,
    identity: Identity,
}

impl Occupant {
    /// Waits for the lock of what `path` leads to; `None` if that is nothing.
    fn lock(path: &Path, control: &Control<'_>) -> Result<Option<Occupant>> {
        let patience = Instant::now() + PATIENCE;
        loop {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let file = match open(path, flags, Mode::empty()) {
                Err(Errno::NOENT) => return Ok(None),
                // Who may replace a file need not be one who may read it.
                opened => opened.ok().and_then(|file| files::above_standard(file.into()).ok()),
            };
            let locked = file.as_ref().is_none_or(has_locked);
            let opened = file.as_ref().and_then(|file| file.metadata().ok()).map(|opened| Identity::of(&opened));
            let occupant = match fs::symlink_metadata(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                found => Occupant { file, identity: Identity::of(&found.map_err(Error::io("stat", path))?) },
            };
            // Whoever had the lock before may have put another file there.
            let settled = locked && opened.is_none_or(|opened| opened.is_same_file(&occupant.identity));
            if settled || Instant::now() >= patience {
                return Ok(Some(occupant));
            }
            control.check()?;
            sleep(PAUSE);
        }
    }
}

impl Drop for Occupant {
    /// A child that was forked meanwhile has the file open too: closing it here would not be enough.
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            unlock(file);
        }
    }
}

/// Whether nobody else has the lock by now. A file system without locks has nobody else.
fn has_locked(file: &File) -> bool {
    !matches!(flock(file, FlockOperation::NonBlockingLockExclusive), Err(Errno::WOULDBLOCK | Errno::INTR))
}
