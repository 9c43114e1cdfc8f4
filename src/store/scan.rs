//! Walking all records of a kind, page after page.
//!
//! A scan holds no snapshot and no iterator, only where it is: it may be handed from thread to thread and left open for
//! as long as one likes. It is shown what is stored behind its position when a page is asked for.

use super::grants::with_expansion;
use super::page::{self, Query};
use super::Store;
use crate::engine::Kind;
use crate::keys::{self, Family, Listing, ResourceRef, Slot};
use crate::proto::api::{ScanEntitlementsRequest, ScanGrantsRequest, ScanResourcesRequest};
use crate::proto::connector::Entitlement;
use crate::translate::{entitlement_from_record, resource_from_record};
use crate::{Error, Result};

/// Rows of one page.
const PAGE: usize = 10_000;

/// What to walk through.
#[derive(Clone, Debug)]
pub enum ScanRequest {
    /// Resources, ordered by type and id.
    Resources(ScanResourcesRequest),
    /// Entitlements, ordered by resource.
    Entitlements(ScanEntitlementsRequest),
    /// Grants, ordered by entitlement and principal, or by principal and entitlement if one is named.
    Grants(ScanGrantsRequest),
}

/// A walk and where it is.
#[derive(Debug)]
pub struct Scan {
    slot: Slot,
    kind: Kind,
    path: Path,
    /// Where the next page starts; `None` once the last was returned.
    token: Option<String>,
}

/// Which entries lead to the records.
#[derive(Debug)]
enum Path {
    /// The records below a prefix.
    Records(Vec<u8>),
    /// Those that the entries of an index below a prefix lead to.
    Index(Family, Vec<u8>),
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
        | ScanRequest::Grants(ScanGrantsRequest { sync_id, .. })) = request;
        let slot = match sync_id.as_str() {
            "" => self.view("", &[])?.slot,
            id => self.run(&self.engine.reader(), id)?.slot,
        };
        let (kind, path) = match request {
            ScanRequest::Resources(ScanResourcesRequest { resource_type_id, .. }) => {
                let prefix = match resource_type_id.as_str() {
                    "" => keys::family(slot, Family::Resource),
                    id => keys::resources_of_type(slot, id),
                };
                (Kind::Resource, Path::Records(prefix))
            }
            ScanRequest::Entitlements(_) => (Kind::Entitlement, Path::Records(keys::family(slot, Family::Entitlement))),
            ScanRequest::Grants(request) => (Kind::Grant, self.path_to_grants(slot, request)?),
        };
        Ok(Scan { slot, kind, path, token: Some(String::new()) })
    }

    fn path_to_grants(&self, slot: Slot, request: &ScanGrantsRequest) -> Result<Path> {
        let principal = ResourceRef::new(&request.principal_resource_type_id, &request.principal_resource_id);
        if principal.resource_type.is_empty() && !principal.resource.is_empty() {
            return Err(Error::invalid("principal_resource_id needs a principal_resource_type_id"));
        }
        if request.entitlement_id.is_empty() {
            return Ok(match (principal.resource_type, principal.resource) {
                ("", _) => Path::Records(keys::family(slot, Family::Grant)),
                (of_type, "") => Path::Index(Family::GrantByPrincipal, keys::grants_to_type(slot, of_type)),
                _ => Path::Index(Family::GrantByPrincipal, keys::grants_to(slot, principal)),
            });
        }
        let entitlement = Entitlement { id: request.entitlement_id.clone(), ..Entitlement::default() };
        let Some(prefix) = self.grants_prefix(&self.engine.reader(), slot, &entitlement)? else {
            return Ok(Path::Nothing);
        };
        Ok(match (principal.resource_type, principal.resource) {
            ("", _) => Path::Records(prefix),
            (of_type, "") => Path::Records(keys::below_type(prefix, of_type)),
            _ => Path::One(keys::below(prefix, principal)),
        })
    }

    /// The next page as the bytes of the list response of its kind; `None` behind the last.
    pub fn scan_next(&self, scan: &mut Scan) -> Result<Option<Vec<u8>>> {
        let Some(token) = scan.token.take() else { return Ok(None) };
        let translate = match scan.kind {
            Kind::Resource => resource_from_record,
            Kind::Entitlement => entitlement_from_record,
            _ => with_expansion,
        };
        let reader = self.engine.reader();
        let family = scan.kind.family();
        let query = |prefix: &Vec<u8>| Query { size: PAGE, ..Query::new(Listing::Scan, prefix.clone(), &token, 0) };
        let (response, next) = match &scan.path {
            Path::Records(prefix) => page::collect(&reader, &query(prefix), family, translate)?,
            Path::Index(index, prefix) => {
                page::collect_indexed(&reader, &query(prefix), (*index, scan.slot, family), translate)?
            }
            Path::One(key) => (page::one(&reader, family, key, translate)?.unwrap_or_default(), String::new()),
            Path::Nothing => Default::default(),
        };
        scan.token = Some(next).filter(|next| !next.is_empty());
        Ok(Some(response.into_rows()).filter(|rows| !rows.is_empty()))
    }
}
