//! Connector messages (v2) to stored records (v3) and back, on the wire.
//!
//! A message comes as bytes and leaves as bytes: its fields are found, renumbered and written in ascending order, none
//! is built as a value. The field names of `c1.connector.v2` and `c1.storage.v3` stand beside their numbers.
//!
//! | noun | to a record | from a record |
//! |---|---|---|
//! | resource type | [`resource_type_to_record`] | [`resource_type_from_record`] |
//! | resource | [`resource_to_record`] | [`resource_from_record`] |
//! | entitlement | [`entitlement_to_record`] | [`entitlement_from_record`] |
//! | grant | [`grant_to_record`], [`expanded_grant_to_record`], [`ContributionsToRecords`] | [`grant_from_record`] |
//!
//! - Equal messages give equal bytes, whatever the order of their fields and map entries: merges and content hashes
//!   compare records as bytes.
//! - A record that these functions wrote is one that every protobuf reader accepts: strings are checked to be UTF-8,
//!   depth to be within [`MAX_DEPTH`](crate::proto::wire::MAX_DEPTH). Only what no schema of ours names is copied unseen.
//! - What v3 has no place for is kept in one private field of the record, see `kept`. A grant keeps references to its
//!   entitlement and principal, an entitlement to its resource and to the types it is grantable to, not copies.
//! - Of many records [`FromRecords`] makes messages and [`GrantsToRecords`] of many grants records, faster than the functions
//!   above and to the same bytes: they know what a grant has in common with the one before.
//! - Each function appends to `out`, and appends nothing if it fails.

mod any;
mod backwards;
mod contribution;
mod entitlement;
mod enums;
mod expandable;
mod grant;
mod kept;
mod last_grant;
mod refs;
mod resource;
mod resource_type;
mod sequence;
mod sources;
mod stamp;
mod structs;
mod stubs;
#[cfg(test)]
mod tests;

pub use contribution::{ContributionsToRecords, NoRecord};
pub use entitlement::{entitlement_from_record, entitlement_to_record};
pub use enums::push_values;
pub use grant::{
    append_grant_annotations, expanded_grant_to_record, grant_expandable, grant_from_record, grant_identity,
    grant_public_id, grant_to_record, unexpanded_grant, Expansion,
};
pub use kept::NUMBER as KEPT;
pub use refs::{entitlement_identity, resource_identity};
pub use resource::{check_profile, resource_from_record, resource_to_record};
pub use resource_type::{resource_type_from_record, resource_type_to_record};
pub use sequence::{FromRecords, GrantsToRecords, Shape};
pub use sources::grant_sources;
pub use stamp::{Stamp, Timestamp};
pub use structs::canonical_struct;

use crate::proto::wire::Malformed;

/// Runs `write`; if it fails, takes back what it appended.
fn all_or_nothing(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let start = out.len();
    write(out).inspect_err(|_| out.truncate(start))
}
