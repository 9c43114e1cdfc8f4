//! The records of one sync, as values in ordered maps: what is put, what is deleted, what every read shows.

use std::collections::{BTreeMap, BTreeSet};

use c1z::error::Code;
use c1z::proto::connector::grant_sources::GrantSource;
use prost::Message;
use prost_types::Any;

use super::driver::*;

pub const EXPANDABLE: &str = "type.googleapis.com/c1.connector.v2.GrantExpandable";

/// A resource: (type, id).
pub type ResourceKey = (String, String);

/// Who an entitlement is, in the order of listings: its resource, then whether its id starts with that resource, then
/// what the id adds to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntitlementKey {
    pub resource: ResourceKey,
    derived: bool,
    tail: String,
}

impl EntitlementKey {
    pub fn new(resource: ResourceKey, id: &str) -> EntitlementKey {
        let start = format!("{}:{}:", resource.0, resource.1);
        match id.starts_with(&start) {
            true => EntitlementKey { derived: true, tail: id[start.len()..].to_owned(), resource },
            false => EntitlementKey { derived: false, tail: id.to_owned(), resource },
        }
    }

    pub fn id(&self) -> String {
        match self.derived {
            true => format!("{}:{}:{}", self.resource.0, self.resource.1, self.tail),
            false => self.tail.clone(),
        }
    }
}

pub type GrantKey = (EntitlementKey, ResourceKey);

/// What is kept of a grant beside its identity.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantRow {
    id: String,
    principal_parent: Option<ResourceId>,
    annotations: Vec<Any>,
    expansion: Option<GrantExpandable>,
    needs_expansion: bool,
    sources: BTreeMap<String, GrantSource>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    pub resource_types: BTreeMap<String, ResourceType>,
    pub resources: BTreeMap<ResourceKey, Resource>,
    pub entitlements: BTreeMap<EntitlementKey, Entitlement>,
    pub grants: BTreeMap<GrantKey, GrantRow>,
    pub assets: BTreeMap<String, GetAssetResponse>,
}

pub fn key_of(id: &ResourceId) -> ResourceKey {
    (id.resource_type.clone(), id.resource.clone())
}

pub fn id_of((resource_type, resource): &ResourceKey) -> ResourceId {
    ResourceId { resource_type: resource_type.clone(), resource: resource.clone(), baton_resource: false }
}

fn stub(key: &ResourceKey) -> Resource {
    Resource { id: Some(id_of(key)), ..Resource::default() }
}

/// The identity of an entitlement whose resource is given with both parts.
pub fn entitlement_key(entitlement: &Entitlement) -> Option<EntitlementKey> {
    let id = entitlement.resource.as_ref()?.id.as_ref()?;
    let complete = !id.resource_type.is_empty() && !id.resource.is_empty();
    complete.then(|| EntitlementKey::new(key_of(id), &entitlement.id))
}

fn grant_key(grant: &Grant) -> Option<GrantKey> {
    let entitlement = grant.entitlement.as_ref().filter(|entitlement| !entitlement.id.is_empty())?;
    let principal = grant.principal.as_ref()?.id.as_ref()?;
    let complete = !principal.resource_type.is_empty() && !principal.resource.is_empty();
    Some((entitlement_key(entitlement)?, key_of(principal))).filter(|_| complete)
}

/// All identities, or the failure of the whole call.
fn all<T>(keys: impl Iterator<Item = Option<T>>) -> Answer<Vec<T>> {
    keys.collect::<Option<_>>().map_or_else(|| failure(Code::InvalidArgument, "INVALID_ARGUMENT"), Ok)
}

/// A resource as it comes back: without a parent that has no id and without an icon that names nothing.
fn resource_read_back(resource: &Resource) -> Resource {
    let mut resource = resource.clone();
    resource.parent_resource_id = resource.parent_resource_id.filter(|parent| !parent.resource.is_empty());
    resource.icon = resource.icon.filter(|icon| !icon.id.is_empty());
    resource.id = resource.id.filter(|id| *id != ResourceId::default());
    resource
}

/// An entitlement as it comes back: references to its resource and the types it is grantable to, not copies.
fn entitlement_read_back(entitlement: &Entitlement, key: &EntitlementKey) -> Entitlement {
    let types = entitlement.grantable_to.iter().filter(|of_type| !of_type.id.is_empty());
    Entitlement {
        resource: Some(stub(&key.resource)),
        grantable_to: types.map(|of_type| ResourceType { id: of_type.id.clone(), ..ResourceType::default() }).collect(),
        ..entitlement.clone()
    }
}

fn is_expandable(annotation: &Any) -> bool {
    annotation.type_url.rsplit('/').next() == Some("c1.connector.v2.GrantExpandable")
}

impl GrantRow {
    /// A grant that a connector put.
    fn of(grant: &Grant) -> GrantRow {
        let mut annotations = grant.annotations.clone();
        let decoded = |annotation: &Any| GrantExpandable::decode(&annotation.value[..]).ok();
        let first =
            annotations.iter().position(|annotation| is_expandable(annotation) && decoded(annotation).is_some());
        let expandable = first.and_then(|at| decoded(&annotations.remove(at)));
        let expansion = expandable.filter(|found| found.entitlement_ids.iter().any(|id| !id.trim().is_empty()));
        GrantRow { needs_expansion: expansion.is_some(), expansion, ..GrantRow::without_expansion(grant, annotations) }
    }

    /// A grant that the expander put over `existing`.
    fn expanded(grant: &Grant, existing: Option<&GrantRow>) -> GrantRow {
        let annotations = grant.annotations.iter().filter(|annotation| !is_expandable(annotation)).cloned().collect();
        let row = GrantRow::without_expansion(grant, annotations);
        match existing {
            None => row,
            Some(GrantRow { expansion, needs_expansion, .. }) => {
                GrantRow { expansion: expansion.clone(), needs_expansion: *needs_expansion, ..row }
            }
        }
    }

    fn without_expansion(grant: &Grant, annotations: Vec<Any>) -> GrantRow {
        let parent = grant.principal.as_ref().and_then(|principal| principal.parent_resource_id.as_ref());
        GrantRow {
            id: grant.id.clone(),
            principal_parent: parent.filter(|parent| !parent.resource.is_empty()).map(|parent| id_of(&key_of(parent))),
            annotations,
            expansion: None,
            needs_expansion: false,
            sources: grant.sources.clone().unwrap_or_default().sources,
        }
    }

    fn public_id(&self, (entitlement, principal): &GrantKey) -> String {
        match self.id.as_str() {
            "" => format!("{}:{}:{}", entitlement.id(), principal.0, principal.1),
            id => id.to_owned(),
        }
    }

    fn read_back(&self, key: &GrantKey) -> Grant {
        let mut annotations = self.annotations.clone();
        let reattached =
            |expansion: &GrantExpandable| Any { type_url: EXPANDABLE.to_owned(), value: expansion.encode_to_vec() };
        annotations.extend(self.expansion.as_ref().map(reattached));
        let sources = Some(GrantSources { sources: self.sources.clone() });
        Grant {
            entitlement: Some(Entitlement {
                resource: Some(stub(&key.0.resource)),
                id: key.0.id(),
                ..Entitlement::default()
            }),
            principal: Some(Resource { parent_resource_id: self.principal_parent.clone(), ..stub(&key.1) }),
            id: self.public_id(key),
            annotations,
            sources: sources.filter(|sources| !sources.sources.is_empty()),
        }
    }
}

impl Rows {
    pub fn put_resource_types(&mut self, list: &[ResourceType]) {
        self.resource_types.extend(list.iter().map(|row| (row.id.clone(), row.clone())));
    }

    pub fn put_resources(&mut self, list: &[Resource]) {
        let key = |resource: &Resource| resource.id.as_ref().map(key_of).unwrap_or_default();
        self.resources.extend(list.iter().map(|row| (key(row), resource_read_back(row))));
    }

    pub fn put_entitlements(&mut self, list: &[Entitlement]) -> Answer<()> {
        for (key, row) in all(list.iter().map(entitlement_key))?.into_iter().zip(list) {
            let row = entitlement_read_back(row, &key);
            self.entitlements.insert(key, row);
        }
        Ok(())
    }

    pub fn put_grants(&mut self, list: &[Grant]) -> Answer<()> {
        let keys = all(list.iter().map(grant_key))?;
        self.grants.extend(keys.into_iter().zip(list.iter().map(GrantRow::of)));
        Ok(())
    }

    pub fn put_expanded_grants(&mut self, list: &[Grant]) -> Answer<()> {
        for (key, grant) in all(list.iter().map(grant_key))?.into_iter().zip(list) {
            let row = GrantRow::expanded(grant, self.grants.get(&key));
            self.grants.insert(key, row);
        }
        Ok(())
    }

    /// The grants that are made of contributions.
    pub fn contributed(request: &PutGrantContributionsRequest) -> Answer<Vec<Grant>> {
        let mut grants = Vec::new();
        for contribution in &request.list {
            let Some(principal) = &contribution.principal else { continue };
            let id = |resource_type: &str, resource: &str| {
                let (resource_type, resource) = (resource_type.to_owned(), resource.to_owned());
                Some(ResourceId { resource_type, resource, baton_resource: false })
            };
            if principal.resource_type_id.is_empty() || principal.resource_id.is_empty() {
                continue;
            }
            let sources = contribution.sources.clone().filter(|sources| !sources.sources.is_empty());
            let Some(sources) = sources else { return failure(Code::InvalidArgument, "INVALID_ARGUMENT") };
            let type_url = "type.googleapis.com/c1.connector.v2.GrantImmutable".to_owned();
            grants.push(Grant {
                entitlement: request.entitlement.clone(),
                principal: Some(Resource {
                    id: id(&principal.resource_type_id, &principal.resource_id),
                    parent_resource_id: id(&principal.parent_resource_type_id, &principal.parent_resource_id),
                    ..Resource::default()
                }),
                annotations: vec![Any { type_url, value: Vec::new() }],
                sources: Some(sources),
                ..Grant::default()
            });
        }
        Ok(grants)
    }

    pub fn delete_grant(&mut self, id: &str) -> Answer<()> {
        match self.grant_with_id(id) {
            Ok(key) => drop(self.grants.remove(&key)),
            Err(missing) if missing.is_not_found() => {}
            Err(ambiguous) => return Err(ambiguous),
        }
        Ok(())
    }

    pub fn delete_grants(&mut self, list: &[Grant]) {
        list.iter().filter_map(grant_key).for_each(|key| drop(self.grants.remove(&key)));
    }

    /// Whether each of the grants says who it is.
    pub fn identities(list: &[Grant]) -> Answer<()> {
        all(list.iter().map(grant_key)).map(drop)
    }

    /// What `self` holds that `base` has no counterpart of.
    pub fn missing_from(&self, base: &Rows) -> Rows {
        fn missing<K: Ord + Clone, V: Clone>(of: &BTreeMap<K, V>, base: &BTreeMap<K, V>) -> BTreeMap<K, V> {
            let rows = of.iter().filter(|(key, _)| !base.contains_key(key));
            rows.map(|(key, row)| (key.clone(), row.clone())).collect()
        }
        Rows {
            resource_types: missing(&self.resource_types, &base.resource_types),
            resources: missing(&self.resources, &base.resources),
            entitlements: missing(&self.entitlements, &base.entitlements),
            grants: missing(&self.grants, &base.grants),
            assets: missing(&self.assets, &base.assets),
        }
    }

    pub fn stats(&self) -> SyncStats {
        fn by_type<'a>(types: impl Iterator<Item = &'a String>) -> BTreeMap<String, i64> {
            let mut counts = BTreeMap::new();
            types.for_each(|of_type| *counts.entry(of_type.clone()).or_default() += 1);
            counts
        }
        SyncStats {
            resource_types: self.resource_types.len() as i64,
            resources: self.resources.len() as i64,
            entitlements: self.entitlements.len() as i64,
            grants: self.grants.len() as i64,
            assets: self.assets.len() as i64,
            resources_by_resource_type: by_type(self.resources.keys().map(|key| &key.0)),
            entitlements_by_resource_type: by_type(self.entitlements.keys().map(|key| &key.resource.0)),
            grants_by_resource_type: by_type(self.grants.keys().map(|key| &key.0.resource.0)),
            ..SyncStats::default()
        }
    }

    /// Resources of a type and below a parent; a parent without an id is none.
    pub fn list_resources(&self, of_type: &str, parent: Option<&ResourceId>) -> Vec<Resource> {
        let parent = parent.filter(|parent| !parent.resource.is_empty()).map(key_of);
        let wanted = |row: &Resource| {
            let below = |parent: &ResourceKey| row.parent_resource_id.as_ref().is_some_and(|id| key_of(id) == *parent);
            parent.as_ref().is_none_or(below)
        };
        let of_type = self.resources.iter().filter(|(key, _)| of_type.is_empty() || key.0 == of_type);
        of_type.map(|(_, row)| row).filter(|row| wanted(row)).cloned().collect()
    }

    pub fn list_entitlements(&self, on: Option<&ResourceId>) -> Vec<Entitlement> {
        let wanted = |key: &EntitlementKey| on.is_none_or(|on| key_of(on) == key.resource);
        self.entitlements.iter().filter(|(key, _)| wanted(key)).map(|(_, row)| row.clone()).collect()
    }

    pub fn get_entitlement(&self, id: &str) -> Answer<Entitlement> {
        let mut found = self.entitlements.iter().filter(|(key, _)| key.id() == id);
        match (found.next(), found.next()) {
            (None, _) => failure(Code::NotFound, "NOT_FOUND"),
            (Some((_, row)), None) => Ok(row.clone()),
            _ => failure(Code::FailedPrecondition, "AMBIGUOUS_ID"),
        }
    }

    /// Grants for which `wanted` says so, in the order of entitlements and principals.
    pub fn grants_where(&self, wanted: impl Fn(&GrantKey) -> bool) -> Vec<Grant> {
        self.grants.iter().filter(|(key, _)| wanted(key)).map(|(key, row)| row.read_back(key)).collect()
    }

    /// The same in the order of principals and entitlements.
    pub fn grants_by_principal(&self, wanted: impl Fn(&ResourceKey) -> bool) -> Vec<Grant> {
        let mut found: Vec<_> = self.grants.iter().filter(|(key, _)| wanted(&key.1)).collect();
        found.sort_by_key(|((entitlement, principal), _)| (principal, entitlement));
        found.into_iter().map(|(key, row)| row.read_back(key)).collect()
    }

    fn grant_with_id(&self, id: &str) -> Answer<GrantKey> {
        let mut found = self.grants.iter().filter(|(key, row)| row.public_id(key) == id);
        match (found.next(), found.next()) {
            (None, _) => failure(Code::NotFound, "NOT_FOUND"),
            (Some((key, _)), None) => Ok(key.clone()),
            _ => failure(Code::FailedPrecondition, "AMBIGUOUS_ID"),
        }
    }

    pub fn get_grant(&self, id: &str) -> Answer<Grant> {
        let key = self.grant_with_id(id)?;
        Ok(self.grants[&key].read_back(&key))
    }

    /// Whom a request for grants of `entitlement` means. Without a resource: the one entitlement with the id or, if no
    /// record has it, the one that grants hold whose id starts with its resource.
    pub fn resolve(&self, entitlement: &Entitlement) -> Answer<Option<EntitlementKey>> {
        if entitlement.id.is_empty() {
            return failure(Code::InvalidArgument, "INVALID_ARGUMENT");
        }
        if let Some(key) = entitlement_key(entitlement) {
            return Ok(Some(key));
        }
        match self.get_entitlement(&entitlement.id) {
            Ok(found) => return Ok(entitlement_key(&found)),
            Err(missing) if missing.is_not_found() => {}
            Err(ambiguous) => return Err(ambiguous),
        }
        let held: BTreeSet<_> = self.grants.keys().map(|key| &key.0).filter(|key| key.derived).collect();
        let mut found = held.into_iter().filter(|key| key.id() == entitlement.id);
        match (found.next(), found.next()) {
            (first, None) => Ok(first.cloned()),
            _ => failure(Code::FailedPrecondition, "AMBIGUOUS_ID"),
        }
    }

    pub fn pending_expansion(&self) -> Vec<PendingExpansion> {
        let pending = self.grants.iter().filter(|(_, row)| row.needs_expansion && row.expansion.is_some());
        let described = |(key, row): (&GrantKey, &GrantRow)| PendingExpansion {
            grant_id: row.public_id(key),
            entitlement_id: key.0.id(),
            principal: Some(id_of(&key.1)),
            annotation: row.expansion.clone(),
        };
        pending.map(described).collect()
    }

    pub fn grants_with_annotations(&self, on: Option<&ResourceId>) -> Vec<GrantWithAnnotation> {
        let wanted = self.grants.iter().filter(|(key, _)| on.is_none_or(|on| key_of(on) == key.0.resource));
        let described = |(key, row): (&GrantKey, &GrantRow)| GrantWithAnnotation {
            grant: Some(row.read_back(key)),
            annotation: row.expansion.clone(),
            needs_expansion: row.needs_expansion && row.expansion.is_some(),
        };
        wanted.map(described).collect()
    }
}
