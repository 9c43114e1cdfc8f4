//! Magic, manifest length, manifest: what stands before the payload.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use xxhash_rust::xxh64::xxh64;

use super::manifest::{self, MAX_MANIFEST_BYTES};
use crate::envelope::io::{ByteSource, Input};
use crate::error::Reason;
use crate::proto::manifest::C1zManifestV3;
use crate::{Error, Result};

const MAGIC_V1: &[u8] = b"C1ZF\0";
const MAGIC_V3: &[u8] = b"C1Z3\0";
/// Of either format.
pub const MAGIC_LEN: u64 = 5;
/// Magic and manifest length.
const FIXED_LEN: u64 = MAGIC_LEN + 4;

/// What kind of `.c1z` file one is, by its first five bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// One zstd stream of a SQLite database.
    V1,
    /// The format of this module.
    V3,
}

/// Everything that stands before the payload.
#[derive(Clone, Debug)]
pub struct Head {
    /// The manifest, but for its `descriptors` (see the next field) and `record_types`, which nobody writes.
    pub manifest: C1zManifestV3,
    /// The manifest's `descriptors`, still encoded; empty if the file has none. Hostile ones decode to hundreds of
    /// times their size, so decoding is left to who wants them.
    pub descriptors: Vec<u8>,
    /// Offset of the first byte of the payload.
    pub payload_start: u64,
    /// Length of the whole file.
    pub file_len: u64,
    /// SHA-256 of the manifest's bytes.
    pub manifest_sha256: [u8; 32],
    /// Hash of the manifest's bytes, which an indexed payload repeats.
    pub(in crate::envelope) manifest_xxh64: u64,
}

/// Tells the formats apart; reads five bytes.
///
/// Fails with `NOT_C1Z` for any other file, an empty one too, and with a corruption for a shorter one.
pub fn read_format(file: &Path) -> Result<FileFormat> {
    format_of(&Input::open(file)?)
}

/// Reads everything before the payload, and nothing of the payload.
///
/// Fails with `FORMAT_V1` for a file of format v1, which has no manifest.
pub fn read_head(path: &Path) -> Result<Head> {
    head_of(&Input::open(path)?)
}

/// [`read_head`] of a file that lies elsewhere, which messages call `name`.
pub fn read_head_of_source(name: &Path, source: Arc<dyn ByteSource>) -> Result<Head> {
    head_of(&Input::of_source(source, name, 0)?)
}

/// Whether `bytes` are the first of a file of format v3, as many as there are.
pub fn is_start_of_file(bytes: &[u8]) -> bool {
    let len = bytes.len().min(MAGIC_V3.len());
    bytes[..len] == MAGIC_V3[..len]
}

/// [`read_format`] of an open file.
pub fn format_of(input: &Input) -> Result<FileFormat> {
    let not_ours = |detail| Error::Unsupported { path: input.path.clone(), reason: Reason::NotC1z, detail };
    if input.len == 0 {
        return Err(not_ours("not a .c1z file: it is empty".into()));
    }
    match input.range(0, MAGIC_LEN, "magic")?.as_slice() {
        MAGIC_V1 => Ok(FileFormat::V1),
        MAGIC_V3 => Ok(FileFormat::V3),
        other => Err(not_ours(format!("not a .c1z file: it starts with {}", other.escape_ascii()))),
    }
}

pub fn head_of(input: &Input) -> Result<Head> {
    head_from(input, &manifest_bytes(input)?)
}

/// The manifest as it stands in the file.
pub fn manifest_bytes(input: &Input) -> Result<Vec<u8>> {
    if format_of(input)? == FileFormat::V1 {
        return Err(Error::Unsupported {
            path: input.path.clone(),
            reason: Reason::FormatV1,
            detail: "format v1 (SQLite) has neither manifest nor payload directory".into(),
        });
    }
    let length = input.range(MAGIC_LEN, 4, "manifest length")?;
    let length = length.iter().fold(0, |length, &byte| length << 8 | u64::from(byte));
    if length > MAX_MANIFEST_BYTES as u64 {
        return Err(input.corrupt(format!("manifest length {length} exceeds {MAX_MANIFEST_BYTES}")));
    }
    input.range(FIXED_LEN, length, "manifest")
}

/// The head whose manifest has these bytes.
pub fn head_from(input: &Input, bytes: &[u8]) -> Result<Head> {
    let (manifest, descriptors) = manifest::decode(bytes).map_err(|error| input.corrupt(error))?;
    Ok(Head {
        manifest,
        descriptors,
        payload_start: FIXED_LEN + bytes.len() as u64,
        file_len: input.len,
        manifest_sha256: Sha256::digest(bytes).into(),
        manifest_xxh64: xxh64(bytes, 0),
    })
}

/// The bytes of a head with that encoded manifest, and the hash that the payload's index repeats.
pub fn encode_head(manifest: &[u8]) -> Result<(Vec<u8>, u64)> {
    let length = u32::try_from(manifest.len()).ok().filter(|_| manifest.len() <= MAX_MANIFEST_BYTES);
    let length = length.ok_or_else(|| Error::LimitExceeded {
        place: "manifest".into(),
        what: format!("its encoded size of {} bytes", manifest.len()),
        limit: MAX_MANIFEST_BYTES as u64,
        setting: None,
    })?;
    Ok(([MAGIC_V3, &length.to_be_bytes(), manifest].concat(), xxh64(manifest, 0)))
}
