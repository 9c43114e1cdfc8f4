//! The messages of the wire schema (`proto/`), under short names.

mod explain;
pub mod plain_grant;
mod profile;
pub mod wire;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MessageDescriptor};

/// Generated, one module for each part of a package's name: its paths between packages rely on that.
#[allow(missing_docs, deprecated, rustdoc::all, clippy::all)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/protos.rs"));
}

pub use explain::{explain, first_unreadable};
pub use generated::c1::c1z::v1 as c1z_v1;
pub use generated::c1::c1z::v3 as manifest;
pub use generated::c1::connector::v2 as connector;
pub use generated::c1::reader::v2 as reader;
pub use generated::c1::reader::v3 as reader_v3;
pub use generated::c1::storage::v3 as storage;
pub use generated::c1z::v1 as api;
pub use profile::Profile;

/// An encoded `google.protobuf.FileDescriptorSet`: the whole schema and what it imports, sorted by file path.
pub static DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// An encoded `google.protobuf.FileDescriptorSet`: package `c1.storage.v3` and what it imports, each file once, sorted
/// by file path. A file's manifest embeds it; its bytes depend on the schema alone.
pub static STORAGE_DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/storage_descriptors.bin"));

/// What the library's own schema says of a message, by its full name. The pool is built when it is first needed.
pub(crate) fn described(message: &str) -> Option<MessageDescriptor> {
    static POOL: LazyLock<Option<DescriptorPool>> = LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS).ok());
    POOL.as_ref()?.get_message_by_name(message)
}
