//! Kinds of record as messages name them.

use crate::engine::Kind;
use crate::proto::api::RecordKind;
use crate::{Error, Result};

/// The kind as messages name it. Its number is also that of its member in a `c1z.v1.ComparedRecord`.
pub fn record_kind(kind: Kind) -> RecordKind {
    match kind {
        Kind::ResourceType => RecordKind::ResourceType,
        Kind::Resource => RecordKind::Resource,
        Kind::Entitlement => RecordKind::Entitlement,
        Kind::Grant => RecordKind::Grant,
        Kind::Asset => RecordKind::Asset,
    }
}

/// The kind that a request has to name with that number.
pub fn kind_of(number: i32) -> Result<Kind> {
    let kind = Kind::ALL.into_iter().find(|&kind| record_kind(kind) as i32 == number);
    kind.ok_or_else(|| match number {
        0 => Error::invalid("kind is missing"),
        number => Error::invalid(format!("kind: there is no kind {number}")),
    })
}
