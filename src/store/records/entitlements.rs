//! Reading entitlements.

use super::put::resource_ref;
use crate::engine::{Kind, Reader};
use crate::keys::{self, Keyspace, Listing, Slot};
use crate::proto::connector::{
    EntitlementsServiceListEntitlementsRequest as ListRequest,
    EntitlementsServiceListEntitlementsResponse as ListResponse,
};
use crate::proto::reader::{
    EntitlementsReaderServiceGetEntitlementRequest as GetRequest,
    EntitlementsReaderServiceGetEntitlementResponse as GetResponse,
    EntitlementsReaderServiceListEntitlementsByIdsRequest as ByIdsRequest,
    EntitlementsReaderServiceListEntitlementsByIdsResponse as ByIdsResponse,
};
use crate::store::listing::{page, Query, Response, Source};
use crate::store::{Encoded, Store};
use crate::translate::Shape;
use crate::{Error, Result};

const KEYSPACE: Keyspace = Keyspace::Entitlement;
const SHAPE: Shape = Shape::Entitlement;

impl Store {
    /// A page of entitlements, ordered by resource: all, or those on one resource.
    pub fn list_entitlements(&self, request: &ListRequest) -> Result<Encoded<ListResponse>> {
        let view = self.view(&request.active_sync_id, &request.annotations, &[Kind::Entitlement])?;
        let prefix = match request.resource.as_ref().and_then(|resource| resource.id.as_ref()) {
            Some(resource) => keys::entitlements_on(view.slot, resource_ref(resource)),
            None => keys::keyspace(view.slot, KEYSPACE),
        };
        let query = Query::new(Listing::Entitlements, prefix, &request.page_token, request.page_size);
        self.page(&view.reader, &query, Source::Records(KEYSPACE), SHAPE)
    }

    /// The one entitlement with a bare id.
    pub fn get_entitlement(&self, request: &GetRequest) -> Result<Encoded<GetResponse>> {
        let view = self.view("", &request.annotations, &[Kind::Entitlement])?;
        let id = &request.entitlement_id;
        let not_found = || Error::not_found(KEYSPACE.noun(), id);
        let key = entitlement_key(&view.reader, view.slot, id)?.ok_or_else(not_found)?;
        page::single(&view.reader, KEYSPACE, &key, SHAPE)?.ok_or_else(not_found)
    }

    /// The entitlements with the given bare ids in the order of the request; those that are not there are left out.
    pub fn list_entitlements_by_ids(&self, request: &ByIdsRequest) -> Result<Encoded<ByIdsResponse>> {
        let view = self.view("", &request.annotations, &[Kind::Entitlement])?;
        let mut response = Response::new(SHAPE);
        for id in request.entitlement_ids.iter().filter(|id| !id.is_empty()) {
            let Some(key) = entitlement_key(&view.reader, view.slot, id)? else { continue };
            if let Some(stored) = view.reader.get(&key)? {
                response.row(KEYSPACE, &key, &stored)?;
                response.bounded()?;
            }
        }
        Ok(response.finish(""))
    }
}

/// The key of the one entitlement with a bare id; several are an error.
pub(in crate::store) fn entitlement_key(reader: &Reader<'_>, slot: Slot, id: &str) -> Result<Option<Vec<u8>>> {
    let mut entries = reader.scan(&keys::entitlements_with_id(slot, id), None);
    let mut found = None;
    while let Some((entry, _)) = entries.next()? {
        let Some(tuple) = keys::record_of_entry(Keyspace::EntitlementById, keys::tuple_of(entry)) else { continue };
        if found.replace(keys::record(slot, KEYSPACE, &tuple)).is_some() {
            return Err(Error::ambiguous(KEYSPACE.noun(), id));
        }
    }
    Ok(found)
}
