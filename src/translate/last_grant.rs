//! Grants of one entitlement follow one another: what they have in common is made once.

use super::stubs::{canonical_id, put_entitlement_stub, Id, Reference};
use crate::proto::plain_grant::PlainGrant;
use crate::proto::wire::{put_head, put_message, put_nested, Malformed};

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
        put_head(out, 3, id.iter().map(|part| part.len()).sum());
        id.iter().for_each(|part| out.extend_from_slice(part));
    }

    /// Appends the grant of a plain record of the same entitlement. Of another nothing is appended: `false`.
    pub(super) fn put_alike(&self, v3: &[u8], out: &mut Vec<u8>) -> bool {
        let plain = PlainGrant::parse(v3, &self.field).filter(|plain| plain.principal.len() + 2 < 0x80);
        let Some(PlainGrant { external_id, principal, resource_type, resource }) = plain else { return false };
        out.extend_from_slice(&self.stub);
        let length = principal.len() as u8;
        out.extend_from_slice(&[2 << 3 | 2, length + 2, 1 << 3 | 2, length]);
        out.extend_from_slice(principal);
        match external_id {
            [] => self.put_canonical_id(Id { resource_type, resource }, out),
            given => put_message(out, 3, given),
        }
        true
    }
}
