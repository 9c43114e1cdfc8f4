//! What a file says of its own key families, for readers without our schema.

use prost::Message;
use prost_types::Any;

use crate::keys::Family;
use crate::proto::api::{EngineConfig, RecordFamily};

const TYPE_URL: &str = "type.googleapis.com/c1z.v1.EngineConfig";

/// Every family but the indexes, and the message of its values or, of raw values, what they are.
const RECORDS: [(Family, &str, bool); 10] = [
    (Family::Meta, "metadata", true),
    (Family::SyncRun, "c1.storage.v3.SyncRunRecord", false),
    (Family::SyncToken, "sync_token", true),
    (Family::SyncStats, "c1.storage.v3.SyncStatsRecord", false),
    (Family::Session, "session_value", true),
    (Family::ResourceType, "c1.storage.v3.ResourceTypeRecord", false),
    (Family::Resource, "c1.storage.v3.ResourceRecord", false),
    (Family::Entitlement, "c1.storage.v3.EntitlementRecord", false),
    (Family::Grant, "c1.storage.v3.GrantRecord", false),
    (Family::Asset, "c1.storage.v3.AssetRecord", false),
];

/// The manifest's `engine_config`. Its bytes are the same in every file of the layout.
pub fn engine_config() -> Any {
    let families = RECORDS.map(|(family, record_type, raw)| RecordFamily {
        family: family as u32,
        record_type: record_type.to_owned(),
        raw,
    });
    Any { type_url: TYPE_URL.to_owned(), value: EngineConfig { families: families.to_vec() }.encode_to_vec() }
}

/// The families that a manifest names; `None` if its `engine_config` is none of ours.
pub(super) fn families_of(engine_config: Option<&Any>) -> Option<Result<Vec<RecordFamily>, prost::DecodeError>> {
    let config = engine_config.filter(|config| config.type_url == TYPE_URL)?;
    Some(EngineConfig::decode(&config.value[..]).map(|config| config.families))
}
