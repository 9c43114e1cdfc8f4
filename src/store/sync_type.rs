//! What callers call the types of syncs.

use crate::proto::storage::SyncType;
use crate::quoted::Quoted;
use crate::{Error, Result};

/// The type that callers call `name`; "" is none.
pub(super) fn parse_type(name: &str) -> Result<Option<SyncType>> {
    match name {
        "" => Ok(None),
        "full" => Ok(Some(SyncType::Full)),
        "partial" => Ok(Some(SyncType::Partial)),
        "resources_only" => Ok(Some(SyncType::ResourcesOnly)),
        other => Err(Error::invalid(format!("sync type {} is unknown", Quoted::new(other)))),
    }
}

/// What callers call a type; the retired ones have no name any more.
pub fn type_name(of: SyncType) -> &'static str {
    match of {
        SyncType::Full => "full",
        SyncType::Partial => "partial",
        SyncType::ResourcesOnly => "resources_only",
        _ => "",
    }
}
