//! `c1.connector.v2.Entitlement` ↔ `c1.storage.v3.EntitlementRecord`.

use std::borrow::Cow;

use super::all_or_nothing;
use super::any::put_annotations;
use super::enums::{purpose_name, purpose_number, varint};
use super::kept::{self, put_kept, replaces};
use super::refs::{put_resource_ref, string};
use super::stamp::{put_timestamp, Stamp};
use super::stubs::put_resource_stub;
use crate::proto::wire::{fields, merge, put_bytes, put_fields, put_nested, put_varint, values, Malformed};

#[derive(Default)]
struct Entitlement<'a> {
    resource: Option<Cow<'a, [u8]>>,
    id: &'a str,
    display_name: &'a str,
    description: &'a str,
    purpose: i32,
    slug: &'a str,
}

impl<'a> Entitlement<'a> {
    fn parse(v2: &'a [u8]) -> Result<Self, Malformed> {
        let mut message = Self::default();
        for field in fields(v2) {
            let field = field?;
            match field.number {
                1 => merge(&mut message.resource, field.bytes()?),
                2 => message.id = field.str()?,
                3 => message.display_name = field.str()?,
                4 => message.description = field.str()?,
                7 => message.purpose = field.varint()? as i32,
                8 => message.slug = field.str()?,
                _ => {}
            }
        }
        Ok(message)
    }
}

/// Appends the record of a v2 entitlement.
pub fn entitlement_to_record(v2: &[u8], stamp: &Stamp<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let message = Entitlement::parse(v2)?;
    let purpose = purpose_name(message.purpose);
    all_or_nothing(out, |out| {
        put_bytes(out, 2, message.id.as_bytes());
        if let Some(resource) = &message.resource {
            put_nested(out, 3, |out| put_resource_ref(out, resource))?;
        }
        put_bytes(out, 4, message.display_name.as_bytes());
        put_bytes(out, 5, message.description.as_bytes());
        put_bytes(out, 6, purpose.unwrap_or_default().as_bytes());
        put_annotations(out, 7, v2, 6)?;
        put_timestamp(out, 8, stamp.discovered_at);
        put_bytes(out, 9, message.slug.as_bytes());
        for resource_type in values(v2, 5) {
            put_bytes(out, 10, string(resource_type?, 1)?.as_bytes());
        }
        put_bytes(out, 11, stamp.source_scope_key.as_bytes());
        put_kept(out, |out| {
            if purpose.is_none() {
                put_varint(out, 7, varint(message.purpose));
            }
            put_fields(out, v2, 9..=u32::MAX)
        })
    })
}

#[derive(Default)]
struct Record<'a> {
    external_id: &'a str,
    resource: Option<Cow<'a, [u8]>>,
    display_name: &'a str,
    description: &'a str,
    purpose: &'a str,
    slug: &'a str,
    grantable_to_resource_type_ids: Vec<&'a str>,
    kept: Option<Cow<'a, [u8]>>,
}

impl<'a> Record<'a> {
    fn parse(v3: &'a [u8]) -> Result<Self, Malformed> {
        let mut record = Self::default();
        for field in fields(v3) {
            let field = field?;
            match field.number {
                2 => record.external_id = field.str()?,
                3 => merge(&mut record.resource, field.bytes()?),
                4 => record.display_name = field.str()?,
                5 => record.description = field.str()?,
                6 => record.purpose = field.str()?,
                9 => record.slug = field.str()?,
                10 => record.grantable_to_resource_type_ids.push(field.str()?),
                kept::NUMBER => merge(&mut record.kept, field.bytes()?),
                _ => {}
            }
        }
        Ok(record)
    }
}

/// Appends the v2 entitlement of a record.
pub fn entitlement_from_record(v3: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let record = Record::parse(v3)?;
    let kept = record.kept.as_deref().unwrap_or_default();
    all_or_nothing(out, |out| {
        if let Some(resource) = &record.resource {
            put_nested(out, 1, |out| put_resource_stub(out, resource))?;
        }
        put_bytes(out, 2, record.external_id.as_bytes());
        put_bytes(out, 3, record.display_name.as_bytes());
        put_bytes(out, 4, record.description.as_bytes());
        for id in &record.grantable_to_resource_type_ids {
            put_nested(out, 5, |out| put_bytes(out, 1, id.as_bytes()));
        }
        put_annotations(out, 6, v3, 7)?;
        if replaces(kept, 7)? {
            put_fields(out, kept, 7..=7)?;
        } else {
            put_varint(out, 7, varint(purpose_number(record.purpose)));
        }
        put_bytes(out, 8, record.slug.as_bytes());
        put_fields(out, kept, 9..=u32::MAX)
    })
}
