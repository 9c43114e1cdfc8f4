//! What hosts do with records: a file for each kind, with its listings and lookups, and one for putting and deleting them.
//!
//! Called by `capi`, through the methods of [`Store`](super::Store).

mod asset_list;
mod assets;
mod bare_ids;
mod batch;
mod contributions;
mod digests;
mod entitlements;
mod expansion;
mod grant_lookup;
mod grant_records;
mod grants;
mod named_values;
mod page;
mod principals;
mod put;
mod references;
mod resource_types;
mod resources;

pub use asset_list::AssetSummary;
pub(in crate::store) use assets::shown as shown_asset;
pub(in crate::store) use assets::with_asset_record;
pub(in crate::store) use entitlements::entitlement_key;
pub use grants::by_principal;
pub(in crate::store) use put::{check_elements, entitlement_ref, malformed_request, message_of, MAX_SCOPE_BYTES};
