//! `google.protobuf.Struct` in one canonical form: map entries sorted by key, fields ascending, at every level.
//!
//! Entries write key and value even when they are empty, as the Go and C++ encoders do. Of entries with the same key
//! the last one stands, and unknown fields keep their place at the end of their message.
//!
//! A `Struct` may nest thousands of messages deep, and the thread of a host may have a small stack: the containers that a
//! value lies in are kept in a list. The form is written from its end to its start, so that the length of every message is
//! known where it is written.

use std::cmp::Ordering;
use std::ops::Deref;

use prost::bytes::{Bytes, BytesMut};

use super::backwards::Backwards;
use super::enums::varint;
use crate::proto::wire::{fields, values, Malformed, MAX_DEPTH};

/// How deep a `Struct` lies that is a field of a record: below the record and the page that carries it to a host.
pub(super) const FIELD_OF_RECORD: usize = 2;

/// Appends the canonical form of an encoded `Struct` that lies in `depth` messages.
pub(super) fn put_struct(out: &mut Vec<u8>, message: &[u8], depth: usize) -> Result<(), Malformed> {
    let mut form = Backwards::with_capacity(message.len());
    let mut containers = vec![Container::of_struct(Part::Given(message), depth, &mut form)?];
    while let Some(container) = containers.last_mut() {
        let inner = match container.next()? {
            Some(member) => container.put(member, &mut form)?,
            None => {
                let number = container.number;
                let length = form.len() - container.end;
                containers.pop();
                if let Some(outer) = containers.last_mut() {
                    form.head(number, length);
                    outer.close(&mut form);
                }
                None
            }
        };
        containers.extend(inner);
    }
    out.extend_from_slice(form.bytes());
    Ok(())
}

/// Appends the canonical form of the encoded `Struct` that a record has as a field.
pub fn canonical_struct(message: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    put_struct(out, message, FIELD_OF_RECORD)
}

/// Some bytes of the message, or of several occurrences of a field that have been joined.
#[derive(Clone)]
enum Part<'a> {
    Given(&'a [u8]),
    Joined(Bytes),
}

impl Deref for Part<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Part::Given(bytes) => bytes,
            Part::Joined(bytes) => bytes,
        }
    }
}

impl<'a> Part<'a> {
    /// `bytes`, which lie in this part, for as long as the part may be used.
    fn slice_ref(&self, bytes: &[u8]) -> Part<'a> {
        match self {
            _ if bytes.is_empty() => Part::Given(&[]),
            Part::Given(part) => {
                let start = bytes.as_ptr() as usize - part.as_ptr() as usize;
                Part::Given(&part[start..start + bytes.len()])
            }
            Part::Joined(part) => Part::Joined(part.slice_ref(bytes)),
        }
    }
}

/// A `Struct` or a `ListValue` of which the last members have been written.
struct Container<'a> {
    /// Its field in a `Value`.
    number: u32,
    members: Members<'a>,
    /// How many messages its values lie in.
    depth: usize,
    /// How much stood behind the container before anything of it was written.
    end: usize,
    /// The member that is being written.
    open: Option<Open<'a>>,
}

/// What is yet to be written, the last first.
enum Members<'a> {
    Entries(Vec<Entry<'a>>),
    /// Elements, by where in the list they start.
    Elements(Part<'a>, Vec<usize>),
}

/// An entry of a map, or an element of a list.
struct Entry<'a> {
    key: Option<Part<'a>>,
    value: Part<'a>,
    /// The entry, if it has fields beside key and value.
    with_others: Option<Part<'a>>,
}

/// A member whose value has been written in part.
struct Open<'a> {
    key: Option<Part<'a>>,
    end: usize,
    end_of_value: usize,
}

impl<'a> Container<'a> {
    fn of_struct(message: Part<'a>, depth: usize, form: &mut Backwards) -> Result<Self, Malformed> {
        let end = form.len();
        form.fields(&message, 2)?;
        let members = Members::Entries(sorted_entries(&message)?);
        Ok(Container { number: 5, members, depth: depth + 2, end, open: None })
    }

    fn of_list(message: Part<'a>, depth: usize, form: &mut Backwards) -> Result<Self, Malformed> {
        let end = form.len();
        form.fields(&message, 2)?;
        let starts = starts_of_elements(&message)?;
        Ok(Container { number: 6, members: Members::Elements(message, starts), depth: depth + 1, end, open: None })
    }

    fn next(&mut self) -> Result<Option<Entry<'a>>, Malformed> {
        match &mut self.members {
            Members::Entries(entries) => Ok(entries.pop()),
            Members::Elements(list, starts) => {
                let Some(start) = starts.pop() else { return Ok(None) };
                let Some(element) = fields(&list[start..]).next() else { return Ok(None) };
                let value = list.slice_ref(element?.bytes()?);
                Ok(Some(Entry { key: None, value, with_others: None }))
            }
        }
    }

    /// Writes a member, or what stands behind the container that is its value.
    fn put(&mut self, member: Entry<'a>, form: &mut Backwards) -> Result<Option<Container<'a>>, Malformed> {
        let depth = within_limit(self.depth)?;
        let end = form.len();
        if let Some(entry) = member.with_others {
            form.fields(&entry, 3)?;
        }
        self.open = Some(Open { key: member.key, end, end_of_value: form.len() });
        let (kind, others) = Kind::parse(&member.value)?;
        if others {
            form.fields(&member.value, 7)?;
        }
        match kind {
            Some(Kind::Struct(inner)) => return Container::of_struct(inner, within_limit(depth + 1)?, form).map(Some),
            Some(Kind::List(inner)) => return Container::of_list(inner, within_limit(depth + 1)?, form).map(Some),
            Some(Kind::Null(null)) => form.varint(1, varint(null)),
            Some(Kind::Number(bits)) => form.fixed64(2, bits),
            Some(Kind::String(string)) => form.message(3, &string),
            Some(Kind::Bool(bool)) => form.varint(4, u64::from(bool)),
            None => {}
        }
        self.close(form);
        Ok(None)
    }

    /// Writes what stands before the value of the open member.
    fn close(&mut self, form: &mut Backwards) {
        let Some(open) = self.open.take() else { return };
        let length = form.len() - open.end_of_value;
        match open.key {
            Some(key) => {
                form.head(2, length);
                form.message(1, &key);
                form.head(1, form.len() - open.end);
            }
            None => form.head(1, length),
        }
    }
}

impl<'a> Entry<'a> {
    fn parse(message: Part<'a>) -> Result<Self, Malformed> {
        let (mut key, mut value, mut others) = (Part::Given(&[]), None, false);
        for field in fields(&message) {
            let field = field?;
            match field.number {
                1 => key = message.slice_ref(field.str()?.as_bytes()),
                2 => value = Some(joined(value, &message, field.bytes()?)),
                _ => others = true,
            }
        }
        let value = value.unwrap_or(Part::Given(&[]));
        Ok(Entry { key: Some(key), value, with_others: others.then_some(message) })
    }
}

/// The entries of a `Struct`, one for each key: the last.
fn sorted_entries<'a>(message: &Part<'a>) -> Result<Vec<Entry<'a>>, Malformed> {
    let mut entries = Vec::new();
    for entry in values(message, 1) {
        push_last_wins(&mut entries, Entry::parse(message.slice_ref(entry?))?, by_key);
    }
    sort_last_wins(&mut entries, by_key);
    Ok(entries)
}

fn by_key(a: &Entry<'_>, b: &Entry<'_>) -> Ordering {
    a.key.as_deref().cmp(&b.key.as_deref())
}

/// Appends a map entry. Before many entries take more memory, those go that a later one of the same key replaces: a map of
/// nothing but empty entries is one entry, however long.
pub(super) fn push_last_wins<T>(entries: &mut Vec<T>, entry: T, compare: impl Fn(&T, &T) -> Ordering) {
    const MANY: usize = 1024;
    if entries.len() >= MANY && entries.len() == entries.capacity() {
        sort_last_wins(entries, compare);
        if entries.len() > entries.capacity() / 2 {
            entries.reserve(entries.len());
        }
    }
    entries.push(entry);
}

/// Sorts map entries by key and drops those that a later one of the same key replaces.
pub(super) fn sort_last_wins<T>(entries: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    entries.reverse();
    entries.sort_by(&compare);
    entries.dedup_by(|later, first| compare(later, first).is_eq());
}

fn starts_of_elements(list: &[u8]) -> Result<Vec<usize>, Malformed> {
    let (mut starts, mut at) = (Vec::new(), 0);
    for field in fields(list) {
        let field = field?;
        if field.number == 1 {
            field.bytes()?;
            starts.push(at);
        }
        at += field.raw.len();
    }
    Ok(starts)
}

/// The member of a `Value`'s oneof that is set.
enum Kind<'a> {
    Null(i32),
    Number(u64),
    String(Part<'a>),
    Bool(bool),
    Struct(Part<'a>),
    List(Part<'a>),
}

impl<'a> Kind<'a> {
    /// The last member on the wire is the one that is set; a message that directly follows itself is merged. Also whether
    /// there are fields of no member.
    fn parse(message: &Part<'a>) -> Result<(Option<Self>, bool), Malformed> {
        let (mut kind, mut others) = (None, false);
        for field in fields(message) {
            let field = field?;
            kind = match (field.number, kind) {
                (1, _) => Some(Kind::Null(field.varint()? as i32)),
                (2, _) => Some(Kind::Number(field.fixed64()?)),
                (3, _) => Some(Kind::String(message.slice_ref(field.str()?.as_bytes()))),
                (4, _) => Some(Kind::Bool(field.bool()?)),
                (5, Some(Kind::Struct(seen))) => Some(Kind::Struct(joined(Some(seen), message, field.bytes()?))),
                (5, _) => Some(Kind::Struct(joined(None, message, field.bytes()?))),
                (6, Some(Kind::List(seen))) => Some(Kind::List(joined(Some(seen), message, field.bytes()?))),
                (6, _) => Some(Kind::List(joined(None, message, field.bytes()?))),
                (number, kind) => {
                    others |= number > 6;
                    kind
                }
            }
        }
        Ok((kind, others))
    }
}

/// What was seen of a message field, and one more occurrence of it in `message`.
fn joined<'a>(seen: Option<Part<'a>>, message: &Part<'a>, value: &[u8]) -> Part<'a> {
    let mut joined = match seen {
        None => return message.slice_ref(value),
        Some(Part::Given(seen)) => BytesMut::from(seen),
        Some(Part::Joined(seen)) => BytesMut::from(seen),
    };
    joined.extend_from_slice(value);
    Part::Joined(joined.freeze())
}

fn within_limit(depth: usize) -> Result<usize, Malformed> {
    match depth < MAX_DEPTH {
        true => Ok(depth),
        false => Err(Malformed::Depth),
    }
}
