//! Which field of a message is the one that cannot be read: for people, who know names and not numbers.

use prost_reflect::{Kind, MessageDescriptor};

use super::described;
use super::wire::{fields, Malformed, Value};

/// Deeper fields are not looked for: real ones lie in the first few levels, and the walk must not need a large stack.
const MAX_DEPTH: usize = 24;

/// What is wrong with `bytes`, which could not be read as the message of that full name.
pub fn explain(message: &str, bytes: &[u8], error: Malformed) -> String {
    let (number, complaint) = match error {
        Malformed::Utf8 { number } => (number, "is not UTF-8"),
        Malformed::Type { number } => (number, "has the wrong wire type"),
        Malformed::Wire { .. } | Malformed::Depth => return error.to_string(),
    };
    let descriptor = described(message);
    let unreadable = |field: &Kind, value: Value<'_>| match (error, value) {
        (Malformed::Utf8 { .. }, Value::Bytes(text)) => {
            matches!(field, Kind::String) && std::str::from_utf8(text).is_err()
        }
        (Malformed::Type { .. }, value) => !has_type(field, value),
        _ => false,
    };
    match descriptor.and_then(|descriptor| path(&descriptor, bytes, number, &unreadable, 0)) {
        Some(path) => format!("field {path} {complaint}"),
        None => error.to_string(),
    }
}

/// The names that lead to the first unreadable field of that number.
fn path(
    message: &MessageDescriptor,
    bytes: &[u8],
    number: u32,
    unreadable: &dyn Fn(&Kind, Value<'_>) -> bool,
    depth: usize,
) -> Option<String> {
    for field in fields(bytes).map_while(Result::ok) {
        let Some(descriptor) = message.get_field(field.number) else { continue };
        let kind = descriptor.kind();
        if field.number == number && unreadable(&kind, field.value) {
            return Some(descriptor.name().to_owned());
        }
        if let (Kind::Message(nested), Value::Bytes(bytes)) = (kind, field.value) {
            let below = (depth < MAX_DEPTH).then(|| path(&nested, bytes, number, unreadable, depth + 1)).flatten();
            if let Some(below) = below {
                return Some(format!("{}.{below}", descriptor.name()));
            }
        }
    }
    None
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
