//! `c1z.v1.GrantContribution` → `c1.storage.v3.GrantRecord`: the grant that expansion makes of one.

use super::refs::put_ids;
use super::sources::Sources;
use super::stamp::{put_timestamp, Timestamp};
use super::stubs::Reference;
use crate::keys::EntitlementRef;
use crate::proto::wire::{fields, merge, put_bytes, put_message, put_nested, Malformed};

/// SDK: what marks a grant that its connector cannot revoke, because it follows from others.
const GRANT_IMMUTABLE: &str = "type.googleapis.com/c1.connector.v2.GrantImmutable";

/// Why a contribution became no record.
#[derive(Debug, PartialEq, Eq)]
pub enum NoRecord {
    /// It has no principal.
    Principal,
    /// It has no sources.
    Sources,
    /// It cannot be read.
    Malformed(Malformed),
}

impl From<Malformed> for NoRecord {
    fn from(error: Malformed) -> NoRecord {
        NoRecord::Malformed(error)
    }
}

/// Makes records of contributions to one entitlement.
pub struct ContributionsToRecords {
    /// Field 3 of each record.
    entitlement: Vec<u8>,
    /// Fields 5 and 8: neither time nor annotation differs.
    stamp: Vec<u8>,
}

impl ContributionsToRecords {
    /// For grants of that entitlement, discovered `now`.
    pub fn new(entitlement: EntitlementRef<'_>, now: Timestamp) -> ContributionsToRecords {
        let (mut field, mut stamp) = (Vec::new(), Vec::new());
        put_nested(&mut field, 3, |out| {
            put_ids(out, entitlement.resource, 1, 2);
            put_bytes(out, 3, entitlement.id.as_bytes());
        });
        put_timestamp(&mut stamp, 5, now);
        put_nested(&mut stamp, 8, |out| put_message(out, 1, GRANT_IMMUTABLE.as_bytes()));
        ContributionsToRecords { entitlement: field, stamp }
    }

    /// Bytes of what the records have in common.
    pub fn common(&self) -> usize {
        self.entitlement.len() + self.stamp.len()
    }

    /// Appends the record of a contribution. Its id follows from what it refers to, so it has none of its own.
    pub fn append(&self, contribution: &[u8], out: &mut Vec<u8>) -> Result<(), NoRecord> {
        let (mut principal, mut sources) = (None, None);
        for field in fields(contribution) {
            let field = field?;
            match field.number {
                1 => merge(&mut principal, field.bytes()?),
                2 => merge(&mut sources, field.bytes()?),
                _ => {}
            }
        }
        let principal = Reference::parse(principal.as_deref().unwrap_or_default())?;
        let sources = Sources::of_message(sources.as_deref().unwrap_or_default())?;
        if principal.id().resource_type.is_empty() || principal.id().resource.is_empty() {
            return Err(NoRecord::Principal);
        }
        if sources.is_empty() {
            return Err(NoRecord::Sources);
        }
        out.extend_from_slice(&self.entitlement);
        put_nested(out, 4, |out| principal.put(out));
        out.extend_from_slice(&self.stamp);
        sources.put_in_record(out);
        Ok(())
    }
}
