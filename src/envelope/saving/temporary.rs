//! The file that is written before it takes the place of another.
//!
//! A writer locks its temporary file for as long as it has one. The system drops the lock of a writer that is killed,
//! so the next writer of the same file can tell what nobody will finish from what somebody is writing.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{fchown, MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{flock, open, FlockOperation, Mode, OFlags};
use rustix::io::retry_on_intr;
use tempfile::NamedTempFile;

use super::destination::Destination;
use crate::envelope::head::is_start_of_file;
use crate::{files, quoted, Error, Result};

const SUFFIX: &str = ".tmp";
/// What makes the name one of a kind, between the target's name and the suffix.
const RANDOM_BYTES: usize = 6;
/// Longer file names leave no room for what a temporary name adds.
const MAX_PREFIX_BYTES: usize = 200;
/// Of a file that was not there before, less the process's umask.
const NEW: u32 = 0o644;
/// Of one that is to replace another, until it has that one's.
const PRIVATE: u32 = 0o600;

/// Creates a temporary file for a destination, and removes those that killed writers have left. Nobody can open it who
/// could not open the file in its place.
pub fn create(destination: &Destination) -> Result<NamedTempFile> {
    let Destination { path: target, folder, occupant } = destination;
    let mode = if occupant.is_some() { PRIVATE } else { NEW };
    let name =
        target.file_name().ok_or_else(|| Error::invalid(format!("{}: not a file name", quoted::path(target))))?;
    let mut prefix = OsString::from(".");
    if name.len() <= MAX_PREFIX_BYTES {
        prefix.push(name);
        remove_abandoned(folder, prefix.as_bytes());
    }
    let temporary = loop {
        let created = tempfile::Builder::new()
            .prefix(&prefix)
            .suffix(SUFFIX)
            .rand_bytes(RANDOM_BYTES)
            // `tempfile_in` would keep the number of an error to itself.
            .make_in(folder, |path| files::create_with_mode(path, mode));
        let temporary = created.map_err(Error::io("create a file in", folder))?;
        // Between its creation and its lock, another writer may have taken it for an abandoned one.
        if !lock(temporary.as_file()) || is_linked(temporary.as_file()) {
            break temporary;
        }
    };
    Ok(temporary)
}

/// Gives a file the permissions of `old`, whose place it takes, and its owner and group where the system permits that.
pub(super) fn take_over(temporary: &NamedTempFile, old: &Metadata) -> Result<()> {
    let file = temporary.as_file();
    let group = || file.metadata().map(|file| file.gid());
    // Only root gives files away; others may have a choice of groups.
    let _ = fchown(file, Some(old.uid()), Some(old.gid())).or_else(|_| fchown(file, None, Some(old.gid())));
    let changed = group().and_then(|group| {
        let mode = if group == old.gid() { old.mode() } else { of_another_group(old.mode()) };
        file.set_permissions(Permissions::from_mode(mode & 0o777))
    });
    changed.map_err(Error::io("set the permissions of", temporary.path()))
}

/// Permissions that let a group do no more than others may.
fn of_another_group(mode: u32) -> u32 {
    mode & (!0o070 | (mode & 0o007) << 3)
}

/// Ends the lock of a file that is not temporary any more.
pub(super) fn unlock(file: &File) {
    // A file system without locks has none to end.
    let _ = flock(file, FlockOperation::Unlock);
}

/// Waits for the lock; false on a file system that has none. There nobody removes what others have left.
fn lock(file: &File) -> bool {
    retry_on_intr(|| flock(file, FlockOperation::LockExclusive)).is_ok()
}

fn is_linked(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.nlink() > 0)
}

/// Removes the temporary files with that prefix that nobody holds a lock on. What cannot be removed stays.
fn remove_abandoned(folder: &Path, prefix: &[u8]) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let random = name.as_bytes().strip_prefix(prefix).and_then(|name| name.strip_suffix(SUFFIX.as_bytes()));
        if random.is_some_and(|random| random.len() == RANDOM_BYTES && random.iter().all(u8::is_ascii_alphanumeric)) {
            // Another writer may have been faster.
            let _ = remove_if_abandoned(&entry.path());
        }
    }
}

/// Removes a file that nobody holds a lock on, if it starts as ours do.
fn remove_if_abandoned(path: &Path) -> io::Result<()> {
    // Neither a link nor a pipe is ours; opening a pipe without a writer would wait for one.
    let file =
        File::from(open(path, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?);
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    let metadata = file.metadata()?;
    let mut start = Vec::new();
    (&file).take(16).read_to_end(&mut start)?;
    // Its writer may have given it its final name meanwhile, and another writer this one to a file of its own.
    let is_same = fs::symlink_metadata(path)?.ino() == metadata.ino();
    if metadata.is_file() && is_same && is_start_of_file(&start) {
        fs::remove_file(path)?;
    }
    Ok(())
}
