//! The manifest's bytes: written deterministically, read without decoding what a hostile file could blow up.

use prost::Message;

use crate::envelope::Encoding;
use crate::proto::manifest::{C1zManifestV3, PayloadEncoding};
use crate::proto::wire::{self, Malformed};
use crate::proto::STORAGE_DESCRIPTORS;
use crate::{Error, Result};

/// The largest manifest that is written or read.
pub(super) const MAX_MANIFEST_BYTES: usize = 16 << 20;
/// More syncs than any file has: three bytes of manifest become hundreds in memory.
const MAX_SYNC_RUNS: usize = 1 << 16;

const SCHEMA_VERSION: u32 = 2;
const PAYLOAD_ENCODING: u32 = 4;
const DESCRIPTORS: u32 = 10;
const RECORD_TYPES: u32 = 11;
const SYNC_RUNS: u32 = 40;

/// Why bytes are not a manifest.
#[derive(Debug, thiserror::Error)]
pub enum BadManifest {
    #[error("manifest: {0}")]
    Wire(#[from] Malformed),
    #[error("manifest: {0}")]
    Message(#[from] prost::DecodeError),
    #[error("manifest: field {number} is out of range: {value}")]
    Range { number: u32, value: u64 },
    #[error("manifest: more than {MAX_SYNC_RUNS} sync runs")]
    SyncRuns,
}

/// The bytes of `manifest` with that payload encoding and the descriptors of the stored records.
///
/// Equal manifests give equal bytes: fields stand in the order of their numbers, map entries are sorted.
pub fn encode(manifest: C1zManifestV3, encoding: Encoding) -> Result<Vec<u8>> {
    if manifest.engine.is_empty() {
        return Err(Error::invalid("manifest: engine is empty"));
    }
    if manifest.sync_runs.len() > MAX_SYNC_RUNS {
        return Err(Error::LimitExceeded {
            place: "manifest".into(),
            what: format!("{} sync runs", manifest.sync_runs.len()),
            limit: MAX_SYNC_RUNS as u64,
            setting: None,
        });
    }
    let before_descriptors = C1zManifestV3 {
        engine: manifest.engine,
        engine_schema_version: manifest.engine_schema_version,
        engine_config: manifest.engine_config,
        payload_encoding: PayloadEncoding::from(encoding).into(),
        ..Default::default()
    };
    let after_descriptors = C1zManifestV3 {
        engine: String::new(),
        engine_schema_version: 0,
        engine_config: None,
        payload_encoding: 0,
        descriptors: None,
        ..manifest
    };
    let mut bytes = before_descriptors.encode_to_vec();
    wire::put_message(&mut bytes, DESCRIPTORS, STORAGE_DESCRIPTORS);
    bytes.extend(after_descriptors.encode_to_vec());
    Ok(bytes)
}

/// Reads a manifest and, apart from it and undecoded, its descriptors.
pub fn decode(bytes: &[u8]) -> Result<(C1zManifestV3, Vec<u8>), BadManifest> {
    let mut kept = Vec::new();
    let mut descriptors = Vec::new();
    let mut sync_runs = 0;
    for field in wire::fields(bytes) {
        let field = field?;
        let range = |max: u64| match field.varint()? {
            value if value > max => Err(BadManifest::Range { number: field.number, value }),
            _ => Ok(()),
        };
        match field.number {
            DESCRIPTORS => {
                descriptors.extend_from_slice(field.bytes()?);
                continue;
            }
            RECORD_TYPES => {
                field.bytes()?;
                continue;
            }
            SCHEMA_VERSION => range(u32::MAX.into())?,
            PAYLOAD_ENCODING => range(i32::MAX as u64)?,
            SYNC_RUNS => {
                sync_runs += 1;
                if sync_runs > MAX_SYNC_RUNS {
                    return Err(BadManifest::SyncRuns);
                }
            }
            _ => {}
        }
        kept.extend_from_slice(field.raw);
    }
    Ok((C1zManifestV3::decode(kept.as_slice())?, descriptors))
}
