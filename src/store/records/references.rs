//! What records refer to, each thing once: at most one seek for each, however many records there are.

use std::str::from_utf8;

use prost::Message;

use super::put::{entitlement_ref, resource_ref};
use crate::engine::{damaged, Kind, Reader};
use crate::keys::{self, Keyspace, Listing, Slot};
use crate::proto::api::{
    FindGrantAnnotationRequest, FindGrantAnnotationResponse, ListReferencesRequest, ListReferencesResponse, Reference,
    ReferenceKind,
};
use crate::proto::wire::{fields, values, Malformed};
use crate::quoted::Quoted;
use crate::store::listing::{page_size, PAGE_BYTES};
use crate::store::Store;
use crate::{Error, Result};

/// Where a stored grant has its annotations.
const ANNOTATIONS: u32 = 8;
/// Where an `Any` has the name of its message.
const TYPE_URL: u32 = 1;

/// SDK: a principal that matches a resource of another source has no row of its own.
const EXTERNAL_MATCHES: [&str; 3] = [
    "c1.connector.v2.ExternalResourceMatch",
    "c1.connector.v2.ExternalResourceMatchAll",
    "c1.connector.v2.ExternalResourceMatchID",
];

impl Store {
    /// A page of what the records of a sync refer to.
    pub fn list_references(&self, request: &ListReferencesRequest) -> Result<ListReferencesResponse> {
        let kind = request.kind();
        let (keyspace, elements) = match kind {
            ReferenceKind::Unspecified => return Err(Error::invalid("kind is missing or unknown")),
            ReferenceKind::GrantResources => (Keyspace::Grant, 2),
            ReferenceKind::EntitlementResources => (Keyspace::Entitlement, 2),
            ReferenceKind::MissingEntitlements => (Keyspace::Grant, 4),
            ReferenceKind::MissingPrincipals => (Keyspace::GrantByPrincipal, 2),
        };
        let view = self.view("", &request.annotations, &[Kind::Resource, Kind::Entitlement, Kind::Grant])?;
        let (prefix, filter) = (keys::keyspace(view.slot, keyspace), [kind.as_str_name().as_bytes()]);
        let mut group = Listing::References.after(&prefix, &filter, &request.page_token)?.unwrap_or_default();
        let (mut response, mut bytes) = (ListReferencesResponse::default(), 0);
        let mut entries = view.reader.scan_from(&prefix, &keys::successor(&group).unwrap_or(prefix.clone()));
        let mut referents = referents(kind).map(|of| (of, view.reader.scan(&keys::keyspace(view.slot, of), None)));
        while let Some((key, _)) = entries.next()? {
            if response.list.len() == page_size(request.page_size) || bytes >= PAGE_BYTES {
                response.next_page_token = Listing::References.token(&prefix, &filter, &group);
                break;
            }
            let (start, encoded) = keys::group_of(key, elements).ok_or_else(|| unreadable(keyspace, key))?;
            let is_there = match &mut referents {
                Some((of, stored)) => stored.find(&keys::record(view.slot, *of, encoded))?.is_some(),
                None => false,
            };
            if !is_there {
                let reference = reference(&view.reader, view.slot, kind, encoded)?;
                let reference = reference.ok_or_else(|| unreadable(keyspace, key))?;
                bytes += reference.encoded_len();
                response.list.push(reference);
            }
            group.clear();
            group.extend_from_slice(start);
            if !entries.leave(&group)? {
                break;
            }
        }
        Ok(response)
    }

    /// Whether grants of an entitlement, or of all entitlements on a resource, carry an annotation.
    pub fn find_grant_annotation(&self, request: &FindGrantAnnotationRequest) -> Result<FindGrantAnnotationResponse> {
        let view = self.view("", &request.annotations, &[Kind::Grant])?;
        let prefix = match (&request.entitlement, &request.resource_id) {
            (Some(entitlement), None) => {
                let identity = entitlement_ref(entitlement);
                keys::grants_of(
                    view.slot,
                    identity.ok_or_else(|| Error::invalid("the entitlement lacks a part of its identity"))?,
                )
            }
            (None, Some(resource)) => keys::grants_on(view.slot, resource_ref(resource)),
            _ => return Err(Error::invalid("either an entitlement or a resource_id is looked under")),
        };
        let mut found = FindGrantAnnotationResponse { any: false, all: true };
        let mut grants = view.reader.scan(&prefix, None);
        while let Some((key, stored)) = grants.next()? {
            match carries(stored, &[&request.annotation_type]).map_err(|error| damaged(Keyspace::Grant, key, error))? {
                true => found.any = true,
                false => found.all = false,
            }
            if found.any && !found.all {
                break;
            }
        }
        Ok(found)
    }
}

/// What is listed only if it is not among these records.
fn referents(kind: ReferenceKind) -> Option<Keyspace> {
    match kind {
        ReferenceKind::MissingEntitlements => Some(Keyspace::Entitlement),
        ReferenceKind::MissingPrincipals => Some(Keyspace::Resource),
        _ => None,
    }
}

/// What the keys stand for that start with these elements, or `None` if it is no text.
fn reference(reader: &Reader<'_>, slot: Slot, kind: ReferenceKind, encoded: &[u8]) -> Result<Option<Reference>> {
    if kind == ReferenceKind::MissingEntitlements {
        return Ok(keys::entitlement_in(encoded).and_then(|parts| {
            let [resource_type_id, resource_id, entitlement_id] = parts.each_ref().map(|part| text(part));
            Some(Reference {
                resource_type_id: resource_type_id?,
                resource_id: resource_id?,
                entitlement_id: entitlement_id?,
                ..Reference::default()
            })
        }));
    }
    let (grants, external_match_grants) = match kind {
        ReferenceKind::MissingPrincipals => count_grants(reader, slot, encoded)?,
        _ => (0, 0),
    };
    Ok(keys::principal_below(encoded).and_then(|parts| {
        let [resource_type_id, resource_id] = parts.each_ref().map(|part| text(part));
        Some(Reference {
            resource_type_id: resource_type_id?,
            resource_id: resource_id?,
            grants,
            external_match_grants,
            ..Reference::default()
        })
    }))
}

/// How many grants a principal has, and how many of them match it to a resource elsewhere.
fn count_grants(reader: &Reader<'_>, slot: Slot, principal: &[u8]) -> Result<(u64, u64)> {
    let (mut grants, mut matches) = (0, 0);
    let mut entries = reader.scan(&keys::grants_to_encoded(slot, principal), None);
    while let Some((entry, _)) = entries.next()? {
        let tuple = keys::record_of_entry(Keyspace::GrantByPrincipal, keys::tuple_of(entry));
        let key =
            keys::record(slot, Keyspace::Grant, &tuple.ok_or_else(|| unreadable(Keyspace::GrantByPrincipal, entry))?);
        let Some(stored) = reader.get(&key)? else { continue };
        grants += 1;
        let carries = carries(&stored, &EXTERNAL_MATCHES).map_err(|error| damaged(Keyspace::Grant, &key, error))?;
        matches += u64::from(carries);
    }
    Ok((grants, matches))
}

/// Whether a stored grant carries an annotation of one of these types. SDK: the name behind the last slash counts.
fn carries(stored: &[u8], types: &[&str]) -> Result<bool, Malformed> {
    for annotation in values(stored, ANNOTATIONS) {
        for field in fields(annotation?) {
            let field = field?;
            if field.number == TYPE_URL && types.contains(&field.str()?.rsplit('/').next().unwrap_or_default()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn text(bytes: &[u8]) -> Option<String> {
    from_utf8(bytes).ok().map(str::to_owned)
}

fn unreadable(keyspace: Keyspace, key: &[u8]) -> Error {
    let place = format!("{} at key {}", keyspace.noun(), Quoted::new(keys::tuple_of(key)));
    Error::corruption(place, "the key is none of its keyspace")
}
