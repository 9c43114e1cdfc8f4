//! `google.protobuf.Struct` in one canonical form: map entries sorted by key, fields ascending, at every level.
//!
//! Entries write key and value even when they are empty, as the Go and C++ encoders do. Of entries with the same key
//! the last one stands, and unknown fields keep their place at the end of their message.
//!
//! A `Struct` may nest thousands of messages deep, and the thread of a host may have a small stack: what is left to do is
//! kept in a list. The form is written from its end to its start, so that the length of every message is known where it
//! is written.

use std::cmp::Ordering;

use prost::bytes::Bytes;

use super::enums::varint;
use crate::proto::wire::{
    fields, put_fields, put_head, put_message, put_present_fixed64, put_present_varint, values, Malformed, MAX_DEPTH,
};

/// How deep a `Struct` lies that is a field of a record: below the record and the page that carries it to a host.
pub(super) const FIELD_OF_RECORD: usize = 2;

/// Appends the canonical form of an encoded `Struct` that lies in `depth` messages.
pub(super) fn put_struct(out: &mut Vec<u8>, message: &[u8], depth: usize) -> Result<(), Malformed> {
    let mut form = Form { to_do: Vec::new(), backwards: Vec::with_capacity(message.len()), scratch: Vec::new() };
    form.to_do.push(Task::Struct(Bytes::copy_from_slice(message), depth));
    while let Some(task) = form.to_do.pop() {
        form.carry_out(task)?;
    }
    out.extend(form.backwards.iter().rev());
    Ok(())
}

/// A form that is under construction.
struct Form {
    /// What is to be written in front of what has been, the last first.
    to_do: Vec<Task>,
    /// What has been written, its last byte first.
    backwards: Vec<u8>,
    scratch: Vec<u8>,
}

/// Something to write, and how many messages it lies in.
enum Task {
    Struct(Bytes, usize),
    /// The first entries of a `Struct`.
    Entries(Vec<Entry>, usize),
    Value(Bytes, usize),
    List(Bytes, usize),
    /// The elements of a list that start at these bytes of it.
    Elements(Bytes, Vec<usize>, usize),
    Key(Bytes),
    /// What stands before a message field of that number, whose content was written behind `end` bytes.
    Head {
        number: u32,
        end: usize,
    },
}

/// An entry of a map, which is a message too.
struct Entry {
    key: Bytes,
    value: Bytes,
    message: Bytes,
}

impl Form {
    fn carry_out(&mut self, task: Task) -> Result<(), Malformed> {
        match task {
            Task::Struct(message, depth) => {
                self.write(|out| put_fields(out, &message, 2..=u32::MAX))?;
                self.to_do.push(Task::Entries(sorted_entries(&message)?, depth));
            }
            Task::Entries(mut entries, depth) => {
                let Some(Entry { key, value, message }) = entries.pop() else { return Ok(()) };
                self.to_do.push(Task::Entries(entries, depth));
                self.to_do.push(Task::Head { number: 1, end: self.backwards.len() });
                self.write(|out| put_fields(out, &message, 3..=u32::MAX))?;
                self.to_do.push(Task::Key(key));
                self.message(2, Task::Value(value, deeper(deeper(depth)?)?));
            }
            Task::Value(message, depth) => self.value(&message, depth)?,
            Task::List(message, depth) => {
                self.write(|out| put_fields(out, &message, 2..=u32::MAX))?;
                self.to_do.push(Task::Elements(message.clone(), starts_of_elements(&message)?, depth));
            }
            Task::Elements(list, mut starts, depth) => {
                let Some(start) = starts.pop() else { return Ok(()) };
                let Some(element) = fields(&list[start..]).next() else { return Ok(()) };
                let element = list.slice_ref(element?.bytes()?);
                self.to_do.push(Task::Elements(list, starts, depth));
                self.message(1, Task::Value(element, deeper(depth)?));
            }
            Task::Key(key) => self.write(|out| {
                put_message(out, 1, &key);
                Ok(())
            })?,
            Task::Head { number, end } => {
                let length = self.backwards.len() - end;
                self.write(|out| {
                    put_head(out, number, length);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    fn value(&mut self, message: &Bytes, depth: usize) -> Result<(), Malformed> {
        self.write(|out| put_fields(out, message, 7..=u32::MAX))?;
        match Kind::parse(message)? {
            None => {}
            Some(Kind::Struct(inner)) => self.message(5, Task::Struct(inner, deeper(depth)?)),
            Some(Kind::List(inner)) => self.message(6, Task::List(inner, deeper(depth)?)),
            Some(scalar) => self.write(|out| {
                scalar.put(out);
                Ok(())
            })?,
        }
        Ok(())
    }

    /// Has a message field written in front of what has been.
    fn message(&mut self, number: u32, content: Task) {
        self.to_do.push(Task::Head { number, end: self.backwards.len() });
        self.to_do.push(content);
    }

    /// Writes what `put` appends in front of what has been.
    fn write(&mut self, put: impl FnOnce(&mut Vec<u8>) -> Result<(), Malformed>) -> Result<(), Malformed> {
        self.scratch.clear();
        put(&mut self.scratch)?;
        self.backwards.extend(self.scratch.iter().rev());
        Ok(())
    }
}

impl Entry {
    fn parse(message: Bytes) -> Result<Self, Malformed> {
        let (mut key, mut value) = (Bytes::new(), None);
        for field in fields(&message) {
            let field = field?;
            match field.number {
                1 => key = message.slice_ref(field.str()?.as_bytes()),
                2 => value = Some(joined(value, &message, field.bytes()?)),
                _ => {}
            }
        }
        Ok(Entry { key, value: value.unwrap_or_default(), message })
    }
}

/// The entries of a `Struct`, one for each key: the last.
fn sorted_entries(message: &Bytes) -> Result<Vec<Entry>, Malformed> {
    let mut entries = Vec::new();
    for entry in values(message, 1) {
        push_last_wins(&mut entries, Entry::parse(message.slice_ref(entry?))?, by_key);
    }
    sort_last_wins(&mut entries, by_key);
    Ok(entries)
}

fn by_key(a: &Entry, b: &Entry) -> Ordering {
    a.key.cmp(&b.key)
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
enum Kind {
    Null(i32),
    Number(u64),
    String(Bytes),
    Bool(bool),
    Struct(Bytes),
    List(Bytes),
}

impl Kind {
    /// The last member on the wire is the one that is set; a message that directly follows itself is merged.
    fn parse(message: &Bytes) -> Result<Option<Self>, Malformed> {
        let mut kind = None;
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
                (_, kind) => kind,
            }
        }
        Ok(kind)
    }

    /// Appends the field of a member that is no message.
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Kind::Null(null) => put_present_varint(out, 1, varint(*null)),
            Kind::Number(bits) => put_present_fixed64(out, 2, *bits),
            Kind::String(string) => put_message(out, 3, string),
            Kind::Bool(bool) => put_present_varint(out, 4, u64::from(*bool)),
            Kind::Struct(_) | Kind::List(_) => {}
        }
    }
}

/// What was seen of a message field, and one more occurrence of it in `message`.
fn joined(seen: Option<Bytes>, message: &Bytes, value: &[u8]) -> Bytes {
    match seen {
        Some(seen) => Bytes::from([&seen, value].concat()),
        None => message.slice_ref(value),
    }
}

fn deeper(depth: usize) -> Result<usize, Malformed> {
    match depth + 1 < MAX_DEPTH {
        true => Ok(depth + 1),
        false => Err(Malformed::Depth),
    }
}
