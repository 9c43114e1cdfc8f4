//! What the engine has to know of a stored record: its key and its index entries. The rest stays bytes.
//!
//! A view borrows from the stored bytes. [`RecordKeys`] is the one place where a record becomes keys; put, overwrite and
//! delete all use it, so they cannot disagree.

use crate::keys::{self, EntitlementRef, Family, GrantRef, ResourceRef, Slot};
use crate::proto::wire::{fields, Malformed};

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
    pub fn family(self) -> Family {
        match self {
            Kind::ResourceType => Family::ResourceType,
            Kind::Resource => Family::Resource,
            Kind::Entitlement => Family::Entitlement,
            Kind::Grant => Family::Grant,
            Kind::Asset => Family::Asset,
        }
    }
}

/// Every key that a record takes up.
#[derive(Debug)]
pub struct RecordKeys {
    /// The key of the record.
    pub record: Vec<u8>,
    /// The keys of its index entries. An entry has no value.
    pub entries: Vec<Vec<u8>>,
    /// Which part of the identity is missing, if any is.
    pub missing: Option<&'static str>,
}

impl RecordKeys {
    /// The keys of a stored record in `slot`.
    pub fn of(kind: Kind, slot: Slot, stored: &[u8]) -> Result<RecordKeys, Malformed> {
        Ok(match kind {
            Kind::ResourceType => ResourceType::parse(stored)?.keys(slot),
            Kind::Resource => Resource::parse(stored)?.keys(slot),
            Kind::Entitlement => Entitlement::parse(stored)?.keys(slot),
            Kind::Grant => Grant::parse(stored)?.keys(slot),
            Kind::Asset => Asset::parse(stored)?.keys(slot),
        })
    }
}

/// `c1.storage.v3.ResourceTypeRecord`.
#[derive(Debug, Default)]
pub struct ResourceType<'a> {
    id: &'a str,
}

/// `c1.storage.v3.ResourceRecord`.
#[derive(Debug)]
pub struct Resource<'a> {
    identity: ResourceRef<'a>,
    parent: Option<ResourceRef<'a>>,
}

/// `c1.storage.v3.EntitlementRecord`.
#[derive(Debug)]
pub struct Entitlement<'a> {
    /// Who it is.
    pub identity: EntitlementRef<'a>,
}

/// `c1.storage.v3.GrantRecord`.
#[derive(Debug)]
pub struct Grant<'a> {
    /// Who it is.
    pub identity: GrantRef<'a>,
    /// The id that its connector gave it, or "".
    pub external_id: &'a str,
    /// Whether its expansion is pending.
    pub needs_expansion: bool,
}

/// `c1.storage.v3.AssetRecord`.
#[derive(Debug, Default)]
pub struct Asset<'a> {
    id: &'a str,
}

const NOBODY: ResourceRef<'static> = ResourceRef { resource_type: "", resource: "" };

/// Reads type and id of a reference into `resource`, keeping what an earlier occurrence set.
fn read_ref<'a>(message: &'a [u8], resource: &mut ResourceRef<'a>) -> Result<(), Malformed> {
    for field in fields(message) {
        let field = field?;
        match field.number {
            1 => resource.resource_type = field.str()?,
            2 => resource.resource = field.str()?,
            _ => {}
        }
    }
    Ok(())
}

fn missing_part(resource: ResourceRef<'_>, names: [&'static str; 2]) -> Option<&'static str> {
    match (resource.resource_type, resource.resource) {
        ("", _) => Some(names[0]),
        (_, "") => Some(names[1]),
        _ => None,
    }
}

impl<'a> ResourceType<'a> {
    /// Reads what identifies and indexes a stored record.
    pub fn parse(stored: &'a [u8]) -> Result<Self, Malformed> {
        let mut view = ResourceType::default();
        for field in fields(stored) {
            let field = field?;
            if field.number == 2 {
                view.id = field.str()?;
            }
        }
        Ok(view)
    }

    fn keys(&self, slot: Slot) -> RecordKeys {
        RecordKeys { record: keys::resource_type(slot, self.id), entries: Vec::new(), missing: None }
    }
}

impl<'a> Resource<'a> {
    /// Reads what identifies and indexes a stored record.
    pub fn parse(stored: &'a [u8]) -> Result<Self, Malformed> {
        let mut view = Resource { identity: NOBODY, parent: None };
        for field in fields(stored) {
            let field = field?;
            match field.number {
                2 => view.identity.resource_type = field.str()?,
                3 => view.identity.resource = field.str()?,
                6 => read_ref(field.bytes()?, view.parent.get_or_insert(NOBODY))?,
                _ => {}
            }
        }
        Ok(view)
    }

    fn keys(&self, slot: Slot) -> RecordKeys {
        let by_parent = self.parent.map(|parent| keys::resource_by_parent(slot, parent, self.identity));
        RecordKeys {
            record: keys::resource(slot, self.identity),
            entries: by_parent.into_iter().collect(),
            missing: None,
        }
    }
}

impl<'a> Entitlement<'a> {
    /// Reads what identifies and indexes a stored record.
    pub fn parse(stored: &'a [u8]) -> Result<Self, Malformed> {
        let mut identity = EntitlementRef { resource: NOBODY, id: "" };
        for field in fields(stored) {
            let field = field?;
            match field.number {
                2 => identity.id = field.str()?,
                3 => read_ref(field.bytes()?, &mut identity.resource)?,
                _ => {}
            }
        }
        Ok(Entitlement { identity })
    }

    fn keys(&self, slot: Slot) -> RecordKeys {
        RecordKeys {
            record: keys::entitlement(slot, self.identity),
            entries: vec![keys::entitlement_by_id(slot, self.identity)],
            missing: missing_part(self.identity.resource, ["resource type", "resource id"]),
        }
    }
}

impl Grant<'_> {
    /// Above this many colons an id has too many ways to be split for a lookup to try them all.
    pub const MAX_COLONS: usize = 16;

    /// Whether a lookup can read the identity from the public id alone, so that no index entry is needed: the id is the
    /// canonical one, its entitlement's id starts with the resource, and the number of ways to split it is bounded.
    fn is_found_by_splitting(&self) -> bool {
        let colons = |text: &str| text.bytes().filter(|&byte| byte == b':').count();
        let identity = &self.identity;
        (self.external_id.is_empty() || identity.is_canonical_id(self.external_id))
            && identity.entitlement.is_derived()
            && colons(identity.entitlement.id)
                + colons(identity.principal.resource_type)
                + colons(identity.principal.resource)
                + 2
                <= Self::MAX_COLONS
    }
}

impl<'a> Grant<'a> {
    /// Reads what identifies and indexes a stored record.
    pub fn parse(stored: &'a [u8]) -> Result<Self, Malformed> {
        let entitlement = EntitlementRef { resource: NOBODY, id: "" };
        let identity = GrantRef { entitlement, principal: NOBODY };
        let mut view = Grant { identity, external_id: "", needs_expansion: false };
        for field in fields(stored) {
            let field = field?;
            match field.number {
                2 => view.external_id = field.str()?,
                3 => {
                    let message = field.bytes()?;
                    read_ref(message, &mut view.identity.entitlement.resource)?;
                    for field in fields(message) {
                        let field = field?;
                        if field.number == 3 {
                            view.identity.entitlement.id = field.str()?;
                        }
                    }
                }
                4 => read_ref(field.bytes()?, &mut view.identity.principal)?,
                7 => view.needs_expansion = field.bool()?,
                _ => {}
            }
        }
        Ok(view)
    }

    fn keys(&self, slot: Slot) -> RecordKeys {
        let mut entries = vec![keys::grant_by_principal(slot, self.identity)];
        if self.needs_expansion {
            entries.push(keys::grant_needs_expansion(slot, self.identity));
        }
        if !self.is_found_by_splitting() {
            entries.push(match self.external_id {
                "" => keys::grant_by_id(slot, &self.identity.canonical_id(), self.identity),
                id => keys::grant_by_id(slot, id, self.identity),
            });
        }
        RecordKeys { record: keys::grant(slot, self.identity), entries, missing: self.missing() }
    }

    fn missing(&self) -> Option<&'static str> {
        let GrantRef { entitlement, principal } = self.identity;
        missing_part(entitlement.resource, ["entitlement resource type", "entitlement resource id"])
            .or(entitlement.id.is_empty().then_some("entitlement id"))
            .or(missing_part(principal, ["principal resource type", "principal resource id"]))
    }
}

impl<'a> Asset<'a> {
    /// Reads what identifies and indexes a stored record.
    pub fn parse(stored: &'a [u8]) -> Result<Self, Malformed> {
        let mut view = Asset::default();
        for field in fields(stored) {
            let field = field?;
            if field.number == 2 {
                view.id = field.str()?;
            }
        }
        Ok(view)
    }

    fn keys(&self, slot: Slot) -> RecordKeys {
        let missing = self.id.is_empty().then_some("asset id");
        RecordKeys { record: keys::asset(slot, self.id), entries: Vec::new(), missing }
    }
}
