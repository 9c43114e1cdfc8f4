//! Without SQLite no file of format v1 is read.

use std::path::Path;

use super::Conversion;
use crate::control::Control;
use crate::engine::Engine;
use crate::envelope::{Identity, Limits};
use crate::error::Reason;
use crate::proto::api::ConvertFileResponse;
use crate::proto::manifest::SyncRunSummary;
use crate::store::file::WorkingFolder;
use crate::{Error, Result};

/// Refuses the file.
pub fn fill(
    _engine: &Engine,
    conversion: &Conversion<'_>,
    _control: &Control<'_>,
) -> Result<(ConvertFileResponse, Identity)> {
    Err(refused(conversion.path))
}

/// Refuses the file.
pub fn read_syncs(
    path: &Path,
    _work: &WorkingFolder,
    _limits: &Limits,
    _control: &Control<'_>,
) -> Result<Vec<SyncRunSummary>> {
    Err(refused(path))
}

fn refused(path: &Path) -> Error {
    let detail = "a file of format v1 (SQLite), and this library was built without SQLite".to_owned();
    Error::Unsupported { path: path.to_path_buf(), reason: Reason::FormatV1, detail }
}
