//! Format v1: a magic, and one zstd frame of a SQLite database.

use std::io::Read;
use std::path::Path;

use zstd::zstd_safe::get_frame_content_size;

use super::head::{format_of, FileFormat, MAGIC_LEN};
use super::io::{decode_error, decoder, finish, Budget, Input, Limits, Target};
use super::Identity;
use crate::control::Control;
use crate::error::Reason;
use crate::memory::with_capacity;
use crate::{Error, Result};

const PLACE: &str = "database";
const CHUNK: usize = 1 << 20;
/// A frame says in its first bytes how much it holds, if it says so.
const MAX_HEADER_BYTES: u64 = 18;

/// Unpacks the database of a file of format v1 into a new file `name` in `folder`. Returns which file it was. Progress is in
/// bytes of the database.
pub fn unpack_v1(path: &Path, folder: &Path, name: &str, limits: &Limits, control: &Control<'_>) -> Result<Identity> {
    let input = Input::open(path)?;
    if format_of(&input)? != FileFormat::V1 {
        let detail = "not a file of format v1".to_owned();
        return Err(Error::Unsupported { path: path.to_path_buf(), reason: Reason::EngineMismatch, detail });
    }
    let header = input.range(MAGIC_LEN, MAX_HEADER_BYTES.min(input.len.saturating_sub(MAGIC_LEN)), PLACE)?;
    let declared = get_frame_content_size(&header).ok().flatten();
    limits.check_declared(path, input.len, declared.into_iter())?;
    let mut output = Target { input: &input, root: folder }.create_file(name)?;
    let mut budget = Budget::new(limits.decoded_bytes(input.len));
    let window_log = limits.window_log();
    let failed = |error| decode_error(&input, PLACE, MAGIC_LEN, error, window_log);
    let mut frame = decoder(input.section(MAGIC_LEN, input.len), window_log).map_err(failed)?;
    let mut chunk = with_capacity(CHUNK)?;
    chunk.resize(CHUNK, 0);
    let mut unpacked = 0;
    loop {
        control.check()?;
        let read = frame.read(&mut chunk).map_err(failed)?;
        if read == 0 {
            break;
        }
        budget.take(path, read as u64)?;
        output.put(&chunk[..read])?;
        unpacked += read as u64;
        control.report(unpacked, declared.unwrap_or(0).max(unpacked));
    }
    match finish(frame).is_some_and(|section| section.remaining() == 0) {
        true => input.identity.ok_or_else(|| Error::Internal("a file without an identity".into())),
        false => Err(input.corrupt("bytes behind the end of its database")),
    }
}
