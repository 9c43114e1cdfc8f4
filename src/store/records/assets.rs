//! Assets: icons and the like, by id.
//!
//! An asset may be as large as memory permits, so requests and records are read where they lie, and a large one is never
//! copied as a whole on its way to the disk.

use prost::Message;
use prost_types::Timestamp;

use super::put::malformed_asset;
use crate::engine::{damaged, Kind, Records, Rows};
use crate::memory::with_capacity;
use crate::proto::api::GetAssetResponse;
use crate::proto::connector::AssetServiceGetAssetRequest as GetRequest;
use crate::proto::wire::{self, fields, put_bytes, put_head, put_message, Malformed};
use crate::store::clock;
use crate::store::{Encoded, Store};
use crate::{keys, Error, Result};

const NOUN: &str = "asset";

/// An asset of so many bytes is worth a file of its own.
const LARGE: usize = 4 << 20;

/// Fields of a `c1z.v1.PutAssetRequest`.
const ASSET: u32 = 1;
const CONTENT_TYPE: u32 = 2;
const DATA: u32 = 3;
/// Field of a `c1.connector.v2.AssetRef`.
const ID: u32 = 1;

/// Fields of a `c1.storage.v3.AssetRecord`; `sync_id` is left empty: a record does not say where it is, so that a sync can
/// be copied as it stands.
mod record {
    pub const EXTERNAL_ID: u32 = 2;
    pub const CONTENT_TYPE: u32 = 3;
    pub const DATA: u32 = 4;
    pub const DISCOVERED_AT: u32 = 5;
}

/// Fields of a `c1z.v1.GetAssetResponse`.
mod answer {
    pub const CONTENT_TYPE: u32 = 1;
    pub const DATA: u32 = 2;
}

impl Store {
    /// Puts the asset of a `c1z.v1.PutAssetRequest`; its bytes may be empty.
    pub fn put_asset(&self, request: &[u8]) -> Result<()> {
        let PutRequest { id, content_type, data } =
            PutRequest::read(request).map_err(|error| malformed_asset(request, error))?;
        if id.is_empty() {
            return Err(Error::invalid("asset.id is missing"));
        }
        with_asset_record(id, content_type, data, clock::now(), |rows| self.put_rows(rows))
    }

    /// One asset of the bound sync with its bytes.
    pub fn get_asset(&self, request: &GetRequest) -> Result<Encoded<GetAssetResponse>> {
        let id = request.asset.as_ref().map(|asset| asset.id.as_str()).filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| Error::invalid("asset.id is missing"))?;
        let view = self.bound_view(&[Kind::Asset])?;
        let key = keys::asset(view.slot, id);
        let stored = view.reader.get(&key)?.ok_or_else(|| Error::not_found(NOUN, id))?;
        let (content_type, data) = shown(&stored).map_err(|error| damaged(Kind::Asset.keyspace(), &key, error))?;
        let mut response = with_capacity(content_type.len() + data.len() + 32)?;
        put_bytes(&mut response, answer::CONTENT_TYPE, content_type.as_bytes());
        put_bytes(&mut response, answer::DATA, data);
        Ok(Encoded::from_bytes(response))
    }
}

/// Gives `put` the record of an asset. Of a large one the bytes are not copied.
pub(in crate::store) fn with_asset_record(
    id: &str,
    content_type: &str,
    data: &[u8],
    discovered_at: Timestamp,
    put: impl FnOnce(Rows<'_>) -> Result<()>,
) -> Result<()> {
    let (mut names, mut head, mut tail) = (Vec::new(), Vec::new(), Vec::new());
    put_bytes(&mut names, record::EXTERNAL_ID, id.as_bytes());
    put_bytes(&mut names, record::CONTENT_TYPE, content_type.as_bytes());
    if !data.is_empty() {
        put_head(&mut head, record::DATA, data.len());
    }
    put_message(&mut tail, record::DISCOVERED_AT, &discovered_at.encode_to_vec());
    let record = [&names[..], &head, data, &tail];
    match data.len() < LARGE {
        true => put(Rows::Records(Kind::Asset, &Records::of(&record.concat())?)),
        false => put(Rows::Large(Kind::Asset, &record)),
    }
}

/// A `c1z.v1.PutAssetRequest`.
#[derive(Default)]
struct PutRequest<'r> {
    id: &'r str,
    content_type: &'r str,
    data: &'r [u8],
}

impl<'r> PutRequest<'r> {
    fn read(request: &'r [u8]) -> Result<PutRequest<'r>, Malformed> {
        let mut read = PutRequest::default();
        for field in fields(request) {
            let field = field?;
            match field.number {
                ASSET => {
                    for field in fields(field.bytes()?) {
                        let field = field?;
                        if field.number == ID {
                            read.id = field.str()?;
                        }
                    }
                }
                CONTENT_TYPE => read.content_type = field.str()?,
                DATA => read.data = field.bytes()?,
                _ => {}
            }
        }
        Ok(read)
    }
}

/// What is shown of a stored asset: the type of its content, and the content.
pub(in crate::store) fn shown(stored: &[u8]) -> Result<(&str, &[u8]), Malformed> {
    let mut shown = ("", &b""[..]);
    for field in wire::fields(stored) {
        let field = field?;
        match field.number {
            record::CONTENT_TYPE => shown.0 = field.str()?,
            record::DATA => shown.1 = field.bytes()?,
            _ => {}
        }
    }
    Ok(shown)
}
