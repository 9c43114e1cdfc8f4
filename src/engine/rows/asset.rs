//! `c1.storage.v3.AssetRecord`.

use crate::proto::wire::{fields, Malformed};

/// `c1.storage.v3.AssetRecord`.
#[derive(Debug, Default)]
pub struct Asset<'a> {
    /// Its id.
    pub id: &'a str,
}

impl<'a> Asset<'a> {
    /// Reads what identifies and indexes a stored record.
    pub fn parse(stored: &'a [u8]) -> Result<Self, Malformed> {
        let mut view = Asset::default();
        for field in fields(stored) {
            let field = field?;
            if field.number == 2 {
                view.id = field.str()?;
            }
        }
        Ok(view)
    }
}
