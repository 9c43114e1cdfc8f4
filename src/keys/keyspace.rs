//! The first five bytes of every key.

/// The span of keys that one sync occupies. Slots count up from 1 and are never reused; 0 belongs to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

impl Slot {
    /// What belongs to the file and not to one sync.
    pub const FILE: Slot = Slot(0);

    /// Never allocated: what a request for a sync that the file does not hold is shown.
    pub const NONE: Slot = Slot(u32::MAX);

    /// The slot that `key` lies in.
    pub fn of(key: &[u8]) -> Option<Slot> {
        key.first_chunk().map(|bytes| Slot(u32::from_be_bytes(*bytes)))
    }

    /// The first key of the span and the first key after it. Of [`Slot::NONE`] the span is empty.
    pub fn span(self) -> (Vec<u8>, Vec<u8>) {
        (self.0.to_be_bytes().to_vec(), self.0.saturating_add(1).to_be_bytes().to_vec())
    }
}

/// The kind of thing that a key leads to. Gaps leave room for later keyspaces of the same kind.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keyspace {
    /// Engine metadata: one key for each name. Slot 0.
    Meta = 0x01,
    /// Sync runs by id; the value also names the sync's slot. Slot 0.
    SyncRun = 0x02,
    /// Resume tokens by sync id, apart from the run because they are large and rewritten often. Slot 0.
    SyncToken = 0x03,
    /// Statistics by sync id, written when a sync ends. Slot 0.
    SyncStats = 0x04,
    /// Session values by (session's sync id, key). Slot 0, because a session may name a sync that the file never held.
    Session = 0x05,
    /// What an expander keeps of its work by sync id. Slot 0.
    EntitlementGraph = 0x06,

    /// Resource types by id.
    ResourceType = 0x10,
    /// Resources by (type, id).
    Resource = 0x20,
    /// Entitlements by structural identity.
    Entitlement = 0x30,
    /// Grants by structural identity.
    Grant = 0x40,
    /// Assets by id.
    Asset = 0x50,
    /// What a collection remembers beside the records, by name.
    NamedValue = 0x60,
    /// What a scope of the source cache is compared by, by (kind of row, scope).
    SourceCacheEntry = 0x64,
    /// The scopes that lost a row to somebody else, by (kind of row, scope).
    SourceCachePoison = 0x68,
    /// Digests of the grants of an entitlement by its structural identity, and without one of all grants.
    GrantDigest = 0x70,

    /// Index: (parent type, parent id) to resource.
    ResourceByParent = 0x80,
    /// Index: (principal type, principal id) to grant.
    GrantByPrincipal = 0x90,
    /// Index: the grants whose expansion is pending.
    GrantNeedsExpansion = 0xA0,
    /// Index: bare entitlement id to entitlement.
    EntitlementById = 0xB0,
    /// Index: public grant id to grant, for the ids that the identity cannot be read from.
    GrantById = 0xC0,
    /// Index: the scope of the source cache that a resource is of.
    ResourceByScope = 0xD0,
    /// Index: the scope of the source cache that an entitlement is of.
    EntitlementByScope = 0xD8,
    /// Index: the scope of the source cache that a grant is of.
    GrantByScope = 0xE0,
}

impl Keyspace {
    /// All of them, in the order of their keys.
    pub const ALL: [Keyspace; 23] = [
        Keyspace::Meta,
        Keyspace::SyncRun,
        Keyspace::SyncToken,
        Keyspace::SyncStats,
        Keyspace::Session,
        Keyspace::EntitlementGraph,
        Keyspace::ResourceType,
        Keyspace::Resource,
        Keyspace::Entitlement,
        Keyspace::Grant,
        Keyspace::Asset,
        Keyspace::NamedValue,
        Keyspace::SourceCacheEntry,
        Keyspace::SourceCachePoison,
        Keyspace::GrantDigest,
        Keyspace::ResourceByParent,
        Keyspace::GrantByPrincipal,
        Keyspace::GrantNeedsExpansion,
        Keyspace::EntitlementById,
        Keyspace::GrantById,
        Keyspace::ResourceByScope,
        Keyspace::EntitlementByScope,
        Keyspace::GrantByScope,
    ];

    /// The keyspace that `key` belongs to; `None` for one that this layout does not have.
    pub fn of(key: &[u8]) -> Option<Keyspace> {
        let byte = *key.get(4)?;
        Keyspace::ALL.into_iter().find(|&keyspace| keyspace as u8 == byte)
    }

    /// What a person calls a record of this keyspace.
    pub fn noun(self) -> &'static str {
        match self {
            Keyspace::Meta => "metadata",
            Keyspace::SyncRun => "sync",
            Keyspace::SyncToken => "sync token",
            Keyspace::SyncStats => "sync statistics",
            Keyspace::Session => "session value",
            Keyspace::EntitlementGraph => "entitlement graph",
            Keyspace::ResourceType => "resource type",
            Keyspace::Resource => "resource",
            Keyspace::Entitlement => "entitlement",
            Keyspace::Grant => "grant",
            Keyspace::Asset => "asset",
            Keyspace::NamedValue => "named value",
            Keyspace::GrantDigest => "grant digest",
            Keyspace::SourceCacheEntry => "source cache entry",
            Keyspace::SourceCachePoison => "poisoned source cache scope",
            Keyspace::ResourceByParent => "resource by parent",
            Keyspace::GrantByPrincipal => "grant by principal",
            Keyspace::GrantNeedsExpansion => "grant needing expansion",
            Keyspace::EntitlementById => "entitlement by id",
            Keyspace::GrantById => "grant by id",
            Keyspace::ResourceByScope => "resource by scope",
            Keyspace::EntitlementByScope => "entitlement by scope",
            Keyspace::GrantByScope => "grant by scope",
        }
    }
}
