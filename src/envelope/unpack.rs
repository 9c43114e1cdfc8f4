//! Unpacking the payload of a file into a directory.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::header::{head_of, Head};
use super::input::Input;
use super::{unpack_frames, unpack_tar, Encoding, Limits};
use crate::control::Control;
use crate::{Error, Result};

/// Unpacks the payload of the file at `path` into the empty directory `into`, and checks all that can be checked.
///
/// After an error `into` is empty again. A file of format v1 is refused with `FORMAT_V1`, an unknown payload encoding
/// with `PAYLOAD_ENCODING`. Progress is reported in bytes of payload files; the total of a tar stream is not known
/// beforehand and given as 0.
pub fn unpack(path: &Path, into: &Path, limits: &Limits, control: &Control<'_>) -> Result<Head> {
    let input = Input::open(path)?;
    let head = head_of(&input)?;
    let encoding = Encoding::of_manifest(path, head.manifest.payload_encoding)?;
    let mut present = fs::read_dir(into).map_err(Error::io("read folder", into))?;
    if present.next().is_some() {
        return Err(Error::invalid(format!("{}: not empty, nothing is unpacked into it", into.display())));
    }
    let target = Target::new(&input, into);
    let unpacked = match encoding {
        Encoding::IndexedZstd => unpack_frames::unpack(&target, &head, limits, control),
        Encoding::Tar | Encoding::TarZstd => unpack_tar::unpack(&target, &head, encoding, limits, control),
    };
    if let Err(error) = unpacked {
        clear(into);
        return Err(error);
    }
    Ok(head)
}

/// Removes what is in `folder`, as far as the system permits.
fn clear(folder: &Path) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        // The error that led here says more than one of cleaning up.
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
    }
}

/// The directory that a file is unpacked into.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) input: &'a Input,
    root: &'a Path,
}

impl<'a> Target<'a> {
    pub(super) fn new(input: &'a Input, root: &'a Path) -> Target<'a> {
        Target { input, root }
    }
    /// Creates a folder and those above it. `name` has been checked.
    pub(super) fn create_folder(&self, name: &str) -> Result<()> {
        let path = self.root.join(name);
        fs::create_dir_all(&path).map_err(|error| self.create_error(name, &path, error))
    }

    /// Creates a file that does not exist yet. `name` has been checked.
    pub(super) fn create_file(&self, name: &str) -> Result<Output> {
        let path = self.root.join(name);
        let created = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&path);
        let file = created.map_err(|error| self.create_error(name, &path, error))?;
        Ok(Output { file, path })
    }

    /// What stands in the way was unpacked from the same file.
    fn create_error(&self, name: &str, path: &Path, error: std::io::Error) -> Error {
        match error.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory | ErrorKind::IsADirectory => {
                self.input.corrupt(format!("payload: {name:?} occurs twice, or as file and as folder"))
            }
            _ => Error::io("create", path)(error),
        }
    }
}

/// A file that is unpacked.
#[derive(Debug)]
pub(super) struct Output {
    file: File,
    path: PathBuf,
}

impl Output {
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(Error::io("write", &self.path))
    }
}

/// The folder part of a payload name, if it has one.
pub(super) fn folder_of(name: &str) -> Option<&str> {
    name.rsplit_once('/').map(|(folder, _)| folder)
}
