//! What stands before the payload: magic, length, and the manifest with its descriptors. `reading` and `saving` call it, and
//! the payloads for what a head says of them.

mod descriptors;
mod header;
pub mod manifest;

pub use descriptors::verify_descriptors;
pub use header::{
    encode_head, format_of, head_from, head_of, is_start_of_file, manifest_bytes, read_format, read_head,
    read_head_of_source, FileFormat, Head, MAGIC_LEN,
};
