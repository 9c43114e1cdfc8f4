//! The shape that most grants have, and what they have in common with the grant before.
//!
//! Grants of one entitlement follow one another. Whoever makes something of many makes it of their entitlement once, and
//! of each grant what it has of its own.

use super::wire::leading;

/// Fields of a `c1.storage.v3.GrantRecord`.
mod record {
    pub const EXTERNAL_ID: u8 = 2 << 3 | 2;
    pub const PRINCIPAL: u8 = 4 << 3 | 2;
    pub const DISCOVERED_AT: u8 = 5 << 3 | 2;
    pub const SOURCE_SCOPE_KEY: u8 = 10 << 3 | 2;
}

/// Fields of a `c1.connector.v2.Grant`.
mod message {
    pub const PRINCIPAL: u8 = 2 << 3 | 2;
    pub const ID: u8 = 3 << 3 | 2;
}

/// Field of a `c1.connector.v2.Resource`.
const RESOURCE_ID: u8 = 1 << 3 | 2;
/// Fields of a `c1.connector.v2.ResourceId`, and of the reference to a principal.
const RESOURCE_TYPE: u8 = 1 << 3 | 2;
const RESOURCE: u8 = 2 << 3 | 2;

/// What a plain grant has of its own. It has nothing else but an entitlement and, as a record, a time of discovery and a
/// scope; each field is short, ids are ASCII, and the principal has no parent.
pub struct PlainGrant<'r> {
    /// The id that was given to it, or nothing.
    pub id: &'r [u8],
    /// The principal: two fields, which are a `c1.connector.v2.ResourceId` and the reference to one.
    pub principal: &'r [u8],
    /// The principal's type: not empty, nor is its id.
    pub resource_type: &'r [u8],
    /// The principal's id.
    pub resource: &'r [u8],
    /// When the record was discovered, a `google.protobuf.Timestamp`; nothing in a message.
    pub discovered_at: &'r [u8],
    /// Whether it is a record of a scope.
    pub is_scoped: bool,
}

/// The entitlement of the last grant, and what was made of it.
#[derive(Debug, Default)]
pub struct LastEntitlement<T> {
    /// The field of the grant that is the entitlement, as it stands; empty if there is none to compare with.
    field: Vec<u8>,
    /// What was made of it.
    pub made: T,
}

impl<T> LastEntitlement<T> {
    /// Makes this the entitlement of the last grant; an empty field stands for none. What was made of the one before is
    /// the caller's to replace.
    pub fn set(&mut self, field: &[u8]) {
        self.field.clear();
        self.field.extend_from_slice(field);
    }

    /// As it was set.
    pub fn field(&self) -> &[u8] {
        &self.field
    }

    /// Takes the record of a plain grant of the same entitlement apart, a `c1.storage.v3.GrantRecord`. `None` for all
    /// others.
    pub fn in_record<'r>(&self, record: &'r [u8]) -> Option<PlainGrant<'r>> {
        let (id, rest) = leading(record, record::EXTERNAL_ID).unwrap_or((&[], record));
        let (principal, rest) = leading(self.behind(rest)?, record::PRINCIPAL)?;
        let (discovered_at, rest) = leading(rest, record::DISCOVERED_AT)?;
        let scope = match rest {
            [] => rest,
            _ => leading(rest, record::SOURCE_SCOPE_KEY).filter(|(_, behind)| behind.is_empty())?.0,
        };
        let plain = PlainGrant::of(id, principal)?;
        Some(PlainGrant { discovered_at, is_scoped: !scope.is_empty(), ..plain })
    }

    /// Takes a plain grant of the same entitlement apart, a `c1.connector.v2.Grant`. `None` for all others.
    pub fn in_message<'r>(&self, message: &'r [u8]) -> Option<PlainGrant<'r>> {
        let (principal, rest) = leading(self.behind(message)?, message::PRINCIPAL)?;
        let (id, rest) = leading(rest, message::ID).unwrap_or((&[], rest));
        let (principal, behind) = leading(principal, RESOURCE_ID)?;
        let is_plain = rest.is_empty() && behind.is_empty();
        PlainGrant::of(id, principal).filter(|_| is_plain)
    }

    fn behind<'r>(&self, bytes: &'r [u8]) -> Option<&'r [u8]> {
        bytes.strip_prefix(&self.field[..]).filter(|_| !self.field.is_empty())
    }
}

impl<'r> PlainGrant<'r> {
    fn of(id: &'r [u8], principal: &'r [u8]) -> Option<PlainGrant<'r>> {
        let (resource_type, rest) = leading(principal, RESOURCE_TYPE)?;
        let (resource, rest) = leading(rest, RESOURCE)?;
        let is_whole = rest.is_empty() && !resource_type.is_empty() && !resource.is_empty();
        let is_plain = is_whole && principal.is_ascii() && id.is_ascii();
        is_plain.then_some(PlainGrant { id, principal, resource_type, resource, discovered_at: &[], is_scoped: false })
    }
}
