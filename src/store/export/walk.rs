//! Which keys lead to the rows that are exported.

use crate::engine::{Grant, Kind, Reader};
use crate::keys::{self, EntitlementRef, Keyspace, ResourceRef, Slot};
use crate::proto::api::ExportRequest;
use crate::proto::connector::Entitlement;
use crate::store::records::entitlement_key;
use crate::store::Store;
use crate::{Error, Result};

/// Which keys lead to the rows.
#[derive(Debug)]
pub enum Walk {
    /// All below a prefix.
    Below(Source, Vec<u8>),
    /// The record with that key, if there is one.
    One(Vec<u8>),
    /// None.
    Nothing,
}

/// What keys lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Each is one of a record of that kind.
    Records(Kind),
    /// Each is an entry of the index of grants by principal.
    ByPrincipal,
}

impl Source {
    pub fn keyspace(self) -> Keyspace {
        match self {
            Source::Records(kind) => kind.keyspace(),
            Source::ByPrincipal => Keyspace::GrantByPrincipal,
        }
    }
}

/// What the keys do not decide about grants.
#[derive(Debug, Default)]
pub struct Filter {
    resource_type: String,
    resource: String,
    principal_type: String,
}

impl Filter {
    pub fn is_empty(&self) -> bool {
        self.resource_type.is_empty() && self.principal_type.is_empty()
    }

    pub fn wants(&self, grant: &Grant<'_>) -> bool {
        let is = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        let resource = grant.identity.entitlement.resource;
        is(&self.resource_type, resource.resource_type)
            && is(&self.resource, resource.resource)
            && is(&self.principal_type, grant.identity.principal.resource_type)
    }
}

/// Fails if a request asks for a part of what it has no name for.
pub fn check(kind: Option<Kind>, request: &ExportRequest) -> Result<()> {
    let ExportRequest { resource_type_id, resource_id, entitlement_id, .. } = request;
    let (principal_type, principal) = (&request.principal_resource_type_id, &request.principal_resource_id);
    let has_principal = !principal_type.is_empty() || !principal.is_empty();
    let has = |kinds: &[Kind]| kind.is_some_and(|kind| kinds.contains(&kind));
    let refused = [
        (!resource_type_id.is_empty() && kind.is_none(), "resource_type_id is given, and the table has none"),
        (
            !resource_id.is_empty() && !has(&[Kind::Resource, Kind::Entitlement, Kind::Grant]),
            "resource_id is given, and the table has none",
        ),
        (
            !entitlement_id.is_empty() && !has(&[Kind::Entitlement, Kind::Grant]),
            "entitlement_id is given, and the table has none",
        ),
        (has_principal && !has(&[Kind::Grant]), "a principal is given, and the table has none"),
        (!resource_id.is_empty() && resource_type_id.is_empty(), "resource_id needs a resource_type_id"),
        (
            !entitlement_id.is_empty() && !resource_type_id.is_empty() && resource_id.is_empty(),
            "entitlement_id needs a resource_id beside the resource_type_id, or neither",
        ),
        (
            !principal.is_empty() && principal_type.is_empty(),
            "principal_resource_id needs a principal_resource_type_id",
        ),
    ];
    match refused.into_iter().find(|(is_refused, _)| *is_refused) {
        Some((_, why)) => Err(Error::invalid(why)),
        None => Ok(()),
    }
}

/// The walk to the rows of one kind, and what the keys on it do not decide.
pub fn walk(
    store: &Store,
    reader: &Reader<'_>,
    slot: Slot,
    kind: Kind,
    request: &ExportRequest,
) -> Result<(Walk, Filter)> {
    let resource = ResourceRef::new(&request.resource_type_id, &request.resource_id);
    let entitlement = EntitlementRef { resource, id: &request.entitlement_id };
    let records = Source::Records(kind);
    let below = |prefix| Walk::Below(records, prefix);
    let one = |key: Option<Vec<u8>>| key.map_or(Walk::Nothing, Walk::One);
    let walk = match (kind, resource.resource_type, resource.resource, entitlement.id) {
        (Kind::Grant, ..) => return grants(store, reader, slot, entitlement, request),
        (Kind::Entitlement, "", _, id) if !id.is_empty() => one(entitlement_key(reader, slot, id)?),
        (_, "", ..) => below(keys::keyspace(slot, kind.keyspace())),
        (Kind::ResourceType, id, ..) => Walk::One(keys::resource_type(slot, id)),
        (Kind::Resource, of_type, "", _) => below(keys::resources_of_type(slot, of_type)),
        (Kind::Resource, ..) => Walk::One(keys::resource(slot, resource)),
        (Kind::Entitlement, of_type, "", _) => below(keys::entitlements_on_type(slot, of_type)),
        (Kind::Entitlement, _, _, "") => below(keys::entitlements_on(slot, resource)),
        (Kind::Entitlement, ..) => Walk::One(keys::entitlement(slot, entitlement)),
        (Kind::Asset, ..) => return Err(Error::Internal("assets are no table".into())),
    };
    Ok((walk, Filter::default()))
}

fn grants(
    store: &Store,
    reader: &Reader<'_>,
    slot: Slot,
    entitlement: EntitlementRef<'_>,
    request: &ExportRequest,
) -> Result<(Walk, Filter)> {
    let records = Source::Records(Kind::Grant);
    let principal = ResourceRef::new(&request.principal_resource_type_id, &request.principal_resource_id);
    if !entitlement.id.is_empty() {
        let prefix = match entitlement.resource.resource_type {
            "" => {
                let bare = Entitlement { id: entitlement.id.to_owned(), ..Entitlement::default() };
                store.grants_prefix(reader, slot, &bare)?
            }
            _ => Some(keys::grants_of(slot, entitlement)),
        };
        let Some(prefix) = prefix else { return Ok((Walk::Nothing, Filter::default())) };
        let walk = match (principal.resource_type, principal.resource) {
            ("", _) => Walk::Below(records, prefix),
            (of_type, "") => Walk::Below(records, keys::below_type(prefix, of_type)),
            _ => Walk::One(keys::below(prefix, principal)),
        };
        return Ok((walk, Filter::default()));
    }
    let ResourceRef { resource_type, resource } = entitlement.resource;
    let on_resource =
        || Filter { resource_type: resource_type.to_owned(), resource: resource.to_owned(), ..Filter::default() };
    Ok(match (resource_type, principal.resource_type) {
        (_, of_type) if !principal.resource.is_empty() => {
            debug_assert!(!of_type.is_empty());
            (Walk::Below(Source::ByPrincipal, keys::grants_to(slot, principal)), on_resource())
        }
        ("", "") => (Walk::Below(records, keys::keyspace(slot, Keyspace::Grant)), Filter::default()),
        ("", of_type) => (Walk::Below(Source::ByPrincipal, keys::grants_to_type(slot, of_type)), Filter::default()),
        (on_type, of_type) => {
            let prefix = match resource {
                "" => keys::grants_on_type(slot, on_type),
                _ => keys::grants_on(slot, entitlement.resource),
            };
            (Walk::Below(records, prefix), Filter { principal_type: of_type.to_owned(), ..Filter::default() })
        }
    })
}
