//! Typed rows: fields of stored records, borrowed from their bytes. No message is built.
//!
//! A row reads what identifies and indexes its record when it is parsed, and anything else when it is asked for. Whoever
//! needs to know what is in a stored record asks here: keys and index entries, lookups, verification.

mod asset;
mod combined_grant;
mod discovered_at;
mod entitlement;
mod grant;
mod refs;
mod resource;
mod resource_type;

pub use asset::Asset;
pub use combined_grant::combine_grants;
pub use discovered_at::{discovered_at, discovery_of, parts_of_timestamp};
pub use entitlement::Entitlement;
pub use grant::{refresh_grant, Grant};
pub use resource::Resource;
pub use resource_type::ResourceType;

use super::Kind;
use crate::keys::Slot;
use crate::proto::wire::Malformed;

/// A record of any kind.
#[derive(Debug)]
pub(super) enum Row<'a> {
    ResourceType(ResourceType<'a>),
    Resource(Resource<'a>),
    Entitlement(Entitlement<'a>),
    Grant(Grant<'a>),
    Asset(Asset<'a>),
}

impl<'a> Row<'a> {
    pub fn parse(kind: Kind, stored: &'a [u8]) -> Result<Row<'a>, Malformed> {
        Ok(match kind {
            Kind::ResourceType => Row::ResourceType(ResourceType::parse(stored)?),
            Kind::Resource => Row::Resource(Resource::parse(stored)?),
            Kind::Entitlement => Row::Entitlement(Entitlement::parse(stored)?),
            Kind::Grant => Row::Grant(Grant::parse(stored)?),
            Kind::Asset => Row::Asset(Asset::parse(stored)?),
        })
    }

    /// Which part of the identity is missing, if any is.
    pub fn missing(&self) -> Option<&'static str> {
        match self {
            Row::ResourceType(_) | Row::Resource(_) => None,
            Row::Entitlement(row) => row.missing(),
            Row::Grant(row) => row.missing(),
            Row::Asset(row) => row.id.is_empty().then_some("asset id"),
        }
    }

    /// Whether [`Row::varying`] gives any key.
    pub fn varies(&self) -> bool {
        match self {
            Row::Resource(row) => row.varies(),
            Row::Entitlement(row) => row.varies(),
            Row::Grant(row) => row.varies(),
            Row::ResourceType(_) | Row::Asset(_) => false,
        }
    }

    /// The scope of the source cache that the record is of; "" for none.
    pub fn source_scope(&self) -> &'a str {
        match self {
            Row::Resource(row) => row.source_scope,
            Row::Entitlement(row) => row.source_scope,
            Row::Grant(row) => row.source_scope,
            Row::ResourceType(_) | Row::Asset(_) => "",
        }
    }

    /// The keys of the index entries that the record has because of what is in it beside its identity.
    pub fn varying(&self, slot: Slot) -> Vec<Vec<u8>> {
        match self {
            Row::Resource(row) => row.varying(slot),
            Row::Entitlement(row) => row.varying(slot),
            Row::Grant(row) => row.varying(slot),
            Row::ResourceType(_) | Row::Asset(_) => Vec::new(),
        }
    }
}
