//! RocksDB options that its crate does not wrap.

#![allow(unsafe_code)]

use rocksdb::{AsRawPtr, Options};

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
