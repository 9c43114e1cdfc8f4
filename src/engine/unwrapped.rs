//! RocksDB options that its crate does not wrap, and what can only be had from C++.

#![allow(unsafe_code)]

use std::ffi::c_char;
use std::path::Path;

use rocksdb::{AsRawPtr, Env, Options};

extern "C" {
    /// A new environment, whose owner destroys it.
    fn c1z_working_copy_env(folder: *const c_char, length: usize) -> *mut librocksdb_sys::rocksdb_env_t;
    fn c1z_set_cached_tables(options: *mut librocksdb_sys::rocksdb_options_t, cache_bytes: usize);
    fn c1z_set_written_tables(options: *mut librocksdb_sys::rocksdb_options_t, filter: bool);
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

/// Makes the database in `folder` sync only what durable commits need (cpp/working_copy.cc).
pub(super) fn sync_commits_only(options: &mut Options, folder: &Path) {
    let folder = folder.as_os_str().as_encoded_bytes();
    // SAFETY: the path is read during the call, and the environment is new.
    options.set_env(unsafe { &Env::from_raw(c1z_working_copy_env(folder.as_ptr().cast(), folder.len())) });
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
