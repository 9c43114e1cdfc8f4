//! What the store adds to a record: when it was discovered and the scope that it belongs to.

pub use prost_types::Timestamp;

use crate::proto::wire::{fields, put_fields, put_nested, put_varint, Malformed};

/// What the store adds to every record it writes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stamp<'a> {
    /// When the record was put: the basis of every merge that keeps the newer record.
    pub discovered_at: Timestamp,
    /// The source-cache scope of the put, empty without one. Resource types have no scope and ignore it.
    pub source_scope_key: &'a str,
}

/// Appends `time` as field `number`.
pub(super) fn put_timestamp(out: &mut Vec<u8>, number: u32, time: Timestamp) {
    put_nested(out, number, |out| put_parts(out, time));
}

/// Appends an encoded `google.protobuf.Timestamp` as field `number`, its fields in ascending order.
pub(super) fn put_timestamp_message(out: &mut Vec<u8>, number: u32, message: &[u8]) -> Result<(), Malformed> {
    let mut time = Timestamp::default();
    for field in fields(message) {
        let field = field?;
        match field.number {
            1 => time.seconds = field.varint()? as i64,
            2 => time.nanos = field.varint()? as i32,
            _ => {}
        }
    }
    put_nested(out, number, |out| {
        put_parts(out, time);
        put_fields(out, message, 3..=u32::MAX)
    })
}

fn put_parts(out: &mut Vec<u8>, time: Timestamp) {
    put_varint(out, 1, time.seconds as u64);
    put_varint(out, 2, i64::from(time.nanos) as u64);
}
