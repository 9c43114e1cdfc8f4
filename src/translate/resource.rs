//! `c1.connector.v2.Resource` ↔ `c1.storage.v3.ResourceRecord`.

use std::borrow::Cow;

use super::all_or_nothing;
use super::any::put_annotations;
use super::enums::varint;
use super::kept::{self, put_kept, put_remainder};
use super::refs::{string, ResourceId};
use super::stamp::{put_timestamp, put_timestamp_message, Stamp};
use super::structs::{put_struct, FIELD_OF_RECORD};
use super::stubs::Reference;
use crate::proto::wire::{
    fields, merge, put_bytes, put_fields, put_message, put_nested, put_nested_unless_empty, put_varint, Malformed,
};

#[derive(Default)]
struct Resource<'a> {
    id: Option<Cow<'a, [u8]>>,
    parent_resource_id: Option<Cow<'a, [u8]>>,
    display_name: &'a str,
    description: &'a str,
    baton_resource: bool,
    external_id: Option<Cow<'a, [u8]>>,
    creation_source: i32,
    profile: Option<Cow<'a, [u8]>>,
    icon: Option<Cow<'a, [u8]>>,
    status: Option<Cow<'a, [u8]>>,
    created_at: Option<Cow<'a, [u8]>>,
}

impl<'a> Resource<'a> {
    fn parse(v2: &'a [u8]) -> Result<Self, Malformed> {
        let mut message = Self::default();
        for field in fields(v2) {
            let field = field?;
            match field.number {
                1 => merge(&mut message.id, field.bytes()?),
                2 => merge(&mut message.parent_resource_id, field.bytes()?),
                3 => message.display_name = field.str()?,
                5 => message.description = field.str()?,
                6 => message.baton_resource = field.bool()?,
                7 => merge(&mut message.external_id, field.bytes()?),
                8 => message.creation_source = field.varint()? as i32,
                9 => merge(&mut message.profile, field.bytes()?),
                10 => merge(&mut message.icon, field.bytes()?),
                11 => merge(&mut message.status, field.bytes()?),
                12 => merge(&mut message.created_at, field.bytes()?),
                _ => {}
            }
        }
        Ok(message)
    }
}

/// Appends the record of a v2 resource.
pub fn resource_to_record(v2: &[u8], stamp: &Stamp<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let message = Resource::parse(v2)?;
    let id = ResourceId::parse(message.id.as_deref().unwrap_or_default())?;
    let parent = ResourceId::parse(message.parent_resource_id.as_deref().unwrap_or_default())?;
    let has_parent = !parent.resource.is_empty();
    let icon = message.icon.as_deref().unwrap_or_default();
    let icon_id = string(icon, 1)?;
    all_or_nothing(out, |out| {
        id.put_as(out, 2, 3);
        put_bytes(out, 4, message.display_name.as_bytes());
        put_bytes(out, 5, message.description.as_bytes());
        if has_parent {
            put_nested(out, 6, |out| parent.put(out));
        }
        put_annotations(out, 7, v2, 4)?;
        put_timestamp(out, 8, stamp.discovered_at);
        if let Some(profile) = &message.profile {
            put_nested(out, 9, |out| put_struct(out, profile, FIELD_OF_RECORD))?;
        }
        if let Some(status) = &message.status {
            put_nested(out, 10, |out| put_status(out, status))?;
        }
        if let Some(created_at) = &message.created_at {
            put_timestamp_message(out, 11, created_at)?;
        }
        put_bytes(out, 12, stamp.source_scope_key.as_bytes());
        put_bytes(out, 13, icon_id.as_bytes());
        put_kept(out, |out| {
            put_nested_unless_empty(out, 1, |out| id.put_remainder(out))?;
            if has_parent {
                put_nested_unless_empty(out, 2, |out| parent.put_remainder(out))?;
            }
            put_varint(out, 6, u64::from(message.baton_resource));
            if let Some(external_id) = &message.external_id {
                put_nested(out, 7, |out| put_external_id(out, external_id))?;
            }
            put_varint(out, 8, varint(message.creation_source));
            if !icon_id.is_empty() {
                put_nested_unless_empty(out, 10, |out| put_fields(out, icon, 2..=u32::MAX))?;
            }
            if let Some(status) = &message.status {
                put_nested_unless_empty(out, 11, |out| put_fields(out, status, 3..=u32::MAX))?;
            }
            put_fields(out, v2, 13..=u32::MAX)
        })
    })
}

#[derive(Default)]
struct Record<'a> {
    resource_type_id: &'a str,
    resource_id: &'a str,
    display_name: &'a str,
    description: &'a str,
    parent: Option<Cow<'a, [u8]>>,
    profile: Option<Cow<'a, [u8]>>,
    status: Option<Cow<'a, [u8]>>,
    created_at: Option<Cow<'a, [u8]>>,
    icon_asset_external_id: &'a str,
    kept: Option<Cow<'a, [u8]>>,
}

impl<'a> Record<'a> {
    fn parse(v3: &'a [u8]) -> Result<Self, Malformed> {
        let mut record = Self::default();
        for field in fields(v3) {
            let field = field?;
            match field.number {
                2 => record.resource_type_id = field.str()?,
                3 => record.resource_id = field.str()?,
                4 => record.display_name = field.str()?,
                5 => record.description = field.str()?,
                6 => merge(&mut record.parent, field.bytes()?),
                9 => merge(&mut record.profile, field.bytes()?),
                10 => merge(&mut record.status, field.bytes()?),
                11 => merge(&mut record.created_at, field.bytes()?),
                13 => record.icon_asset_external_id = field.str()?,
                kept::NUMBER => merge(&mut record.kept, field.bytes()?),
                _ => {}
            }
        }
        Ok(record)
    }
}

/// Appends the v2 resource of a record.
pub fn resource_from_record(v3: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let record = Record::parse(v3)?;
    let parent = Reference::parse(record.parent.as_deref().unwrap_or_default())?.id();
    let kept = record.kept.as_deref().unwrap_or_default();
    all_or_nothing(out, |out| {
        put_nested_unless_empty(out, 1, |out| {
            put_bytes(out, 1, record.resource_type_id.as_bytes());
            put_bytes(out, 2, record.resource_id.as_bytes());
            put_remainder(out, kept, 1)
        })?;
        if !parent.resource.is_empty() {
            put_nested(out, 2, |out| {
                parent.put(out);
                put_remainder(out, kept, 2)
            })?;
        }
        put_bytes(out, 3, record.display_name.as_bytes());
        put_annotations(out, 4, v3, 7)?;
        put_bytes(out, 5, record.description.as_bytes());
        put_fields(out, kept, 6..=8)?;
        if let Some(profile) = &record.profile {
            put_message(out, 9, profile);
        }
        if !record.icon_asset_external_id.is_empty() {
            put_nested(out, 10, |out| {
                put_bytes(out, 1, record.icon_asset_external_id.as_bytes());
                put_remainder(out, kept, 10)
            })?;
        }
        if let Some(status) = &record.status {
            put_nested(out, 11, |out| {
                put_status(out, status)?;
                put_remainder(out, kept, 11)
            })?;
        }
        if let Some(created_at) = &record.created_at {
            put_message(out, 12, created_at);
        }
        put_fields(out, kept, 13..=u32::MAX)
    })
}

/// Whether the profile of a record is one that could have been put: what is nested in it is copied unseen otherwise.
pub fn check_profile(v3: &[u8]) -> Result<(), Malformed> {
    match Record::parse(v3)?.profile {
        Some(profile) => put_struct(&mut Vec::new(), &profile, FIELD_OF_RECORD),
        None => Ok(()),
    }
}

/// Appends the fields that `Status` and `StatusRecord` share. The number is cast, not checked: one that a newer schema
/// added passes through both ways.
fn put_status(out: &mut Vec<u8>, status: &[u8]) -> Result<(), Malformed> {
    let (mut number, mut details) = (0, "");
    for field in fields(status) {
        let field = field?;
        match field.number {
            1 => number = field.varint()? as i32,
            2 => details = field.str()?,
            _ => {}
        }
    }
    put_varint(out, 1, varint(number));
    put_bytes(out, 2, details.as_bytes());
    Ok(())
}

/// Appends a `c1.connector.v2.ExternalId`: 1 id, 2 link, 3 description.
fn put_external_id(out: &mut Vec<u8>, external_id: &[u8]) -> Result<(), Malformed> {
    for number in 1..=3 {
        put_bytes(out, number, string(external_id, number)?.as_bytes());
    }
    put_fields(out, external_id, 4..=u32::MAX)
}
