//! RocksDB options that its crate does not wrap, and what can only be had from C++.

#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uchar, c_void, CStr};
use std::os::unix::ffi::OsStrExt;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;
use std::sync::Arc;
use std::{mem, ptr, slice};

use rocksdb::{AsRawPtr, Env, Options, SnapshotWithThreadMode, DB};

use super::FileProvider;
use crate::error::{Code, SourceCause};
use crate::{Error, Result};

extern "C" {
    /// A new environment, whose owner destroys it.
    fn c1z_working_copy_env(durable: c_uchar) -> *mut librocksdb_sys::rocksdb_env_t;
    /// A new environment, whose owner destroys it.
    fn c1z_private_files_env() -> *mut librocksdb_sys::rocksdb_env_t;
    /// A new environment above another one, whose owner destroys it and with it the provider.
    fn c1z_provided_files_env(
        env: *const librocksdb_sys::rocksdb_env_t,
        provider: ExternFileProvider,
    ) -> *mut librocksdb_sys::rocksdb_env_t;
    fn c1z_set_cached_tables(options: *mut librocksdb_sys::rocksdb_options_t, cache_bytes: usize);
    fn c1z_set_written_tables(options: *mut librocksdb_sys::rocksdb_options_t, filter: bool);
    fn c1z_said_by_status(text: *const c_char, length: usize) -> c_int;
    /// The keys of a table, which its owner frees; null if it cannot be opened.
    fn c1z_table_keys_open(
        options: *const librocksdb_sys::rocksdb_options_t,
        path: *const c_char,
        length: usize,
        reason: *mut c_void,
        explain: Explain,
    ) -> *mut ExternTableKeys;
    fn c1z_table_keys_free(table: *mut ExternTableKeys);
    fn c1z_table_keys_ranges(table: *const ExternTableKeys) -> u64;
    fn c1z_table_keys_seek(
        table: *mut ExternTableKeys,
        key: *const c_char,
        length: usize,
        found_length: *mut usize,
        reason: *mut c_void,
        explain: Explain,
    ) -> *const c_char;
}

/// What a status of RocksDB says, as far as anybody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// No text of a status at all.
    NoStatus,
    Corruption,
    /// A file, or whatever was to be worked on.
    NotThere,
    NoSpace,
    StaleFile,
    /// A limit of memory or space that RocksDB keeps to by itself.
    Limit,
    /// Anything else that the operating system refused.
    System,
    Busy,
    Misuse,
    Other,
}

/// What the status says that was turned into `text` (cpp/status.cc).
pub(super) fn said_by_status(text: &str) -> Said {
    // SAFETY: the text is read during the call.
    match unsafe { c1z_said_by_status(text.as_ptr().cast(), text.len()) } {
        0 => Said::NoStatus,
        1 => Said::Corruption,
        2 => Said::NotThere,
        3 => Said::NoSpace,
        4 => Said::StaleFile,
        5 => Said::Limit,
        6 => Said::System,
        7 => Said::Busy,
        8 => Said::Misuse,
        _ => Said::Other,
    }
}

/// Keeps the machine's name out of the properties of every SST: files are handed to others.
pub(super) fn clear_host_id(options: &mut Options) {
    // SAFETY: the pointer is that of live options, and RocksDB copies the string.
    unsafe { librocksdb_sys::rocksdb_options_set_db_host_id(options.as_raw_ptr(), c"".as_ptr()) }
}

/// The manifest holds the database's id: a file of its own would only have to be written and synced.
pub(super) fn without_identity_file(options: &mut Options) {
    // SAFETY: the pointer is that of live options.
    unsafe { librocksdb_sys::rocksdb_options_set_write_identity_file(options.as_raw_ptr(), 0) }
}

/// Tables of the last level are not written again only to forget the order of their rows, which snapshots alone need: it takes
/// as long as writing them, and a table that stays as it is need not be compressed again.
pub(super) fn without_rewriting_last_level(options: &mut Options) {
    // SAFETY: the pointer is that of live options.
    unsafe { librocksdb_sys::rocksdb_options_set_bottommost_file_compaction_delay(options.as_raw_ptr(), u32::MAX) }
}

/// Files take the space that they need: what is reserved beyond it has to be given back, at a cost that small files notice.
pub(super) fn without_preallocation(options: &mut Options) {
    // SAFETY: the pointer is that of live options.
    unsafe { librocksdb_sys::rocksdb_options_set_allow_fallocate(options.as_raw_ptr(), 0) }
}

/// Keeps files of the database from everybody else (cpp/private_files.cc).
pub(super) fn private_files() -> Env {
    // SAFETY: the environment is new.
    unsafe { Env::from_raw(c1z_private_files_env()) }
}

/// The files of a working copy, which is synced if it is to be `durable` (cpp/working_copy.cc).
pub(super) fn working_copy(durable: bool) -> Env {
    // SAFETY: the environment is new.
    unsafe { Env::from_raw(c1z_working_copy_env(c_uchar::from(durable))) }
}

/// For a database: SSTs whose blocks, indexes and filters are cached in that many bytes.
pub(super) fn cached_tables(options: &mut Options, cache_bytes: usize) {
    // SAFETY: the pointer is that of live options.
    unsafe { c1z_set_cached_tables(options.as_raw_ptr(), cache_bytes) }
}

/// For SSTs that are written and not read.
pub(super) fn written_tables(options: &mut Options, filter: bool) {
    // SAFETY: the pointer is that of live options.
    unsafe { c1z_set_written_tables(options.as_raw_ptr(), filter) }
}

/// Makes a database ask for each file of `env` before it reads it, and open no table before it needs it
/// (cpp/provided_files.cc).
pub(super) fn provided_files(options: &mut Options, env: &Env, provide: FileProvider) {
    let take_back = provide.takes_back().then_some(take_back as TakeBack);
    let context = Box::into_raw(Box::new(provide)).cast();
    let provider = ExternFileProvider { context, provide: ask, take_back, release };
    // SAFETY: the context is a `FileProvider` until it is released, `env` is alive, and the environment is new.
    options.set_env(unsafe { &Env::from_raw(c1z_provided_files_env(env.as_raw_ptr(), provider)) });
    // SAFETY: the pointer is that of live options.
    unsafe { librocksdb_sys::rocksdb_options_set_open_files_async(options.as_raw_ptr(), 1) }
}

/// A file that a database needs, and how many of its bytes.
pub(super) struct LiveFile {
    pub name: String,
    pub size: u64,
}

/// The files that a database needs without what is in memory only. They stay as long as deletions are disabled. Fails
/// with RocksDB's own words.
pub(super) fn live_files(db: &DB) -> Result<Vec<LiveFile>, String> {
    let mut error = ptr::null_mut();
    // SAFETY: the pointer is that of a live database; options and list are new and destroyed below; names are strings of
    // the list, and each is copied before.
    unsafe {
        let options = librocksdb_sys::rocksdb_livefiles_storage_info_options_create();
        librocksdb_sys::rocksdb_livefiles_storage_info_options_set_wal_size_for_flush(options, u64::MAX);
        let list = librocksdb_sys::rocksdb_get_livefiles_storage_info(db.as_raw_ptr(), options, &mut error);
        librocksdb_sys::rocksdb_livefiles_storage_info_options_destroy(options);
        if !error.is_null() {
            let message = CStr::from_ptr(error).to_string_lossy().into_owned();
            librocksdb_sys::rocksdb_free(error.cast());
            return Err(message);
        }
        let name = |index| librocksdb_sys::rocksdb_livefiles_storage_info_relative_filename(list, index);
        let files = (0..librocksdb_sys::rocksdb_livefiles_storage_info_count(list)).map(|index| LiveFile {
            name: CStr::from_ptr(name(index)).to_string_lossy().into_owned(),
            size: librocksdb_sys::rocksdb_livefiles_storage_info_size(list, index),
        });
        let files = files.collect();
        librocksdb_sys::rocksdb_livefiles_storage_info_destroy(list);
        Ok(files)
    }
}

/// A snapshot that borrows nothing: it keeps its database open instead.
pub(super) struct HeldSnapshot {
    /// Declared before the database: it is released first.
    snapshot: SnapshotWithThreadMode<'static, DB>,
    _db: Arc<DB>,
}

impl HeldSnapshot {
    pub fn new(db: &Arc<DB>) -> HeldSnapshot {
        // SAFETY: what is borrowed lies on the heap until the last `Arc` of it goes, and one is kept for as long as the snapshot.
        let snapshot = unsafe {
            mem::transmute::<SnapshotWithThreadMode<'_, DB>, SnapshotWithThreadMode<'static, DB>>(db.snapshot())
        };
        HeldSnapshot { snapshot, _db: Arc::clone(db) }
    }

    pub fn get(&self) -> &SnapshotWithThreadMode<'_, DB> {
        &self.snapshot
    }
}

/// `c1z_table_keys` of cpp/table_keys.cc.
#[repr(C)]
struct ExternTableKeys {
    opaque: [u8; 0],
}

/// The keys of one SST, also those that no iterator of its database gives: of what is deleted in it, and of what a newer
/// table hides.
pub(super) struct TableKeys(ptr::NonNull<ExternTableKeys>);

// SAFETY: RocksDB's reader of a table belongs to no thread, and whoever uses it has it for itself.
unsafe impl Send for TableKeys {}

impl TableKeys {
    /// Opens a table of a database with these options, which stays open for as long. Fails with RocksDB's own words.
    pub fn open(options: &Options, path: &Path) -> Result<TableKeys, String> {
        let (path, mut reason) = (path.as_os_str().as_bytes(), None);
        // SAFETY: the options are live, the path has that length, and the reason outlives the call.
        let table = unsafe {
            let reason = ptr::from_mut(&mut reason).cast();
            c1z_table_keys_open(options.as_raw_ptr(), path.as_ptr().cast(), path.len(), reason, keep_reason)
        };
        ptr::NonNull::new(table).map(TableKeys).ok_or_else(|| reason.unwrap_or_default())
    }

    /// How many ranges of keys it deletes, which are not among its keys.
    pub fn ranges(&self) -> u64 {
        // SAFETY: the table is open.
        unsafe { c1z_table_keys_ranges(self.0.as_ptr()) }
    }

    /// The first key from `key` on; `None` behind the last. Fails with RocksDB's own words.
    pub fn seek(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let (mut length, mut reason) = (0, None);
        // SAFETY: the table is open, the key has that length, length and reason outlive the call, and what is found stays
        // until the next one.
        unsafe {
            let reason = ptr::from_mut(&mut reason).cast();
            let (table, key) = (self.0.as_ptr(), (key.as_ptr().cast(), key.len()));
            let found = c1z_table_keys_seek(table, key.0, key.1, &mut length, reason, keep_reason);
            if !found.is_null() {
                return Ok(Some(slice::from_raw_parts(found.cast(), length).to_vec()));
            }
        }
        reason.map_or(Ok(None), Err)
    }
}

impl Drop for TableKeys {
    fn drop(&mut self) {
        // SAFETY: nobody uses it any more.
        unsafe { c1z_table_keys_free(self.0.as_ptr()) }
    }
}

/// Keeps a text in the `Option<String>` that `reason` points at.
unsafe extern "C" fn keep_reason(reason: *mut c_void, text: *const c_char, length: usize) {
    // SAFETY: the caller passes on what it was given together with this function, and a text of that length.
    unsafe {
        let text = slice::from_raw_parts(text.cast(), length);
        *reason.cast::<Option<String>>() = Some(String::from_utf8_lossy(text).into_owned());
    }
}

/// `c1z_file_provider` of cpp/provided_files.cc, and what the answers mean.
#[repr(C)]
struct ExternFileProvider {
    context: *mut c_void,
    provide: unsafe extern "C" fn(*mut c_void, *const c_char, usize, *mut c_void, Explain) -> c_int,
    take_back: Option<TakeBack>,
    release: unsafe extern "C" fn(*mut c_void),
}

type TakeBack = unsafe extern "C" fn(*mut c_void, *const c_char, usize);

type Explain = unsafe extern "C" fn(*mut c_void, *const c_char, usize);

const PROVIDED: c_int = 0;
const DAMAGED: c_int = -1;
const REFUSED: c_int = -2;
const LIMITED: c_int = -3;
/// So much less, and by the number of a code or [`CHANGED`], is a failure of a source.
const OF_SOURCE: c_int = -100;
/// Above the number of every code.
const CHANGED: c_int = 99;
/// What RocksDB puts before the words of a source's failure, and before that number (cpp/provided_files.cc).
const SAID_BY_SOURCE: &str = "IO error: source ";

unsafe extern "C" fn ask(
    context: *mut c_void,
    name: *const c_char,
    length: usize,
    reason: *mut c_void,
    explain: Explain,
) -> c_int {
    // SAFETY: the context was made by `provided_files` and is not released yet, and the name has that length.
    let (provide, name) = unsafe { (&*context.cast::<FileProvider>(), slice::from_raw_parts(name.cast(), length)) };
    let provided = catch_unwind(AssertUnwindSafe(|| provide.provide(&String::from_utf8_lossy(name))));
    let (answer, text) = match provided {
        Ok(Ok(())) => return PROVIDED,
        Ok(Err(error)) => (answer_of(&error), error.to_string()),
        Err(_) => (REFUSED, "providing a file panicked".to_owned()),
    };
    // SAFETY: `explain` was passed together with `reason` and copies the text.
    unsafe { explain(reason, text.as_ptr().cast(), text.len()) };
    answer
}

/// What RocksDB is told of an error: a positive number is one of the system's.
fn answer_of(error: &Error) -> c_int {
    match error {
        Error::Corruption { .. } => DAMAGED,
        Error::LimitExceeded { .. } => LIMITED,
        Error::Io { source, .. } => source.raw_os_error().unwrap_or(REFUSED),
        Error::Source { cause: SourceCause::Failed(code), .. } => OF_SOURCE - *code as c_int,
        Error::Source { cause: SourceCause::Changed, .. } => OF_SOURCE - CHANGED,
        _ => REFUSED,
    }
}

/// The failure of a source that RocksDB was told of and hands on as `text`.
pub(super) fn said_by_source(text: &str) -> Option<Error> {
    let (number, message) = text.strip_prefix(SAID_BY_SOURCE)?.split_once(": ")?;
    let cause = match number.parse().ok()? {
        CHANGED => SourceCause::Changed,
        number => SourceCause::Failed(Code::of_number(number)),
    };
    Some(Error::Source { cause, message: message.to_owned() })
}

unsafe extern "C" fn take_back(context: *mut c_void, name: *const c_char, length: usize) {
    // SAFETY: as for `ask`.
    let (provide, name) = unsafe { (&*context.cast::<FileProvider>(), slice::from_raw_parts(name.cast(), length)) };
    // Who panics here keeps a file that could have gone.
    let _ = catch_unwind(AssertUnwindSafe(|| provide.take_back(&String::from_utf8_lossy(name))));
}

unsafe extern "C" fn release(context: *mut c_void) {
    // SAFETY: the context was made by `provided_files`, and nobody uses it any more.
    drop(unsafe { Box::from_raw(context.cast::<FileProvider>()) });
}
