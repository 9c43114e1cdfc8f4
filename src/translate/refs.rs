//! References: what a record keeps of a resource or entitlement that is embedded in another message.
//!
//! The two ids of a resource have the same field numbers in `c1.connector.v2.ResourceId` and in the references of
//! `c1.storage.v3`: 1 the resource type, 2 the resource.

use std::borrow::Cow;

use crate::keys::{EntitlementRef, ResourceRef};
use crate::proto::wire::{fields, merge, put_bytes, put_fields, put_varint, Malformed};

/// The ids of one resource.
#[derive(Clone, Copy, Default)]
pub(super) struct ResourceId<'a> {
    pub resource_type: &'a str,
    pub resource: &'a str,
    baton_resource: bool,
    message: &'a [u8],
}

impl<'a> ResourceId<'a> {
    /// Reads a `c1.connector.v2.ResourceId`.
    pub fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut id = Self { message, ..Self::default() };
        for field in fields(message) {
            let field = field?;
            match field.number {
                1 => id.resource_type = field.str()?,
                2 => id.resource = field.str()?,
                3 => id.baton_resource = field.bool()?,
                _ => {}
            }
        }
        Ok(id)
    }

    /// Appends both ids, as the first two fields of a reference or of a `ResourceId`.
    pub fn put(&self, out: &mut Vec<u8>) {
        self.put_as(out, 1, 2);
    }

    /// Appends both ids under these field numbers.
    pub fn put_as(&self, out: &mut Vec<u8>, resource_type: u32, resource: u32) {
        put_ids(out, ResourceRef::new(self.resource_type, self.resource), resource_type, resource);
    }

    /// Appends the fields of the `ResourceId` that a reference drops.
    pub fn put_remainder(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        put_varint(out, 3, u64::from(self.baton_resource));
        put_fields(out, self.message, 4..=u32::MAX)
    }
}

/// Appends a `ResourceRef`, or the start of another reference, to an embedded `Resource`.
pub(super) fn put_resource_ref(out: &mut Vec<u8>, resource: &[u8]) -> Result<(), Malformed> {
    if let Some(id) = message(resource, 1)? {
        ResourceId::parse(&id)?.put(out);
    }
    Ok(())
}

/// What a record keeps of an embedded `c1.connector.v2.Entitlement`.
#[derive(Default)]
pub(super) struct EmbeddedEntitlement<'a> {
    resource_id: Option<Cow<'a, [u8]>>,
    id: &'a str,
}

impl<'a> EmbeddedEntitlement<'a> {
    pub fn parse(entitlement: &'a [u8]) -> Result<Self, Malformed> {
        let (mut resource, mut id) = (None, "");
        for field in fields(entitlement) {
            let field = field?;
            match field.number {
                1 => merge(&mut resource, field.bytes()?),
                2 => id = field.str()?,
                _ => {}
            }
        }
        let resource_id = match resource {
            Some(Cow::Borrowed(resource)) => message(resource, 1)?,
            Some(Cow::Owned(resource)) => message(&resource, 1)?.map(|id| Cow::Owned(id.into_owned())),
            None => None,
        };
        Ok(Self { resource_id, id })
    }

    /// Who it is, as far as the message says.
    pub fn identity(&self) -> Result<EntitlementRef<'_>, Malformed> {
        Ok(EntitlementRef { resource: identity(&self.resource_id)?, id: self.id })
    }
}

/// Shows `see` which entitlement a v2 entitlement is, as far as it says.
pub fn entitlement_identity<T>(v2: &[u8], see: impl FnOnce(EntitlementRef<'_>) -> T) -> Result<T, Malformed> {
    Ok(see(EmbeddedEntitlement::parse(v2)?.identity()?))
}

/// Shows `see` which resource a v2 resource id names, as far as it says.
pub fn resource_identity<T>(v2: &[u8], see: impl FnOnce(ResourceRef<'_>) -> T) -> Result<T, Malformed> {
    let ResourceId { resource_type, resource, .. } = ResourceId::parse(v2)?;
    Ok(see(ResourceRef::new(resource_type, resource)))
}

/// What a record keeps of an embedded `c1.connector.v2.Resource` that is a principal. The parent is part of it: matching
/// principals across connectors needs it.
#[derive(Default)]
pub(super) struct EmbeddedPrincipal<'a> {
    id: Option<Cow<'a, [u8]>>,
    parent: Option<Cow<'a, [u8]>>,
}

impl<'a> EmbeddedPrincipal<'a> {
    pub fn parse(principal: &'a [u8]) -> Result<Self, Malformed> {
        let mut message = Self::default();
        for field in fields(principal) {
            let field = field?;
            match field.number {
                1 => merge(&mut message.id, field.bytes()?),
                2 => merge(&mut message.parent, field.bytes()?),
                _ => {}
            }
        }
        Ok(message)
    }

    /// Who it is, as far as the message says.
    pub fn identity(&self) -> Result<ResourceRef<'_>, Malformed> {
        identity(&self.id)
    }

    /// Who its parent is; nobody if it has none.
    pub fn parent(&self) -> Result<ResourceRef<'_>, Malformed> {
        identity(&self.parent)
    }
}

/// Reads a `c1.connector.v2.ResourceId`; nobody if it is not there.
fn identity<'a>(id: &'a Option<Cow<'_, [u8]>>) -> Result<ResourceRef<'a>, Malformed> {
    let ResourceId { resource_type, resource, .. } = ResourceId::parse(id.as_deref().unwrap_or_default())?;
    Ok(ResourceRef { resource_type, resource })
}

/// Appends the ids of a resource under these field numbers.
pub(super) fn put_ids(out: &mut Vec<u8>, of: ResourceRef<'_>, resource_type: u32, resource: u32) {
    put_bytes(out, resource_type, of.resource_type.as_bytes());
    put_bytes(out, resource, of.resource.as_bytes());
}

/// The singular string field `number`, empty if absent.
pub(super) fn string(message: &[u8], number: u32) -> Result<&str, Malformed> {
    let mut last = "";
    for field in fields(message) {
        let field = field?;
        if field.number == number {
            last = field.str()?;
        }
    }
    Ok(last)
}

/// The singular message field `number`.
pub(super) fn message(message: &[u8], number: u32) -> Result<Option<Cow<'_, [u8]>>, Malformed> {
    let mut merged = None;
    for field in fields(message) {
        let field = field?;
        if field.number == number {
            merge(&mut merged, field.bytes()?);
        }
    }
    Ok(merged)
}
