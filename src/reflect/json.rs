//! A message as protobuf JSON (<https://protobuf.dev/programming-guides/json/>), with all that it holds.
//!
//! Beside what that mapping has: fields without a name stand under `@unknown`, and an `Any` of a type that the
//! descriptors do not have is shown by its bytes instead of being an error.

use std::fmt::Display;

use base64::prelude::{Engine, BASE64_STANDARD};
use prost_reflect::{DynamicMessage, Kind, MapKey, ReflectMessage, Value};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::json;

use super::room::{beginning, left_out, Room, CUT};
use super::{fields, well_known};

/// How many messages the content of an `Any` may lie in: as many as the decoder lets lie in one another.
const MAX_DEPTH: usize = 100;

/// Bytes that cannot be shown as what they should be, and why.
pub(super) fn damaged(record: &[u8], error: &impl Display) -> String {
    let (shown, cut) = beginning(record);
    noted(json!({"@error": error.to_string(), "@bytes": BASE64_STANDARD.encode(shown)}), cut)
}

/// A value that is no message.
pub(super) fn raw(value: &[u8]) -> String {
    let (shown, cut) = beginning(value);
    let text = match std::str::from_utf8(shown) {
        Ok(text) => Some(text),
        // A character that the end of what is shown goes through.
        Err(error) if cut.is_some() && error.error_len().is_none() => {
            std::str::from_utf8(&shown[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    };
    let readable = |text: &&str| text.chars().all(|char| !char.is_control() || char.is_ascii_whitespace());
    match text.filter(readable) {
        Some(text) => noted(json!({ "@text": text }), cut),
        None => noted(json!({ "@bytes": BASE64_STANDARD.encode(shown) }), cut),
    }
}

/// A few values, with a note on what is left out if something is.
fn noted(mut shown: serde_json::Value, cut: Option<String>) -> String {
    if let (Some(shown), Some(cut)) = (shown.as_object_mut(), cut) {
        shown.insert(CUT.into(), vec![cut].into());
    }
    shown.to_string()
}

/// A message to be shown.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    message: &'a DynamicMessage,
    /// If it is the content of an `Any`.
    type_url: Option<&'a str>,
    /// How many messages it lies in. Each content of an `Any` is decoded anew: nothing else bounds how deep they nest.
    depth: usize,
    room: &'a Room,
    /// What was left out of the record before.
    cut: &'a [String],
}

impl<'a> Shown<'a> {
    pub(super) fn record(message: &'a DynamicMessage, room: &'a Room, cut: &'a [String]) -> Shown<'a> {
        Shown { message, type_url: None, depth: 0, room, cut }
    }

    /// The content of an `Any`.
    pub(super) fn annotation(message: &'a DynamicMessage, type_url: &'a str, room: &'a Room) -> Shown<'a> {
        Shown { message, type_url: Some(type_url), depth: 1, room, cut: &[] }
    }

    fn any<S: Serializer>(&self, type_url: &str, value: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let name = type_url.rsplit('/').next().unwrap_or_default();
        let pool = self.message.descriptor().parent_pool().clone();
        let descriptor = pool.get_message_by_name(name).filter(|_| self.depth < MAX_DEPTH);
        if let Some(Ok(content)) = descriptor.map(|descriptor| DynamicMessage::decode(descriptor, value)) {
            let (type_url, depth) = (Some(type_url), self.depth + 1);
            return Shown { message: &content, type_url, depth, room: self.room, cut: &[] }.serialize(serializer);
        }
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("@type", type_url)?;
        map.serialize_entry("value", &BASE64_STANDARD.encode(value))?;
        map.end()
    }

    fn content<S: Serializer>(&self, type_url: &str, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("@type", type_url)?;
        let without_url = Shown { type_url: None, ..*self };
        match well_known::canonical(self.message).is_some() || well_known::any(self.message).is_some() {
            true => map.serialize_entry("value", &without_url)?,
            false => self.fields(&mut map)?,
        }
        map.end()
    }

    fn fields<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Shown { depth, room, .. } = *self;
        for (shown, (field, value)) in self.message.fields().enumerate() {
            if room.is_full() {
                return map.serialize_entry(CUT, &[left_out(self.message.fields().count(), shown, "fields")]);
            }
            map.serialize_entry(field.json_name(), &Item { value, kind: &field.kind(), depth, room })?;
        }
        if self.message.unknown_fields().next().is_some() {
            map.serialize_entry("@unknown", &fields::Unknown { message: self.message, room })?;
        }
        match self.cut.is_empty() {
            true => Ok(()),
            false => map.serialize_entry(CUT, self.cut),
        }
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(type_url) = self.type_url {
            return self.content(type_url, serializer);
        }
        // A note has no place in a form of its own.
        if self.cut.is_empty() {
            if let Some(value) = well_known::canonical(self.message) {
                return value.serialize(serializer);
            }
            if let Some((type_url, value)) = well_known::any(self.message) {
                return self.any(&type_url, &value, serializer);
            }
        }
        let mut map = serializer.serialize_map(None)?;
        self.fields(&mut map)?;
        map.end()
    }
}

/// The value of a field, of an element of a list, or of a map entry.
struct Item<'a> {
    value: &'a Value,
    kind: &'a Kind,
    depth: usize,
    room: &'a Room,
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::I32(value) => serializer.serialize_i32(*value),
            Value::U32(value) => serializer.serialize_u32(*value),
            Value::I64(value) => serializer.collect_str(value),
            Value::U64(value) => serializer.collect_str(value),
            Value::F32(value) if value.is_finite() => serializer.serialize_f32(*value),
            Value::F32(value) => serializer.serialize_str(not_finite(f64::from(*value))),
            Value::F64(value) if value.is_finite() => serializer.serialize_f64(*value),
            Value::F64(value) => serializer.serialize_str(not_finite(*value)),
            Value::String(value) => serializer.serialize_str(value),
            Value::Bytes(value) => serializer.serialize_str(&BASE64_STANDARD.encode(value)),
            Value::EnumNumber(number) => self.enumeration(*number, serializer),
            Value::Message(message) => {
                let (depth, room) = (self.depth + 1, self.room);
                Shown { message, type_url: None, depth, room, cut: &[] }.serialize(serializer)
            }
            Value::List(values) => {
                let mut list = serializer.serialize_seq(None)?;
                for (shown, value) in values.iter().enumerate() {
                    if self.room.is_full() {
                        list.serialize_element(&json!({ CUT: [left_out(values.len(), shown, "elements")] }))?;
                        break;
                    }
                    list.serialize_element(&Item { value, ..*self })?;
                }
                list.end()
            }
            Value::Map(entries) => self.map(entries, serializer),
        }
    }
}

impl Item<'_> {
    fn enumeration<S: Serializer>(&self, number: i32, serializer: S) -> Result<S::Ok, S::Error> {
        let named = match self.kind {
            Kind::Enum(of) => of.get_value(number),
            _ => None,
        };
        match named {
            Some(value) => serializer.serialize_str(value.name()),
            None => serializer.serialize_i32(number),
        }
    }

    /// Sorted by key, so that equal records are shown as equal text.
    fn map<'m, S: Serializer>(
        &self,
        entries: impl IntoIterator<Item = (&'m MapKey, &'m Value)>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let kind = match self.kind {
            Kind::Message(entry) if entry.is_map_entry() => entry.map_entry_value_field().kind(),
            other => other.clone(),
        };
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by_key(|(key, _)| *key);
        let mut map = serializer.serialize_map(None)?;
        for (shown, (key, value)) in entries.iter().enumerate() {
            if self.room.is_full() {
                map.serialize_entry(CUT, &[left_out(entries.len(), shown, "entries")])?;
                break;
            }
            map.serialize_entry(&text_of(key), &Item { value, kind: &kind, ..*self })?;
        }
        map.end()
    }
}

fn not_finite(value: f64) -> &'static str {
    match (value.is_nan(), value > 0.0) {
        (true, _) => "NaN",
        (false, true) => "Infinity",
        (false, false) => "-Infinity",
    }
}

fn text_of(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}
