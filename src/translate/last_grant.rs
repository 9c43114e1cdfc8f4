//! Grants of one entitlement follow one another: what they have in common is translated once.

use super::stamp::{put_timestamp, Stamp};
use super::stubs::{canonical_id, put_entitlement_stub, Id, Reference};
use crate::proto::plain_grant::{LastEntitlement, PlainGrant};
use crate::proto::wire::{put_bytes, put_head, put_message, put_nested, Malformed};

/// What the last grant that was read is a grant of: field 3 of its record, and what it is shown as.
#[derive(Default)]
pub(super) struct LastRead(LastEntitlement<Shown>);

#[derive(Default)]
struct Shown {
    /// Where the reference starts in the field.
    reference: usize,
    /// Field 1 of the grant.
    stub: Vec<u8>,
    entitlement_id: Vec<u8>,
}

impl LastRead {
    /// Makes this the entitlement of the last grant.
    pub fn set(&mut self, reference: &[u8]) -> Result<(), Malformed> {
        if self.0.field().get(self.0.made.reference..).is_some_and(|last| !last.is_empty() && last == reference) {
            return Ok(());
        }
        let parsed = Reference::parse(reference)?;
        let mut field = Vec::with_capacity(reference.len() + 4);
        put_message(&mut field, 3, reference);
        self.0.set(&field);
        let Shown { reference: start, stub, entitlement_id } = &mut self.0.made;
        *start = field.len() - reference.len();
        stub.clear();
        put_nested(stub, 1, |out| put_entitlement_stub(out, &parsed));
        entitlement_id.clear();
        entitlement_id.extend_from_slice(parsed.entitlement_id());
        Ok(())
    }

    /// Field 1 of a grant of the same entitlement.
    pub fn stub(&self) -> &[u8] {
        &self.0.made.stub
    }

    /// Appends field 3 of a grant of the same entitlement to which its writer gave no id.
    pub fn put_canonical_id(&self, principal: Id<'_>, out: &mut Vec<u8>) {
        let id = canonical_id(&self.0.made.entitlement_id, principal);
        put_head(out, 3, id.iter().map(|part| part.len()).sum());
        id.iter().for_each(|part| out.extend_from_slice(part));
    }

    /// Appends the grant of a plain record of the same entitlement. Of another nothing is appended: `false`.
    pub fn put_alike(&self, v3: &[u8], out: &mut Vec<u8>) -> bool {
        let plain = self.0.in_record(v3).filter(|plain| plain.principal.len() + 2 < 0x80);
        let Some(PlainGrant { id, principal, resource_type, resource, .. }) = plain else { return false };
        out.extend_from_slice(self.stub());
        let length = principal.len() as u8;
        out.extend_from_slice(&[2 << 3 | 2, length + 2, 1 << 3 | 2, length]);
        out.extend_from_slice(principal);
        match id {
            [] => self.put_canonical_id(Id { resource_type, resource }, out),
            given => put_message(out, 3, given),
        }
        true
    }
}

/// What the last grant that was put is a grant of: field 1 of its message, and what is stored of it.
#[derive(Default)]
pub(super) struct LastPut(LastEntitlement<Stored>);

#[derive(Default)]
struct Stored {
    /// Field 3 of the record.
    reference: Vec<u8>,
    entitlement_id: Vec<u8>,
}

impl LastPut {
    /// Makes this the entitlement of the last grant.
    pub fn set(&mut self, field: &[u8], reference: &[u8], id: &str) {
        self.0.set(field);
        let Stored { reference: stored, entitlement_id } = &mut self.0.made;
        for (part, bytes) in [(stored, reference), (entitlement_id, id.as_bytes())] {
            part.clear();
            part.extend_from_slice(bytes);
        }
    }

    /// Appends the record of a plain message of the same entitlement. Of another nothing is appended: `false`.
    pub fn put_alike(&self, v2: &[u8], stamp: &Stamp<'_>, out: &mut Vec<u8>) -> bool {
        let Some(PlainGrant { id, principal, resource_type, resource, .. }) = self.0.in_message(v2) else {
            return false;
        };
        let Stored { reference, entitlement_id } = &self.0.made;
        // An id that follows from the references is not stored.
        let mut canonical = canonical_id(entitlement_id, Id { resource_type, resource }).into_iter();
        let is_canonical = canonical.try_fold(id, |rest, part| rest.strip_prefix(part)).is_some_and(<[u8]>::is_empty);
        put_bytes(out, 2, if is_canonical { &[] } else { id });
        out.extend_from_slice(reference);
        put_message(out, 4, principal);
        put_timestamp(out, 5, stamp.discovered_at);
        put_bytes(out, 10, stamp.source_scope_key.as_bytes());
        true
    }
}
