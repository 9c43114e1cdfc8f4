//! Files of format v1, a SQLite database in a zstd frame, made into files of this library.
//!
//! Called by `capi`, and by `file` where a store is opened on such a file. What a row means, and how it becomes a record, is
//! told in `v1`, which is there with the feature `sqlite` alone.

mod files;
#[cfg(feature = "sqlite")]
mod v1;
mod v1_syncs;
#[cfg(not(feature = "sqlite"))]
mod without_sqlite;

pub use files::convert_file;
#[cfg(feature = "sqlite")]
pub use v1::{fill, read_syncs};
pub use v1_syncs::read_v1_syncs;
#[cfg(not(feature = "sqlite"))]
pub use without_sqlite::{fill, read_syncs};

use std::path::Path;

use super::file::WorkingFolder;
use crate::envelope::Limits;

/// A file that is converted, and what that may cost.
pub struct Conversion<'c> {
    /// The file.
    pub path: &'c Path,
    /// Where its database is unpacked to.
    pub work: &'c WorkingFolder,
    /// What unpacking it may cost.
    pub limits: Limits,
    /// Whether rows that cannot be read are left out. Otherwise the first one fails the conversion.
    pub skip_unreadable: bool,
    /// Whether digests of the grants of syncs that have ended are taken.
    pub digests: bool,
}
