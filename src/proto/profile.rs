//! A `google.protobuf.Struct` that nobody looks into.

use prost::bytes::{Buf, BufMut};
use prost::encoding::{bytes, decode_varint, encode_key, encode_varint, skip_field, DecodeContext, WireType};
use prost::{DecodeError, Message};

/// The fields of an encoded `Struct`, as they stand. What `Struct` means is known to [`crate::translate`]; to all others it
/// is bytes, so that it takes neither stack nor memory for what nests in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// The encoded `google.protobuf.Struct`.
    pub encoded: Vec<u8>,
}

impl Message for Profile {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.encoded);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        match wire_type {
            WireType::LengthDelimited => {
                let mut value = Vec::new();
                bytes::merge(wire_type, &mut value, buf, context)?;
                bytes::encode(tag, &value, &mut self.encoded);
            }
            WireType::Varint => {
                let value = decode_varint(buf)?;
                encode_key(tag, wire_type, &mut self.encoded);
                encode_varint(value, &mut self.encoded);
            }
            // No `Struct` has such a field.
            _ => skip_field(wire_type, tag, buf, context)?,
        }
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        self.encoded.len()
    }

    fn clear(&mut self) {
        self.encoded.clear();
    }
}
