//! Pages: records of several kinds, deletions and named values that become part of a sync together.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::put::{grant_keys, malformed_request, PutRequest};
use crate::engine::{Kind, Page, Records};
use crate::keys::{self, ResourceRef, Slot};
use crate::proto::wire::{fields, merge, values, Malformed};
use crate::quoted::Quoted;
use crate::store::clock;
use crate::store::Store;
use crate::translate::{self, GrantsToRecords, Stamp};
use crate::{Error, Result};

const PAGE: &str = "c1z.v1.CommitPageRequest";

/// The most bytes of the name of a value, and of the value.
const MAX_NAME_BYTES: usize = 512;
const MAX_VALUE_BYTES: usize = 1 << 20;

/// The parts of a `c1z.v1.CommitPageRequest`, read where they lie.
#[derive(Default)]
struct Parts<'r> {
    /// The whole of it.
    request: &'r [u8],
    delete_grants: Option<Cow<'r, [u8]>>,
    /// The put requests of resource types, resources, entitlements and grants.
    put: [Option<Cow<'r, [u8]>>; 4],
    values: BTreeMap<&'r str, Option<&'r [u8]>>,
}

impl Store {
    /// Makes everything of a `c1z.v1.CommitPageRequest` part of the bound sync, or nothing.
    pub fn commit_page(&self, request: &[u8]) -> Result<()> {
        let parts = Parts::read(request)?;
        let records = parts.records()?;
        parts.deleted(Slot::NONE)?;
        let (mut writer, bound) = self.changing_writer()?;
        let values: Vec<_> = parts.values.iter().map(|(name, value)| (*name, *value)).collect();
        let page = Page { deleted: &parts.deleted(bound.slot)?, records: &records, values: &values };
        writer.put_page(bound.slot, bound.open, &page)?;
        self.mark_dirty();
        Ok(())
    }
}

impl<'r> Parts<'r> {
    fn read(request: &'r [u8]) -> Result<Parts<'r>> {
        let malformed = |error| malformed_request(PAGE, request, error);
        let mut parts = Parts { request, ..Parts::default() };
        for field in fields(request) {
            let field = field.map_err(malformed)?;
            match field.number {
                1 => merge(&mut parts.delete_grants, field.bytes().map_err(malformed)?),
                number @ 4..=7 => merge(&mut parts.put[number as usize - 4], field.bytes().map_err(malformed)?),
                8 => {
                    let (name, value) = entry(field.bytes().map_err(malformed)?).map_err(malformed)?;
                    check_value(name, value)?;
                    parts.values.insert(name, Some(value));
                }
                9 => {
                    let name = field.str().map_err(malformed)?;
                    check_value(name, b"")?;
                    parts.values.entry(name).or_insert(None);
                }
                _ => {}
            }
        }
        Ok(parts)
    }

    /// The keys of the records that are deleted.
    fn deleted(&self, slot: Slot) -> Result<Vec<(Kind, Vec<u8>)>> {
        let mut deleted = Vec::new();
        for key in grant_keys(self.delete_grants.as_deref().unwrap_or_default(), slot) {
            deleted.push((Kind::Grant, key?));
        }
        for (kind, noun) in [(Kind::Entitlement, "entitlement"), (Kind::Resource, "resource")] {
            // Each is read when its turn comes: most messages take much more memory than bytes.
            for (index, request) in values(self.request, delete_field(kind)).enumerate() {
                let malformed = |error| malformed_request(PAGE, self.request, error);
                let key = deleted_key(kind, slot, request.map_err(malformed)?).map_err(malformed)?;
                let incomplete = || Error::invalid(format!("{noun} {index} to delete lacks a part of its identity"));
                deleted.push((kind, key.ok_or_else(incomplete)?));
            }
        }
        Ok(deleted)
    }

    /// The records that are put.
    fn records(&self) -> Result<Vec<(Kind, Records)>> {
        let discovered_at = clock::now();
        let mut grants = GrantsToRecords::default();
        let mut records = Vec::new();
        for (kind, request) in Kind::ALL.into_iter().zip(&self.put) {
            let Some(request) = request else { continue };
            let request = PutRequest::read(request)?;
            let made = request.records(kind, |message, source_scope_key, out| {
                let stamp = Stamp { discovered_at, source_scope_key };
                match kind {
                    Kind::ResourceType => translate::resource_type_to_record(message, &stamp, out),
                    Kind::Resource => translate::resource_to_record(message, &stamp, out),
                    Kind::Entitlement => translate::entitlement_to_record(message, &stamp, out),
                    _ => grants.append(message, &stamp, out),
                }
            })?;
            records.push((kind, made));
        }
        Ok(records)
    }
}

/// Where a page has its requests to delete records of that kind.
fn delete_field(kind: Kind) -> u32 {
    match kind {
        Kind::Entitlement => 2,
        _ => 3,
    }
}

/// The key of the entitlement or the resource that a request to delete it names in its field 1; `None` if a part of its
/// identity is missing.
fn deleted_key(kind: Kind, slot: Slot, request: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
    let mut named = None;
    for message in values(request, 1) {
        merge(&mut named, message?);
    }
    let named = named.unwrap_or_default();
    match kind {
        Kind::Entitlement => translate::entitlement_identity(&named, |identity| {
            let whole = is_whole(identity.resource) && !identity.id.is_empty();
            whole.then(|| keys::entitlement(slot, identity))
        }),
        _ => {
            translate::resource_identity(&named, |identity| is_whole(identity).then(|| keys::resource(slot, identity)))
        }
    }
}

fn is_whole(id: ResourceRef<'_>) -> bool {
    !id.resource_type.is_empty() && !id.resource.is_empty()
}

/// Name and value of a map's entry.
fn entry(entry: &[u8]) -> Result<(&str, &[u8]), Malformed> {
    let (mut name, mut value) = ("", &b""[..]);
    for field in fields(entry) {
        let field = field?;
        match field.number {
            1 => name = field.str()?,
            2 => value = field.bytes()?,
            _ => {}
        }
    }
    Ok((name, value))
}

fn check_value(name: &str, value: &[u8]) -> Result<()> {
    let shown = Quoted::new(name);
    match (name.len(), value.len()) {
        (0, _) => Err(Error::invalid("a named value has no name")),
        (length, _) if length > MAX_NAME_BYTES => Err(Error::invalid(format!(
            "the name {shown} of a value has {length} bytes, at most {MAX_NAME_BYTES} are permitted"
        ))),
        (_, length) if length > MAX_VALUE_BYTES => {
            Err(Error::invalid(format!("value {shown} has {length} bytes, at most {MAX_VALUE_BYTES} are permitted")))
        }
        _ => Ok(()),
    }
}
