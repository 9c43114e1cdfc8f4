//! `c1.storage.v3.EntitlementRecord`.

use super::refs::{missing_part, read_ref, NOBODY};
use crate::keys::EntitlementRef;
use crate::proto::wire::{fields, Malformed};

/// `c1.storage.v3.EntitlementRecord`.
#[derive(Debug)]
pub struct Entitlement<'a> {
    /// Who it is.
    pub identity: EntitlementRef<'a>,
}

impl<'a> Entitlement<'a> {
    /// Reads what identifies and indexes a stored record.
    pub fn parse(stored: &'a [u8]) -> Result<Self, Malformed> {
        let mut identity = EntitlementRef { resource: NOBODY, id: "" };
        for field in fields(stored) {
            let field = field?;
            match field.number {
                2 => identity.id = field.str()?,
                3 => read_ref(field.bytes()?, &mut identity.resource)?,
                _ => {}
            }
        }
        Ok(Entitlement { identity })
    }

    pub(super) fn missing(&self) -> Option<&'static str> {
        missing_part(self.identity.resource, ["resource type", "resource id"])
    }
}
