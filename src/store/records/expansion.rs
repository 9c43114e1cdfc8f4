//! Expansion: which grants still wait for it, and what it writes back.

use prost::Message;

use super::put::{malformed_request, PutRequest};
use crate::engine::{damaged, Grant, Kind, Records, Rows};
use crate::keys::{self, Keyspace, Listing};
use crate::proto::api::{
    ListGrantsWithAnnotationsRequest, ListGrantsWithAnnotationsResponse, ListPendingExpansionRequest,
    ListPendingExpansionResponse,
};
use crate::proto::connector::ResourceId;
use crate::proto::wire::{fields, put_bytes, put_message, Malformed};
use crate::store::clock;
use crate::store::listing::{Query, Response};
use crate::store::{Encoded, Store};
use crate::translate::{self, Shape};
use crate::Result;

impl Store {
    /// Puts the grants of a `c1z.v1.PutExpandedGrantsRequest`. A grant that is stored already keeps its expansion, its
    /// time of discovery and its scope, unless the request promises that there is none; no grant becomes one that needs
    /// expansion.
    pub fn put_expanded_grants(&self, request: &[u8]) -> Result<()> {
        let promised_new = promised_new(request)?;
        let request = PutRequest::read(request)?;
        if request.is_empty() {
            return Ok(());
        }
        let now = clock::now();
        let fresh =
            request.records(Kind::Grant, |grant, _, out| translate::expanded_grant_to_record(grant, now, out))?;
        self.put_rows(expanded_rows(&fresh, promised_new))
    }

    /// A page of the bound sync's grants that wait for expansion.
    pub fn list_pending_expansion(
        &self,
        request: &ListPendingExpansionRequest,
    ) -> Result<Encoded<ListPendingExpansionResponse>> {
        let view = self.bound_view(&[Kind::Grant])?;
        let prefix = keys::keyspace(view.slot, Keyspace::GrantNeedsExpansion);
        let query = Query::new(Listing::PendingExpansion, prefix, &request.page_token, request.page_size);
        let mut response = Response::new(Shape::Grant);
        let (_, next) = query.rows(&view.reader, |entry, _| {
            let key = keys::record(view.slot, Keyspace::Grant, keys::tuple_of(entry));
            let Some(stored) = view.reader.get(&key)? else { return Ok(None) };
            let damaged = |error| damaged(Keyspace::Grant, &key, error);
            let Some(expandable) = translate::grant_expandable(&stored).map_err(damaged)? else { return Ok(None) };
            response.row_with(|out| put_pending(&stored, &expandable, out).map_err(damaged))?;
            Ok(Some(stored.len()))
        })?;
        Ok(response.finish(&next))
    }

    /// A page of grants, of the bound sync unless the request names another, each with its expansion.
    pub fn list_grants_with_annotations(
        &self,
        request: &ListGrantsWithAnnotationsRequest,
    ) -> Result<Encoded<ListGrantsWithAnnotationsResponse>> {
        let view = match request.sync_id.as_str() {
            "" => self.bound_view(&[Kind::Grant])?,
            id => self.view(id, &[], &[Kind::Grant])?,
        };
        let prefix = match request.resource.as_ref().and_then(|resource| resource.id.as_ref()) {
            Some(ResourceId { resource_type, resource, .. }) => {
                keys::grants_on(view.slot, keys::ResourceRef::new(resource_type, resource))
            }
            None => keys::keyspace(view.slot, Keyspace::Grant),
        };
        let query = Query::new(Listing::GrantsWithAnnotations, prefix, &request.page_token, request.page_size);
        let mut response = Response::new(Shape::GrantWithAnnotation);
        let (_, next) = query.rows(&view.reader, |key, stored| response.row(Keyspace::Grant, key, stored).map(Some))?;
        Ok(response.finish(&next))
    }
}

/// What a `c1z.v1.PutExpandedGrantsRequest` promises.
fn promised_new(request: &[u8]) -> Result<bool> {
    const REQUEST: &str = "c1z.v1.PutExpandedGrantsRequest";
    const PROMISED_NEW: u32 = 101;
    let mut promised = false;
    for field in fields(request) {
        let field = field.map_err(|error| malformed_request(REQUEST, request, error))?;
        if field.number == PROMISED_NEW {
            promised = field.bool().map_err(|error| malformed_request(REQUEST, request, error))?;
        }
    }
    Ok(promised)
}

/// How grants are put that expansion derived. Of one that is promised to be new nothing has to be kept.
pub(super) fn expanded_rows(grants: &Records, promised_new: bool) -> Rows<'_> {
    match promised_new {
        true => Rows::Records(Kind::Grant, grants),
        false => Rows::Refreshed(grants),
    }
}

/// Appends a `c1z.v1.PendingExpansion`.
fn put_pending(stored: &[u8], expandable: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let grant = Grant::parse(stored)?;
    let principal = grant.identity.principal;
    put_bytes(out, 1, translate::grant_public_id(stored)?.as_bytes());
    put_bytes(out, 2, grant.identity.entitlement.id.as_bytes());
    let principal = ResourceId {
        resource_type: principal.resource_type.to_owned(),
        resource: principal.resource.to_owned(),
        baton_resource: false,
    };
    put_message(out, 3, &principal.encode_to_vec());
    put_message(out, 4, expandable);
    Ok(())
}
