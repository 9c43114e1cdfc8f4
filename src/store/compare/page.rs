//! A page of differences, assembled byte by byte.

use crate::engine::{damaged, Asset, Kind};
use crate::keys::{self, Slot};
use crate::memory::reserve;
use crate::proto::api::difference::Change;
use crate::proto::wire::{put_bytes, put_nested, put_varint, Malformed};
use crate::store::record_kind::record_kind;
use crate::store::records::shown_asset;
use crate::translate::{FromRecords, Shape};
use crate::{Error, Result};

/// The most differences of a page.
const PAGE_DIFFERENCES: usize = 1000;
/// A page that has as much is not added to.
const PAGE_BYTES: usize = 1 << 20;

/// Fields of a `c1z.v1.ComparePage`.
const LIST: u32 = 1;
const RECORDS_READ: u32 = 2;

/// Fields of a `c1z.v1.Difference`.
mod difference {
    pub const KIND: u32 = 1;
    pub const CHANGE: u32 = 2;
    pub const FIELDS: u32 = 3;
    /// Of the first sync's record; that of the second follows.
    pub const BEFORE: u32 = 4;
}

/// Fields of a `c1z.v1.ComparedAsset`.
mod asset {
    pub const ID: u32 = 1;
    pub const CONTENT_TYPE: u32 = 2;
    pub const SIZE: u32 = 3;
}

/// A page under construction.
#[derive(Default)]
pub(super) struct Page {
    bytes: Vec<u8>,
    differences: usize,
}

/// Shows the records of one kind, of both syncs.
pub(super) struct Shown {
    kind: Kind,
    /// Assets have no shape.
    syncs: Option<[FromRecords; 2]>,
}

impl Page {
    pub fn is_full(&self) -> bool {
        self.differences == PAGE_DIFFERENCES || self.bytes.len() >= PAGE_BYTES
    }

    /// Adds a record that is in one sync only, or two that differ in these fields. Says in an error whose record is damaged.
    pub fn add(
        &mut self,
        shown: &mut Shown,
        tuple: &[u8],
        records: [Option<&[u8]>; 2],
        fields: &[String],
        named: [&dyn Fn(Error) -> Error; 2],
    ) -> Result<()> {
        let change = match records {
            [None, _] => Change::Added,
            [_, None] => Change::Removed,
            _ => Change::Changed,
        };
        let kind = shown.kind;
        let room: usize = records.iter().flatten().map(|record| 2 * record.len() + 64).sum();
        if kind != Kind::Asset {
            reserve(&mut self.bytes, room)?;
        }
        self.differences += 1;
        put_nested(&mut self.bytes, LIST, |out| {
            put_varint(out, difference::KIND, record_kind(kind) as u64);
            put_varint(out, difference::CHANGE, change as u64);
            fields.iter().for_each(|name| put_bytes(out, difference::FIELDS, name.as_bytes()));
            for (side, record) in records.into_iter().enumerate() {
                let Some(record) = record else { continue };
                let number = difference::BEFORE + side as u32;
                put_nested(out, number, |out| shown.append(side, record, out))
                    .map_err(|error| named[side](damaged_record(kind, tuple, error)))?;
            }
            Ok(())
        })
    }

    /// The page, and that so many records have been read so far.
    pub fn finish(mut self, records_read: u64) -> Vec<u8> {
        put_varint(&mut self.bytes, RECORDS_READ, records_read);
        self.bytes
    }
}

impl Shown {
    pub fn new(kind: Kind) -> Shown {
        let shape = match kind {
            Kind::ResourceType => Some(Shape::ResourceType),
            Kind::Resource => Some(Shape::Resource),
            Kind::Entitlement => Some(Shape::Entitlement),
            Kind::Grant => Some(Shape::Grant),
            Kind::Asset => None,
        };
        Shown { kind, syncs: shape.map(|shape| [FromRecords::new(shape), FromRecords::new(shape)]) }
    }

    /// Appends a record as the member of the oneof that has the kind's number.
    fn append(&mut self, side: usize, record: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
        let number = record_kind(self.kind) as u32;
        match &mut self.syncs {
            Some(syncs) => put_nested(out, number, |out| syncs[side].append(record, out)),
            None => put_nested(out, number, |out| put_asset(record, out)),
        }
    }
}

fn put_asset(record: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let (content_type, data) = shown_asset(record)?;
    put_bytes(out, asset::ID, Asset::parse(record)?.id.as_bytes());
    put_bytes(out, asset::CONTENT_TYPE, content_type.as_bytes());
    put_varint(out, asset::SIZE, data.len() as u64);
    Ok(())
}

/// The error for a record that cannot be decoded.
pub(super) fn damaged_record(kind: Kind, tuple: &[u8], error: Malformed) -> Error {
    let keyspace = kind.keyspace();
    damaged(keyspace, &keys::record(Slot::NONE, keyspace, tuple), error)
}
