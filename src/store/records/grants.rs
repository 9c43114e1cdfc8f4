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
        let view = self.view("", &request.annotations, &[Kind::Grant, Kind::Entitlement])?;
        let Found { key, stored } = self.find_grant(&view.reader, view.slot, &request.grant_id)?;
        let Some(stored) = stored else {
            return page::single(&view.reader, KEYSPACE, &key, SHAPE)?
                .ok_or_else(|| Error::not_found(KEYSPACE.noun(), &request.grant_id));
        };
        let mut response = Response::new(SHAPE);
        response.row(KEYSPACE, &key, &stored)?;
        Ok(response.finish(""))
    }

    /// A page of the grants of one entitlement, ordered by principal: all, that of one principal, or those to principals
    /// of some types. Without a resource the entitlement is looked up by its bare id; an unknown one has no grants.
    #[allow(deprecated)]
    pub fn list_grants_for_entitlement(
        &self,
        request: &ForEntitlementRequest,
    ) -> Result<Encoded<ForEntitlementResponse>> {
        let view = self.view("", &request.annotations, &[Kind::Grant, Kind::Entitlement])?;
        let entitlement = request.entitlement.as_ref().ok_or_else(|| Error::invalid("entitlement is missing"))?;
        let Some(prefix) = self.grants_prefix(&view.reader, view.slot, entitlement)? else {
            return Ok(Response::new(SHAPE).finish(""));
        };
        let types = &request.principal_resource_type_ids;
        if types.len() > MAX_TYPES {
            let count = types.len();
            return Err(Error::invalid(format!(
                "principal_resource_type_ids has {count} elements, at most {MAX_TYPES} are permitted"
            )));
        }
        if let Some(principal) = &request.principal_id {
            if !types.is_empty() && !types.contains(&principal.resource_type) {
                return Ok(Response::new(SHAPE).finish(""));
            }
            return self.one_or_none(&view, &keys::below(prefix, resource_ref(principal)), &request.page_token);
        }
        let mut query = Query::new(Listing::GrantsForEntitlement, prefix, &request.page_token, request.page_size);
        query.parts = principal_type_parts(&query.prefix, types);
        self.page(&view.reader, &query, Source::Records(KEYSPACE), SHAPE)
    }

    /// A page of the grants of one principal, ordered by entitlement; with an entitlement, the one grant of it.
    pub fn list_grants_for_principal(&self, request: &ForPrincipalRequest) -> Result<Encoded<ForPrincipalResponse>> {
        let view = self.view("", &request.annotations, &[Kind::Grant, Kind::Entitlement])?;
        let principal = request.principal_id.as_ref().filter(|principal| !principal.resource.is_empty());
        let principal = principal.map(resource_ref).ok_or_else(|| Error::invalid("missing principal_id"))?;
        if let Some(entitlement) = request.entitlement.as_ref().filter(|entitlement| !entitlement.id.is_empty()) {
            return self.grant_of_principal(&view, entitlement, principal, &request.page_token);
        }
        let prefix = keys::grants_to(view.slot, principal);
        let query = Query::new(Listing::GrantsForPrincipal, prefix, &request.page_token, request.page_size);
        self.page(&view.reader, &query, by_principal(view.slot), SHAPE)
    }

    fn grant_of_principal(
        &self,
        view: &View<'_>,
        entitlement: &Entitlement,
        principal: ResourceRef<'_>,
        token: &str,
    ) -> Result<Encoded<ForPrincipalResponse>> {
        match self.grants_prefix(&view.reader, view.slot, entitlement)? {
            Some(prefix) => self.one_or_none(view, &keys::below(prefix, principal), token),
            None => Ok(Response::new(SHAPE).finish("")),
        }
    }

    /// The page that holds the grant at `key` if there is one. It has no second page.
    fn one_or_none<M: Message + Default>(&self, view: &View<'_>, key: &[u8], token: &str) -> Result<Encoded<M>> {
        let found = match token {
            "" => page::single(&view.reader, KEYSPACE, key, SHAPE)?,
            _ => None,
        };
        Ok(found.unwrap_or_else(|| Response::new(SHAPE).finish("")))
    }

    /// A page of the grants whose principal has a type, ordered by principal and entitlement.
    pub fn list_grants_for_resource_type(
        &self,
        request: &ForResourceTypeRequest,
    ) -> Result<Encoded<ForResourceTypeResponse>> {
        let view = self.view("", &request.annotations, &[Kind::Grant, Kind::Entitlement])?;
        if request.resource_type_id.is_empty() {
            return Err(Error::invalid("resource_type_id is missing"));
        }
        let prefix = keys::grants_to_type(view.slot, &request.resource_type_id);
        let query = Query::new(Listing::GrantsForResourceType, prefix, &request.page_token, request.page_size);
        self.page(&view.reader, &query, by_principal(view.slot), SHAPE)
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
