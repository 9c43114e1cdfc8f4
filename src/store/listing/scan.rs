//! Walking all records of a kind, page after page.
//!
//! A scan holds no snapshot and no iterator, only where it is: it may be handed from thread to thread and left open for
//! as long as one likes. It is shown what is stored behind its position when a page is asked for.

use super::page::{self, Query, Source};
use super::response::Response;
use crate::engine::{Kind, Reader};
use crate::keys::{self, Keyspace, Listing, ResourceRef, Slot, SyncId};
use crate::proto::api::{ScanEntitlementsRequest, ScanGrantsRequest, ScanRecordsRequest, ScanResourcesRequest};
use crate::proto::connector::Entitlement;
use crate::store::record_kind::kind_of;
use crate::store::records::by_principal;
use crate::store::Store;
use crate::translate::Shape;
use crate::{Error, Result};

/// What to walk through.
#[derive(Clone, Debug)]
pub enum ScanRequest {
    /// Resources, ordered by type and id.
    Resources(ScanResourcesRequest),
    /// Entitlements, ordered by resource.
    Entitlements(ScanEntitlementsRequest),
    /// Grants, ordered by entitlement and principal, or by principal and entitlement if one is named.
    Grants(ScanGrantsRequest),
    /// Records of one kind as they are stored, ordered by their keys.
    Records(ScanRecordsRequest),
}

impl ScanRequest {
    /// The kinds of record that have to be read.
    fn kinds(&self) -> Result<Vec<Kind>> {
        Ok(match self {
            ScanRequest::Resources(_) => vec![Kind::Resource],
            ScanRequest::Entitlements(_) => vec![Kind::Entitlement],
            // An entitlement may be named by its bare id.
            ScanRequest::Grants(_) => vec![Kind::Grant, Kind::Entitlement],
            ScanRequest::Records(request) => vec![kind_of(request.kind)?],
        })
    }
}

/// A walk and where it is.
#[derive(Debug)]
pub struct Scan {
    sync: SyncId,
    slot: Slot,
    kind: Kind,
    shape: Shape,
    walk: Walk,
    /// Where the next page starts; `None` once the last was returned.
    token: Option<String>,
}

/// Which entries lead to the records.
#[derive(Debug)]
enum Walk {
    /// Those below a prefix.
    Below(Source, Vec<u8>),
    /// The record with that key.
    One(Vec<u8>),
    /// None.
    Nothing,
}

impl Store {
    /// Starts a walk. Finding out where it leads is done here, so this is where a bad request fails.
    pub fn scan(&self, request: &ScanRequest) -> Result<Scan> {
        let (ScanRequest::Resources(ScanResourcesRequest { sync_id, .. })
        | ScanRequest::Entitlements(ScanEntitlementsRequest { sync_id })
        | ScanRequest::Grants(ScanGrantsRequest { sync_id, .. })
        | ScanRequest::Records(ScanRecordsRequest { sync_id, .. })) = request;
        let reader = self.engine.reader(&request.kinds()?)?;
        let (sync, slot) = match sync_id.as_str() {
            "" => self.default_sync(&reader)?,
            id => self.run_by_id(&reader, id).map(|run| (run.id, run.slot))?,
        };
        let (kind, shape, walk) = match request {
            ScanRequest::Resources(ScanResourcesRequest { resource_type_id, .. }) => {
                let prefix = match resource_type_id.as_str() {
                    "" => keys::keyspace(slot, Keyspace::Resource),
                    id => keys::resources_of_type(slot, id),
                };
                (Kind::Resource, Shape::Resource, Walk::Below(Source::Records(Keyspace::Resource), prefix))
            }
            ScanRequest::Entitlements(_) => {
                let prefix = keys::keyspace(slot, Keyspace::Entitlement);
                (Kind::Entitlement, Shape::Entitlement, Walk::Below(Source::Records(Keyspace::Entitlement), prefix))
            }
            ScanRequest::Grants(request) => (Kind::Grant, Shape::Grant, self.walk_grants(&reader, slot, request)?),
            ScanRequest::Records(request) => {
                let kind = kind_of(request.kind)?;
                let keyspace = kind.keyspace();
                (kind, Shape::Stored, Walk::Below(Source::Records(keyspace), keys::keyspace(slot, keyspace)))
            }
        };
        Ok(Scan { sync, slot, kind, shape, walk, token: Some(String::new()) })
    }

    fn walk_grants(&self, reader: &Reader<'_>, slot: Slot, request: &ScanGrantsRequest) -> Result<Walk> {
        let principal = ResourceRef::new(&request.principal_resource_type_id, &request.principal_resource_id);
        if principal.resource_type.is_empty() && !principal.resource.is_empty() {
            return Err(Error::invalid("principal_resource_id needs a principal_resource_type_id"));
        }
        let grants = Source::Records(Keyspace::Grant);
        if request.entitlement_id.is_empty() {
            return Ok(match (principal.resource_type, principal.resource) {
                ("", _) => Walk::Below(grants, keys::keyspace(slot, Keyspace::Grant)),
                (of_type, "") => Walk::Below(by_principal(slot), keys::grants_to_type(slot, of_type)),
                _ => Walk::Below(by_principal(slot), keys::grants_to(slot, principal)),
            });
        }
        let entitlement = Entitlement { id: request.entitlement_id.clone(), ..Entitlement::default() };
        let Some(prefix) = self.grants_prefix(reader, slot, &entitlement)? else { return Ok(Walk::Nothing) };
        Ok(match (principal.resource_type, principal.resource) {
            ("", _) => Walk::Below(grants, prefix),
            (of_type, "") => Walk::Below(grants, keys::below_type(prefix, of_type)),
            _ => Walk::One(keys::below(prefix, principal)),
        })
    }

    /// The next page as the bytes of the list response of its kind; `None` behind the last. A page that fails can be
    /// asked for again. Fails with `NotFound` once the sync was dropped.
    pub fn scan_next(&self, scan: &mut Scan) -> Result<Option<Vec<u8>>> {
        let Some(token) = &scan.token else { return Ok(None) };
        let reader = self.engine.reader(&[scan.kind])?;
        if reader.run(scan.sync)?.is_none_or(|run| run.slot != scan.slot) {
            return Err(Error::not_found("sync", scan.sync.to_string()));
        }
        let shape = scan.shape;
        let (response, next) = match &scan.walk {
            Walk::Below(source, prefix) => {
                let query = Query::new(Listing::Scan, prefix.clone(), token, 0);
                self.rows(&reader, &query, *source, shape)?
            }
            Walk::One(key) => {
                let found = page::one(&reader, scan.kind.keyspace(), key, shape)?;
                (found.unwrap_or_else(|| Response::new(shape)), String::new())
            }
            Walk::Nothing => (Response::new(shape), String::new()),
        };
        scan.token = Some(next).filter(|next| !next.is_empty());
        Ok(Some(response.into_rows()).filter(|rows| !rows.is_empty()))
    }
}
