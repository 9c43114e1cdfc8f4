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
}

impl<'a> Resource<'a> {
    /// Reads what identifies and indexes a stored record.
    pub fn parse(stored: &'a [u8]) -> Result<Self, Malformed> {
        let mut view = Resource { identity: NOBODY, parent: None };
        for field in fields(stored) {
            let field = field?;
            match field.number {
                2 => view.identity.resource_type = field.str()?,
                3 => view.identity.resource = field.str()?,
                6 => read_ref(field.bytes()?, view.parent.get_or_insert(NOBODY))?,
                _ => {}
            }
        }
        Ok(view)
    }

    /// The key of its entry below its parent.
    pub(super) fn varying(&self, slot: Slot) -> Vec<Vec<u8>> {
        let by_parent = self.parent.map(|parent| keys::resource_by_parent(slot, parent, self.identity));
        by_parent.into_iter().collect()
    }
}
