//! Where a save puts its file.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{accessat, statx, Access, AtFlags, StatxAttributes, StatxFlags, CWD};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::envelope::io::check_regular;
use crate::envelope::Identity;
use crate::{quoted, Error, Result};

/// Linux follows that many links before it gives up.
const MAX_LINKS: usize = 40;
/// The bit of a folder in which only its owner may replace a file.
const STICKY: u32 = 0o1000;

/// The file that is to be replaced or created, behind all links.
#[derive(Debug)]
pub(super) struct Destination {
    pub path: PathBuf,
    pub folder: PathBuf,
    /// The file that is there.
    pub(super) occupant: Option<Metadata>,
}

/// Fails if it can be told that a save to `path` would fail: the folder is missing or takes no files, or there is
/// something that is no file or that cannot be replaced. Changes nothing.
pub fn check_destination(path: &Path) -> Result<()> {
    let destination = Destination::of(path)?;
    destination.check_folder()?;
    destination.check_occupant()
}

impl Destination {
    /// Follows the links that `target` leads through; what they lead to need not exist.
    pub fn of(target: &Path) -> Result<Destination> {
        check_name(target)?;
        let mut path = target.to_path_buf();
        for _ in 0..MAX_LINKS {
            let metadata = match fs::symlink_metadata(&path) {
                // Where the folder is none, there is no file either.
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    return Ok(Destination::at(path, None));
                }
                result => result.map_err(Error::io("stat", &path))?,
            };
            if !metadata.is_symlink() {
                check_regular(&metadata, &path)?;
                return Ok(Destination::at(path, Some(metadata)));
            }
            let link = fs::read_link(&path).map_err(Error::io("read link", &path))?;
            path = path.parent().unwrap_or(Path::new("")).join(link);
        }
        Err(Error::invalid(format!("{}: too many links", quoted::path(target))))
    }

    fn at(path: PathBuf, occupant: Option<Metadata>) -> Destination {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
            _ => PathBuf::from("."),
        };
        Destination { path, folder, occupant }
    }

    /// Which file is there.
    pub fn identity(&self) -> Option<Identity> {
        self.occupant.as_ref().map(Identity::of)
    }

    fn check_folder(&self) -> Result<()> {
        match fs::metadata(&self.folder) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Err(self.unsavable(format!("there is no folder {}", quoted::path(&self.folder))));
            }
            Ok(folder) if !folder.is_dir() => {
                return Err(self.unsavable(format!("{} is not a folder", quoted::path(&self.folder))));
            }
            found => found.map_err(Error::io("stat", &self.folder))?,
        };
        takes_files(&self.folder).map_err(Error::io("write into", &self.folder))
    }

    fn check_occupant(&self) -> Result<()> {
        let Some(occupant) = &self.occupant else { return Ok(()) };
        let folder = fs::metadata(&self.folder).map_err(Error::io("stat", &self.folder))?;
        let me = geteuid();
        let owned = [occupant.uid(), folder.uid()].contains(&me.as_raw());
        if folder.mode() & STICKY != 0 && !owned && !me.is_root() {
            return Err(self.unsavable("it is another user's, in a folder where only the owner may replace it"));
        }
        // A system that cannot tell says so, and the save will.
        let attributes = statx(CWD, &self.path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty())
            .map_or(StatxAttributes::empty(), |told| told.stx_attributes);
        if attributes.contains(StatxAttributes::MOUNT_ROOT) {
            return Err(self.unsavable("something is mounted on it, so that it cannot be replaced"));
        }
        if attributes.intersects(StatxAttributes::IMMUTABLE | StatxAttributes::APPEND) {
            return Err(self.unsavable("its attributes do not let it be replaced (chattr)"));
        }
        Ok(())
    }

    fn unsavable(&self, why: impl std::fmt::Display) -> Error {
        Error::FailedPrecondition(format!("{}: cannot be saved: {why}", quoted::path(&self.path)))
    }
}

/// Fails for a path whose last part names a folder, whatever there is.
fn check_name(path: &Path) -> Result<()> {
    if path.as_os_str().is_empty() {
        return Err(Error::invalid("path to save to is empty"));
    }
    // Not `Path::file_name`, which overlooks a slash or a dot at the end.
    match path.as_os_str().as_bytes().rsplit(|&byte| byte == b'/').next() {
        Some(b"" | b"." | b"..") => Err(Error::invalid(format!("{}: names a folder, not a file", quoted::path(path)))),
        _ => Ok(()),
    }
}

/// Asks the system whether this process may create files in `folder`.
fn takes_files(folder: &Path) -> io::Result<()> {
    let may = |flags| accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, flags);
    let told = match may(AtFlags::EACCESS) {
        // Filters of system calls may not know this one; then the real user is asked for, who mostly is the same.
        Err(Errno::PERM | Errno::NOSYS) => may(AtFlags::empty()),
        told => told,
    };
    match told {
        Err(error @ (Errno::ACCESS | Errno::PERM | Errno::ROFS)) => Err(error.into()),
        // What cannot be told beforehand the save will say.
        _ => Ok(()),
    }
}
