//! The C ABI. Every function guards, checks, calls and maps; the work has its name in [`crate::store`].
//!
//! The functions of one noun are in one file. What they share is written once: [`call`] turns pointers into arguments and
//! results into buffers and errors, [`store`] is the handle behind `c1z_store`. The preamble of the generated header
//! (`cbindgen.toml`) is the contract that callers read; it also says, once for all functions, what their pointers must be.

// The safety contract is the same for every function and stands in the header's preamble.
#![allow(clippy::missing_safety_doc)]

pub mod api;
pub mod arrow;
#[cfg(feature = "arrow")]
mod arrow_stream;
pub mod arrow_structs;
pub mod assets;
pub mod buffer;
mod call;
pub mod cancel;
pub mod code;
pub mod compare;
pub mod convert;
pub mod cursor;
pub mod digests;
pub mod entitlements;
pub mod error;
pub mod expansion;
pub mod file;
pub mod grant_records;
pub mod grants;
pub mod host;
pub mod import;
pub mod inspect;
pub mod merge;
pub mod pages;
pub mod references;
pub mod resource_types;
pub mod resources;
pub mod sessions;
pub mod slice;
pub mod source_cache;
pub mod store;
pub mod syncs;
pub mod verify;
