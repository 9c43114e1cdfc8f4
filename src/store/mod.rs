//! An open `.c1z` file in safe Rust: what every function of the C ABI means.
//!
//! [`Store::open`] unpacks the file into a private folder and opens the database there; [`Store::save`] packs it again.
//! Of a file that is only read, what is large is unpacked when it is needed. Between the two nothing touches the file.
//! Every method takes `&self` and may be called from any thread; writes queue up at the engine's barrier, reads do not wait.
//!
//! Requests are the decoded protobuf messages of the matching service call. Lists of records arrive and leave as
//! bytes ([`Encoded`]), so that nothing which this library has no name for is lost on the way.

mod clock;
mod compare;
mod convert;
mod export;
mod file;
mod import;
mod listing;
mod merge;
mod record_kind;
mod records;
mod source_cache;
mod sync;
mod sync_type;

pub use crate::proto::storage::SyncType;
pub use compare::{Comparison, FileComparison};
pub use convert::{convert_file, read_v1_syncs};
pub use export::{Export, ExportedRow, NotTaken, Taken};
pub use file::{
    inspect_schema, optional_path, read_header, read_header_of_source, required_path, verify, Inspection, OpenOptions,
    SavedFrames, Store,
};
pub use listing::{Encoded, Scan, ScanRequest};
pub use merge::merge_files;
pub use records::AssetSummary;
pub use sync::{select_syncs_to_delete, RetentionCandidate};

/// The engine's name in a file's manifest and in `GetMetadataResponse.engine`.
pub const ENGINE: &str = "rocksdb";
