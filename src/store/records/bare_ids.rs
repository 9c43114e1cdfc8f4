//! What a bare id may be the id of: ids are never split, so every type and every record is tried.

use std::collections::BTreeSet;

use super::put::resource_ref;
use crate::engine::{Kind, Reader};
use crate::keys::{self, Elements, EntitlementRef, Keyspace, Slot, TupleWriter};
use crate::proto::connector::ResourceId;
use crate::proto::reader::{
    EntitlementsReaderServiceGetEntitlementResponse as EntitlementResponse,
    EntitlementsReaderServiceListEntitlementsByIdsResponse as EntitlementsResponse,
};
use crate::store::listing::{page, Response};
use crate::store::{Encoded, Store};
use crate::translate::Shape;
use crate::Result;

const KEYSPACE: Keyspace = Keyspace::Entitlement;
const SHAPE: Shape = Shape::Entitlement;

/// Where keys start with the type of a resource: of a type's own record, of the resource's, or of what is on it.
const OF_RESOURCES: [Keyspace; 4] =
    [Keyspace::ResourceType, Keyspace::Resource, Keyspace::Entitlement, Keyspace::Grant];

/// Where keys start with the type of a resource that may be a principal.
const OF_PRINCIPALS: [Keyspace; 3] = [Keyspace::ResourceType, Keyspace::Resource, Keyspace::GrantByPrincipal];

impl Store {
    /// Every type of resource in the sync in view, in order: those that have a record, and those that only resources have,
    /// or what entitlements and grants are on. Takes one seek for each type and kind of record.
    pub fn resource_types_in_use(&self) -> Result<Vec<String>> {
        self.types_in_use(&OF_RESOURCES)
    }

    /// As [`Store::resource_types_in_use`], of principals: beside types that have a record or a resource, those that only
    /// principals of grants have. Of grants only the index by principal is read.
    pub fn principal_types_in_use(&self) -> Result<Vec<String>> {
        self.types_in_use(&OF_PRINCIPALS)
    }

    fn types_in_use(&self, keyspaces: &[Keyspace]) -> Result<Vec<String>> {
        let kinds = [Kind::ResourceType, Kind::Resource, Kind::Entitlement, Kind::Grant];
        let view = self.view("", &[], &kinds)?;
        let mut types = BTreeSet::new();
        for keyspace in keyspaces {
            first_elements(&view.reader, view.slot, *keyspace, &mut types)?;
        }
        Ok(types.into_iter().collect())
    }

    /// The entitlements of the sync in view that have a bare id, on resources of one type or of any, ordered by resource:
    /// at most `count`.
    pub fn list_entitlements_with_id(
        &self,
        id: &str,
        resource_type: Option<&str>,
        count: usize,
    ) -> Result<Encoded<EntitlementsResponse>> {
        let view = self.view("", &[], &[Kind::Entitlement])?;
        let mut prefix = keys::entitlements_with_id(view.slot, id);
        if let Some(resource_type) = resource_type {
            prefix = keys::below_type(prefix, resource_type);
        }
        let mut response = Response::new(SHAPE);
        let mut entries = view.reader.scan(&prefix, None);
        let mut found = 0;
        while let Some((entry, _)) = entries.next()?.filter(|_| found < count) {
            let Some(tuple) = keys::record_of_entry(Keyspace::EntitlementById, keys::tuple_of(entry)) else { continue };
            let key = keys::record(view.slot, KEYSPACE, &tuple);
            if let Some(stored) = view.reader.get(&key)? {
                response.row(KEYSPACE, &key, &stored)?;
                response.bounded()?;
                found += 1;
            }
        }
        Ok(response.finish(""))
    }

    /// The entitlement of the sync in view that has this bare id and is on this resource.
    pub fn get_entitlement_on(&self, resource: &ResourceId, id: &str) -> Result<Option<Encoded<EntitlementResponse>>> {
        let view = self.view("", &[], &[Kind::Entitlement])?;
        let key = keys::entitlement(view.slot, EntitlementRef { resource: resource_ref(resource), id });
        page::single(&view.reader, KEYSPACE, &key, SHAPE)
    }
}

/// The first elements of the keys of a keyspace.
fn first_elements(reader: &Reader<'_>, slot: Slot, keyspace: Keyspace, found: &mut BTreeSet<String>) -> Result<()> {
    let prefix = keys::keyspace(slot, keyspace);
    let mut from = Some(prefix.clone());
    while let Some(first) = from {
        let mut entries = reader.scan_from(&prefix, &first);
        let Some((key, _)) = entries.next()? else { return Ok(()) };
        let tuple = keys::tuple_of(key);
        found.extend(keys::first_element(tuple));
        let element = Elements::of(tuple).next().unwrap_or_default();
        from = keys::successor(&TupleWriter::new(slot, keyspace).encoded(element).prefix());
    }
    Ok(())
}
