//! `c1.connector.v2.ResourceType` ↔ `c1.storage.v3.ResourceTypeRecord`.

use std::borrow::Cow;

use prost::encoding::encode_varint;

use super::all_or_nothing;
use super::any::put_annotations;
use super::enums::{push_values, trait_name, trait_number, varint};
use super::kept::{self, put_kept, replaces};
use super::stamp::{put_timestamp, Stamp};
use crate::proto::wire::{fields, merge, put_bytes, put_fields, put_message, put_nested, put_varint, Malformed};

#[derive(Default)]
struct ResourceType<'a> {
    id: &'a str,
    display_name: &'a str,
    traits: Vec<i32>,
    description: &'a str,
    sourced_externally: bool,
}

impl<'a> ResourceType<'a> {
    fn parse(v2: &'a [u8]) -> Result<Self, Malformed> {
        let mut message = Self::default();
        for field in fields(v2) {
            let field = field?;
            match field.number {
                1 => message.id = field.str()?,
                2 => message.display_name = field.str()?,
                3 => push_values(&mut message.traits, &field)?,
                5 => message.description = field.str()?,
                6 => message.sourced_externally = field.bool()?,
                _ => {}
            }
        }
        Ok(message)
    }
}

/// Appends the record of a v2 resource type.
pub fn resource_type_to_record(v2: &[u8], stamp: &Stamp<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let message = ResourceType::parse(v2)?;
    all_or_nothing(out, |out| {
        put_bytes(out, 2, message.id.as_bytes());
        put_bytes(out, 3, message.display_name.as_bytes());
        for number in &message.traits {
            put_message(out, 4, trait_name(*number).unwrap_or_default().as_bytes());
        }
        put_annotations(out, 5, v2, 4)?;
        put_timestamp(out, 6, stamp.discovered_at);
        put_bytes(out, 7, message.description.as_bytes());
        put_varint(out, 8, u64::from(message.sourced_externally));
        put_kept(out, |out| {
            if message.traits.iter().any(|number| trait_name(*number).is_none()) {
                put_traits(out, &message.traits);
            }
            put_fields(out, v2, 7..=u32::MAX)
        })
    })
}

#[derive(Default)]
struct Record<'a> {
    external_id: &'a str,
    display_name: &'a str,
    traits: Vec<i32>,
    description: &'a str,
    sourced_externally: bool,
    kept: Option<Cow<'a, [u8]>>,
}

impl<'a> Record<'a> {
    fn parse(v3: &'a [u8]) -> Result<Self, Malformed> {
        let mut record = Self::default();
        for field in fields(v3) {
            let field = field?;
            match field.number {
                2 => record.external_id = field.str()?,
                3 => record.display_name = field.str()?,
                4 => record.traits.push(trait_number(field.str()?)),
                7 => record.description = field.str()?,
                8 => record.sourced_externally = field.bool()?,
                kept::NUMBER => merge(&mut record.kept, field.bytes()?),
                _ => {}
            }
        }
        Ok(record)
    }
}

/// Appends the v2 resource type of a record.
pub fn resource_type_from_record(v3: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let record = Record::parse(v3)?;
    let kept = record.kept.as_deref().unwrap_or_default();
    all_or_nothing(out, |out| {
        put_bytes(out, 1, record.external_id.as_bytes());
        put_bytes(out, 2, record.display_name.as_bytes());
        if replaces(kept, 3)? {
            put_fields(out, kept, 3..=3)?;
        } else {
            put_traits(out, &record.traits);
        }
        put_annotations(out, 4, v3, 5)?;
        put_bytes(out, 5, record.description.as_bytes());
        put_varint(out, 6, u64::from(record.sourced_externally));
        put_fields(out, kept, 7..=u32::MAX)
    })
}

/// Appends field 3 of a v2 resource type, packed.
fn put_traits(out: &mut Vec<u8>, traits: &[i32]) {
    if !traits.is_empty() {
        put_nested(out, 3, |out| traits.iter().for_each(|number| encode_varint(varint(*number), out)));
    }
}
