//! The folder of a sync, which appears with all its files at once.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use c1z::Error;
use rustix::fs::{flock, FlockOperation};
use rustix::io::retry_on_intr;
use tempfile::TempDir;

use crate::failure::Failure;

/// What the name of a folder starts with that is being filled.
const HIDDEN_PREFIX: &str = ".export-";

/// What the name of a file ends with that is being written: nobody who looks for files by their extension finds it.
const UNFINISHED: &str = ".part";

/// Hive: the folder of rows that have no value, for which a tenant of that name would be taken.
const NO_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";

/// A folder that is being filled. Dropping it removes what was written; where nobody could, the next export for the same tenant does.
pub struct Destination {
    /// Beside the folder that it is to become, hidden from who reads all that is there.
    hidden: TempDir,
    /// Holds the lock that says that somebody fills it.
    _lock: File,
    folder: PathBuf,
    names: RefCell<Vec<String>>,
}

impl Destination {
    /// `to/tenant=…/sync=…`, which must not be there yet.
    pub fn create(to: &Path, tenant: &str, sync: &str) -> Result<Destination, Failure> {
        if tenant.is_empty() {
            return Err(Error::InvalidArgument("--tenant is empty".into()).into());
        }
        if tenant == NO_VALUE {
            return Err(
                Error::InvalidArgument(format!("--tenant {NO_VALUE} stands for no value in such folders")).into()
            );
        }
        let tenant = to.join(format!("tenant={}", escaped(tenant)));
        let folder = tenant.join(format!("sync={}", escaped(sync)));
        if folder.exists() {
            return Err(Error::AlreadyExists(folder).into());
        }
        create_folders(&tenant)?;
        remove_abandoned(&tenant);
        let (hidden, lock) = create_hidden(&tenant).map_err(Error::io("create a folder in", &tenant))?;
        let destination = Destination { hidden, _lock: lock, folder, names: RefCell::default() };
        fs::create_dir(destination.files()).map_err(Error::io("create", destination.files()))?;
        Ok(destination)
    }

    fn files(&self) -> PathBuf {
        self.hidden.path().join("files")
    }

    /// Where the file is written that will have this name.
    pub fn file(&self, name: String) -> PathBuf {
        let path = self.files().join(format!("{name}{UNFINISHED}"));
        self.names.borrow_mut().push(name);
        path
    }

    /// Puts the folder in its place.
    pub fn publish(self) -> Result<(), Failure> {
        let (files, folder) = (self.files(), &self.folder);
        for name in self.names.borrow().iter() {
            let (from, to) = (files.join(format!("{name}{UNFINISHED}")), files.join(name));
            fs::rename(from, &to).map_err(Error::io("rename to", &to))?;
        }
        sync(&files)?;
        fs::rename(&files, folder).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => Error::AlreadyExists(folder.clone()),
            _ => Error::io("rename to", folder)(error),
        })?;
        Ok(sync(parent_of(folder))?)
    }
}

fn sync(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|open| open.sync_all()).map_err(Error::io("sync", folder))
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Creates a folder and what it lies in, all of which survive a crash of the machine.
fn create_folders(folder: &Path) -> Result<(), Error> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = parent_of(folder);
    create_folders(parent)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !folder.is_dir() => {
            Err(Error::io("create", folder)(error))
        }
        _ => sync(parent),
    }
}

/// A new folder in `tenant`, and the lock on it.
fn create_hidden(tenant: &Path) -> io::Result<(TempDir, File)> {
    loop {
        let hidden = tempfile::Builder::new().prefix(HIDDEN_PREFIX).tempdir_in(tenant)?;
        let lock = File::open(hidden.path());
        match lock {
            Ok(lock) => {
                // On a file system without locks nobody removes what others have left.
                let _ = retry_on_intr(|| flock(&lock, FlockOperation::LockExclusive));
                if hidden.path().exists() {
                    return Ok((hidden, lock));
                }
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Err(_) => {}
        }
        // Another export has taken it for an abandoned one before it was locked.
    }
}

/// Removes what exports have left that were killed. What cannot be removed stays.
fn remove_abandoned(tenant: &Path) {
    for entry in fs::read_dir(tenant).into_iter().flatten().flatten() {
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(HIDDEN_PREFIX.as_bytes());
        let is_folder = entry.file_type().is_ok_and(|of_type| of_type.is_dir());
        if is_hidden && is_folder {
            let Ok(lock) = File::open(entry.path()) else { continue };
            if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// A value in the name of a folder, as Hive writes it and Spark, Trino and DuckDB read it.
fn escaped(value: &str) -> String {
    let mut out = String::new();
    for char in value.chars() {
        match char {
            '"'
            | '#'
            | '%'
            | '\''
            | '*'
            | '/'
            | ':'
            | '='
            | '?'
            | '\\'
            | '{'
            | '['
            | ']'
            | '^'
            | '\x7f'
            | '\0'..='\x1f' => {
                out.push_str(&format!("%{:02X}", u32::from(char)));
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_a_folder_cannot_be_called_is_escaped() {
        assert_eq!(escaped("../a=b%\n"), "..%2Fa%3Db%25%0A");
        assert_eq!(escaped("Größe 1.2_x-y"), "Größe 1.2_x-y");
    }
}
