//! Assets: icons and the like, by id.

use prost::Message;

use super::{clock, Store};
use crate::engine::{Kind, Records};
use crate::keys;
use crate::proto::api::{GetAssetResponse, PutAssetRequest};
use crate::proto::connector::AssetServiceGetAssetRequest as GetRequest;
use crate::proto::storage::AssetRecord;
use crate::quoted::Quoted;
use crate::{Error, Result};

const NOUN: &str = "asset";

impl Store {
    /// Puts one asset; its bytes may be empty.
    pub fn put_asset(&self, request: PutAssetRequest) -> Result<()> {
        let id = request.asset.map(|asset| asset.id).filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| Error::invalid("asset.id is missing"))?;
        let record = AssetRecord {
            // Not the sync's: a record does not say where it is, so that a sync can be copied as it stands.
            sync_id: String::new(),
            external_id: id,
            content_type: request.content_type,
            data: request.data,
            discovered_at: Some(clock::now()),
        };
        let mut records = Records::default();
        records.push(|out| record.encode(out)).map_err(|error| Error::Internal(error.to_string()))?;
        self.put_records(Kind::Asset, &records)
    }

    /// One asset of the bound sync with its bytes.
    pub fn get_asset(&self, request: &GetRequest) -> Result<GetAssetResponse> {
        let id = request.asset.as_ref().map(|asset| asset.id.as_str()).filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| Error::invalid("asset.id is missing"))?;
        let view = self.bound_view(&[Kind::Asset])?;
        let stored = view.reader.get(&keys::asset(view.slot, id))?.ok_or_else(|| Error::not_found(NOUN, id))?;
        let record = AssetRecord::decode(&stored[..])
            .map_err(|error| Error::corruption(format!("asset {}", Quoted::new(id)), error))?;
        Ok(GetAssetResponse { content_type: record.content_type, data: record.data })
    }
}
