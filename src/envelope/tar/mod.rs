//! The payloads `TAR` and `TAR_ZSTD`: a tar archive, plain or as one zstd stream, which is read from its start to its end.
//! `reading` and `saving` call it.

mod read;
pub mod unpack;
pub mod write;

pub use unpack::read_archive;
