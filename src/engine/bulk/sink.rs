//! Where merged rows go: into SSTs or into a batch.

use std::path::{Path, PathBuf};

use rocksdb::{IngestExternalFileOptions, Options, SstFileWriter, WriteBatch};

use super::change::Change;
use crate::engine::databases::Databases;
use crate::keys;
use crate::memory::ask_for;
use crate::Result;

/// Bytes after which an SST is ended and another begun, so that several can be packed at once.
const SST_BYTES: u64 = 16 << 20;

/// Takes rows in key order.
pub trait Sink {
    /// Sets or deletes a key.
    fn write(&mut self, key: &[u8], change: Change, value: &[u8]) -> Result<()>;
}

impl Sink for WriteBatch {
    fn write(&mut self, key: &[u8], change: Change, value: &[u8]) -> Result<()> {
        match change {
            Change::Delete => self.delete(key),
            _ => self.put(key, value),
        }
        Ok(())
    }
}

/// SSTs under construction, none of which overlaps another.
pub struct Ssts<'o> {
    options: &'o Options,
    /// Where they are written: a path up to the number of the file.
    stem: PathBuf,
    open: Option<SstFileWriter<'o>>,
    files: Vec<PathBuf>,
    /// Whether a keyspace begins a file: other SSTs of the same step may hold a keyspace that lies between two of these.
    by_keyspace: bool,
    keyspace: Option<u8>,
}

impl<'o> Ssts<'o> {
    /// SSTs in `directory` whose names start with `name`.
    pub fn new(options: &'o Options, directory: &Path, name: &str, by_keyspace: bool) -> Ssts<'o> {
        Ssts { options, stem: directory.join(name), open: None, files: Vec::new(), by_keyspace, keyspace: None }
    }

    /// The finished files.
    pub fn finish(mut self) -> Result<Vec<PathBuf>> {
        self.finish_file()?;
        Ok(self.files)
    }

    fn finish_file(&mut self) -> Result<()> {
        match self.open.take() {
            Some(mut file) => Ok(file.finish()?),
            None => Ok(()),
        }
    }

    fn file(&mut self, key: &[u8]) -> Result<&mut SstFileWriter<'o>> {
        let keyspace = keys::keyspace_byte(key);
        let full = self.open.as_ref().is_some_and(|file| file.file_size() >= SST_BYTES);
        if full || self.by_keyspace && self.keyspace != keyspace {
            self.finish_file()?;
        }
        self.keyspace = keyspace;
        match self.open.take() {
            Some(file) => Ok(self.open.insert(file)),
            None => {
                let mut path = self.stem.clone().into_os_string();
                path.push(format!("-{}.sst", self.files.len()));
                let file = SstFileWriter::create(self.options);
                file.open(&path)?;
                self.files.push(path.into());
                Ok(self.open.insert(file))
            }
        }
    }
}

impl Sink for Ssts<'_> {
    fn write(&mut self, key: &[u8], change: Change, value: &[u8]) -> Result<()> {
        // RocksDB: it copies the value into a block, and cannot fail.
        ask_for(value.len())?;
        let file = self.file(key)?;
        match change {
            Change::Delete => file.delete(key)?,
            _ => file.put(key, value)?,
        }
        Ok(())
    }
}

/// Makes SSTs part of the database as one atomic step; none is nothing to do. The files are moved.
pub fn ingest(db: &Databases, files: Vec<PathBuf>) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let mut options = IngestExternalFileOptions::default();
    options.set_move_files(true);
    db.change(|db| db.ingest_external_file_opts(&options, files))
}
