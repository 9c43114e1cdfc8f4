//! A grant's sources: the entitlements that it came from.

use super::structs::{push_last_wins, sort_last_wins};
use crate::proto::wire::{fields, put_message, put_nested, put_varint, values, Malformed};

/// A map from entitlement id to whether the source is direct: the only thing about a source that a connector says.
pub(super) struct Sources<'a>(Vec<(&'a str, bool)>);

impl<'a> Sources<'a> {
    /// Reads `c1.connector.v2.GrantSources`.
    pub fn of_message(message: &'a [u8]) -> Result<Self, Malformed> {
        Self::parse(message, 1, 1)
    }

    /// Reads field 9 of a `c1.storage.v3.GrantRecord`.
    pub fn of_record(record: &'a [u8]) -> Result<Self, Malformed> {
        Self::parse(record, 9, 4)
    }

    fn parse(message: &'a [u8], map: u32, is_direct: u32) -> Result<Self, Malformed> {
        let mut entries = Vec::new();
        for entry in values(message, map) {
            push_last_wins(&mut entries, parse_entry(entry?, is_direct)?, |a, b| a.0.cmp(b.0));
        }
        sort_last_wins(&mut entries, |a, b| a.0.cmp(b.0));
        Ok(Self(entries))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an entitlement of that id is among them.
    pub fn names(&self, entitlement_id: &[u8]) -> bool {
        self.0.iter().any(|(id, _)| id.as_bytes() == entitlement_id)
    }

    /// Appends field 9 of a `c1.storage.v3.GrantRecord`.
    pub fn put_in_record(&self, out: &mut Vec<u8>) {
        self.put(out, 9, 4);
    }

    /// Appends field 5 of a `c1.connector.v2.Grant`, nothing without sources.
    pub fn put_in_grant(&self, out: &mut Vec<u8>) {
        if !self.0.is_empty() {
            put_nested(out, 5, |out| self.put(out, 1, 1));
        }
    }

    fn put(&self, out: &mut Vec<u8>, map: u32, is_direct: u32) {
        for (id, direct) in &self.0 {
            put_nested(out, map, |out| {
                put_message(out, 1, id.as_bytes());
                put_nested(out, 2, |out| put_varint(out, is_direct, u64::from(*direct)));
            });
        }
    }
}

/// The sources of a stored grant, in the order of their ids: of each, whether it is direct.
pub fn grant_sources(record: &[u8]) -> Result<Vec<(&str, bool)>, Malformed> {
    Ok(Sources::of_record(record)?.0)
}

fn parse_entry(entry: &[u8], is_direct: u32) -> Result<(&str, bool), Malformed> {
    let (mut id, mut direct) = ("", false);
    for field in fields(entry) {
        let field = field?;
        match field.number {
            1 => id = field.str()?,
            2 => {
                for field in fields(field.bytes()?) {
                    let field = field?;
                    if field.number == is_direct {
                        direct = field.bool()?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok((id, direct))
}
