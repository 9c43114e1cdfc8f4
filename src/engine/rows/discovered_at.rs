//! When a record was discovered.

use crate::engine::Kind;
use crate::proto::wire::{fields, Malformed};

/// Nanoseconds since 1970; `None` without a time, which is before any.
pub fn discovered_at(kind: Kind, stored: &[u8]) -> Result<Option<i128>, Malformed> {
    let time = discovery_of(kind, stored)?;
    Ok(time.map(|(seconds, nanos)| i128::from(seconds) * 1_000_000_000 + i128::from(nanos)))
}

/// The same as a `google.protobuf.Timestamp` has it: seconds since 1970, and nanoseconds.
pub fn discovery_of(kind: Kind, stored: &[u8]) -> Result<Option<(i64, i32)>, Malformed> {
    let number = match kind {
        Kind::ResourceType => 6,
        Kind::Resource | Kind::Entitlement => 8,
        Kind::Grant | Kind::Asset => 5,
    };
    // A message that comes in several fields is merged.
    let mut time: Option<(i64, i32)> = None;
    for field in fields(stored) {
        let field = field?;
        if field.number == number {
            time = Some(with_parts(time.unwrap_or_default(), field.bytes()?)?);
        }
    }
    Ok(time)
}

/// Seconds since 1970 and nanoseconds of a `google.protobuf.Timestamp`.
pub fn parts_of_timestamp(timestamp: &[u8]) -> Result<(i64, i32), Malformed> {
    with_parts((0, 0), timestamp)
}

fn with_parts((mut seconds, mut nanos): (i64, i32), timestamp: &[u8]) -> Result<(i64, i32), Malformed> {
    for part in fields(timestamp) {
        let part = part?;
        match part.number {
            1 => seconds = part.varint()? as i64,
            2 => nanos = part.varint()? as i32,
            _ => {}
        }
    }
    Ok((seconds, nanos))
}
