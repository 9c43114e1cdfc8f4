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

    /// The kind that a keyspace belongs to, be it of its records or of an index that leads to them; `None` for what is the
    /// file's, for named values, for what is kept of scopes, and for digests.
    pub fn of(keyspace: Keyspace) -> Option<Kind> {
        match keyspace {
            Keyspace::Meta
            | Keyspace::SyncRun
            | Keyspace::SyncToken
            | Keyspace::SyncStats
            | Keyspace::Session
            | Keyspace::EntitlementGraph
            | Keyspace::NamedValue
            | Keyspace::SourceCacheEntry
            | Keyspace::SourceCachePoison
            | Keyspace::GrantDigest => None,
            Keyspace::ResourceType => Some(Kind::ResourceType),
            Keyspace::Resource | Keyspace::ResourceByParent | Keyspace::ResourceByScope => Some(Kind::Resource),
            Keyspace::Entitlement | Keyspace::EntitlementById | Keyspace::EntitlementByScope => Some(Kind::Entitlement),
            Keyspace::Grant
            | Keyspace::GrantByPrincipal
            | Keyspace::GrantNeedsExpansion
            | Keyspace::GrantById
            | Keyspace::GrantByScope => Some(Kind::Grant),
            Keyspace::Asset => Some(Kind::Asset),
        }
    }

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

/// Some of the kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub const ALL: Kinds = Kinds(0xff);

    pub fn of(kinds: &[Kind]) -> Kinds {
        Kinds(kinds.iter().fold(0, |set, &kind| set | Kinds::bit(kind)))
    }

    pub fn contains(self, kind: Kind) -> bool {
        self.0 & Kinds::bit(kind) != 0
    }

    pub fn bits(self) -> u8 {
        self.0
    }

    fn bit(kind: Kind) -> u8 {
        1 << kind as u8
    }
}
