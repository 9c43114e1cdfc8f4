//! Converting a file into a new one.

use std::path::Path;

use super::{fill, Conversion};
use crate::control::Control;
use crate::envelope::{self, FileFormat, Limits};
use crate::error::Reason;
use crate::proto::api::{ConvertFileRequest, ConvertFileResponse, UnreadableRows};
use crate::quoted::Quoted;
use crate::store::file::{
    absolute, check_absent, encoding, optional_path, required_path, save_as_new, OpenOptions, Store,
};
use crate::store::ENGINE;
use crate::{process, Error, Result};

/// Converts a file of format v1 into a new file. The file stays as it is; if anything fails there is no new one.
///
/// Progress is in bytes of the database that is unpacked, then in rows, then in bytes of the new file.
pub fn convert_file(request: &ConvertFileRequest, control: &Control<'_>) -> Result<ConvertFileResponse> {
    process::enter()?;
    let input = absolute(&required_path("input_path", &request.input_path, &request.input_path_bytes)?)?;
    let output = absolute(&required_path("output_path", &request.output_path, &request.output_path_bytes)?)?;
    let skip_unreadable = match request.unreadable_rows {
        rows if rows == UnreadableRows::Skip as i32 => true,
        rows if UnreadableRows::try_from(rows).is_ok() => false,
        rows => return Err(Error::invalid(format!("unreadable_rows {rows} is unknown"))),
    };
    check_absent(&output)?;
    check_format(&input)?;
    let options = options(request)?;
    let (limits, digests) = (options.limits, options.grant_digests());
    let target = Store::create(&output, options, control)?;
    save_as_new(target, control, |target| {
        let conversion = Conversion { path: &input, work: &target.work, limits, skip_unreadable, digests };
        Ok(fill(&target.engine, &conversion, control)?.0)
    })
}

fn options(request: &ConvertFileRequest) -> Result<OpenOptions> {
    Ok(OpenOptions {
        tmp_dir: optional_path("tmp_dir", &request.tmp_dir, &request.tmp_dir_bytes)?,
        encoding: encoding(request.payload_encoding)?,
        no_grant_digests: request.no_grant_digests,
        threads: request.threads as usize,
        memory_budget: request.memory_budget_bytes,
        limits: Limits::of_request(request.max_decoded_bytes, request.max_decoder_memory_bytes),
        ..OpenOptions::default()
    })
}

/// Says what a file is that is not of format v1.
fn check_format(path: &Path) -> Result<()> {
    if envelope::read_format(path)? == FileFormat::V1 {
        return Ok(());
    }
    let engine = envelope::read_head(path)?.manifest.engine;
    let detail = match engine == ENGINE {
        true => "a file of this library already".to_owned(),
        false => format!("written by engine {}, only files of format v1 (SQLite) are converted", Quoted::new(engine)),
    };
    Err(Error::Unsupported { path: path.to_path_buf(), reason: Reason::EngineMismatch, detail })
}
