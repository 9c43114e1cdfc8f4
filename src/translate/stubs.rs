//! Embedded messages that are nothing but the ids of a stored reference.

use crate::proto::wire::{fields, put_bytes, put_nested, Malformed};

/// A reference of `c1.storage.v3`: up to four strings, of which the first two are the ids of a resource.
#[derive(Clone, Copy, Default)]
pub(super) struct Reference<'a> {
    strings: [&'a [u8]; 4],
}

impl<'a> Reference<'a> {
    pub fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut reference = Self::default();
        for field in fields(message) {
            let field = field?;
            if let Some(string) = reference.strings.get_mut(field.number as usize - 1) {
                *string = field.bytes()?;
            }
        }
        // Almost every id is ASCII: one look at all of them is cheaper than one at each.
        if !message.is_ascii() {
            for (number, string) in (1..).zip(reference.strings) {
                std::str::from_utf8(string).map_err(|_| Malformed::Utf8 { number })?;
            }
        }
        Ok(reference)
    }

    /// Appends its strings, each under its own number.
    pub fn put(&self, out: &mut Vec<u8>) {
        (1..).zip(self.strings).for_each(|(number, string)| put_bytes(out, number, string));
    }

    /// The ids of the resource.
    pub fn id(&self) -> Id<'a> {
        let [resource_type, resource, ..] = self.strings;
        Id { resource_type, resource }
    }

    /// The third string of an `EntitlementRef`: the entitlement's id.
    pub fn entitlement_id(&self) -> &'a [u8] {
        self.strings[2]
    }

    /// The last two strings of a `PrincipalRef`: the ids of the principal's parent.
    fn parent(&self) -> Id<'a> {
        let [_, _, resource_type, resource] = self.strings;
        Id { resource_type, resource }
    }
}

/// The ids of one resource, which are UTF-8.
#[derive(Clone, Copy)]
pub(super) struct Id<'a> {
    pub resource_type: &'a [u8],
    pub resource: &'a [u8],
}

impl Id<'_> {
    /// Appends the fields of a `ResourceId`.
    pub fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, 1, self.resource_type);
        put_bytes(out, 2, self.resource);
    }

    /// Appends the fields of a `Resource` with that id; none if both ids are empty.
    fn put_stub(&self, out: &mut Vec<u8>) {
        if !self.is_empty() {
            put_nested(out, 1, |out| self.put(out));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.resource_type.is_empty() && self.resource.is_empty()
    }
}

/// The public id, in pieces, of a grant to which its writer gave none: `entitlement id:principal type:principal id`.
#[inline]
pub(super) fn canonical_id<'r>(entitlement_id: &'r [u8], principal: Id<'r>) -> [&'r [u8]; 5] {
    [entitlement_id, b":", principal.resource_type, b":", principal.resource]
}

/// Appends the fields of the `Resource` that a reference names.
pub(super) fn put_resource_stub(out: &mut Vec<u8>, reference: &[u8]) -> Result<(), Malformed> {
    Reference::parse(reference)?.id().put_stub(out);
    Ok(())
}

/// Appends the fields of the `Entitlement` that an `EntitlementRef` names.
pub(super) fn put_entitlement_stub(out: &mut Vec<u8>, reference: &Reference<'_>) {
    let id = reference.id();
    if !id.is_empty() {
        put_nested(out, 1, |out| id.put_stub(out));
    }
    put_bytes(out, 2, reference.entitlement_id());
}

/// Appends the fields of the `Resource` that a `PrincipalRef` names.
pub(super) fn put_principal_stub(out: &mut Vec<u8>, reference: &Reference<'_>) {
    reference.id().put_stub(out);
    let parent = reference.parent();
    if !parent.resource.is_empty() {
        put_nested(out, 2, |out| parent.put(out));
    }
}
