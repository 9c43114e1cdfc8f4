//! Google's own messages that protobuf JSON has a form of its own for.
//!
//! A message is shown in that form only if nothing of it is lost: not if it has fields that the form has no place for,
//! be they unknown or named by descriptors that define another message of that name.

use prost_reflect::{DynamicMessage, ReflectMessage, Value};

const NANOS: i32 = 1_000_000_000;

/// The form that protobuf JSON has for this message; `None` if it has none, or none that holds all of it.
pub(super) fn canonical(message: &DynamicMessage) -> Option<serde_json::Value> {
    if !only_fields_of_the_form(message) || !in_range(message) {
        return None;
    }
    let value = serde_json::to_value(message).ok()?;
    // JSON has no number for what is not finite.
    let is_null = message.descriptor().full_name() == "google.protobuf.Value";
    Some(value).filter(|value| is_null || !value.is_null())
}

/// Type URL and value of an `Any` that has both and nothing else.
pub(super) fn any(message: &DynamicMessage) -> Option<(String, Vec<u8>)> {
    if message.descriptor().full_name() != "google.protobuf.Any" || !only_fields_up_to(message, 2) {
        return None;
    }
    let type_url = message.get_field_by_number(1)?.as_str()?.to_owned();
    let value = message.get_field_by_number(2)?.as_bytes()?.to_vec();
    Some((type_url, value)).filter(|(type_url, _)| !type_url.is_empty())
}

/// The highest field number of a message that has a form of its own.
fn highest_field(full_name: &str) -> Option<u32> {
    match full_name.strip_prefix("google.protobuf.")? {
        "Timestamp" | "Duration" => Some(2),
        "Value" => Some(6),
        "Struct" | "ListValue" | "FieldMask" => Some(1),
        "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value" | "UInt32Value" | "BoolValue"
        | "StringValue" | "BytesValue" => Some(1),
        "Empty" => Some(0),
        _ => None,
    }
}

fn only_fields_up_to(message: &DynamicMessage, highest: u32) -> bool {
    message.unknown_fields().next().is_none() && message.fields().all(|(field, _)| field.number() <= highest)
}

fn only_fields_of_the_form(message: &DynamicMessage) -> bool {
    let Some(highest) = highest_field(message.descriptor().full_name()) else { return false };
    only_fields_up_to(message, highest) && message.fields().all(|(_, value)| is_shown_in_full(value))
}

fn is_shown_in_full(value: &Value) -> bool {
    match value {
        Value::Message(message) => only_fields_of_the_form(message),
        Value::List(values) => values.iter().all(is_shown_in_full),
        Value::Map(entries) => entries.values().all(is_shown_in_full),
        _ => true,
    }
}

/// Whether a moment or a span has nanoseconds that its text holds.
fn in_range(message: &DynamicMessage) -> bool {
    let number = |number| message.get_field_by_number(number);
    let seconds = || number(1).and_then(|value| value.as_i64()).unwrap_or_default();
    let nanos = || number(2).and_then(|value| value.as_i32()).unwrap_or_default();
    match message.descriptor().full_name() {
        "google.protobuf.Timestamp" => (0..NANOS).contains(&nanos()),
        "google.protobuf.Duration" => {
            nanos() > -NANOS && nanos() < NANOS && seconds().signum() * i64::from(nanos()) >= 0
        }
        _ => true,
    }
}
