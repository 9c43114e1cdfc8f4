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

mod encoding;
mod hashing;
mod head;
mod indexed;
mod io;
mod names;
mod reading;
mod saving;
mod tar;
mod v1;

#[cfg(test)]
mod tests;

pub use encoding::Encoding;
pub use head::{read_format, read_head, read_head_of_source, verify_descriptors, FileFormat, Head};
pub use indexed::{Holder, LazyFile, LazyFiles, Source, SHARED_PREFIX};
pub use io::{ByteSource, Identity, Limits, Payload, SourceFailure};
pub use names::Wanted;
pub use reading::{examine, list, unpack, Entry, Examination, PackedFile, PayloadEntry, Stored};
pub use saving::{check_destination, save, write, Replace, SaveOptions, Saved};
pub use v1::unpack_v1;
