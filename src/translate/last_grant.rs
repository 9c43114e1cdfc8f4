//! Grants of one entitlement follow one another: what they have in common is made once.

use super::stubs::{canonical_id, put_entitlement_stub, Id, Reference};
use crate::proto::wire::{put_message, put_nested, Malformed};

const EXTERNAL_ID: u8 = 2 << 3 | 2;
const PRINCIPAL: u8 = 4 << 3 | 2;
const DISCOVERED_AT: u8 = 5 << 3 | 2;
const SOURCE_SCOPE_KEY: u8 = 10 << 3 | 2;
const RESOURCE_TYPE: u8 = 1 << 3 | 2;
const RESOURCE: u8 = 2 << 3 | 2;

/// What the last grant that was appended is a grant of.
#[derive(Default)]
pub struct LastGrant {
    /// Field 3 of its record, which names the entitlement; empty before the first.
    field: Vec<u8>,
    /// Where the reference starts in it.
    reference: usize,
    /// Field 1 of the grant.
    stub: Vec<u8>,
    entitlement_id: Vec<u8>,
}

impl LastGrant {
    /// Makes this the entitlement of the last grant.
    pub(super) fn be(&mut self, reference: &[u8]) -> Result<(), Malformed> {
        if !self.field.is_empty() && &self.field[self.reference..] == reference {
            return Ok(());
        }
        let parsed = Reference::parse(reference)?;
        self.stub.clear();
        put_nested(&mut self.stub, 1, |out| put_entitlement_stub(out, &parsed));
        self.entitlement_id.clear();
        self.entitlement_id.extend_from_slice(parsed.entitlement_id());
        self.field.clear();
        put_message(&mut self.field, 3, reference);
        self.reference = self.field.len() - reference.len();
        Ok(())
    }

    /// Field 1 of a grant of the same entitlement.
    pub(super) fn stub(&self) -> &[u8] {
        &self.stub
    }

    /// Appends field 3 of a grant of the same entitlement to which its writer gave no id.
    pub(super) fn put_canonical_id(&self, principal: Id<'_>, out: &mut Vec<u8>) {
        let id = canonical_id(&self.entitlement_id, principal);
        put_nested(out, 3, |out| id.iter().for_each(|part| out.extend_from_slice(part)));
    }

    /// Appends the grant of a record that differs from the last one as most do: in principal, external id, time and scope,
    /// all of them short, and has nothing else. Of another nothing is appended: `false`.
    pub(super) fn put_alike(&self, v3: &[u8], out: &mut Vec<u8>) -> bool {
        let Some(Alike { external_id, principal, id }) = self.alike(v3) else { return false };
        out.extend_from_slice(&self.stub);
        // A `PrincipalRef` of two strings is the `ResourceId` that the `Resource` has in field 1.
        let length = principal.len() as u8;
        out.extend_from_slice(&[2 << 3 | 2, length + 2, 1 << 3 | 2, length]);
        out.extend_from_slice(principal);
        match external_id {
            [] => self.put_canonical_id(id, out),
            given => put_message(out, 3, given),
        }
        true
    }

    fn alike<'r>(&self, v3: &'r [u8]) -> Option<Alike<'r>> {
        let (external_id, rest) = leading(v3, EXTERNAL_ID).unwrap_or((&[], v3));
        let rest = rest.strip_prefix(&self.field[..]).filter(|_| !self.field.is_empty())?;
        let (principal, rest) = leading(rest, PRINCIPAL)?;
        let (_, rest) = leading(rest, DISCOVERED_AT)?;
        if !rest.is_empty() && !leading(rest, SOURCE_SCOPE_KEY)?.1.is_empty() {
            return None;
        }
        let (resource_type, ids) = leading(principal, RESOURCE_TYPE)?;
        let (resource, behind) = leading(ids, RESOURCE)?;
        let is_plain = behind.is_empty() && !resource_type.is_empty() && !resource.is_empty();
        let is_short = principal.len() + 2 < 0x80;
        let is_utf8 = principal.is_ascii() && external_id.is_ascii();
        let id = Id { resource_type, resource };
        (is_plain && is_short && is_utf8).then_some(Alike { external_id, principal, id })
    }
}

/// What the record of a grant has of its own.
struct Alike<'r> {
    external_id: &'r [u8],
    /// The reference, and what is in it.
    principal: &'r [u8],
    id: Id<'r>,
}

/// The first field of a message, if it has that key and a length of one byte, and what follows it.
fn leading(message: &[u8], key: u8) -> Option<(&[u8], &[u8])> {
    match message {
        [first, length, rest @ ..] if *first == key && *length < 0x80 => rest.split_at_checked(usize::from(*length)),
        _ => None,
    }
}
