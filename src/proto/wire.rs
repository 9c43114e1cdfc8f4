//! The protobuf wire format, field by field, without building messages.
//!
//! Records pass through the library as bytes: what no schema of ours names must survive, and a page of ten thousand
//! rows must not become ten thousand allocations. Varints and keys come from `prost`; this file adds an iterator over
//! the fields of a message and a writer of single fields.
//!
//! Source of the rules: <https://protobuf.dev/programming-guides/encoding/>. A singular field that occurs several
//! times takes its last value if it is a scalar and the concatenation of all its bytes if it is a message.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use prost::encoding::{decode_varint, encode_key, encode_varint, encoded_len_varint, WireType, MIN_TAG};

/// How many messages may lie in one another before they are refused, entries of maps among them: the limit of Go's parser.
/// Other parsers have lower limits; those of C++ and of `prost` give up at 100.
pub const MAX_DEPTH: usize = 10_000;

/// Why bytes are not a protobuf message. The caller adds which message and which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A key, varint or length runs past the end, or a key names field 0 or an unknown wire type.
    #[error("malformed protobuf at byte {at}")]
    Wire {
        /// Offset in the message.
        at: usize,
    },
    /// A known field has a wire type that its schema does not permit.
    #[error("field {number} has the wrong wire type")]
    Type {
        /// The field's number.
        number: u32,
    },
    /// A string field holds bytes that are not UTF-8, which no protobuf reader would accept back.
    #[error("string field {number} is not UTF-8")]
    Utf8 {
        /// The field's number.
        number: u32,
    },
    /// Messages nest deeper than [`MAX_DEPTH`].
    #[error("messages nest deeper than {MAX_DEPTH}")]
    Depth,
}

/// The value of one field, borrowed from the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Fixed64(u64),
    /// Wire type 2: a string, bytes, a message or a packed list.
    Bytes(&'a [u8]),
    /// Wire type 5.
    Fixed32(u32),
}

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The field's number, at least 1.
    pub number: u32,
    /// Its value.
    pub value: Value<'a>,
    /// Key and value as they stand in the message: what is copied when the field is not understood.
    pub raw: &'a [u8],
}

impl<'a> Field<'a> {
    /// The value of a message, bytes or packed field.
    pub fn bytes(&self) -> Result<&'a [u8], Malformed> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(Malformed::Type { number: self.number }),
        }
    }

    /// The value of a string field.
    pub fn str(&self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed::Utf8 { number: self.number })
    }

    /// The value of an integer, enum or bool field.
    pub fn varint(&self) -> Result<u64, Malformed> {
        match self.value {
            Value::Varint(value) => Ok(value),
            _ => Err(Malformed::Type { number: self.number }),
        }
    }

    /// The bits of a fixed64 or double field.
    pub fn fixed64(&self) -> Result<u64, Malformed> {
        match self.value {
            Value::Fixed64(bits) => Ok(bits),
            _ => Err(Malformed::Type { number: self.number }),
        }
    }

    /// The value of a bool field.
    pub fn bool(&self) -> Result<bool, Malformed> {
        Ok(self.varint()? != 0)
    }
}

/// The fields of `message` in the order in which they stand. Ends after the first error.
pub fn fields(message: &[u8]) -> Fields<'_> {
    Fields { message, at: 0 }
}

/// Iterator of [`fields`].
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    /// Most fields are bytes with a key and a length of one byte each: those are told apart by two comparisons.
    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.message.get(self.at..)?;
        if let [key, length, behind @ ..] = rest {
            let length = usize::from(*length);
            if key & 0x87 == WireType::LengthDelimited as u8 && *key >= 8 && length < 0x80 && length <= behind.len() {
                let (raw, value) = (&rest[..length + 2], &behind[..length]);
                self.at += raw.len();
                return Some(Ok(Field { number: u32::from(key >> 3), value: Value::Bytes(value), raw }));
            }
        }
        self.next_of_any_shape()
    }
}

impl<'a> Fields<'a> {
    fn next_of_any_shape(&mut self) -> Option<Result<Field<'a>, Malformed>> {
        let rest = self.message.get(self.at..).filter(|rest| !rest.is_empty())?;
        let mut cursor = rest;
        let field = read_field(&mut cursor);
        match field {
            Some((number, value)) => {
                let taken = rest.len() - cursor.len();
                self.at += taken;
                Some(Ok(Field { number, value, raw: &rest[..taken] }))
            }
            None => {
                let at = self.at;
                self.at = self.message.len();
                Some(Err(Malformed::Wire { at }))
            }
        }
    }
}

/// The values of the string, bytes or message field `number`, in the order in which they stand.
pub fn values(message: &[u8], number: u32) -> impl Iterator<Item = Result<&[u8], Malformed>> + Clone {
    fields(message).filter_map(move |field| match field {
        Ok(field) if field.number == number => Some(field.bytes()),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

/// The value of the first field, if it has that key and a length below 128, and what follows it.
#[inline]
pub fn leading(message: &[u8], key: u8) -> Option<(&[u8], &[u8])> {
    match message {
        [first, length, rest @ ..] if *first == key && *length < 0x80 => rest.split_at_checked(usize::from(*length)),
        _ => None,
    }
}

/// Merges one more occurrence of a singular message field into what was seen of it before.
pub fn merge<'a>(seen: &mut Option<Cow<'a, [u8]>>, value: &'a [u8]) {
    match seen {
        Some(seen) => seen.to_mut().extend_from_slice(value),
        None => *seen = Some(Cow::Borrowed(value)),
    }
}

#[inline]
fn read_field<'a>(cursor: &mut &'a [u8]) -> Option<(u32, Value<'a>)> {
    let key = u32::try_from(read_varint(cursor)?).ok()?;
    let number = Some(key >> 3).filter(|number| *number >= MIN_TAG)?;
    let value = match WireType::try_from(u64::from(key & 7)).ok()? {
        WireType::Varint => Value::Varint(read_varint(cursor)?),
        WireType::SixtyFourBit => Value::Fixed64(u64::from_le_bytes(*take(cursor, 8)?.first_chunk()?)),
        WireType::ThirtyTwoBit => Value::Fixed32(u32::from_le_bytes(*take(cursor, 4)?.first_chunk()?)),
        WireType::LengthDelimited => {
            let len = usize::try_from(read_varint(cursor)?).ok()?;
            Value::Bytes(take(cursor, len)?)
        }
        // Groups are proto2 only and no message of the format has one.
        WireType::StartGroup | WireType::EndGroup => return None,
    };
    Some((number, value))
}

/// Most keys and lengths are one byte: those do not leave this function.
#[inline]
fn read_varint(cursor: &mut &[u8]) -> Option<u64> {
    match cursor.split_first() {
        Some((&byte, rest)) if byte < 0x80 => {
            *cursor = rest;
            Some(byte.into())
        }
        _ => decode_varint(cursor).ok(),
    }
}

#[inline]
fn take<'a>(cursor: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (head, tail) = cursor.split_at_checked(len)?;
    *cursor = tail;
    Some(head)
}

/// Appends a string or bytes field, unless it is empty (proto3's default is not written).
pub fn put_bytes(out: &mut Vec<u8>, number: u32, value: &[u8]) {
    if !value.is_empty() {
        put_message(out, number, value);
    }
}

/// Appends a message field, also an empty one: for a message, presence is information.
pub fn put_message(out: &mut Vec<u8>, number: u32, value: &[u8]) {
    put_head(out, number, value.len());
    out.extend_from_slice(value);
}

/// Appends what comes before the value of a string, bytes or message field of that length.
#[inline]
pub fn put_head(out: &mut Vec<u8>, number: u32, length: usize) {
    put_length_key(out, number);
    match length < 0x80 {
        true => out.push(length as u8),
        false => encode_varint(length as u64, out),
    }
}

/// Most keys are one byte.
#[inline]
fn put_length_key(out: &mut Vec<u8>, number: u32) {
    match number < 16 {
        true => out.push((number << 3 | WireType::LengthDelimited as u32) as u8),
        false => encode_key(number, WireType::LengthDelimited, out),
    }
}

/// Appends an integer, enum or bool field, unless it is zero.
pub fn put_varint(out: &mut Vec<u8>, number: u32, value: u64) {
    if value != 0 {
        put_present_varint(out, number, value);
    }
}

/// Appends an integer, enum or bool field, also if it is zero: for a member of a oneof, presence is information.
pub fn put_present_varint(out: &mut Vec<u8>, number: u32, value: u64) {
    encode_key(number, WireType::Varint, out);
    encode_varint(value, out);
}

/// Appends a fixed64 or double field, also if it is zero.
pub fn put_present_fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    encode_key(number, WireType::SixtyFourBit, out);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends the fields of `message` with these numbers as they stand.
pub fn put_fields(out: &mut Vec<u8>, message: &[u8], numbers: RangeInclusive<u32>) -> Result<(), Malformed> {
    for field in fields(message) {
        let field = field?;
        if numbers.contains(&field.number) {
            out.extend_from_slice(field.raw);
        }
    }
    Ok(())
}

/// Appends a message field whose body `write` appends, without building the body elsewhere first.
///
/// One byte is reserved for the length; a body of 128 bytes or more is moved once.
pub fn put_nested<T>(out: &mut Vec<u8>, number: u32, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    put_nested_like(out, number, &mut 1, write)
}

/// [`put_nested`] for one of many bodies of similar size: as many bytes are reserved as the length before took, so that
/// few bodies are moved.
pub fn put_nested_like<T>(
    out: &mut Vec<u8>,
    number: u32,
    reserved: &mut usize,
    write: impl FnOnce(&mut Vec<u8>) -> T,
) -> T {
    put_length_key(out, number);
    let start = out.len();
    let body = start + *reserved;
    out.resize(body, 0);
    let result = write(out);
    let len = out.len() - body;
    let width = encoded_len_varint(len as u64);
    if width != *reserved {
        out.resize(out.len() + width, 0);
        out.copy_within(body..body + len, start + width);
        out.truncate(start + width + len);
        *reserved = width;
    }
    encode_varint(len as u64, &mut &mut out[start..start + width]);
    result
}

/// Like [`put_nested`], but appends nothing if `write` appends nothing.
pub fn put_nested_unless_empty<E>(
    out: &mut Vec<u8>,
    number: u32,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let start = out.len();
    let mut empty = true;
    put_nested(out, number, |out| {
        let body = out.len();
        let result = write(out);
        empty = out.len() == body;
        result
    })?;
    if empty {
        out.truncate(start);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic_and_valid_prefixes_are_returned(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut seen = 0;
            for field in fields(&bytes) {
                match field {
                    Ok(field) => seen += field.raw.len(),
                    Err(Malformed::Wire { at }) => prop_assert_eq!(at, seen),
                    Err(other) => prop_assert!(false, "{}", other),
                }
            }
            prop_assert!(seen <= bytes.len());
        }

        #[test]
        fn nested_bodies_of_any_size_read_back(len in 0usize..40_000, mut reserved in 1usize..4) {
            let body = vec![7u8; len];
            let mut out = vec![1, 2, 3];
            put_nested_like(&mut out, 5, &mut reserved, |out| out.extend_from_slice(&body));
            let field = fields(&out[3..]).next().unwrap().unwrap();
            prop_assert_eq!(field.number, 5);
            prop_assert_eq!(field.bytes().unwrap(), &body[..]);
            prop_assert_eq!(field.raw.len(), out.len() - 3);
        }
    }

    #[test]
    fn a_length_past_the_end_is_an_error_not_an_allocation() {
        let message = [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert_eq!(fields(&message).next(), Some(Err(Malformed::Wire { at: 0 })));
    }
}
