//! Annotations by the library's own descriptors, which are not hostile: all of what is in them is shown, however long.

use base64::prelude::{Engine, BASE64_STANDARD};
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor};

use super::check_cost;
use super::json::Shown;
use super::room::Room;
use crate::proto::described;
use crate::proto::wire::{self, Value};

/// How many messages may lie in one another in an annotation that is decoded, which takes stack for each.
const MAX_DEPTH: usize = 20;

/// An annotation that is longer is shown by its bytes: names of fields and of enum values may be many times as long as what they stand
/// for.
const MAX_BYTES: usize = 1 << 20;

const ANY: &str = "google.protobuf.Any";

/// Appends the `google.protobuf.Any` with that URL and value as protobuf JSON. One of a type that this library has no descriptor of, that
/// cannot be decoded, is longer than 1 MiB or nests deeper than 20 messages has its bytes in base64, under `value`.
pub fn append_any(type_url: &str, value: &[u8], json: &mut String) {
    let start = json.len();
    if let Some(message) = decoded(type_url, value) {
        let room = Room::boundless();
        let mut text = room.text();
        if serde_json::to_writer(&mut text, &Shown::annotation(&message, type_url, &room)).is_ok() {
            json.push_str(&text.into_text());
            return;
        }
        json.truncate(start);
    }
    json.push_str("{\"@type\":");
    append_text(type_url, json);
    json.push_str(",\"value\":\"");
    BASE64_STANDARD.encode_string(value, json);
    json.push_str("\"}");
}

/// Appends a text as JSON has it, in quotes.
pub fn append_text(text: &str, json: &mut String) {
    let is_plain = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
    if text.as_bytes().iter().all(is_plain) {
        json.push('"');
        json.push_str(text);
        json.push('"');
        return;
    }
    // A text always is JSON.
    json.push_str(&serde_json::to_string(text).unwrap_or_default());
}

fn decoded(type_url: &str, value: &[u8]) -> Option<DynamicMessage> {
    let descriptor = described(name(type_url)).filter(|_| !type_url.is_empty() && value.len() <= MAX_BYTES)?;
    (is_shallow(&descriptor, value, MAX_DEPTH) && check_cost(descriptor.full_name(), value).is_ok()).then_some(())?;
    DynamicMessage::decode(descriptor, value).ok()
}

fn name(type_url: &str) -> &str {
    type_url.rsplit('/').next().unwrap_or_default()
}

/// Whether no more than so many messages lie in one another, the content of an `Any` among them.
fn is_shallow(of: &MessageDescriptor, encoded: &[u8], depth: usize) -> bool {
    let Some(below) = depth.checked_sub(1) else { return false };
    if of.full_name() == ANY {
        let last = |number| wire::values(encoded, number).map_while(Result::ok).last().unwrap_or_default();
        let content = std::str::from_utf8(last(1)).ok().and_then(|type_url| described(name(type_url)));
        return content.is_none_or(|content| is_shallow(&content, last(2), below));
    }
    wire::fields(encoded).map_while(Result::ok).all(|field| {
        match (of.get_field(field.number).map(|of| of.kind()), field.value) {
            (Some(Kind::Message(inner)), Value::Bytes(value)) => is_shallow(&inner, value, below),
            _ => true,
        }
    })
}
