//! The one RocksDB option that its crate does not wrap.

#![allow(unsafe_code)]

use rocksdb::{AsRawPtr, Options};

/// Keeps the machine's name out of the properties of every SST: files are handed to others.
pub(super) fn clear(options: &mut Options) {
    // SAFETY: the pointer is that of live options, and RocksDB copies the string.
    unsafe { librocksdb_sys::rocksdb_options_set_db_host_id(options.as_raw_ptr(), c"".as_ptr()) }
}
