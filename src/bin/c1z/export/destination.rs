//! The folder of a sync, which appears with all its files at once.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use c1z::Error;
use tempfile::TempDir;

use crate::failure::Failure;

/// A folder that is being filled. Dropping it removes what was written.
pub struct Destination {
    /// Beside the folder that it is to become, hidden from who reads all that is there.
    hidden: TempDir,
    folder: PathBuf,
}

impl Destination {
    /// `to/tenant=…/sync=…`, which must not be there yet.
    pub fn create(to: &Path, tenant: &str, sync: &str) -> Result<Destination, Failure> {
        if tenant.is_empty() {
            return Err(Error::InvalidArgument("--tenant is empty".into()).into());
        }
        let tenant = to.join(format!("tenant={}", escaped(tenant)));
        let folder = tenant.join(format!("sync={}", escaped(sync)));
        if folder.exists() {
            return Err(Error::AlreadyExists(folder).into());
        }
        fs::create_dir_all(&tenant).map_err(Error::io("create", &tenant))?;
        let hidden = tempfile::Builder::new().prefix(".export-").tempdir_in(&tenant);
        let hidden = hidden.map_err(Error::io("create a folder in", &tenant))?;
        let destination = Destination { hidden, folder };
        fs::create_dir(destination.files()).map_err(Error::io("create", destination.files()))?;
        Ok(destination)
    }

    fn files(&self) -> PathBuf {
        self.hidden.path().join("files")
    }

    /// Where a file is written.
    pub fn file(&self, name: &str) -> PathBuf {
        self.files().join(name)
    }

    /// Puts the folder in its place.
    pub fn publish(self) -> Result<(), Failure> {
        let Destination { hidden, folder } = &self;
        let sync =
            |folder: &Path| File::open(folder).and_then(|open| open.sync_all()).map_err(Error::io("sync", folder));
        sync(&self.files())?;
        fs::rename(self.files(), folder).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => Error::AlreadyExists(folder.clone()),
            _ => Error::io("rename to", folder)(error),
        })?;
        let parent = hidden.path().parent().unwrap_or(Path::new("."));
        Ok(sync(parent)?)
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
