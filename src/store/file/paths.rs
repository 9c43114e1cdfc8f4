//! The paths that requests name.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::{envelope, Error, Result};

/// The path in the field `name` of a request, or in its twin for bytes; `None` if both are empty.
pub fn optional_path(name: &str, text: &str, bytes: &[u8]) -> Result<Option<PathBuf>> {
    match (text, bytes) {
        ("", []) => Ok(None),
        (text, []) => Ok(Some(PathBuf::from(text))),
        ("", bytes) => Ok(Some(PathBuf::from(OsStr::from_bytes(bytes)))),
        _ => Err(Error::invalid(format!("{name} and {name}_bytes are both set"))),
    }
}

/// As [`optional_path`]; there must be one.
pub fn required_path(name: &str, text: &str, bytes: &[u8]) -> Result<PathBuf> {
    optional_path(name, text, bytes)?.ok_or_else(|| Error::invalid(format!("{name} is empty")))
}

/// The path from the root on, so that it means the same when the process has gone to another folder. Nothing is left
/// out of it: a slash or a dot at its end says that it is a folder's.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    if path.as_os_str().is_empty() {
        return Err(Error::invalid("path is empty"));
    }
    if path.is_absolute() {
        return Ok(path.to_path_buf());
    }
    let here = std::env::current_dir().map_err(Error::io("find the folder of the process for", path))?;
    Ok(here.join(path))
}

/// Fails if anything is at `path`, or if it is plain that no file can be created there.
pub fn check_absent(path: &Path) -> Result<()> {
    envelope::check_destination(path)?;
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io("open", path)(error)),
        Ok(_) => Err(Error::AlreadyExists(path.to_path_buf())),
    }
}

/// A path for a response: as text, and as bytes if they are not UTF-8.
pub fn shown(path: &Path) -> (String, Vec<u8>) {
    match path.to_str() {
        Some(text) => (text.to_owned(), Vec::new()),
        None => (path.to_string_lossy().into_owned(), path.as_os_str().to_owned().into_vec()),
    }
}
