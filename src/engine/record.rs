//! What the engine has to know of a stored record: its key and its index entries. The rest stays bytes.
//!
//! A view borrows from the stored bytes. [`RecordKeys`] is the one place where a record becomes keys; put, overwrite and
//! delete all use it, so they cannot disagree.

use super::last_keys::{LastEntitlement, NextGrant};
use super::residue::{put_residue, put_residue_of_plain};
use crate::keys::{self, EntitlementRef, Family, GrantRef, Place, ResourceRef, Slot};
use crate::proto::wire::{fields, put_fields, Malformed};

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
#[derive(Debug, Default)]
pub struct RecordKeys {
    /// The key of the record.
    pub record: Vec<u8>,
    /// The key of the index entry that every record with this identity has.
    pub fixed: Option<Vec<u8>>,
    /// The value of that entry: what a listing shows of the record beside its identity.
    pub residue: Vec<u8>,
    /// The keys of the index entries that the record has because of what else is in it.
    pub varying: Vec<Vec<u8>>,
    /// Which part of the identity is missing, if any is.
    pub missing: Option<&'static str>,
    last: LastEntitlement,
}

impl RecordKeys {
    /// The keys of a stored record in `slot`.
    pub fn of(kind: Kind, slot: Slot, stored: &[u8]) -> Result<RecordKeys, Malformed> {
        let mut keys = RecordKeys::default();
        let view = View::parse(kind, stored)?;
        keys.set_own(&view, slot, stored)?;
        keys.varying = view.varying(slot);
        Ok(keys)
    }

    /// Becomes what [`RecordKeys::of`] returns but for the varying keys, in the memory that it has. Returns whether there
    /// are varying keys.
    pub(super) fn reset(&mut self, kind: Kind, slot: Slot, stored: &[u8]) -> Result<bool, Malformed> {
        if kind == Kind::Grant && self.missing.is_none() {
            if let Some(next) = self.last.next(slot, stored, &self.record) {
                return Ok(self.set_next(slot, next));
            }
        }
        self.last.be(&[]);
        let view = View::parse(kind, stored)?;
        self.set_own(&view, slot, stored)?;
        if let View::Grant(grant) = &view {
            self.last.be(grant.entitlement_field);
        }
        Ok(view.varies())
    }

    fn set_next(&mut self, slot: Slot, next: NextGrant<'_>) -> bool {
        let NextGrant { entitlement, principal, varies } = next;
        self.record = keys::grant_beside(std::mem::take(&mut self.record), entitlement.clone(), principal);
        let fixed = Place::reusing(slot, self.fixed.take().unwrap_or_default());
        self.fixed = Some(keys::grant_by_principal_of(fixed, &self.record[entitlement], principal));
        self.residue.clear();
        put_residue_of_plain(&mut self.residue);
        varies
    }

    /// [`RecordKeys::varying`] alone; fails for the same records.
    pub fn varying_of(kind: Kind, slot: Slot, stored: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
        Ok(View::parse(kind, stored)?.varying(slot))
    }

    /// The keys and values of all index entries.
    pub fn entries(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let fixed = self.fixed.iter().map(|entry| (entry.as_slice(), self.residue.as_slice()));
        fixed.chain(self.varying.iter().map(|entry| (entry.as_slice(), &b""[..])))
    }

    fn set_own(&mut self, view: &View<'_>, slot: Slot, stored: &[u8]) -> Result<(), Malformed> {
        let record = Place::reusing(slot, std::mem::take(&mut self.record));
        let fixed = |fixed: &mut Option<Vec<u8>>| Place::reusing(slot, fixed.take().unwrap_or_default());
        self.residue.clear();
        match view {
            View::ResourceType(view) => self.record = keys::resource_type(record, view.id),
            View::Resource(view) => self.record = keys::resource(record, view.identity),
            View::Entitlement(view) => {
                self.record = keys::entitlement(record, view.identity);
                self.fixed = Some(keys::entitlement_by_id(fixed(&mut self.fixed), view.identity));
            }
            View::Grant(view) => {
                self.record = keys::grant(record, view.identity);
                self.fixed = Some(keys::grant_by_principal(fixed(&mut self.fixed), view.identity));
                put_residue(view, stored, &mut self.residue)?;
            }
            View::Asset(view) => self.record = keys::asset(record, view.id),
        }
        self.missing = view.missing();
        Ok(())
    }
}

/// What a record of any kind says of its keys.
#[derive(Debug)]
enum View<'a> {
    ResourceType(ResourceType<'a>),
    Resource(Resource<'a>),
    Entitlement(Entitlement<'a>),
    Grant(Grant<'a>),
    Asset(Asset<'a>),
}

impl<'a> View<'a> {
    fn parse(kind: Kind, stored: &'a [u8]) -> Result<View<'a>, Malformed> {
        Ok(match kind {
            Kind::ResourceType => View::ResourceType(ResourceType::parse(stored)?),
            Kind::Resource => View::Resource(Resource::parse(stored)?),
            Kind::Entitlement => View::Entitlement(Entitlement::parse(stored)?),
            Kind::Grant => View::Grant(Grant::parse(stored)?),
            Kind::Asset => View::Asset(Asset::parse(stored)?),
        })
    }

    fn missing(&self) -> Option<&'static str> {
        match self {
            View::ResourceType(_) | View::Resource(_) => None,
            View::Entitlement(view) => missing_part(view.identity.resource, ["resource type", "resource id"]),
            View::Grant(view) => view.missing(),
            View::Asset(view) => view.id.is_empty().then_some("asset id"),
        }
    }

    fn varies(&self) -> bool {
        match self {
            View::Resource(view) => view.parent.is_some(),
            View::Grant(view) => view.needs_expansion || !view.is_found_by_splitting(),
            View::ResourceType(_) | View::Entitlement(_) | View::Asset(_) => false,
        }
    }

    fn varying(&self, slot: Slot) -> Vec<Vec<u8>> {
        match self {
            View::Resource(view) => view.varying(slot),
            View::Grant(view) => view.varying(slot),
            View::ResourceType(_) | View::Entitlement(_) | View::Asset(_) => Vec::new(),
        }
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
    /// The one field that names the entitlement, as it stands; empty if there are several.
    entitlement_field: &'a [u8],
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

/// Like [`read_ref`], of an entitlement.
fn read_entitlement_ref<'a>(message: &'a [u8], entitlement: &mut EntitlementRef<'a>) -> Result<(), Malformed> {
    for field in fields(message) {
        let field = field?;
        match field.number {
            1 => entitlement.resource.resource_type = field.str()?,
            2 => entitlement.resource.resource = field.str()?,
            3 => entitlement.id = field.str()?,
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

    fn varying(&self, slot: Slot) -> Vec<Vec<u8>> {
        let by_parent = self.parent.map(|parent| keys::resource_by_parent(slot, parent, self.identity));
        by_parent.into_iter().collect()
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
}

impl Grant<'_> {
    /// Above this many colons an id has too many ways to be split for a lookup to try them all.
    pub const MAX_COLONS: usize = 16;

    /// Whether a lookup can read the identity from the public id alone, so that no index entry is needed: the id is the
    /// canonical one, its entitlement's id starts with the resource, and the number of ways to split it is bounded.
    fn is_found_by_splitting(&self) -> bool {
        let identity = &self.identity;
        let ResourceRef { resource_type, resource } = identity.principal;
        let principal = [resource_type.as_bytes(), resource.as_bytes()];
        (self.external_id.is_empty() || identity.is_canonical_id(self.external_id))
            && identity.entitlement.splittable_colons().is_some_and(|colons| Self::is_splittable(colons, principal))
    }

    /// Whether a lookup can try every split of the canonical id of a grant whose entitlement's id has so many colons.
    pub(super) fn is_splittable(of_entitlement: usize, principal: [&[u8]; 2]) -> bool {
        of_entitlement + principal.map(keys::colons).iter().sum::<usize>() + 2 <= Self::MAX_COLONS
    }
}

impl<'a> Grant<'a> {
    /// Reads what identifies and indexes a stored record.
    pub fn parse(stored: &'a [u8]) -> Result<Self, Malformed> {
        let entitlement = EntitlementRef { resource: NOBODY, id: "" };
        let identity = GrantRef { entitlement, principal: NOBODY };
        let mut view = Grant { identity, external_id: "", needs_expansion: false, entitlement_field: &[] };
        let mut entitlement_fields = 0;
        for field in fields(stored) {
            let field = field?;
            match field.number {
                2 => view.external_id = field.str()?,
                3 => {
                    read_entitlement_ref(field.bytes()?, &mut view.identity.entitlement)?;
                    entitlement_fields += 1;
                    view.entitlement_field = if entitlement_fields == 1 { field.raw } else { &[] };
                }
                4 => read_ref(field.bytes()?, &mut view.identity.principal)?,
                7 => view.needs_expansion = field.bool()?,
                _ => {}
            }
        }
        Ok(view)
    }

    fn varying(&self, slot: Slot) -> Vec<Vec<u8>> {
        let needs_expansion = self.needs_expansion.then(|| keys::grant_needs_expansion(slot, self.identity));
        let by_id = (!self.is_found_by_splitting()).then(|| match self.external_id {
            "" => keys::grant_by_id(slot, &self.identity.canonical_id(), self.identity),
            id => keys::grant_by_id(slot, id, self.identity),
        });
        needs_expansion.into_iter().chain(by_id).collect()
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
}

/// Appends what a grant becomes that the expander writes over an earlier one: `fresh`, but for the time of discovery (5),
/// the expansion and whether it is pending (6, 7) and the scope (10), which stay those of `earlier`.
pub fn refresh_grant(earlier: &[u8], fresh: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    Grant::parse(earlier)?;
    put_fields(out, fresh, 1..=4)?;
    put_fields(out, earlier, 5..=7)?;
    put_fields(out, fresh, 8..=9)?;
    put_fields(out, earlier, 10..=10)?;
    put_fields(out, fresh, 11..=u32::MAX)
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::proto::storage::{EntitlementRef, GrantExpandableRecord, GrantRecord, PrincipalRef};
    use prost_types::Timestamp;

    fn earlier() -> GrantRecord {
        GrantRecord {
            external_id: "earlier".into(),
            entitlement: Some(EntitlementRef { entitlement_id: "member".into(), ..Default::default() }),
            principal: Some(PrincipalRef { resource_id: "u1".into(), ..Default::default() }),
            discovered_at: Some(Timestamp { seconds: 1, nanos: 2 }),
            expansion: Some(GrantExpandableRecord { entitlement_ids: vec!["a".into()], ..Default::default() }),
            needs_expansion: true,
            source_scope_key: "scope".into(),
            ..Default::default()
        }
    }

    fn refreshed(earlier: &GrantRecord, fresh: &GrantRecord) -> GrantRecord {
        let mut out = Vec::new();
        refresh_grant(&earlier.encode_to_vec(), &fresh.encode_to_vec(), &mut out).unwrap();
        let record = GrantRecord::decode(&out[..]).unwrap();
        assert_eq!(record.encode_to_vec(), out, "fields in ascending order");
        record
    }

    #[test]
    fn a_refreshed_grant_keeps_its_expansion_discovery_and_scope() {
        let fresh = GrantRecord {
            external_id: "fresh".into(),
            discovered_at: Some(Timestamp { seconds: 9, nanos: 9 }),
            annotations: vec![prost_types::Any { type_url: "x".into(), value: vec![1] }],
            expansion: None,
            needs_expansion: false,
            source_scope_key: String::new(),
            ..earlier()
        };
        let expected = GrantRecord { external_id: "fresh".into(), annotations: fresh.annotations.clone(), ..earlier() };
        assert_eq!(refreshed(&earlier(), &fresh), expected);
    }

    #[test]
    fn a_refreshed_grant_keeps_what_the_earlier_one_lacked() {
        let earlier = GrantRecord { needs_expansion: false, discovered_at: None, ..earlier() };
        let fresh = GrantRecord { discovered_at: Some(Timestamp { seconds: 9, nanos: 9 }), ..earlier.clone() };
        assert_eq!(refreshed(&earlier, &fresh), earlier);
    }
}
