//! What a file says of its own keyspaces, for readers without our schema.

use prost::Message;
use prost_types::Any;

use crate::keys::Keyspace;
use crate::proto::api::{EngineConfig, RecordKeyspace};

const TYPE_URL: &str = "type.googleapis.com/c1z.v1.EngineConfig";

/// Every keyspace but the indexes, and the message of its values or, of raw values, what they are.
const RECORDS: [(Keyspace, &str, bool); 15] = [
    (Keyspace::Meta, "metadata", true),
    (Keyspace::SyncRun, "c1.storage.v3.SyncRunRecord", false),
    (Keyspace::SyncToken, "sync_token", true),
    (Keyspace::SyncStats, "c1.storage.v3.SyncStatsRecord", false),
    (Keyspace::Session, "session_value", true),
    (Keyspace::EntitlementGraph, "entitlement_graph", true),
    (Keyspace::ResourceType, "c1.storage.v3.ResourceTypeRecord", false),
    (Keyspace::Resource, "c1.storage.v3.ResourceRecord", false),
    (Keyspace::Entitlement, "c1.storage.v3.EntitlementRecord", false),
    (Keyspace::Grant, "c1.storage.v3.GrantRecord", false),
    (Keyspace::Asset, "c1.storage.v3.AssetRecord", false),
    (Keyspace::NamedValue, "named_value", true),
    (Keyspace::SourceCacheEntry, "c1.storage.v3.SourceCacheEntryRecord", false),
    (Keyspace::SourceCachePoison, "source_cache_poison", true),
    (Keyspace::GrantDigest, "grant_digest", true),
];

/// The manifest's `engine_config`. Its bytes are the same in every file of the layout.
pub fn engine_config() -> Any {
    let keyspaces = RECORDS.map(|(keyspace, record_type, raw)| RecordKeyspace {
        keyspace: keyspace as u32,
        record_type: record_type.to_owned(),
        raw,
    });
    Any { type_url: TYPE_URL.to_owned(), value: EngineConfig { keyspaces: keyspaces.to_vec() }.encode_to_vec() }
}

/// The keyspaces that a manifest names; `None` if its `engine_config` is none of ours.
pub(super) fn keyspaces_of(engine_config: Option<&Any>) -> Option<Result<Vec<RecordKeyspace>, prost::DecodeError>> {
    let config = engine_config.filter(|config| config.type_url == TYPE_URL)?;
    Some(EngineConfig::decode(&config.value[..]).map(|config| config.keyspaces))
}
