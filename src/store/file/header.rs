//! What a file says of itself, without opening it.

use std::path::Path;

use crate::error::Reason;
use crate::proto::api::FileHeader;
use crate::{envelope, Error, Result};

/// Reads what stands before the payload of any `.c1z` file, of another engine or format v1 too. Neither time nor memory
/// depends on the size of the file, and a payload that is cut off or damaged is not noticed.
pub fn read_header(path: &Path) -> Result<FileHeader> {
    let head = match envelope::read_head(path) {
        Err(Error::Unsupported { reason: Reason::FormatV1, .. }) => {
            let metadata = std::fs::metadata(path).map_err(Error::io_of_named("stat", path))?;
            return Ok(FileHeader { format: "v1".into(), file_size_bytes: metadata.len(), ..FileHeader::default() });
        }
        head => head?,
    };
    Ok(FileHeader {
        format: "v3".into(),
        file_size_bytes: head.file_len,
        manifest_sha256: head.manifest_sha256.to_vec(),
        engine: head.manifest.engine,
        engine_schema_version: head.manifest.engine_schema_version,
        payload_encoding: head.manifest.payload_encoding,
        sync_runs: head.manifest.sync_runs,
        fold_dead_bytes: head.manifest.fold_dead_bytes,
        grant_digest_root: head.manifest.grant_digest_root,
    })
}
