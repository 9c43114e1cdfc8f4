//! The grants of several entitlements in one listing. Its request is read where it lies: it may name any number of them.

use prost::Message;
use prost_types::Any;

use super::put::malformed_request;
use crate::engine::Kind;
use crate::keys::{BatchToken, Keyspace, Listing};
use crate::proto::connector::{Entitlement, Resource, ResourceId};
use crate::proto::reader::GrantsReaderServiceListGrantsForEntitlementsResponse as ListResponse;
use crate::proto::reader_v3::GrantsReaderServiceListGrantsForEntitlementsResponse as RecordsResponse;
use crate::proto::wire::{fields, values, Malformed};
use crate::store::listing::{is_sync_details, page, page_size, Query, Response, Source, View, PAGE_BYTES};
use crate::store::{Encoded, Store};
use crate::translate::{entitlement_identity, Shape};
use crate::{Error, Result};

/// The full names of the requests.
const REQUEST: &str = "c1.reader.v2.GrantsReaderServiceListGrantsForEntitlementsRequest";
const RECORDS_REQUEST: &str = "c1.reader.v3.GrantsReaderServiceListGrantsForEntitlementsRequest";
/// Fields of a `GrantsReaderServiceListGrantsForEntitlementsRequest`.
const ENTITLEMENTS: u32 = 1;
const PAGE_SIZE: u32 = 10;
const PAGE_TOKEN: u32 = 11;
const ANNOTATIONS: u32 = 100;
/// Field of a `c1.connector.v2.Entitlement`.
const ID: u32 = 2;

impl Store {
    /// A page of the grants of several entitlements, one entitlement after the other in the order of the request, a
    /// `GrantsReaderServiceListGrantsForEntitlementsRequest`. A token of a request with other entitlements starts again
    /// with the first.
    pub fn list_grants_for_entitlements(&self, request: &[u8]) -> Result<Encoded<ListResponse>> {
        self.grants_for_entitlements_as(Shape::Grant, Request::read(REQUEST, request)?)
    }

    /// [`Store::list_grants_for_entitlements`] as records; the request is that of `c1.reader.v3`.
    pub fn list_grant_records_for_entitlements(&self, request: &[u8]) -> Result<Encoded<RecordsResponse>> {
        self.grants_for_entitlements_as(Shape::GrantRecord, Request::read(RECORDS_REQUEST, request)?)
    }

    fn grants_for_entitlements_as<M: Message + Default>(
        &self,
        shape: Shape,
        request: Request<'_>,
    ) -> Result<Encoded<M>> {
        let view = self.view("", &request.annotations, &[Kind::Grant, Kind::Entitlement])?;
        let mut position = BatchToken::decode(request.page_token, request.ids())?;
        let mut left = page_size(request.page_size);
        let mut response = Response::new(shape);
        for message in request.entitlements().skip(position.index) {
            let entitlement = message.and_then(|message| entitlement_identity(message, embedded));
            let entitlement = entitlement.map_err(|error| request.malformed(error))?;
            let (rows, next) = self.batch_part(&view, &entitlement, &position.inner, left, &mut response)?;
            left -= rows.min(left);
            position = match next.is_empty() {
                true => BatchToken { index: position.index + 1, inner: String::new() },
                false => BatchToken { inner: next, ..position },
            };
            // A part goes on in the next page unless that is as far as the page goes.
            if left == 0 || response.len() >= PAGE_BYTES || !position.inner.is_empty() {
                break;
            }
        }
        let token = match position.index < request.entitlements().count() {
            true => position.encode(request.ids()),
            false => String::new(),
        };
        Ok(response.finish(&token))
    }

    fn batch_part(
        &self,
        view: &View<'_>,
        entitlement: &Entitlement,
        token: &str,
        size: usize,
        response: &mut Response,
    ) -> Result<(usize, String)> {
        if entitlement.id.is_empty() {
            return Ok((0, String::new()));
        }
        let Some(prefix) = self.grants_prefix(&view.reader, view.slot, entitlement)? else {
            return Ok((0, String::new()));
        };
        let (token, bytes) = (token.to_owned(), PAGE_BYTES.saturating_sub(response.len()));
        let query = Query {
            listing: Listing::GrantsForEntitlements,
            prefix,
            parts: None,
            filter: Vec::new(),
            token,
            size,
            bytes,
        };
        page::collect(&view.reader, &query, Source::Records(Keyspace::Grant), self.engine.workers(), response)
    }
}

/// What a request asks for.
struct Request<'r> {
    name: &'static str,
    request: &'r [u8],
    page_size: u32,
    page_token: &'r str,
    /// Those that say which sync is viewed.
    annotations: Vec<Any>,
}

impl<'r> Request<'r> {
    fn read(name: &'static str, request: &'r [u8]) -> Result<Request<'r>> {
        let mut read = Request { name, request, page_size: 0, page_token: "", annotations: Vec::new() };
        let malformed = |error| malformed_request(name, request, error);
        for field in fields(request) {
            let field = field.map_err(malformed)?;
            match field.number {
                ENTITLEMENTS => field.bytes().and_then(id).map(drop).map_err(malformed)?,
                PAGE_SIZE => read.page_size = field.varint().map_err(malformed)? as u32,
                PAGE_TOKEN => read.page_token = field.str().map_err(malformed)?,
                ANNOTATIONS if read.annotations.is_empty() => {
                    let annotation = Any::decode(field.bytes().map_err(malformed)?);
                    let annotation = annotation.map_err(|error| Error::invalid(format!("annotation: {error}")))?;
                    read.annotations.extend(Some(annotation).filter(is_sync_details));
                }
                _ => {}
            }
        }
        Ok(read)
    }

    fn malformed(&self, error: Malformed) -> Error {
        malformed_request(self.name, self.request, error)
    }

    fn entitlements(&self) -> impl Iterator<Item = Result<&'r [u8], Malformed>> + Clone {
        values(self.request, ENTITLEMENTS)
    }

    /// The ids of the entitlements, in the order of the request.
    fn ids(&self) -> impl Iterator<Item = &'r str> + Clone {
        self.entitlements().map(|message| message.and_then(id).unwrap_or_default())
    }
}

/// The id of an encoded entitlement.
fn id(message: &[u8]) -> Result<&str, Malformed> {
    let mut id = "";
    for field in fields(message) {
        let field = field?;
        if field.number == ID {
            id = field.str()?;
        }
    }
    Ok(id)
}

/// An entitlement with nothing but what it is.
fn embedded(identity: crate::keys::EntitlementRef<'_>) -> Entitlement {
    let resource = identity.resource;
    let id = ResourceId {
        resource_type: resource.resource_type.to_owned(),
        resource: resource.resource.to_owned(),
        baton_resource: false,
    };
    let resource = Some(Resource { id: Some(id), ..Resource::default() });
    Entitlement { resource, id: identity.id.to_owned(), ..Entitlement::default() }
}
