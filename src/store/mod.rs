//! An open `.c1z` file in safe Rust: what every function of the C ABI means.
//!
//! [`Store::open`] unpacks the file into a private folder and opens the database there; [`Store::save`] packs it again.
//! Of a file that is only read, what is large is unpacked when it is needed. Between the two nothing
//! touches the file. Every method takes `&self` and may be called from any thread; writes queue up at the engine's
//! barrier, reads do not wait.
//!
//! Requests are the decoded protobuf messages of the matching service call. Lists of records arrive and leave as
//! bytes ([`Encoded`]), so that nothing which this library has no name for is lost on the way.

mod ahead;
mod assets;
mod batch;
mod binding;
mod changes;
mod clock;
mod clone;
mod diff;
mod encoded;
mod entitlements;
mod expansion;
mod families;
mod grant_lookup;
mod grants;
mod header;
mod inspect;
mod known;
mod lifecycle;
mod open;
mod page;
mod paths;
mod put;
mod resource_types;
mod resources;
mod response;
mod retention;
mod runs;
mod save;
mod scan;
mod sessions;
mod stats;
mod sync_type;
mod token_stats;
mod translator;
mod verify;
mod verify_report;
mod view;
mod working_folder;

pub use crate::proto::storage::SyncType;
pub use encoded::Encoded;
pub use header::read_header;
pub use inspect::{inspect_schema, Inspection};
pub use open::{OpenOptions, Store};
pub use paths::{optional_path, required_path};
pub use retention::{select_syncs_to_delete, RetentionCandidate};
pub use save::SavedFrames;
pub use scan::{Scan, ScanRequest};
pub use verify::verify;

/// The engine's name in a file's manifest and in `GetMetadataResponse.engine`.
pub const ENGINE: &str = "rocksdb";
