//! Putting and deleting records of the bound sync.
//!
//! Requests arrive as bytes and their records are translated on the wire. Everything that can be done without the
//! barrier is done before it is taken. One call is one atomic commit.

use super::{clock, Store};
use crate::engine::{Durability, Kind, Records};
use crate::keys::{self, EntitlementRef, GrantRef, ResourceRef};
use crate::proto::api::{DeleteEntitlementRequest, DeleteGrantRequest, DeleteGrantsRequest, DeleteResourceRequest};
use crate::proto::connector as v2;
use crate::proto::explain;
use crate::proto::wire::{fields, values, Malformed};
use crate::quoted::Quoted;
use crate::translate::{self, LastPut, Stamp};
use crate::{Error, Result};

const LIST: u32 = 1;
const SOURCE_SCOPE_KEY: u32 = 100;

/// The elements of a put request and the scope that they belong to.
pub(super) fn put_request(request: &[u8]) -> Result<(Vec<&[u8]>, &str)> {
    // List and scope have the same numbers and names in every put request.
    let malformed_request =
        |error| Error::invalid(format!("request: {}", explain("c1z.v1.PutResourcesRequest", request, error)));
    let (mut list, mut scope) = (Vec::new(), "");
    for field in fields(request) {
        let field = field.map_err(malformed_request)?;
        match field.number {
            LIST => list.push(field.bytes().map_err(malformed_request)?),
            SOURCE_SCOPE_KEY => scope = field.str().map_err(malformed_request)?,
            _ => {}
        }
    }
    Ok((list, scope))
}

/// Names the element of a request that cannot be read: by its place, its id as far as it has one, and the field.
pub(super) fn malformed_element(kind: Kind, index: usize, message: &[u8], error: Malformed) -> Error {
    let noun = kind.family().noun();
    let id = public_id(kind, message).map(|id| format!(", {},", Quoted::new(id))).unwrap_or_default();
    Error::invalid(format!("{noun} {index} of the call{id} cannot be read: {}", explain(name(kind), message, error)))
}

/// The full name of the message that a record of that kind is put as.
fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::ResourceType => "c1.connector.v2.ResourceType",
        Kind::Resource => "c1.connector.v2.Resource",
        Kind::Entitlement => "c1.connector.v2.Entitlement",
        Kind::Grant => "c1.connector.v2.Grant",
        Kind::Asset => "c1z.v1.PutAssetRequest",
    }
}

/// What a person calls a message that may be no whole one.
fn public_id(kind: Kind, message: &[u8]) -> Option<Vec<u8>> {
    let last = |message: &[u8], number| values(message, number).map_while(Result::ok).last().map(<[u8]>::to_vec);
    match kind {
        Kind::ResourceType => last(message, 1),
        Kind::Entitlement => last(message, 2),
        Kind::Grant => last(message, 3).or_else(|| {
            let (entitlement, principal) = (last(message, 1)?, last(message, 2)?);
            let principal = last(&principal, 1)?;
            Some([last(&entitlement, 2)?, last(&principal, 1)?, last(&principal, 2)?].join(&b':'))
        }),
        Kind::Resource => {
            let id = last(message, 1)?;
            Some([last(&id, 1)?, last(&id, 2)?].join(&b':'))
        }
        Kind::Asset => None,
    }
}

impl Store {
    /// Puts the resource types of a `c1z.v1.PutResourceTypesRequest`.
    pub fn put_resource_types(&self, request: &[u8]) -> Result<()> {
        self.put(Kind::ResourceType, request, translate::resource_type_to_record)
    }

    /// Puts the resources of a `c1z.v1.PutResourcesRequest`.
    pub fn put_resources(&self, request: &[u8]) -> Result<()> {
        self.put(Kind::Resource, request, translate::resource_to_record)
    }

    /// Puts the entitlements of a `c1z.v1.PutEntitlementsRequest`, or none if one of them names no resource.
    pub fn put_entitlements(&self, request: &[u8]) -> Result<()> {
        self.put(Kind::Entitlement, request, translate::entitlement_to_record)
    }

    /// Puts the grants of a `c1z.v1.PutGrantsRequest`, or none if one of them lacks a part of its identity.
    pub fn put_grants(&self, request: &[u8]) -> Result<()> {
        let mut last = LastPut::default();
        self.put(Kind::Grant, request, |v2, stamp, out| translate::next_grant_to_record(v2, stamp, &mut last, out))
    }

    fn put(
        &self,
        kind: Kind,
        request: &[u8],
        mut to_record: impl FnMut(&[u8], &Stamp<'_>, &mut Vec<u8>) -> Result<(), Malformed>,
    ) -> Result<()> {
        let (list, source_scope_key) = put_request(request)?;
        let stamp = Stamp { discovered_at: clock::now(), source_scope_key };
        // A record is not much longer than its message.
        let mut records = Records::with_capacity(list.len(), request.len() + request.len() / 8);
        for (index, message) in list.into_iter().enumerate() {
            let written = records.push(|out| to_record(message, &stamp, out));
            written.map_err(|error| malformed_element(kind, index, message, error))?;
        }
        self.put_records(kind, &records)
    }

    /// Puts stored records as one commit; an empty list is nothing to do in any state.
    pub(super) fn put_records(&self, kind: Kind, records: &Records) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let (mut writer, bound) = self.bound_writer()?;
        match bound.open {
            true => writer.append(kind, bound.slot, records)?,
            false => {
                writer.put(kind, bound.slot, records)?;
                writer.commit(Durability::Buffered)?;
            }
        }
        self.mark_dirty();
        Ok(())
    }

    /// Deletes the grant that answers to a public id; one that is not there is no error.
    pub fn delete_grant(&self, request: &DeleteGrantRequest) -> Result<()> {
        let (mut writer, bound) = self.bound_writer()?;
        let key = match self.find_grant(&writer.reader(&[Kind::Grant])?, bound.slot, &request.grant_id) {
            Ok(found) => found.key,
            Err(Error::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        writer.delete(Kind::Grant, bound.slot, &key)?;
        writer.commit(Durability::Synced)?;
        self.mark_dirty();
        Ok(())
    }

    /// Deletes grants by what they refer to, all as one commit. Absent ones are skipped; one with incomplete references
    /// fails the call before anything is deleted.
    pub fn delete_grants(&self, request: &DeleteGrantsRequest) -> Result<()> {
        let identities = request.list.iter().enumerate().map(|(index, grant)| {
            let incomplete = || Error::invalid(format!("grant {index} of the call lacks a part of its identity"));
            grant_ref(grant).ok_or_else(incomplete)
        });
        let identities = identities.collect::<Result<Vec<_>>>()?;
        self.delete(Kind::Grant, |slot| identities.iter().map(|&grant| keys::grant(slot, grant)).collect())
    }

    /// Deletes one entitlement; its grants stay.
    pub fn delete_entitlement(&self, request: &DeleteEntitlementRequest) -> Result<()> {
        let identity = request.entitlement.as_ref().and_then(entitlement_ref);
        let identity = identity.ok_or_else(|| Error::invalid("the entitlement lacks a part of its identity"))?;
        self.delete(Kind::Entitlement, |slot| vec![keys::entitlement(slot, identity)])
    }

    /// Deletes one resource; what refers to it stays.
    pub fn delete_resource(&self, request: &DeleteResourceRequest) -> Result<()> {
        let identity = request.resource_id.as_ref().map(resource_ref);
        let identity = identity.ok_or_else(|| Error::invalid("resource_id is missing"))?;
        self.delete(Kind::Resource, |slot| vec![keys::resource(slot, identity)])
    }

    fn delete(&self, kind: Kind, keys: impl FnOnce(keys::Slot) -> Vec<Vec<u8>>) -> Result<()> {
        let (mut writer, bound) = self.bound_writer()?;
        for key in keys(bound.slot) {
            writer.delete(kind, bound.slot, &key)?;
        }
        writer.commit(Durability::Synced)?;
        self.mark_dirty();
        Ok(())
    }
}

/// The identity that a resource id stands for.
pub(super) fn resource_ref(id: &v2::ResourceId) -> ResourceRef<'_> {
    ResourceRef::new(&id.resource_type, &id.resource)
}

/// The identity of an entitlement; `None` if a part is missing.
pub(super) fn entitlement_ref(entitlement: &v2::Entitlement) -> Option<EntitlementRef<'_>> {
    let resource = entitlement.resource.as_ref()?.id.as_ref().and_then(complete)?;
    (!entitlement.id.is_empty()).then_some(EntitlementRef { resource, id: &entitlement.id })
}

fn grant_ref(grant: &v2::Grant) -> Option<GrantRef<'_>> {
    let entitlement = grant.entitlement.as_ref().and_then(entitlement_ref)?;
    let principal = grant.principal.as_ref()?.id.as_ref().and_then(complete)?;
    Some(GrantRef { entitlement, principal })
}

fn complete(id: &v2::ResourceId) -> Option<ResourceRef<'_>> {
    Some(resource_ref(id)).filter(|id| !id.resource_type.is_empty() && !id.resource.is_empty())
}
