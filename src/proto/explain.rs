//! Which field of a message is the one that cannot be read: for people, who know names and not numbers.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::described;
use super::wire::{fields, values, Malformed, Value};
use crate::quoted::Quoted;

/// Deeper fields are not looked for: real ones lie in the first few levels, and the walk must not need a large stack.
const MAX_DEPTH: usize = 24;

const NOT_UTF8: &str = "is not UTF-8";
const WRONG_TYPE: &str = "has the wrong wire type";

/// What is wrong with `bytes`, which could not be read as the message of that full name.
pub fn explain(message: &str, bytes: &[u8], error: Malformed) -> String {
    let (number, complaint) = match error {
        Malformed::Utf8 { number } => (number, NOT_UTF8),
        Malformed::Type { number } => (number, WRONG_TYPE),
        Malformed::Wire { .. } | Malformed::Depth => return error.to_string(),
    };
    let is_it = |found: u32, wrong: &str| found == number && wrong == complaint;
    let path = described(message).and_then(|descriptor| path(&descriptor, bytes, &is_it, 0));
    path.map_or_else(|| error.to_string(), |(path, complaint)| format!("field {path} {complaint}"))
}

/// The first field of `bytes` that cannot be read in the message of that full name, and why; `None` if it is the encoding
/// itself.
pub fn first_unreadable(message: &str, bytes: &[u8]) -> Option<String> {
    let (path, complaint) = path(&described(message)?, bytes, &|_, _| true, 0)?;
    Some(format!("field {path} {complaint}"))
}

/// The names that lead to the first unreadable field that is the one looked for, by its number and what is wrong with it.
fn path(
    message: &MessageDescriptor,
    bytes: &[u8],
    is_it: &dyn Fn(u32, &str) -> bool,
    depth: usize,
) -> Option<(String, &'static str)> {
    for (position, field) in fields(bytes).map_while(Result::ok).enumerate() {
        let Some(descriptor) = message.get_field(field.number) else { continue };
        let kind = descriptor.kind();
        let wrong = complaint(&kind, field.value).filter(|complaint| is_it(field.number, complaint));
        let found = match (wrong, kind, field.value) {
            (Some(complaint), ..) => Some((String::new(), complaint)),
            (None, Kind::Message(nested), Value::Bytes(bytes)) if depth < MAX_DEPTH => {
                path(&nested, bytes, is_it, depth + 1).map(|(below, complaint)| (format!(".{below}"), complaint))
            }
            _ => None,
        };
        if let Some((below, complaint)) = found {
            let before = fields(bytes).map_while(Result::ok).take(position);
            let index = before.filter(|before| before.number == field.number).count();
            return Some((format!("{}{below}", element(&descriptor, index, field.value)), complaint));
        }
    }
    None
}

/// What is wrong with a field of that kind, but for what lies in it.
fn complaint(kind: &Kind, value: Value<'_>) -> Option<&'static str> {
    match (kind, value) {
        (kind, value) if !has_type(kind, value) => Some(WRONG_TYPE),
        (Kind::String, Value::Bytes(text)) if std::str::from_utf8(text).is_err() => Some(NOT_UTF8),
        _ => None,
    }
}

/// A field's name; where it is one of many, also which of them.
fn element(field: &FieldDescriptor, index: usize, value: Value<'_>) -> String {
    let name = field.name();
    match value {
        Value::Bytes(entry) if field.is_map() => {
            let key = values(entry, 1).map_while(Result::ok).last().and_then(|key| std::str::from_utf8(key).ok());
            key.map_or_else(|| format!("{name}[{index}]"), |key| format!("{name}[{}]", Quoted::new(key)))
        }
        _ if field.is_list() => format!("{name}[{index}]"),
        _ => name.to_owned(),
    }
}

/// Whether a field of that kind may have such a value. Numbers may be packed.
fn has_type(kind: &Kind, value: Value<'_>) -> bool {
    match (kind, value) {
        (Kind::Message(_) | Kind::String | Kind::Bytes, value) => matches!(value, Value::Bytes(_)),
        (_, Value::Bytes(_)) => true,
        (Kind::Double | Kind::Fixed64 | Kind::Sfixed64, value) => matches!(value, Value::Fixed64(_)),
        (Kind::Float | Kind::Fixed32 | Kind::Sfixed32, value) => matches!(value, Value::Fixed32(_)),
        (_, value) => matches!(value, Value::Varint(_)),
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::proto::connector::{Resource, ResourceId};
    use crate::proto::wire::put_message;

    #[test]
    fn a_field_is_named_by_the_way_to_it() {
        let mut bytes = Resource { display_name: "fine".into(), ..Default::default() }.encode_to_vec();
        let utf8 = |number| Malformed::Utf8 { number };
        assert_eq!(explain("c1.connector.v2.Resource", &bytes, utf8(3)), "string field 3 is not UTF-8");
        let mut id = ResourceId { resource_type: "user".into(), ..Default::default() }.encode_to_vec();
        put_message(&mut id, 2, b"\xff");
        put_message(&mut bytes, 1, &id);
        assert_eq!(explain("c1.connector.v2.Resource", &bytes, utf8(2)), "field id.resource is not UTF-8");
        put_message(&mut bytes, 6, b"");
        let wrong = Malformed::Type { number: 3 };
        assert_eq!(explain("c1.connector.v2.Resource", &bytes, wrong), "field 3 has the wrong wire type");
        bytes.extend([0x18, 0x01]);
        assert_eq!(explain("c1.connector.v2.Resource", &bytes, wrong), "field display_name has the wrong wire type");
    }

    #[test]
    fn an_element_is_named_by_its_place_or_its_key() {
        const VALUES: &str = "c1z.v1.SetSessionValuesRequest";
        let values = |entries: &[(&[u8], u8)]| {
            let mut bytes = Vec::new();
            for (key, head) in entries {
                let mut entry = Vec::new();
                put_message(&mut entry, 1, key);
                entry.extend([*head, 0]);
                put_message(&mut bytes, 3, &entry);
            }
            bytes
        };
        assert_eq!(first_unreadable(VALUES, &values(&[(b"a", 0x12), (b"b", 0x12)])), None);
        let unreadable = first_unreadable(VALUES, &values(&[(b"a", 0x12), (b"\xff", 0x12)]));
        assert_eq!(unreadable.unwrap(), "field values[1].key is not UTF-8");
        let unreadable = first_unreadable(VALUES, &values(&[(b"a", 0x12), (b"b", 0x10)]));
        assert_eq!(unreadable.unwrap(), "field values[\"b\"].value has the wrong wire type");
        let mut keys = Vec::new();
        put_message(&mut keys, 3, b"a");
        put_message(&mut keys, 3, b"\xff");
        let unreadable = first_unreadable("c1z.v1.DeleteSessionValuesRequest", &keys);
        assert_eq!(unreadable.unwrap(), "field keys[1] is not UTF-8");
    }

    #[test]
    fn bytes_of_any_kind_are_walked_without_a_deep_stack() {
        // Structs in structs, in a profile, and a text that is none at the bottom.
        let mut bytes = b"\x1a\x01\xff".to_vec();
        for number in [2, 1].into_iter().chain([5, 2, 1].into_iter().cycle().take(300)).chain([9]) {
            let mut outer = Vec::new();
            put_message(&mut outer, number, &bytes);
            bytes = outer;
        }
        let explained = std::thread::Builder::new()
            .stack_size(64 << 10)
            .spawn(move || explain("c1.connector.v2.Resource", &bytes, Malformed::Utf8 { number: 3 }));
        assert_eq!(explained.unwrap().join().unwrap(), "string field 3 is not UTF-8");
    }
}
