//! Reading grants.

use prost::Message;

use super::grant_lookup::Found;
use super::put::resource_ref;
use crate::engine::Kind;
use crate::keys::{self, Keyspace, Listing, ResourceRef, Slot};
use crate::proto::connector::{
    Entitlement, GrantsServiceListGrantsRequest as ListRequest, GrantsServiceListGrantsResponse as ListResponse,
};
use crate::proto::reader::{
    GrantsReaderServiceGetGrantRequest as GetRequest, GrantsReaderServiceGetGrantResponse as GetResponse,
    GrantsReaderServiceListGrantsForEntitlementRequest as ForEntitlementRequest,
    GrantsReaderServiceListGrantsForEntitlementResponse as ForEntitlementResponse,
    GrantsReaderServiceListGrantsForPrincipalRequest as ForPrincipalRequest,
    GrantsReaderServiceListGrantsForPrincipalResponse as ForPrincipalResponse,
    GrantsReaderServiceListGrantsForResourceTypeRequest as ForResourceTypeRequest,
    GrantsReaderServiceListGrantsForResourceTypeResponse as ForResourceTypeResponse,
};
use crate::store::listing::{page, Query, Response, Source, View};
use crate::store::{Encoded, Store};
use crate::translate::Shape;
use crate::{Error, Result};

/// More types than a connector has. Each is scanned by itself.
const MAX_TYPES: usize = 1000;

const KEYSPACE: Keyspace = Keyspace::Grant;
const SHAPE: Shape = Shape::Grant;

impl Store {
    /// A page of grants, ordered by entitlement and principal: all, or those of a resource's entitlements.
    pub fn list_grants(&self, request: &ListRequest) -> Result<Encoded<ListResponse>> {
        let view = self.view(&request.active_sync_id, &request.annotations, &[Kind::Grant, Kind::Entitlement])?;
        let prefix = match request.resource.as_ref().and_then(|resource| resource.id.as_ref()) {
            Some(resource) => keys::grants_on(view.slot, resource_ref(resource)),
            None => keys::keyspace(view.slot, KEYSPACE),
        };
        let query = Query::new(Listing::Grants, prefix, &request.page_token, request.page_size);
        self.page(&view.reader, &query, Source::Records(KEYSPACE), SHAPE)
    }

    /// The one grant with a public id.
    pub fn get_grant(&self, request: &GetRequest) -> Result<Encoded<GetResponse>> {
        self.grant_as(SHAPE, request)
    }

    /// [`Store::get_grant`] in that shape.
    pub(super) fn grant_as<M: Message + Default>(&self, shape: Shape, request: &GetRequest) -> Result<Encoded<M>> {
        let view = self.view("", &request.annotations, &[Kind::Grant, Kind::Entitlement])?;
        let Found { key, stored } = self.find_grant(&view.reader, view.slot, &request.grant_id)?;
        let Some(stored) = stored else {
            return page::single(&view.reader, KEYSPACE, &key, shape)?
                .ok_or_else(|| Error::not_found(KEYSPACE.noun(), &request.grant_id));
        };
        let mut response = Response::new(shape);
        response.row(KEYSPACE, &key, &stored)?;
        Ok(response.finish(""))
    }

    /// A page of the grants of one entitlement, ordered by principal: all, that of one principal, or those to principals
    /// of some types. Without a resource the entitlement is looked up by its bare id; an unknown one has no grants.
    pub fn list_grants_for_entitlement(
        &self,
        request: &ForEntitlementRequest,
    ) -> Result<Encoded<ForEntitlementResponse>> {
        self.grants_for_entitlement_as(SHAPE, request)
    }

    /// [`Store::list_grants_for_entitlement`] in that shape.
    #[allow(deprecated)]
    pub(super) fn grants_for_entitlement_as<M: Message + Default>(
        &self,
        shape: Shape,
        request: &ForEntitlementRequest,
    ) -> Result<Encoded<M>> {
        let entitlement = request.entitlement.as_ref().ok_or_else(|| Error::invalid("entitlement is missing"))?;
        let (view, prefix) = self.view_of_grants(&request.annotations, entitlement)?;
        let Some(prefix) = prefix else { return Ok(Response::new(shape).finish("")) };
        let types = &request.principal_resource_type_ids;
        if types.len() > MAX_TYPES {
            let count = types.len();
            return Err(Error::invalid(format!(
                "principal_resource_type_ids has {count} elements, at most {MAX_TYPES} are permitted"
            )));
        }
        if let Some(principal) = &request.principal_id {
            if !types.is_empty() && !types.contains(&principal.resource_type) {
                return Ok(Response::new(shape).finish(""));
            }
            return self.one_or_none(shape, &view, &keys::below(prefix, resource_ref(principal)), &request.page_token);
        }
        let mut query = Query::new(Listing::GrantsForEntitlement, prefix, &request.page_token, request.page_size);
        query.parts = principal_type_parts(&query.prefix, types);
        self.page(&view.reader, &query, Source::Records(KEYSPACE), shape)
    }

    /// A page of the grants of one principal, ordered by entitlement; with an entitlement, the one grant of it.
    pub fn list_grants_for_principal(&self, request: &ForPrincipalRequest) -> Result<Encoded<ForPrincipalResponse>> {
        self.grants_for_principal_as(SHAPE, request)
    }

    /// [`Store::list_grants_for_principal`] in that shape.
    pub(super) fn grants_for_principal_as<M: Message + Default>(
        &self,
        shape: Shape,
        request: &ForPrincipalRequest,
    ) -> Result<Encoded<M>> {
        let view = self.view("", &request.annotations, &[Kind::Grant, Kind::Entitlement])?;
        let principal = request.principal_id.as_ref().filter(|principal| !principal.resource.is_empty());
        let principal = principal.map(resource_ref).ok_or_else(|| Error::invalid("missing principal_id"))?;
        if let Some(entitlement) = request.entitlement.as_ref().filter(|entitlement| !entitlement.id.is_empty()) {
            return self.grant_of_principal(shape, &view, entitlement, principal, &request.page_token);
        }
        let prefix = keys::grants_to(view.slot, principal);
        let query = Query::new(Listing::GrantsForPrincipal, prefix, &request.page_token, request.page_size);
        self.page(&view.reader, &query, by_principal(view.slot), shape)
    }

    fn grant_of_principal<M: Message + Default>(
        &self,
        shape: Shape,
        view: &View<'_>,
        entitlement: &Entitlement,
        principal: ResourceRef<'_>,
        token: &str,
    ) -> Result<Encoded<M>> {
        match self.grants_prefix(&view.reader, view.slot, entitlement)? {
            Some(prefix) => self.one_or_none(shape, view, &keys::below(prefix, principal), token),
            None => Ok(Response::new(shape).finish("")),
        }
    }

    /// The page that holds the grant at `key` if there is one. It has no second page.
    fn one_or_none<M: Message + Default>(
        &self,
        shape: Shape,
        view: &View<'_>,
        key: &[u8],
        token: &str,
    ) -> Result<Encoded<M>> {
        let found = match token {
            "" => page::single(&view.reader, KEYSPACE, key, shape)?,
            _ => None,
        };
        Ok(found.unwrap_or_else(|| Response::new(shape).finish("")))
    }

    /// A page of the grants whose principal has a type, ordered by principal and entitlement.
    pub fn list_grants_for_resource_type(
        &self,
        request: &ForResourceTypeRequest,
    ) -> Result<Encoded<ForResourceTypeResponse>> {
        self.grants_for_resource_type_as(SHAPE, request)
    }

    /// [`Store::list_grants_for_resource_type`] in that shape.
    pub(super) fn grants_for_resource_type_as<M: Message + Default>(
        &self,
        shape: Shape,
        request: &ForResourceTypeRequest,
    ) -> Result<Encoded<M>> {
        let view = self.view("", &request.annotations, &[Kind::Grant, Kind::Entitlement])?;
        if request.resource_type_id.is_empty() {
            return Err(Error::invalid("resource_type_id is missing"));
        }
        let prefix = keys::grants_to_type(view.slot, &request.resource_type_id);
        let query = Query::new(Listing::GrantsForResourceType, prefix, &request.page_token, request.page_size);
        self.page(&view.reader, &query, by_principal(view.slot), shape)
    }
}

/// Grants found through their principals.
pub fn by_principal(slot: Slot) -> Source {
    Source::Index { index: Keyspace::GrantByPrincipal, slot, records: KEYSPACE }
}

/// The parts of an entitlement's grants that go to principals of the given types, without the prefix; `None` for all.
fn principal_type_parts(prefix: &[u8], types: &[String]) -> Option<Vec<Vec<u8>>> {
    let part = |id: &String| keys::below_type(prefix.to_vec(), id).split_off(prefix.len());
    let mut parts: Vec<Vec<u8>> = types.iter().map(part).collect();
    parts.sort();
    parts.dedup();
    Some(parts).filter(|parts| !parts.is_empty())
}
