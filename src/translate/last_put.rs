//! Grants of one entitlement are put one after another: what their records have in common is made once.

use super::stamp::{put_timestamp, Stamp};
use super::stubs::{canonical_id, Id};
use crate::proto::plain_grant::resource_ids;
use crate::proto::wire::{leading, put_bytes, put_message};

const PRINCIPAL: u8 = 2 << 3 | 2;
const ID: u8 = 3 << 3 | 2;

/// What the last grant that was put is a grant of.
#[derive(Default)]
pub struct LastPut {
    /// Field 1 of its message, as it stands; empty before the first.
    entitlement: Vec<u8>,
    /// Field 3 of its record.
    reference: Vec<u8>,
    entitlement_id: Vec<u8>,
}

impl LastPut {
    /// Makes this the entitlement of the last grant.
    pub(super) fn be(&mut self, entitlement: &[u8], reference: &[u8], id: &str) {
        let parts = [(&mut self.entitlement, entitlement), (&mut self.reference, reference)];
        for (part, bytes) in parts.into_iter().chain([(&mut self.entitlement_id, id.as_bytes())]) {
            part.clear();
            part.extend_from_slice(bytes);
        }
    }

    /// Appends the record of a message that differs from the last one as most do: in a principal that is two ids and in
    /// its own id, all of them short and ASCII, and has nothing else. Of another nothing is appended: `false`.
    pub(super) fn put_alike(&self, v2: &[u8], stamp: &Stamp<'_>, out: &mut Vec<u8>) -> bool {
        let Some(Alike { principal, external_id }) = self.alike(v2) else { return false };
        put_bytes(out, 2, external_id);
        out.extend_from_slice(&self.reference);
        put_message(out, 4, principal);
        put_timestamp(out, 5, stamp.discovered_at);
        put_bytes(out, 10, stamp.source_scope_key.as_bytes());
        true
    }

    fn alike<'m>(&self, v2: &'m [u8]) -> Option<Alike<'m>> {
        let rest = v2.strip_prefix(&self.entitlement[..]).filter(|_| !self.entitlement.is_empty())?;
        let (resource, rest) = leading(rest, PRINCIPAL)?;
        let (principal, behind) = leading(resource, 1 << 3 | 2)?;
        let (id, rest) = leading(rest, ID).unwrap_or((&[], rest));
        let is_plain = behind.is_empty() && rest.is_empty() && principal.is_ascii() && id.is_ascii();
        let (resource_type, resource) = resource_ids(principal).filter(|_| is_plain)?;
        let mut canonical = canonical_id(&self.entitlement_id, Id { resource_type, resource }).into_iter();
        let is_canonical = canonical.try_fold(id, |rest, part| rest.strip_prefix(part)).is_some_and(<[u8]>::is_empty);
        Some(Alike { principal, external_id: if is_canonical { &[] } else { id } })
    }
}

/// What the message of a grant has of its own.
struct Alike<'m> {
    /// A `ResourceId`, which is also a `PrincipalRef`.
    principal: &'m [u8],
    /// Empty if it follows from the references.
    external_id: &'m [u8],
}
