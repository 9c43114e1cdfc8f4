//! The folder that a store, a clone or a verification works in.
//!
//! It lies in a home, the folder that all working folders of a user share in a temporary folder. Whoever works in one
//! holds a lock on it, which the system drops when the process is gone. So the next one to come can tell what nobody will
//! remove from what somebody works in, and needs to look at nothing outside the home.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{flock, open, FlockOperation, Mode, OFlags};
use rustix::io::retry_on_intr;
use rustix::process::geteuid;

use crate::envelope::SHARED_PREFIX;
use crate::{files, process, Error, Result};

/// What the name of a working folder starts with.
const PREFIX: &str = "c1z-work-";
/// What anybody but the owner may do.
const OTHERS: u32 = 0o077;

/// A folder that is removed when it is dropped; if it never is, by the next one to come.
pub struct WorkingFolder {
    path: PathBuf,
    home: Home,
    /// Holds the lock.
    lock: File,
}

impl WorkingFolder {
    /// Creates one in `temporary`, or in the system's temporary folder, and removes those that killed processes have left
    /// there.
    pub fn create(temporary: Option<&Path>) -> Result<WorkingFolder> {
        let temporary = temporary.map_or_else(system_folder, Path::to_path_buf);
        let created = std::path::absolute(&temporary).and_then(|temporary| WorkingFolder::create_in(&temporary));
        created.map_err(Error::io("create a folder in", &temporary))
    }

    fn create_in(temporary: &Path) -> io::Result<WorkingFolder> {
        loop {
            let home = Home::open(temporary)?;
            home.remove_abandoned();
            match home.create_folder() {
                Ok((path, lock)) => return Ok(WorkingFolder { path, home, lock }),
                // Whoever left last took the home along, or a newcomer took the folder for an abandoned one.
                Err(error) if error.kind() == ErrorKind::NotFound && home.is_ours => {}
                Err(error) => {
                    home.leave();
                    return Err(error);
                }
            }
        }
    }

    /// Creates a folder in it.
    pub fn create_folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        files::create_folder(&path).map_err(Error::io("create", &path)).map(|()| path)
    }

    /// A folder for what working folders share, if it is this user's alone.
    pub fn home(&self) -> Option<&Path> {
        self.home.is_ours.then_some(&*self.home.path)
    }

    /// Removes it with all that is in it. That it is gone already is no error.
    pub fn remove(self) -> Result<()> {
        self.clear().map_err(Error::io("remove", &self.path))
    }

    fn clear(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => self.home.leave(),
        }
        Ok(())
    }
}

/// The system's temporary folder, also where the variable that names it is set and empty.
fn system_folder() -> PathBuf {
    let named = std::env::temp_dir();
    match named.as_os_str().is_empty() {
        true => PathBuf::from("/tmp"),
        false => named,
    }
}

impl Drop for WorkingFolder {
    fn drop(&mut self) {
        // In a forked process it is the parent's.
        if !process::is_forked() {
            let _ = self.clear();
            // What could not be removed is abandoned now, and not only once every child that another thread is about to
            // start has closed its copy of the descriptor. A file system without locks has none to end.
            let _ = flock(&self.lock, FlockOperation::Unlock);
        }
    }
}

/// Where working folders lie.
struct Home {
    path: PathBuf,
    is_ours: bool,
}

impl Home {
    /// The home in `temporary`, created if it is not there. If it is not this user's alone, working folders lie in
    /// `temporary` itself, and nobody looks for abandoned ones.
    fn open(temporary: &Path) -> io::Result<Home> {
        let user = geteuid().as_raw();
        let path = temporary.join(format!("c1z-{user}"));
        let is_ours = match files::create_folder(&path) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => match fs::symlink_metadata(&path) {
                Ok(found) => found.is_dir() && found.uid() == user && found.mode() & OTHERS == 0,
                // It is gone again, and will be created again.
                Err(error) => error.kind() == ErrorKind::NotFound,
            },
            Err(error) => return Err(error),
        };
        Ok(Home { path: if is_ours { path } else { temporary.to_path_buf() }, is_ours })
    }

    /// Creates a working folder and locks it. "Not found" means that somebody has removed it, or the home.
    fn create_folder(&self) -> io::Result<(PathBuf, File)> {
        let path = files::create_unique_folder(&self.path, PREFIX)?.keep();
        let locked = files::open(&path).and_then(|folder| {
            // On a file system without locks nobody removes what others have left.
            let _ = retry_on_intr(|| flock(&folder, FlockOperation::LockExclusive));
            match files::is_at(&folder, &path) {
                true => Ok(folder),
                false => Err(ErrorKind::NotFound.into()),
            }
        });
        if locked.is_err() {
            let _ = fs::remove_dir(&path);
        }
        locked.map(|folder| (path, folder))
    }

    /// Removes the folders that nobody uses. What cannot be removed stays.
    fn remove_abandoned(&self) {
        for entry in self.is_ours.then(|| fs::read_dir(&self.path)).into_iter().flatten().flatten().flatten() {
            let name = entry.file_name();
            if [PREFIX, SHARED_PREFIX].iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes())) {
                // Somebody else may be faster.
                let _ = remove_if_abandoned(&entry.path());
            }
        }
    }

    /// Removes the home if nobody works in it.
    fn leave(&self) {
        if self.is_ours {
            let _ = fs::remove_dir(&self.path);
        }
    }
}

fn remove_if_abandoned(path: &Path) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = File::from(open(path, flags, Mode::empty())?);
    flock(&folder, FlockOperation::NonBlockingLockExclusive)?;
    match files::is_at(&folder, path) {
        true => fs::remove_dir_all(path),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_given_up_whoever_has_a_copy_of_its_descriptor() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = WorkingFolder::create(Some(temporary.path())).unwrap();
        let of_a_child = folder.lock.try_clone().unwrap();
        let same = File::open(&folder.path).unwrap();
        let is_free = || flock(&same, FlockOperation::NonBlockingLockExclusive).is_ok();
        assert!(!is_free());
        drop(folder);
        assert!(is_free());
        drop(of_a_child);
    }
}
