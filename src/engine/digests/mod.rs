//! Digests of grants: what two syncs are compared by without reading them.
//!
//! The digest of an entitlement says how many grants it has and which ([`hash`] defines what one comes to), at once and by
//! buckets of principals; that of a sync says it of all its grants. Each is a key of the sync's slot.
//!
//! **What is there is right.** A digest is taken when its sync ends or is merged ([`Writer::complete_digests`]), and whoever
//! puts or deletes a grant drops those that it is in, in the same step ([`Dropping`]). That of the sync is only there where
//! every entitlement with grants has one.
//!
//! [`Writer::complete_digests`]: super::Writer::complete_digests

mod completing;
mod digest;
mod dropping;
mod fold;
mod hash;
mod taken;
mod touched;
mod walks;

pub use digest::{DigestNode, GrantDigest};
pub(super) use dropping::Dropping;
pub use fold::Fold;
pub use hash::{bucket, BUCKET_BITS, VERSION};
pub use touched::Touched;

use super::Reader;
use crate::keys::{self, Keyspace, Slot};
use crate::quoted::Quoted;
use crate::{Error, Result};

impl Reader<'_> {
    /// The digest of the entitlement in a slot whose four elements are encoded, or of all grants of the slot, without any;
    /// `None` if there is none that this library can read.
    pub fn grant_digest(&self, slot: Slot, entitlement: &[u8]) -> Result<Option<GrantDigest>> {
        let key = keys::grant_digest(slot, entitlement);
        let Some(value) = self.get(&key)? else { return Ok(None) };
        GrantDigest::decode(&value).map_err(|wrong| {
            let place = format!("{} at key {}", Keyspace::GrantDigest.noun(), Quoted::new(entitlement));
            Error::corruption(place, wrong)
        })
    }
}
