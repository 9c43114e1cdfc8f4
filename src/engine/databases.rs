//! The database, and what takes its place when RocksDB refuses to write to it any more.
//!
//! RocksDB: after a failed write of log or manifest a database only reads until it is opened anew, and its C API offers
//! nothing else. It cannot be opened anew while others read from it. So a copy is opened, in a folder beside it: the
//! SSTs are linked, and what readers see beyond them is written. The log is left behind, for it may end with a commit
//! that was reported as failed.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rocksdb::{
    properties, BottommostLevelCompaction, CompactOptions, DBRawIterator, Options, WriteBatch, WriteOptions, DB,
};

use super::Checkpoint;
use crate::{Error, Result};

/// How many full write buffers a change waits for: with the one that is filled they are what the budget has room for.
const FLUSHING: u64 = 2;

/// Bytes of differences that are collected before they are written.
const COMMIT_BYTES: usize = 4 << 20;

/// Stands for the database that is written to. Those before it stay open for as long, because readers borrow them.
pub(super) struct Databases {
    first: Generation,
    options: Options,
    /// Whether the last change failed, or may have.
    failed: AtomicBool,
    /// The background failures of the database that it has recovered from.
    forgiven: AtomicU64,
    /// Twice the number of changes so far, and one more while there is one.
    state: AtomicU64,
}

struct Generation {
    db: Arc<DB>,
    directory: PathBuf,
    next: OnceLock<Box<Generation>>,
}

impl Generation {
    fn new(db: DB, directory: &Path) -> Generation {
        Generation { db: Arc::new(db), directory: directory.to_path_buf(), next: OnceLock::new() }
    }
}

impl Deref for Databases {
    type Target = DB;

    fn deref(&self) -> &DB {
        &self.latest().db
    }
}

impl Databases {
    /// `db`, which was opened in `directory` with `options`.
    pub fn new(db: DB, directory: &Path, options: Options) -> Databases {
        Databases {
            first: Generation::new(db, directory),
            options,
            failed: AtomicBool::new(false),
            forgiven: AtomicU64::new(0),
            state: AtomicU64::new(0),
        }
    }

    /// The database that is written to, for who keeps it open.
    pub fn shared(&self) -> &Arc<DB> {
        &self.latest().db
    }

    /// The folder of the database that is written to.
    pub fn directory(&self) -> &Path {
        &self.latest().directory
    }

    /// How its databases are opened.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The same number means that nothing has changed in between; `None` during a change.
    pub fn state(&self) -> Option<u64> {
        Some(self.state.load(Ordering::SeqCst)).filter(|state| state.is_multiple_of(2))
    }

    /// Carries out a change; the first one behind a failure makes sure that the database takes changes again. Callers
    /// hold the barrier.
    pub fn change(&self, change: impl FnOnce(&DB) -> Result<(), rocksdb::Error>) -> Result<()> {
        while !self.has_failed()? && self.property_int_value(properties::NUM_IMMUTABLE_MEM_TABLE)? >= Some(FLUSHING) {
            std::thread::sleep(Duration::from_millis(1));
        }
        if self.has_failed()? {
            self.recover()?;
            self.forgiven.store(self.background_failures()?, Ordering::Release);
            self.failed.store(false, Ordering::Release);
        }
        self.state.fetch_add(1, Ordering::SeqCst);
        let changed = change(self);
        self.state.fetch_add(1, Ordering::SeqCst);
        changed.map_err(|error| {
            self.failed.store(true, Ordering::Release);
            error.into()
        })
    }

    /// Compacts the keys from `start` up to, not including, `end`. `last_level` says of the tables that no others lie over
    /// whether they are rewritten too.
    pub fn compact(&self, start: &[u8], end: &[u8], last_level: BottommostLevelCompaction) {
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(last_level);
        self.compact_range_opt(Some(start), Some(end), &options);
        // RocksDB: its C API keeps the outcome to itself, so the next change looks.
        self.failed.store(true, Ordering::Release);
    }

    fn has_failed(&self) -> Result<bool> {
        let forgiven = self.forgiven.load(Ordering::Acquire);
        Ok(self.failed.load(Ordering::Acquire) || self.background_failures()? != forgiven)
    }

    /// How many flushes and compactions have failed since the database was opened, also such that nobody waited for.
    fn background_failures(&self) -> Result<u64> {
        Ok(self.property_int_value(properties::BACKGROUND_ERRORS)?.unwrap_or_default())
    }

    fn latest(&self) -> &Generation {
        let mut latest = &self.first;
        while let Some(next) = latest.next.get() {
            latest = next;
        }
        latest
    }

    fn recover(&self) -> Result<()> {
        let failed = self.latest();
        if takes_changes(&failed.db) {
            return Ok(());
        }
        // RocksDB does not say which folder is gone.
        std::fs::metadata(&failed.directory).map_err(Error::io("work in", &failed.directory))?;
        let number = failed.directory.extension().and_then(|number| number.to_str()?.parse().ok()).unwrap_or(0u32);
        let directory = self.first.directory.with_extension((number + 1).to_string());
        let copy = copy(&failed.db, &directory, &self.options).inspect_err(|_| {
            // The space may be what is missing. The error says more than one of cleaning up.
            let _ = std::fs::remove_dir_all(&directory);
        })?;
        failed.next.get_or_init(|| Box::new(Generation::new(copy, &directory)));
        // It would try to recover by itself, for nobody.
        failed.db.cancel_all_background_work(true);
        Ok(())
    }
}

/// Whether log and SSTs of a database can be written.
fn takes_changes(db: &DB) -> bool {
    let mut synced = WriteOptions::default();
    synced.set_sync(true);
    db.write_opt(WriteBatch::default(), &synced).and_then(|()| db.flush()).is_ok()
}

/// A copy of what readers of `db` see.
fn copy(db: &DB, directory: &Path, options: &Options) -> Result<DB> {
    if directory.exists() {
        std::fs::remove_dir_all(directory).map_err(Error::io("remove", directory))?;
    }
    Checkpoint::new(db)?.place_in(directory)?;
    let mut options = options.clone();
    options.create_if_missing(false);
    options.set_error_if_exists(false);
    let copy = DB::open(&options, directory)?;
    write_difference(db, &copy)?;
    copy.flush()?;
    Ok(copy)
}

/// Makes `to` hold what `from` holds.
fn write_difference(from: &DB, to: &DB) -> Result<()> {
    let (mut wanted, mut present) = (from.raw_iterator(), to.raw_iterator());
    wanted.seek_to_first();
    present.seek_to_first();
    let mut batch = WriteBatch::default();
    loop {
        let (new, old) = (entry(&wanted)?, entry(&present)?);
        let key = match (new, old) {
            (None, None) => return Ok(to.write(batch)?),
            (Some((key, _)), None) | (None, Some((key, _))) => key,
            (Some((new, _)), Some((old, _))) => new.min(old),
        };
        let of_key = |entry: Option<(&[u8], &[u8])>| entry.is_some_and(|(of, _)| of == key);
        let (in_new, in_old) = (of_key(new), of_key(old));
        match new.filter(|_| in_new) {
            Some((key, value)) if old != Some((key, value)) => batch.put(key, value),
            Some(_) => {}
            None => batch.delete(key),
        }
        if batch.size_in_bytes() >= COMMIT_BYTES {
            to.write(std::mem::take(&mut batch))?;
        }
        if in_new {
            wanted.next();
        }
        if in_old {
            present.next();
        }
    }
}

fn entry<'i>(entries: &'i DBRawIterator<'_>) -> Result<Option<(&'i [u8], &'i [u8])>> {
    if !entries.valid() {
        // RocksDB: an iterator that meets a damaged block just ends; only its status tells.
        entries.status()?;
    }
    Ok(entries.item())
}
