//! The files of a database as they are at one moment.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rocksdb::DB;

use super::rocksdb_ext::live_files;
use super::status::error_of;
use crate::{files, Error, Result};

/// Names the manifest.
pub(super) const CURRENT: &str = "CURRENT";
/// RocksDB reads it into memory as a whole.
const MAX_CURRENT_BYTES: u64 = 1 << 10;

/// `CURRENT`, the manifest and the SSTs of a database at one moment: a database by themselves, without what was in memory
/// and log only. They stay until this is dropped, whatever becomes of the database meanwhile.
pub struct Checkpoint<'d> {
    db: &'d DB,
    files: Vec<CheckpointFile>,
}

/// A file of a [`Checkpoint`].
pub struct CheckpointFile {
    /// What the file is called, wherever a copy of it is placed.
    pub name: String,
    /// Its bytes.
    pub content: CheckpointContent,
}

/// Where the bytes of a [`CheckpointFile`] are.
pub enum CheckpointContent {
    /// In an SST. RocksDB: it is never changed, and its name is never used again.
    Table(PathBuf),
    /// In as many bytes at the start of a file that may grow.
    Start(PathBuf, u64),
    /// Here.
    Bytes(Vec<u8>),
}

/// Whether a database that was packed by this library may have a file of that name and size. Nobody asks for any other.
pub fn is_database_file(name: &str, size: u64) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match name.split_once(['-', '.']) {
        Some((number, "sst")) => is_number(number),
        Some(("MANIFEST", number)) => is_number(number),
        _ => name == CURRENT && size <= MAX_CURRENT_BYTES,
    }
}

/// Whether a file of a database holds records, and is read in parts.
pub fn is_table(name: &str) -> bool {
    name.ends_with(".sst")
}

impl Checkpoint<'_> {
    /// RocksDB's own checkpoint is a folder of links and copies; whoever reads the files once needs neither.
    pub(super) fn new(db: &DB) -> Result<Checkpoint<'_>> {
        db.disable_file_deletions()?;
        let mut checkpoint = Checkpoint { db, files: Vec::new() };
        for file in live_files(db).map_err(error_of)? {
            let path = db.path().join(&file.name);
            if is_table(&file.name) {
                checkpoint.add(file.name, CheckpointContent::Table(path));
            } else if file.name.starts_with("MANIFEST-") {
                checkpoint.add(CURRENT.into(), CheckpointContent::Bytes(format!("{}\n", file.name).into()));
                checkpoint.add(file.name, CheckpointContent::Start(path, file.size));
            }
        }
        Ok(checkpoint)
    }

    fn add(&mut self, name: String, content: CheckpointContent) {
        self.files.push(CheckpointFile { name, content });
    }

    /// The files, in no particular order.
    pub fn files(&self) -> &[CheckpointFile] {
        &self.files
    }

    /// Places a copy into `directory`, which must not exist; SSTs are linked where the file system has links.
    pub fn place_in(&self, directory: &Path) -> Result<()> {
        files::create_folder(directory).map_err(Error::io("create", directory))?;
        for CheckpointFile { name, content } in &self.files {
            let copy = directory.join(name);
            let copied = match content {
                CheckpointContent::Table(table) => fs::hard_link(table, &copy).or_else(|_| files::copy(table, &copy)),
                CheckpointContent::Start(file, size) => copy_start(file, *size, &copy),
                CheckpointContent::Bytes(bytes) => files::create(&copy).and_then(|mut file| file.write_all(bytes)),
            };
            copied.map_err(Error::io("copy a file of the database to", &copy))?;
        }
        Ok(())
    }
}

impl Drop for Checkpoint<'_> {
    fn drop(&mut self) {
        // RocksDB: it fails only if deletions are not disabled.
        let _ = self.db.enable_file_deletions();
    }
}

fn copy_start(file: &Path, size: u64, copy: &Path) -> io::Result<()> {
    match io::copy(&mut files::open(file)?.take(size), &mut files::create(copy)?)? {
        copied if copied == size => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
