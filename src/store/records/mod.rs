//! What hosts do with records: a file for each kind, with its listings and lookups, and one for putting and deleting them.
//!
//! Called by `capi`, through the methods of [`Store`](super::Store).

mod assets;
mod batch;
mod entitlements;
mod expansion;
mod grant_lookup;
mod grants;
mod put;
mod resource_types;
mod resources;

pub use grants::by_principal;
