//! `c1.storage.v3.ResourceRecord`.

use super::refs::{read_ref, NOBODY};
use crate::keys::{self, ResourceRef, Slot};
use crate::proto::wire::{fields, Malformed};

/// `c1.storage.v3.ResourceRecord`.
#[derive(Debug)]
pub struct Resource<'a> {
    /// Who it is.
    pub identity: ResourceRef<'a>,
    /// The resource above it.
    pub parent: Option<ResourceRef<'a>>,
    /// The scope of the source cache that it is of, or "".
    pub source_scope: &'a str,
}

impl<'a> Resource<'a> {
    /// Reads what identifies and indexes a stored record.
    pub fn parse(stored: &'a [u8]) -> Result<Self, Malformed> {
        let mut view = Resource { identity: NOBODY, parent: None, source_scope: "" };
        for field in fields(stored) {
            let field = field?;
            match field.number {
                2 => view.identity.resource_type = field.str()?,
                3 => view.identity.resource = field.str()?,
                6 => read_ref(field.bytes()?, view.parent.get_or_insert(NOBODY))?,
                12 => view.source_scope = field.str()?,
                _ => {}
            }
        }
        Ok(view)
    }

    pub(super) fn varies(&self) -> bool {
        self.parent.is_some() || !self.source_scope.is_empty()
    }

    /// The keys of its entries below its parent and its scope.
    pub(super) fn varying(&self, slot: Slot) -> Vec<Vec<u8>> {
        let by_parent = self.parent.map(|parent| keys::resource_by_parent(slot, parent, self.identity));
        let is_scoped = !self.source_scope.is_empty();
        let by_scope = is_scoped.then(|| keys::resource_by_scope(slot, self.source_scope, self.identity));
        by_parent.into_iter().chain(by_scope).collect()
    }
}
