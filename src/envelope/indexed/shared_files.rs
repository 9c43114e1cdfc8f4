//! Files of one payload that several have unpacked once.
//!
//! Who leaves files of a payload for later shares what has been unpacked with others that have the same file open, by
//! hard links in a folder that is named after the file. Everybody who shares holds a lock on the folder; the last one
//! removes it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustix::fs::{flock, FlockOperation};
use rustix::io::retry_on_intr;

use super::index::Frame;
use crate::envelope::io::Input;
use crate::files;

/// What the name of such a folder starts with.
pub const PREFIX: &str = "c1z-tables-";

/// A share in such a folder. Where the system refuses something, everybody unpacks for himself.
pub struct Shared {
    folder: PathBuf,
    /// Holds the lock.
    lock: File,
}

impl Shared {
    /// Joins those who share files of `input` in folders in `home`, which must be this user's alone.
    pub fn join(home: &Path, input: &Input) -> Option<Shared> {
        let folder = home.join(format!("{PREFIX}{}", input.version().ok()?));
        loop {
            match files::create_folder(&folder) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return None,
                _ => {}
            }
            let lock = match files::open(&folder) {
                // The last one has left meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                opened => opened.ok()?,
            };
            retry_on_intr(|| flock(&lock, FlockOperation::LockShared)).ok()?;
            if files::is_at(&lock, &folder) {
                return Some(Shared { folder, lock });
            }
        }
    }

    /// Puts the file of a frame in the place of `path`, if somebody has unpacked it.
    pub fn take(&self, frame: &Frame, path: &Path) -> bool {
        let taken = path.with_extension("shared");
        let linked = fs::hard_link(self.place_of(frame), &taken).and_then(|()| fs::rename(&taken, path));
        linked.is_ok()
    }

    /// Gives the file at `path`, which holds what the frame should, to the others. If somebody was faster, takes his.
    pub fn give(&self, frame: &Frame, path: &Path) {
        let given = fs::hard_link(path, self.place_of(frame));
        if given.is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
            self.take(frame, path);
        }
    }

    /// A file that was changed in place within one tick of the system's clock is told from what it was by its hashes.
    fn place_of(&self, frame: &Frame) -> PathBuf {
        self.folder.join(format!("{:016x}-{}", frame.digest.xxh64, frame.name))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Of several who leave at once, the last to ask is alone.
        if flock(&self.lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = fs::remove_dir_all(&self.folder);
        }
        // A child that another thread is about to start may hold a copy of the descriptor, and with it the lock.
        let _ = flock(&self.lock, FlockOperation::Unlock);
    }
}
