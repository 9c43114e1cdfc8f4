//! Without SQLite no file of format v1 is read.

use super::Conversion;
use crate::control::Control;
use crate::engine::Engine;
use crate::envelope::Identity;
use crate::error::Reason;
use crate::proto::api::ConvertFileResponse;
use crate::{Error, Result};

/// Refuses the file.
pub fn fill(
    _engine: &Engine,
    conversion: &Conversion<'_>,
    _control: &Control<'_>,
) -> Result<(ConvertFileResponse, Identity)> {
    let Conversion { path, .. } = conversion;
    let detail = "a file of format v1 (SQLite), and this library was built without SQLite".to_owned();
    Err(Error::Unsupported { path: path.to_path_buf(), reason: Reason::FormatV1, detail })
}
