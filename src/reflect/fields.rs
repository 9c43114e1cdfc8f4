//! Fields that the descriptors have no name for.

use base64::prelude::{Engine, BASE64_STANDARD};
use prost_reflect::{DynamicMessage, UnknownField};
use serde::ser::{Serialize, SerializeSeq, Serializer};
use serde_json::{json, Value};

use super::room::{left_out, Room, CUT};
use crate::proto::wire::{self, Field};

/// The unknown fields of a message itself, in the order of their numbers: what is shown as `@unknown`.
pub(super) struct Unknown<'a> {
    pub message: &'a DynamicMessage,
    pub room: &'a Room,
}

impl Serialize for Unknown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for (number, field) in self.message.unknown_fields().enumerate() {
            if self.room.is_full() {
                let all = self.message.unknown_fields().count();
                list.serialize_element(&json!({ CUT: [left_out(all, number, "fields")] }))?;
                break;
            }
            list.serialize_element(&shown(field))?;
        }
        list.end()
    }
}

fn shown(field: &UnknownField) -> Value {
    let mut bytes = Vec::new();
    field.encode(&mut bytes);
    let number = field.number();
    match wire::fields(&bytes).next() {
        // 64-bit numbers are text, as protobuf JSON has them.
        Some(Ok(Field { value: wire::Value::Varint(value), .. })) => {
            json!({"number": number, "varint": value.to_string()})
        }
        Some(Ok(Field { value: wire::Value::Fixed64(bits), .. })) => {
            json!({"number": number, "fixed64": bits.to_string()})
        }
        Some(Ok(Field { value: wire::Value::Fixed32(bits), .. })) => json!({"number": number, "fixed32": bits}),
        Some(Ok(Field { value: wire::Value::Bytes(bytes), .. })) => {
            json!({"number": number, "bytes": BASE64_STANDARD.encode(bytes)})
        }
        // A group, with its own key in front.
        _ => json!({"number": number, "group": BASE64_STANDARD.encode(bytes)}),
    }
}
