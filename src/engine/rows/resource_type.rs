//! `c1.storage.v3.ResourceTypeRecord`.

use crate::proto::wire::{fields, Malformed};

/// `c1.storage.v3.ResourceTypeRecord`.
#[derive(Debug, Default)]
pub struct ResourceType<'a> {
    /// Its id.
    pub id: &'a str,
}

impl<'a> ResourceType<'a> {
    /// Reads what identifies and indexes a stored record.
    pub fn parse(stored: &'a [u8]) -> Result<Self, Malformed> {
        let mut view = ResourceType::default();
        for field in fields(stored) {
            let field = field?;
            if field.number == 2 {
                view.id = field.str()?;
            }
        }
        Ok(view)
    }
}
