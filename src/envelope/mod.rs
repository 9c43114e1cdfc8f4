//! The file around the database: header, manifest and a directory packed as payload. No RocksDB here.
//!
//! ```text
//! 0    5  magic  "C1Z3\0"
//! 5    4  length M of the manifest, big endian, at most 16 MiB
//! 9    M  the manifest (c1.c1z.v3.C1ZManifestV3)
//! 9+M  …  the payload, as the manifest's payload_encoding says: see [`Encoding`]
//! ```
//!
//! Everything that is read is taken for hostile: no length is believed before it is compared with the file, no name is
//! used before it is known to stay below its directory, and what a payload unpacks to is bounded by [`Limits`].

mod decoder;
mod deferred;
mod descriptors;
mod destination;
mod encoding;
mod frames;
mod hashing;
mod header;
mod identity;
mod index;
mod input;
mod limits;
mod list;
mod manifest;
mod names;
mod pack;
mod payload;
mod progress;
mod publish;
mod read_frame;
mod read_frames;
mod replace;
mod save;
mod save_options;
mod shared;
mod sink;
mod source;
mod tar_read;
mod tar_write;
mod target;
mod temporary;
mod unpack;
mod unpack_frames;
mod unpack_tar;
mod verify;

#[cfg(test)]
mod tests;

pub use deferred::Deferred;
pub use descriptors::verify_descriptors;
pub use destination::check_destination;
pub use encoding::Encoding;
pub use header::{read_format, read_head, FileFormat, Head};
pub use identity::Identity;
pub use limits::Limits;
pub use list::{list, Entry, Stored};
pub use names::Wanted;
pub use pack::write;
pub use payload::Payload;
pub use replace::Replace;
pub use save::{save, Saved};
pub use save_options::SaveOptions;
pub use shared::PREFIX as SHARED_PREFIX;
pub use source::Source;
pub use unpack::{unpack, PackedFile};
pub use verify::{examine, Examination, PayloadEntry};
