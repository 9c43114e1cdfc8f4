//! Keys: how identities become bytes whose order is the order of every listing.
//!
//! ```text
//! key = slot (u32, big endian) | keyspace (1 byte) | tuple
//! ```
//!
//! A *slot* is the span of keys of one sync; slot 0 holds what belongs to the file. `docs/format.md` gives the same
//! layouts with their byte values; changing any of them means another layout version.

mod identity;
mod keyspace;
mod layout;
mod sync_id;
mod token;
mod tuple;

pub use identity::{colons, EntitlementParts, EntitlementRef, GrantParts, GrantRef, ResourceRef};
pub use keyspace::{Keyspace, Slot};
pub use layout::*;
pub use sync_id::SyncId;
pub use token::{BatchToken, Listing};
pub use tuple::{append_element, successor, unescape, Elements, Place, TupleWriter};

/// The layout that this crate writes and the only one that it opens.
pub const LAYOUT_VERSION: u32 = 1;
