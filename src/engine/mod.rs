//! RocksDB as the store of records: key spans, atomic batches with their index entries, consistent reads, checkpoints.
//!
//! The engine knows stored records (`c1.storage.v3`) and slots; it knows neither connector messages nor files. One
//! database holds all syncs of a file, each in the span of its slot, in a single column family with a single log, so
//! that a synced write makes every earlier write durable too.
//!
//! [`Writer`] is the barrier: whoever holds it is alone in changing the database, and a checkpoint taken under it holds
//! every write that was acknowledged before.

mod bulk;
mod checkpoint;
mod compare;
mod counts;
mod covering_value;
mod damaged;
mod database;
mod databases;
mod digests;
mod held;
mod kind;
mod last_keys;
mod merge;
mod options;
mod reader;
mod record_keys;
mod records;
mod rocksdb_ext;
mod rows;
mod slots;
mod source_cache;
mod status;
mod step;
mod strides;
mod sync_runs;
mod verify;
mod writer;

pub use checkpoint::{is_database_file, is_table, Checkpoint, CheckpointContent, CheckpointFile};
pub use compare::{AreSame, CommonTables, ComparedSync, Named, Pair, Pairs};
pub use counts::{ByType, Counts};
pub use covering_value::covered_grant;
pub use damaged::damaged;
pub use database::{named_files, Engine, FileProvider, ProvidesFiles};
pub use digests::{bucket, DigestNode, Fold, GrantDigest, Touched, BUCKET_BITS, VERSION as DIGEST_VERSION};
pub use held::HeldMoment;
pub use kind::Kind;
pub use merge::{MergeInput, MergedSlot, Outcome};
pub use options::EngineOptions;
pub use reader::{Reader, Scan, Stored};
pub use record_keys::RecordKeys;
pub use records::Records;
pub use rows::{
    combine_grants, discovered_at, discovery_of, parts_of_timestamp, refresh_grant, Asset, Entitlement, Grant,
    Resource, ResourceType,
};
pub use source_cache::Scope;
pub use step::Step;
pub use sync_runs::SyncRun;
pub use verify::{verify, Shown, Verified, VerifiedSync, Verify};
pub use writer::{Durability, Page, Rows, Writer};
