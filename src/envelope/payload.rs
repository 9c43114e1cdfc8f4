//! The directory that is packed.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::identity::Identity;
use super::names;
use crate::control::Control;
use crate::{Error, Result};

/// How much of a file is read or written at once.
pub(super) const CHUNK: usize = 256 << 10;

/// A regular file of the payload directory.
#[derive(Clone, Debug)]
pub(super) struct PayloadFile {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) size: u64,
    /// Recorded if it tells that the bytes are those of another link.
    pub(super) identity: Option<Identity>,
}

/// The regular files below `directory`, sorted by name. Folders are implied by the names.
///
/// Anything else than files and folders is refused: it would be lost.
pub(super) fn files(directory: &Path) -> Result<Vec<PayloadFile>> {
    let mut found = Vec::new();
    let mut folders = vec![(directory.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(Error::io("read folder", &folder))? {
            let path = entry.map_err(Error::io("read folder", &folder))?.path();
            let metadata = fs::symlink_metadata(&path).map_err(Error::io("stat", &path))?;
            let refused = |why: &str| Error::invalid(format!("{}: cannot be packed: {why}", path.display()));
            let part = path.file_name().and_then(|part| part.to_str());
            let part = part.ok_or_else(|| refused("its name is not UTF-8"))?;
            let name = format!("{prefix}{part}");
            names::check(&name).map_err(refused)?;
            if metadata.is_dir() {
                folders.push((path, name + "/"));
            } else if metadata.is_file() {
                let identity = Identity::of_link(&metadata);
                found.push(PayloadFile { name, path, size: metadata.len(), identity });
            } else {
                return Err(refused("neither a file nor a folder"));
            }
        }
    }
    found.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

impl PayloadFile {
    /// Passes the file's bytes on in pieces; fails if there are not exactly as many as when it was listed.
    pub(super) fn read(&self, control: &Control<'_>, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut file = File::open(&self.path).map_err(Error::io("open", &self.path))?;
        let mut buffer = vec![0; CHUNK];
        let mut left = self.size;
        loop {
            control.check()?;
            let read = match file.read(&mut buffer) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                result => result.map_err(Error::io("read", &self.path))?,
            };
            let rest = left.checked_sub(read as u64).filter(|&rest| read > 0 || rest == 0);
            left = rest.ok_or_else(|| {
                Error::FailedPrecondition(format!("{}: changed while it was packed", self.path.display()))
            })?;
            if read == 0 {
                return Ok(());
            }
            each(&buffer[..read])?;
        }
    }
}
