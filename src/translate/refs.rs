//! References: what a record keeps of a resource or entitlement that is embedded in another message.
//!
//! The two ids of a resource have the same field numbers in `c1.connector.v2.ResourceId` and in the references of
//! `c1.storage.v3`: 1 the resource type, 2 the resource.

use std::borrow::Cow;

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
        put_bytes(out, resource_type, self.resource_type.as_bytes());
        put_bytes(out, resource, self.resource.as_bytes());
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

/// Appends an `EntitlementRef` to an embedded `Entitlement`.
pub(super) fn put_entitlement_ref(out: &mut Vec<u8>, entitlement: &[u8]) -> Result<(), Malformed> {
    let (mut resource, mut id) = (None, "");
    for field in fields(entitlement) {
        let field = field?;
        match field.number {
            1 => merge(&mut resource, field.bytes()?),
            2 => id = field.str()?,
            _ => {}
        }
    }
    if let Some(resource) = resource {
        put_resource_ref(out, &resource)?;
    }
    put_bytes(out, 3, id.as_bytes());
    Ok(())
}

/// Appends a `PrincipalRef` to an embedded `Resource`. The parent is part of it: matching principals across
/// connectors needs it.
pub(super) fn put_principal_ref(out: &mut Vec<u8>, principal: &[u8]) -> Result<(), Malformed> {
    let (mut id, mut parent) = (None, None);
    for field in fields(principal) {
        let field = field?;
        match field.number {
            1 => merge(&mut id, field.bytes()?),
            2 => merge(&mut parent, field.bytes()?),
            _ => {}
        }
    }
    if let Some(id) = id {
        ResourceId::parse(&id)?.put(out);
    }
    if let Some(parent) = parent {
        ResourceId::parse(&parent)?.put_as(out, 3, 4);
    }
    Ok(())
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
