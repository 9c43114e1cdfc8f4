//! What a scope is compared by.

use super::scope;
use crate::proto::api::{
    GetSourceCacheEntryRequest, GetSourceCacheEntryResponse, PutSourceCacheEntryRequest, SourceCacheEntry,
};
use crate::proto::storage::SourceCacheEntryRecord;
use crate::store::clock::now;
use crate::store::Store;
use crate::{Error, Result};

/// The most bytes of what a scope is compared by.
const MAX_VALIDATOR_BYTES: usize = 1 << 20;

impl Store {
    /// What was put for a scope; nothing if it has ended and its rows cannot be taken over.
    pub fn get_source_cache_entry(&self, request: &GetSourceCacheEntryRequest) -> Result<GetSourceCacheEntryResponse> {
        let scope = scope(&request.row_kind, &request.scope_key)?;
        let reader = self.engine.reader_of_everything()?;
        let slot = self.slot_in_view(&reader, "", &request.annotations)?;
        let entry = reader.source_cache_entry(slot, &scope)?;
        let entry = entry.filter(|stored| !stored.invalidated && !stored.cache_validator.is_empty());
        let has_ended = reader.sync_runs()?.iter().any(|run| run.slot == slot && run.record.ended_at.is_some());
        let entry = entry.and_then(|SourceCacheEntryRecord { cache_validator, discovered_at, row_count, .. }| {
            let row_count = if has_ended { Some(row_count?) } else { None };
            Some(SourceCacheEntry { cache_validator, discovered_at, row_count })
        });
        match entry.is_some() && reader.is_poisoned(slot, &scope)? {
            true => Ok(GetSourceCacheEntryResponse { entry: None }),
            false => Ok(GetSourceCacheEntryResponse { entry }),
        }
    }

    /// Keeps what a scope of the bound sync is compared by.
    pub fn put_source_cache_entry(&self, request: &PutSourceCacheEntryRequest) -> Result<()> {
        let scope = scope(&request.row_kind, &request.scope_key)?;
        match request.cache_validator.len() {
            0 => return Err(Error::invalid("cache_validator is missing")),
            1..=MAX_VALIDATOR_BYTES => {}
            length => {
                return Err(Error::invalid(format!(
                    "cache_validator has {length} bytes, at most {MAX_VALIDATOR_BYTES} are permitted"
                )))
            }
        }
        let entry = SourceCacheEntryRecord {
            row_kind: scope.row_kind().to_owned(),
            scope_key: scope.key.to_owned(),
            cache_validator: request.cache_validator.clone(),
            discovered_at: Some(now()),
            invalidated: false,
            row_count: None,
        };
        let (mut writer, bound) = self.bound_writer()?;
        writer.put_source_cache_entry(bound.slot, bound.open, &entry)?;
        self.mark_dirty();
        Ok(())
    }
}
