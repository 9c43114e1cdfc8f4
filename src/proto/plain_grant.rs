//! The shape that most stored grants have.

use super::wire::leading;

const EXTERNAL_ID: u8 = 2 << 3 | 2;
const PRINCIPAL: u8 = 4 << 3 | 2;
const DISCOVERED_AT: u8 = 5 << 3 | 2;
const SOURCE_SCOPE_KEY: u8 = 10 << 3 | 2;
const RESOURCE_TYPE: u8 = 1 << 3 | 2;
const RESOURCE: u8 = 2 << 3 | 2;

/// A `c1.storage.v3.GrantRecord` with nothing but entitlement, principal and time of discovery, an external id and a scope
/// if it has them; each is short, ids are ASCII, and the principal has no parent.
pub struct PlainGrant<'r> {
    /// Field 2, or nothing.
    pub external_id: &'r [u8],
    /// Field 4: two fields, which are also a `c1.connector.v2.ResourceId`.
    pub principal: &'r [u8],
    /// The principal's type: not empty, nor is its id.
    pub resource_type: &'r [u8],
    /// The principal's id.
    pub resource: &'r [u8],
}

impl<'r> PlainGrant<'r> {
    /// Takes a record apart whose field 3, as it stands, is `entitlement`. `None` for all others.
    pub fn parse(record: &'r [u8], entitlement: &[u8]) -> Option<PlainGrant<'r>> {
        let (external_id, rest) = leading(record, EXTERNAL_ID).unwrap_or((&[], record));
        let rest = rest.strip_prefix(entitlement).filter(|_| !entitlement.is_empty())?;
        let (principal, rest) = leading(rest, PRINCIPAL)?;
        let (_, rest) = leading(rest, DISCOVERED_AT)?;
        if !rest.is_empty() && !leading(rest, SOURCE_SCOPE_KEY)?.1.is_empty() {
            return None;
        }
        let (resource_type, resource) = resource_ids(principal)?;
        let is_ascii = principal.is_ascii() && external_id.is_ascii();
        is_ascii.then_some(PlainGrant { external_id, principal, resource_type, resource })
    }
}

/// Type and id of a message that has them as its fields 1 and 2, neither of them empty, and nothing else.
pub fn resource_ids(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let (resource_type, rest) = leading(message, RESOURCE_TYPE)?;
    let (resource, rest) = leading(rest, RESOURCE)?;
    let is_plain = rest.is_empty() && !resource_type.is_empty() && !resource.is_empty();
    is_plain.then_some((resource_type, resource))
}
