//! Putting and deleting records of the bound sync.
//!
//! Requests arrive as bytes and their records are translated on the wire. Everything that can be done without the
//! barrier is done before it is taken. One call is one atomic commit.

use crate::engine::{Durability, Kind, Records, Rows};
use crate::keys::{self, EntitlementRef, GrantRef, ResourceRef};
use crate::proto::api::{DeleteEntitlementRequest, DeleteGrantRequest, DeleteResourceRequest};
use crate::proto::connector as v2;
use crate::proto::explain;
use crate::proto::wire::{fields, values, Malformed};
use crate::quoted::Quoted;
use crate::store::clock;
use crate::store::Store;
use crate::translate::{self, GrantsToRecords, Stamp};
use crate::{Error, Result};

const LIST: u32 = 1;
const SOURCE_SCOPE_KEY: u32 = 100;

/// List and scope have the same numbers and names in every put request.
const PUT: &str = "c1z.v1.PutResourcesRequest";

/// SDK: the most bytes of a scope, which every record of a call keeps.
pub(in crate::store) const MAX_SCOPE_BYTES: usize = 256;

/// So many elements may be as short as they like.
const FEW: usize = 1000;

/// The fewest bytes that elements have on average if there are more, key and length included: a record takes some thirty
/// bytes beside those of its message.
const ELEMENT_BYTES: usize = 8;

/// What a record has beside its message and its scope.
const STAMP_BYTES: usize = 64;

/// A put request, read where it lies.
pub(super) struct PutRequest<'r> {
    request: &'r [u8],
    elements: usize,
    source_scope_key: &'r str,
}

impl<'r> PutRequest<'r> {
    /// Fails where the records would take much more memory than the request.
    pub fn read(request: &'r [u8]) -> Result<PutRequest<'r>> {
        let malformed = |error| malformed_request(PUT, request, error);
        let (mut elements, mut source_scope_key) = (0, "");
        for field in fields(request) {
            let field = field.map_err(malformed)?;
            match field.number {
                LIST => elements += 1,
                SOURCE_SCOPE_KEY => source_scope_key = field.str().map_err(malformed)?,
                _ => {}
            }
        }
        if source_scope_key.len() > MAX_SCOPE_BYTES {
            let length = source_scope_key.len();
            return Err(Error::invalid(format!(
                "source_scope_key has {length} bytes, at most {MAX_SCOPE_BYTES} are permitted"
            )));
        }
        check_elements(elements, request.len(), source_scope_key.len())?;
        Ok(PutRequest { request, elements, source_scope_key })
    }

    pub fn is_empty(&self) -> bool {
        self.elements == 0
    }

    /// The records of the elements, which `to_record` makes of them.
    pub fn records(
        &self,
        kind: Kind,
        mut to_record: impl FnMut(&[u8], &str, &mut Vec<u8>) -> Result<(), Malformed>,
    ) -> Result<Records> {
        let scope = self.source_scope_key;
        // A record is not much longer than its message.
        let mut records = Records::with_capacity(self.elements, self.request.len() + self.request.len() / 8)?;
        for (index, message) in values(self.request, LIST).enumerate() {
            let message = message.map_err(|error| malformed_request(PUT, self.request, error))?;
            records.reserve(message.len() + scope.len() + STAMP_BYTES)?;
            let written = records.push(|out| to_record(message, scope, out));
            written.map_err(|error| malformed_element(kind, index, message, error))?;
        }
        Ok(records)
    }
}

/// Fails if most of so many elements in so many bytes are empty, each of which becomes a row of its own, with so many bytes of
/// scope.
pub(in crate::store) fn check_elements(elements: usize, bytes: usize, scope: usize) -> Result<()> {
    match elements > FEW && bytes / elements < ELEMENT_BYTES + scope / 8 {
        true => Err(Error::invalid(format!("list has {elements} elements in {bytes} bytes: most of them are empty"))),
        false => Ok(()),
    }
}

/// Says which field of a request, a message of that full name, cannot be read.
pub(in crate::store) fn malformed_request(name: &str, request: &[u8], error: Malformed) -> Error {
    Error::invalid(format!("request: {}", explain(name, request, error)))
}

/// Names the element of a request that cannot be read: by its place, its id as far as it has one, and the field.
pub(super) fn malformed_element(kind: Kind, index: usize, message: &[u8], error: Malformed) -> Error {
    let noun = kind.keyspace().noun();
    let id = public_id(kind, message).map(|id| format!(", {},", Quoted::new(id))).unwrap_or_default();
    Error::invalid(format!(
        "{noun} {index} of the call{id} cannot be read: {}",
        explain(message_of(kind), message, error)
    ))
}

/// Names the asset of a request that cannot be read, as far as it has an id, and the field.
pub(super) fn malformed_asset(request: &[u8], error: Malformed) -> Error {
    let id = public_id(Kind::Asset, request).map(|id| format!("asset {}: ", Quoted::new(id))).unwrap_or_default();
    Error::invalid(format!("request: {id}{}", explain(message_of(Kind::Asset), request, error)))
}

/// The full name of the message that a record of that kind is put as.
pub(in crate::store) fn message_of(kind: Kind) -> &'static str {
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
        Kind::Asset => last(&last(message, 1)?, 1),
    }
}

impl Store {
    /// Puts the resource types of a `c1z.v1.PutResourceTypesRequest`. SDK: as of a resource, the id is not looked at.
    pub fn put_resource_types(&self, request: &[u8]) -> Result<()> {
        self.put(Kind::ResourceType, request, translate::resource_type_to_record)
    }

    /// Puts the resources of a `c1z.v1.PutResourcesRequest`. SDK: one without an id is stored under the empty id like any other;
    /// entitlements and grants must name theirs, which others have to find.
    pub fn put_resources(&self, request: &[u8]) -> Result<()> {
        self.put(Kind::Resource, request, translate::resource_to_record)
    }

    /// Puts the entitlements of a `c1z.v1.PutEntitlementsRequest`, or none if one of them names no resource.
    pub fn put_entitlements(&self, request: &[u8]) -> Result<()> {
        self.put(Kind::Entitlement, request, translate::entitlement_to_record)
    }

    /// Puts the grants of a `c1z.v1.PutGrantsRequest`, or none if one of them lacks a part of its identity.
    pub fn put_grants(&self, request: &[u8]) -> Result<()> {
        let mut grants = GrantsToRecords::default();
        self.put(Kind::Grant, request, |v2, stamp, out| grants.append(v2, stamp, out))
    }

    fn put(
        &self,
        kind: Kind,
        request: &[u8],
        mut to_record: impl FnMut(&[u8], &Stamp<'_>, &mut Vec<u8>) -> Result<(), Malformed>,
    ) -> Result<()> {
        let discovered_at = clock::now();
        let records = PutRequest::read(request)?.records(kind, |message, source_scope_key, out| {
            to_record(message, &Stamp { discovered_at, source_scope_key }, out)
        })?;
        self.put_records(kind, &records)
    }

    /// Puts stored records as one commit; an empty list is nothing to do in any state.
    pub(super) fn put_records(&self, kind: Kind, records: &Records) -> Result<()> {
        match records.is_empty() {
            true => Ok(()),
            false => self.put_rows(Rows::Records(kind, records)),
        }
    }

    /// Puts into the bound sync.
    pub(super) fn put_rows(&self, rows: Rows<'_>) -> Result<()> {
        let (mut writer, bound) = self.changing_writer()?;
        writer.put(bound.slot, bound.open, rows)?;
        self.mark_dirty();
        Ok(())
    }

    /// Deletes the grant that answers to a public id; one that is not there is no error.
    pub fn delete_grant(&self, request: &DeleteGrantRequest) -> Result<()> {
        let (mut writer, bound) = self.changing_writer()?;
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

    /// Deletes the grants of a `c1z.v1.DeleteGrantsRequest` by what they refer to, all as one commit. Absent ones are
    /// skipped; one with incomplete references fails the call before anything is deleted.
    pub fn delete_grants(&self, request: &[u8]) -> Result<()> {
        grant_keys(request, keys::Slot::NONE).try_for_each(|key| key.map(drop))?;
        self.delete(Kind::Grant, |slot| grant_keys(request, slot))
    }

    /// Deletes one entitlement; its grants stay.
    pub fn delete_entitlement(&self, request: &DeleteEntitlementRequest) -> Result<()> {
        let identity = request.entitlement.as_ref().and_then(entitlement_ref);
        let identity = identity.ok_or_else(|| Error::invalid("the entitlement lacks a part of its identity"))?;
        self.delete(Kind::Entitlement, |slot| [Ok(keys::entitlement(slot, identity))])
    }

    /// Deletes one resource; what refers to it stays.
    pub fn delete_resource(&self, request: &DeleteResourceRequest) -> Result<()> {
        let identity = request.resource_id.as_ref().map(resource_ref);
        let identity = identity.ok_or_else(|| Error::invalid("resource_id is missing"))?;
        self.delete(Kind::Resource, |slot| [Ok(keys::resource(slot, identity))])
    }

    fn delete<K: IntoIterator<Item = Result<Vec<u8>>>>(
        &self,
        kind: Kind,
        keys: impl FnOnce(keys::Slot) -> K,
    ) -> Result<()> {
        let (mut writer, bound) = self.changing_writer()?;
        for key in keys(bound.slot) {
            writer.delete(kind, bound.slot, &key?)?;
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
pub(in crate::store) fn entitlement_ref(entitlement: &v2::Entitlement) -> Option<EntitlementRef<'_>> {
    let resource = entitlement.resource.as_ref()?.id.as_ref().and_then(complete)?;
    (!entitlement.id.is_empty()).then_some(EntitlementRef { resource, id: &entitlement.id })
}

/// The keys of the grants of a `c1z.v1.DeleteGrantsRequest`.
pub(super) fn grant_keys(request: &[u8], slot: keys::Slot) -> impl Iterator<Item = Result<Vec<u8>>> + '_ {
    const DELETE: &str = "c1z.v1.DeleteGrantsRequest";
    values(request, LIST).enumerate().map(move |(index, grant)| {
        let grant = grant.map_err(|error| malformed_request(DELETE, request, error))?;
        grant_key(slot, index, grant)
    })
}

/// The key of an encoded grant, which is so manieth of its call.
fn grant_key(slot: keys::Slot, index: usize, grant: &[u8]) -> Result<Vec<u8>> {
    let is_whole = |id: ResourceRef<'_>| !id.resource_type.is_empty() && !id.resource.is_empty();
    let key = translate::grant_identity(grant, |grant| {
        let GrantRef { entitlement, principal } = grant;
        let whole = is_whole(entitlement.resource) && !entitlement.id.is_empty() && is_whole(principal);
        whole.then(|| keys::grant(slot, grant))
    });
    let key = key.map_err(|error| malformed_element(Kind::Grant, index, grant, error))?;
    key.ok_or_else(|| Error::invalid(format!("grant {index} of the call lacks a part of its identity")))
}

fn complete(id: &v2::ResourceId) -> Option<ResourceRef<'_>> {
    Some(resource_ref(id)).filter(|id| !id.resource_type.is_empty() && !id.resource.is_empty())
}
