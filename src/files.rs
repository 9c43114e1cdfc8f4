//! How the library opens and creates files of its own.
//!
//! What it creates is readable for its owner alone from the beginning, whatever the process's umask permits. And no file
//! becomes one of the standard descriptors, which a host may have closed: what the host prints would land in it. RocksDB
//! is kept to the same by `engine/cpp/private_files.cc`.
#![allow(clippy::disallowed_methods)]

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::{fcntl_dupfd_cloexec, Errno};
use tempfile::TempDir;

const FILE: u32 = 0o600;
const FOLDER: u32 = 0o700;
/// The first descriptor that stands for nothing in particular.
const FIRST_FREE: i32 = 3;

/// Opens a file, or a folder, for reading. Of a pipe it waits for no writer.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits() as i32;
    above_standard(OpenOptions::new().read(true).custom_flags(flags).open(path)?)
}

/// Opens a file that is there for writing.
pub(crate) fn open_to_write(path: &Path) -> io::Result<File> {
    above_standard(OpenOptions::new().write(true).open(path)?)
}

/// Creates a file that is not there yet, for writing.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    above_standard(OpenOptions::new().write(true).create_new(true).mode(FILE).open(path)?)
}

/// Creates a file that is not there yet, for reading and writing, which others may use as far as the mode and the process's
/// umask say.
pub(crate) fn create_with_mode(path: &Path, mode: u32) -> io::Result<File> {
    above_standard(OpenOptions::new().read(true).write(true).create_new(true).mode(mode).open(path)?)
}

/// Creates a file that has no name, in a folder.
pub(crate) fn create_unnamed(folder: &Path) -> io::Result<File> {
    let flags = OFlags::TMPFILE.bits() as i32;
    let created = OpenOptions::new().read(true).write(true).mode(FILE).custom_flags(flags).open(folder);
    let file = created.or_else(|error| match Errno::from_io_error(&error) {
        // How file systems say that they have no such files. The name is removed at once.
        Some(Errno::OPNOTSUPP | Errno::ISDIR | Errno::NOENT) => {
            Ok(tempfile::NamedTempFile::new_in(folder)?.into_file())
        }
        _ => Err(error),
    });
    above_standard(file?)
}

/// Creates a folder that is not there yet.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(FOLDER).create(path)
}

/// Creates a folder and those above it, where they are not there yet.
pub(crate) fn create_folders(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(FOLDER).recursive(true).create(path)
}

/// Copies what a file holds into one that is not there yet.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    io::copy(&mut open(from)?, &mut create(to)?).map(drop)
}

/// Creates a folder with a name that starts like that and that nothing else has.
pub(crate) fn create_unique_folder(parent: &Path, prefix: &str) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(prefix).permissions(Permissions::from_mode(FOLDER)).tempdir_in(parent)
}

/// Whether the path leads to that file or folder, and not to another that got its name.
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    let (opened, found) = (file.metadata(), std::fs::symlink_metadata(path));
    opened.is_ok_and(|opened| found.is_ok_and(|found| (opened.dev(), opened.ino()) == (found.dev(), found.ino())))
}

/// The same file under a number that is no standard descriptor's.
pub(crate) fn above_standard(file: File) -> io::Result<File> {
    match file.as_raw_fd() < FIRST_FREE {
        true => Ok(fcntl_dupfd_cloexec(&file, FIRST_FREE)?.into()),
        false => Ok(file),
    }
}
