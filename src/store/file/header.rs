//! What a file says of itself, without opening it.

use std::path::Path;
use std::sync::Arc;

use crate::envelope::{ByteSource, Head};
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
    Ok(of_head(head))
}

/// [`read_header`] of a file that lies elsewhere, which messages call `name`; its start and its end are read.
pub fn read_header_of_source(name: &Path, source: Arc<dyn ByteSource>) -> Result<FileHeader> {
    let file_size_bytes = source.size();
    match envelope::read_head_of_source(name, source) {
        Err(Error::Unsupported { reason: Reason::FormatV1, .. }) => {
            Ok(FileHeader { format: "v1".into(), file_size_bytes, ..FileHeader::default() })
        }
        head => head.map(of_head),
    }
}

fn of_head(head: Head) -> FileHeader {
    FileHeader {
        format: "v3".into(),
        file_size_bytes: head.file_len,
        manifest_sha256: head.manifest_sha256.to_vec(),
        engine: head.manifest.engine,
        engine_schema_version: head.manifest.engine_schema_version,
        payload_encoding: head.manifest.payload_encoding,
        sync_runs: head.manifest.sync_runs,
        fold_dead_bytes: head.manifest.fold_dead_bytes,
        grant_digest_root: head.manifest.grant_digest_root,
    }
}
