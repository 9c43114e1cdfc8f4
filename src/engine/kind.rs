//! The kinds of record that belong to a sync.

use crate::keys::Keyspace;

/// The kinds of record that belong to a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `c1.storage.v3.ResourceTypeRecord`.
    ResourceType,
    /// `c1.storage.v3.ResourceRecord`.
    Resource,
    /// `c1.storage.v3.EntitlementRecord`.
    Entitlement,
    /// `c1.storage.v3.GrantRecord`.
    Grant,
    /// `c1.storage.v3.AssetRecord`.
    Asset,
}

impl Kind {
    /// All of them, in the order of their keys.
    pub const ALL: [Kind; 5] = [Kind::ResourceType, Kind::Resource, Kind::Entitlement, Kind::Grant, Kind::Asset];

    /// Where records of the kind are kept.
    pub fn keyspace(self) -> Keyspace {
        match self {
            Kind::ResourceType => Keyspace::ResourceType,
            Kind::Resource => Keyspace::Resource,
            Kind::Entitlement => Keyspace::Entitlement,
            Kind::Grant => Keyspace::Grant,
            Kind::Asset => Keyspace::Asset,
        }
    }
}
