//! `c1.storage.v3.EntitlementRecord`.

use super::refs::{missing_part, read_ref, NOBODY};
use crate::keys::{self, EntitlementRef, Slot};
use crate::proto::wire::{fields, Malformed};

/// `c1.storage.v3.EntitlementRecord`.
#[derive(Debug)]
pub struct Entitlement<'a> {
    /// Who it is.
    pub identity: EntitlementRef<'a>,
    /// The scope of the source cache that it is of, or "".
    pub source_scope: &'a str,
}

impl<'a> Entitlement<'a> {
    /// Reads what identifies and indexes a stored record.
    pub fn parse(stored: &'a [u8]) -> Result<Self, Malformed> {
        let (mut identity, mut source_scope) = (EntitlementRef { resource: NOBODY, id: "" }, "");
        for field in fields(stored) {
            let field = field?;
            match field.number {
                2 => identity.id = field.str()?,
                3 => read_ref(field.bytes()?, &mut identity.resource)?,
                11 => source_scope = field.str()?,
                _ => {}
            }
        }
        Ok(Entitlement { identity, source_scope })
    }

    pub(super) fn varies(&self) -> bool {
        !self.source_scope.is_empty()
    }

    /// The key of its entry below its scope.
    pub(super) fn varying(&self, slot: Slot) -> Vec<Vec<u8>> {
        let by_scope = self.varies().then(|| keys::entitlement_by_scope(slot, self.source_scope, self.identity));
        by_scope.into_iter().collect()
    }

    /// Which part of its identity is missing, if any is.
    pub fn missing(&self) -> Option<&'static str> {
        missing_part(self.identity.resource, ["resource type", "resource id"])
    }
}
