//! `c1.connector.v2.GrantExpandable`: the annotation that makes a grant a source of expansion.
//!
//! It has the fields of `c1.storage.v3.GrantExpandableRecord` under the same numbers: 1 entitlement_ids, 2 shallow,
//! 3 resource_type_ids.

use super::any::Any;
use crate::proto::wire::{fields, put_fields, put_message, put_nested, put_varint, values, Malformed};

const TYPE_NAME: &str = "c1.connector.v2.GrantExpandable";
const TYPE_URL: &str = "type.googleapis.com/c1.connector.v2.GrantExpandable";

/// Whether the annotation calls itself a `GrantExpandable`, decodable or not.
pub(super) fn is_expandable(annotation: &Any<'_>) -> bool {
    annotation.type_name() == TYPE_NAME
}

/// Appends an annotation with `expandable` as its value, in field `number`.
pub(super) fn put_expandable_annotation(out: &mut Vec<u8>, number: u32, expandable: &[u8]) {
    put_nested(out, number, |out| {
        put_message(out, 1, TYPE_URL.as_bytes());
        if !expandable.is_empty() {
            put_message(out, 2, expandable);
        }
    });
}

/// A `GrantExpandable` that decodes.
pub(super) struct Expandable<'a> {
    message: &'a [u8],
    shallow: bool,
    /// Whether one of the entitlement ids is not blank: without, there is nothing to expand.
    pub names_an_entitlement: bool,
}

impl<'a> Expandable<'a> {
    /// The first of the annotations in field `number` of `grant` that decodes, and its place among them. SDK: one that
    /// does not decode stays an annotation like any other, as do all after the first.
    pub fn first(grant: &'a [u8], number: u32) -> Result<Option<(usize, Self)>, Malformed> {
        for (place, annotation) in values(grant, number).enumerate() {
            let annotation = Any::parse(annotation?)?;
            if is_expandable(&annotation) {
                if let Ok(expandable) = Self::parse(annotation.value) {
                    return Ok(Some((place, expandable)));
                }
            }
        }
        Ok(None)
    }

    /// Reads an encoded one.
    pub fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut expandable = Self { message, shallow: false, names_an_entitlement: false };
        for field in fields(message) {
            let field = field?;
            match field.number {
                1 => expandable.names_an_entitlement |= !field.str()?.trim().is_empty(),
                2 => expandable.shallow = field.bool()?,
                3 => {
                    field.str()?;
                }
                _ => {}
            }
        }
        Ok(expandable)
    }

    /// Appends the message: ids as they came, blank ones too, and what a newer schema added.
    pub fn put(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        put_ids(out, self.message, 1)?;
        put_varint(out, 2, u64::from(self.shallow));
        put_ids(out, self.message, 3)?;
        put_fields(out, self.message, 4..=u32::MAX)
    }
}

fn put_ids(out: &mut Vec<u8>, message: &[u8], number: u32) -> Result<(), Malformed> {
    for id in values(message, number) {
        put_message(out, number, id?);
    }
    Ok(())
}
