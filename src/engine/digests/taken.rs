//! Digests that were taken, on their way into the database.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::engine::bulk::{ingest, Change, Sink, Ssts};
use crate::engine::{Engine, Writer};
use crate::{files, Error, Result};

/// So many bytes of digests are worth SSTs of their own.
const FEW_BYTES: usize = 1 << 20;

/// Digests in the order of their keys: few are collected with the other changes of a writer, many become SSTs.
pub struct Taken<'e> {
    engine: &'e Engine,
    directory: PathBuf,
    /// What there is, while it is little; `None` is one that goes.
    few: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    bytes: usize,
    many: Option<(Ssts<'e>, TempDir)>,
}

impl<'e> Taken<'e> {
    /// SSTs are written in a folder of their own in `directory`.
    pub fn new(engine: &'e Engine, directory: &Path) -> Taken<'e> {
        Taken { engine, directory: directory.to_path_buf(), few: Vec::new(), bytes: 0, many: None }
    }

    /// Takes a digest, or that there is none any more, behind all that were taken.
    pub fn add(&mut self, key: &[u8], value: Option<Vec<u8>>) -> Result<()> {
        if let Some((ssts, _)) = &mut self.many {
            return write(ssts, key, value.as_deref());
        }
        self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
        self.few.push((key.to_vec(), value));
        match self.bytes < FEW_BYTES {
            true => Ok(()),
            false => self.begin_ssts(),
        }
    }

    fn begin_ssts(&mut self) -> Result<()> {
        let folder =
            files::create_unique_folder(&self.directory, "digests-").map_err(Error::io("stage in", &self.directory))?;
        let mut ssts = Ssts::new(&self.engine.tables.entries, folder.path(), "digests", true);
        for (key, value) in std::mem::take(&mut self.few) {
            write(&mut ssts, &key, value.as_deref())?;
        }
        self.many = Some((ssts, folder));
        Ok(())
    }

    /// Makes many part of the database, and few part of the next commit of `writer`.
    pub fn finish(self, writer: &mut Writer<'_>) -> Result<()> {
        for (key, value) in self.few {
            match value {
                Some(value) => writer.set(&key, &value),
                None => writer.remove(&key),
            }
        }
        match self.many {
            Some((ssts, _folder)) => ingest(&self.engine.db, ssts.finish()?),
            None => Ok(()),
        }
    }
}

fn write(ssts: &mut Ssts<'_>, key: &[u8], value: Option<&[u8]>) -> Result<()> {
    let change = if value.is_some() { Change::Put } else { Change::Delete };
    ssts.write(key, change, value.unwrap_or_default())
}
