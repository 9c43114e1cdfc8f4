//! `google.protobuf.Struct` in one canonical form: map entries sorted by key, fields ascending, at every level.
//!
//! Entries write key and value even when they are empty, as the Go and C++ encoders do. Of entries with the same key
//! the last one stands, and unknown fields keep their place at the end of their message.

use std::borrow::Cow;

use super::enums::varint;
use crate::proto::wire::{
    fields, merge, put_fields, put_message, put_nested, put_present_fixed64, put_present_varint, values, Malformed,
    MAX_DEPTH,
};

/// How deep a `Struct` lies that is a field of a record: below the record and the page that carries it to a host.
pub(super) const FIELD_OF_RECORD: usize = 2;

/// Appends the canonical form of an encoded `Struct` that lies `depth` messages deep.
pub(super) fn put_struct(out: &mut Vec<u8>, message: &[u8], depth: usize) -> Result<(), Malformed> {
    let entry_depth = deeper(depth)?;
    for entry in sorted_entries(message)? {
        put_nested(out, 1, |out| entry.put(out, entry_depth))?;
    }
    put_fields(out, message, 2..=u32::MAX)
}

struct Entry<'a> {
    key: &'a str,
    value: Cow<'a, [u8]>,
    message: &'a [u8],
}

impl<'a> Entry<'a> {
    fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let (mut key, mut value) = ("", None);
        for field in fields(message) {
            let field = field?;
            match field.number {
                1 => key = field.str()?,
                2 => merge(&mut value, field.bytes()?),
                _ => {}
            }
        }
        Ok(Entry { key, value: value.unwrap_or_default(), message })
    }

    fn put(&self, out: &mut Vec<u8>, depth: usize) -> Result<(), Malformed> {
        let value_depth = deeper(depth)?;
        put_message(out, 1, self.key.as_bytes());
        put_nested(out, 2, |out| put_value(out, &self.value, value_depth))?;
        put_fields(out, self.message, 3..=u32::MAX)
    }
}

/// The entries of a `Struct`, one for each key: the last.
fn sorted_entries(message: &[u8]) -> Result<Vec<Entry<'_>>, Malformed> {
    let mut entries = Vec::new();
    for entry in values(message, 1) {
        push_last_wins(&mut entries, Entry::parse(entry?)?, |entry| entry.key);
    }
    sort_last_wins(&mut entries, |entry| entry.key);
    Ok(entries)
}

/// Appends a map entry. Before many entries take more memory, those go that a later one of the same key replaces: a map of
/// nothing but empty entries is one entry, however long.
pub(super) fn push_last_wins<'a, T>(entries: &mut Vec<T>, entry: T, key: impl Fn(&T) -> &'a str) {
    const MANY: usize = 1024;
    if entries.len() >= MANY && entries.len() == entries.capacity() {
        sort_last_wins(entries, key);
        if entries.len() > entries.capacity() / 2 {
            entries.reserve(entries.len());
        }
    }
    entries.push(entry);
}

/// Sorts map entries by key and drops those that a later one of the same key replaces.
pub(super) fn sort_last_wins<'a, T>(entries: &mut Vec<T>, key: impl Fn(&T) -> &'a str) {
    entries.reverse();
    entries.sort_by(|a, b| key(a).cmp(key(b)));
    entries.dedup_by(|later, first| key(later) == key(first));
}

/// The member of a `Value`'s oneof that is set.
enum Kind<'a> {
    Null(i32),
    Number(u64),
    String(&'a str),
    Bool(bool),
    Struct(Cow<'a, [u8]>),
    List(Cow<'a, [u8]>),
}

impl<'a> Kind<'a> {
    /// The last member on the wire is the one that is set; a message that directly follows itself is merged.
    fn parse(message: &'a [u8]) -> Result<Option<Self>, Malformed> {
        let mut kind = None;
        for field in fields(message) {
            let field = field?;
            kind = match (field.number, kind) {
                (1, _) => Some(Kind::Null(field.varint()? as i32)),
                (2, _) => Some(Kind::Number(field.fixed64()?)),
                (3, _) => Some(Kind::String(field.str()?)),
                (4, _) => Some(Kind::Bool(field.bool()?)),
                (5, Some(Kind::Struct(seen))) => Some(Kind::Struct(joined(seen, field.bytes()?))),
                (5, _) => Some(Kind::Struct(Cow::Borrowed(field.bytes()?))),
                (6, Some(Kind::List(seen))) => Some(Kind::List(joined(seen, field.bytes()?))),
                (6, _) => Some(Kind::List(Cow::Borrowed(field.bytes()?))),
                (_, kind) => kind,
            }
        }
        Ok(kind)
    }
}

fn joined<'a>(mut seen: Cow<'a, [u8]>, more: &[u8]) -> Cow<'a, [u8]> {
    seen.to_mut().extend_from_slice(more);
    seen
}

fn put_value(out: &mut Vec<u8>, message: &[u8], depth: usize) -> Result<(), Malformed> {
    match Kind::parse(message)? {
        None => {}
        Some(Kind::Null(null)) => put_present_varint(out, 1, varint(null)),
        Some(Kind::Number(bits)) => put_present_fixed64(out, 2, bits),
        Some(Kind::String(string)) => put_message(out, 3, string.as_bytes()),
        Some(Kind::Bool(bool)) => put_present_varint(out, 4, u64::from(bool)),
        Some(Kind::Struct(inner)) => {
            let depth = deeper(depth)?;
            put_nested(out, 5, |out| put_struct(out, &inner, depth))?;
        }
        Some(Kind::List(inner)) => {
            let depth = deeper(depth)?;
            put_nested(out, 6, |out| put_list(out, &inner, depth))?;
        }
    }
    put_fields(out, message, 7..=u32::MAX)
}

fn put_list(out: &mut Vec<u8>, message: &[u8], depth: usize) -> Result<(), Malformed> {
    for value in values(message, 1) {
        let (value, depth) = (value?, deeper(depth)?);
        put_nested(out, 1, |out| put_value(out, value, depth))?;
    }
    put_fields(out, message, 2..=u32::MAX)
}

fn deeper(depth: usize) -> Result<usize, Malformed> {
    if depth < MAX_DEPTH {
        Ok(depth + 1)
    } else {
        Err(Malformed::Depth)
    }
}
