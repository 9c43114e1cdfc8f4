//! Stores and reads `.c1z` files: snapshots of who has access to what.
//!
//! | module | knows |
//! |---|---|
//! | `capi` | the C ABI: pointers in, protobuf bytes out; the only `extern "C"` |
//! | `columns` | the tables of a file as Arrow columns |
//! | [`store`] | an open `.c1z` file: what every C function means |
//! | [`engine`] | RocksDB: key spans, batches, indexes, checkpoints. Stored records, not connector messages and not files |
//! | [`translate`] | connector messages (v2) to stored records (v3) and back, on the wire |
//! | [`envelope`] | the file around the database: header, manifest, payload. No RocksDB |
//! | [`reflect`] | records shown by the descriptors that a file carries, as JSON. No RocksDB |
//! | [`keys`] | tuple encoding, identities, key layouts, page tokens. No RocksDB |
//! | [`proto`] | the generated messages and the wire format underneath |
//!
//! Dependencies point one way: capi → columns → store → {engine, translate, envelope, reflect} → keys → proto.

#![deny(unsafe_code, unsafe_op_in_unsafe_fn, missing_docs)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::panic, clippy::expect_used, clippy::disallowed_methods))]

#[cfg(feature = "engine")]
#[allow(unsafe_code)]
pub mod capi;
#[cfg(feature = "arrow")]
pub mod columns;
pub mod control;
#[cfg(feature = "engine")]
pub mod engine;
pub mod envelope;
pub mod error;
// Without the engine some of it has no caller.
#[cfg_attr(not(feature = "engine"), allow(dead_code))]
mod files;
pub mod findings;
pub mod keys;
#[cfg(feature = "engine")]
mod large_stack;
mod memory;
#[cfg(feature = "engine")]
mod process;
mod processors;
pub mod proto;
pub mod quoted;
pub mod reflect;
#[cfg(feature = "engine")]
pub mod store;
pub mod threads;
pub mod translate;

pub use error::{Error, Result};
