//! What a record keeps of a v2 message that `c1.storage.v3` has no place for.
//!
//! Field [`NUMBER`] of a resource type, resource or entitlement record is a fragment of the v2 message, with the
//! message's own field numbers:
//!
//! - of a message that v3 does hold (`id`, `parent_resource_id`, `icon`, `status`), the fields that v3 drops: reading
//!   appends them to what was translated;
//! - enum values that v3, which stores names, cannot express (`traits`, `purpose`): reading takes them instead of what
//!   was translated;
//! - fields that v3 lacks or that a newer schema added: reading takes them as they stand.
//!
//! A record that needs none of this has no such field and is a plain `c1.storage.v3` message; other readers of that
//! schema skip it as an unknown field.

use crate::proto::wire::{fields, put_nested_unless_empty, values, Malformed};

/// The private field's number, far above what the schema uses.
pub const NUMBER: u32 = 1000;

/// Appends the private field with the fragment that `write` appends, unless that is empty.
pub(super) fn put_kept(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    put_nested_unless_empty(out, NUMBER, write)
}

/// Appends what the fragment holds of the message field `number`: its fields, without key and length.
pub(super) fn put_remainder(out: &mut Vec<u8>, kept: &[u8], number: u32) -> Result<(), Malformed> {
    for value in values(kept, number) {
        out.extend_from_slice(value?);
    }
    Ok(())
}

/// Whether the fragment replaces field `number`.
pub(super) fn replaces(kept: &[u8], number: u32) -> Result<bool, Malformed> {
    for field in fields(kept) {
        if field?.number == number {
            return Ok(true);
        }
    }
    Ok(false)
}
