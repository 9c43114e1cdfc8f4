//! An open database and the folder that it lives in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use rocksdb::{Options, DB};

use super::bulk::{Pending, PendingKinds, Staging};
use super::databases::Databases;
use super::held::HeldMoments;
use super::kind::Kinds;
use super::options::Tables;
use super::{EngineOptions, Kind, Reader, Writer};
use crate::error::Reason;
use crate::keys::{self, Slot, LAYOUT_VERSION};
use crate::threads::Workers;
use crate::{files, Error, Result};

pub(super) const LAYOUT: &str = "layout";

/// Whom a database asks for its files before it reads them, from any thread.
pub type FileProvider = Box<dyn ProvidesFiles>;

/// Makes sure that files are whole when they are read.
pub trait ProvidesFiles: Send + Sync {
    /// Makes sure that the file of that name is whole; one that is not known needs nothing. Asked before the file is opened
    /// or, by who takes files back, before every read.
    fn provide(&self, name: &str) -> Result<()>;

    /// Whether files may be taken back that nobody reads.
    fn takes_back(&self) -> bool {
        false
    }

    /// A read that a file was provided for has ended.
    fn take_back(&self, _name: &str) {}
}

impl<F: Fn(&str) -> Result<()> + Send + Sync> ProvidesFiles for F {
    fn provide(&self, name: &str) -> Result<()> {
        self(name)
    }
}

/// An open database. Reads need nothing but `&Engine`; writes go through its one [`Writer`].
pub struct Engine {
    pub(super) held: HeldMoments,
    pub(super) db: Databases,
    pub(super) barrier: Mutex<Pending>,
    pub(super) pending: PendingKinds,
    pub(super) tables: Tables,
    /// Slots that nothing maps to and that may still hold something. Taken under the barrier.
    pub(super) given_up: Mutex<Vec<Slot>>,
    workers: Workers,
    read_only: bool,
}

impl Engine {
    /// Creates a database in `directory`, which must be empty.
    pub fn create(directory: &Path, options: &EngineOptions) -> Result<Engine> {
        let mut database = options.working_copy(None);
        database.set_error_if_exists(true);
        let engine = Engine::new(DB::open(&database, directory)?, directory, options, database, false);
        create_staging(directory)?;
        engine.db.put(keys::meta(LAYOUT), LAYOUT_VERSION.to_be_bytes())?;
        Ok(engine)
    }

    /// Opens the database in `directory`. One of another layout is refused.
    pub fn open(directory: &Path, options: &EngineOptions) -> Result<Engine> {
        Engine::open_working_copy(directory, options, None)
    }

    /// Opens the database in `directory`, whose files are asked for before they are read. None is rewritten before somebody
    /// asks for that.
    pub fn open_lazily(directory: &Path, options: &EngineOptions, provider: FileProvider) -> Result<Engine> {
        Engine::open_working_copy(directory, options, Some(provider))
    }

    fn open_working_copy(directory: &Path, options: &EngineOptions, provider: Option<FileProvider>) -> Result<Engine> {
        let mut database = options.working_copy(provider);
        database.create_if_missing(false);
        let engine = Engine::new(DB::open(&database, directory)?, directory, options, database, false);
        create_staging(directory)?;
        engine.check_layout()?;
        engine.check_slots()?;
        engine.writer().drop_unmapped_slots()?;
        Ok(engine)
    }

    /// Opens the database in `directory` without changing anything in it. If there is a provider, its files are asked for
    /// before they are read.
    pub fn open_read_only(directory: &Path, options: &EngineOptions, provider: Option<FileProvider>) -> Result<Engine> {
        let database = options.reading(provider);
        let db = DB::open_for_read_only(&database, directory, false)?;
        let engine = Engine::new(db, directory, options, database, true);
        engine.check_layout()?;
        engine.check_slots()?;
        Ok(engine)
    }

    fn new(db: DB, directory: &Path, options: &EngineOptions, database: Options, read_only: bool) -> Engine {
        let workers = Workers::of_threads(options.threads);
        let staging = Staging { directory: staging(directory), workers: workers.clone() };
        let pending = Pending::new(staging, options.pending_budget());
        Engine {
            held: HeldMoments::default(),
            tables: Tables::of(&database),
            db: Databases::new(db, directory, database),
            barrier: Mutex::new(pending),
            pending: PendingKinds::default(),
            given_up: Mutex::default(),
            workers,
            read_only,
        }
    }

    /// Asks `workers` from now on.
    pub(crate) fn sharing(mut self, workers: &Workers) -> Engine {
        self.barrier.get_mut().share(workers.clone());
        self.workers = workers.clone();
        self
    }

    fn check_layout(&self) -> Result<()> {
        let stamp = self.db.get(keys::meta(LAYOUT))?;
        let version = stamp.as_deref().and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
        let detail = match version {
            Some(LAYOUT_VERSION) => return Ok(()),
            Some(other) => format!("database layout {other}, this library knows {LAYOUT_VERSION}"),
            None => "database without a layout version".to_owned(),
        };
        Err(Error::Unsupported { path: self.directory().to_path_buf(), reason: Reason::LayoutMismatch, detail })
    }

    /// The threads that work for calls on this engine.
    pub(crate) fn workers(&self) -> &Workers {
        &self.workers
    }

    /// Whether the database was opened without the right to change it.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// The folder that the database lives in.
    pub fn directory(&self) -> &Path {
        self.db.directory()
    }

    /// Waits until nobody else writes and keeps everyone else from writing.
    pub fn writer(&self) -> Writer<'_> {
        Writer::new(self, self.barrier.lock())
    }

    /// Everything that was put, as far as records of these kinds are concerned; later writes do not show in it.
    ///
    /// Takes the barrier if such records are still pending: whoever holds it asks [`Writer::reader`] instead.
    pub fn reader(&self, kinds: &[Kind]) -> Result<Reader<'_>> {
        match self.pending.any_of(kinds) {
            true => self.writer().reader(kinds),
            false => Ok(self.reader_of(Kinds::of(kinds))),
        }
    }

    /// Everything that was put, as far as the grants of one entitlement are concerned, whose keys start with `prefix`. What
    /// is pending of others stays pending.
    pub fn reader_of_grants(&self, prefix: &[u8]) -> Result<Reader<'_>> {
        if !self.pending.any_of(&[Kind::Grant]) {
            return Ok(self.reader_of(Kinds::of(&[Kind::Grant])));
        }
        let mut writer = self.writer();
        match writer.pending().may_have_grants_of(prefix) {
            true => writer.reader(&[Kind::Grant]),
            false => Ok(self.reader_of(Kinds::default()).with(prefix)),
        }
    }

    /// Everything that was put, as far as named values are concerned.
    pub fn reader_of_values(&self) -> Result<Reader<'_>> {
        match self.read_only {
            true => Ok(self.snapshot()),
            false => self.writer().reader_of_values(),
        }
    }

    /// Everything that was put, whatever is read of it.
    pub fn reader_of_everything(&self) -> Result<Reader<'_>> {
        match self.read_only {
            true => Ok(self.ended()),
            false => self.writer().reader_of_everything(),
        }
    }

    /// A reader of what belongs to the file.
    pub fn snapshot(&self) -> Reader<'_> {
        self.reader_of(Kinds::default())
    }

    /// A reader of syncs that have ended, and of what belongs to the file: nothing of them is pending.
    pub fn ended(&self) -> Reader<'_> {
        self.reader_of(Kinds::ALL)
    }

    pub(super) fn reader_of(&self, flushed: Kinds) -> Reader<'_> {
        // Nothing is pending where nothing is written.
        let flushed = if self.read_only { Kinds::ALL } else { flushed };
        Reader::of_state(&self.db, flushed)
    }

    /// Bytes of the database on disk, logs included.
    pub fn size_on_disk(&self) -> Result<u64> {
        let mut bytes = 0;
        for entry in std::fs::read_dir(self.directory()).map_err(Error::io("list", self.directory()))? {
            let entry = entry.map_err(Error::io("list", self.directory()))?;
            // A file that a compaction removes meanwhile takes no space.
            bytes += entry.metadata().map_or(0, |metadata| metadata.len());
        }
        Ok(bytes)
    }
}

/// The files that the database in `directory` names. None of its tables needs to be whole to know that.
pub fn named_files(directory: &Path, options: &EngineOptions, provider: FileProvider) -> Result<BTreeSet<String>> {
    let db = DB::open_for_read_only(&options.reading(Some(provider)), directory, false)?;
    Ok(db.live_files()?.into_iter().map(|table| table.name.trim_start_matches('/').to_owned()).collect())
}

/// An empty folder for runs and SSTs under construction, on the file system that the database is on.
fn create_staging(directory: &Path) -> Result<()> {
    let staging = staging(directory);
    match std::fs::remove_dir_all(&staging) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", &staging)(error)),
        _ => files::create_folder(&staging).map_err(Error::io("create", &staging)),
    }
}

fn staging(directory: &Path) -> PathBuf {
    directory.join("staging")
}
