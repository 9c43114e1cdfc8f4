//! What is changed takes its digests with it.

use crate::engine::databases::Databases;
use crate::keys::{self, Keyspace, Slot};
use crate::Result;

/// Which digests a step drops, whose grants pass one after the other.
#[derive(Debug)]
pub struct Dropping {
    slot: Slot,
    /// Whether the slot has any.
    any: bool,
    /// The entitlement whose digest was dropped last.
    last: Option<Vec<u8>>,
}

impl Dropping {
    /// Of a slot, with what is in the database.
    pub fn of(db: &Databases, slot: Slot) -> Result<Dropping> {
        let prefix = keys::keyspace(slot, Keyspace::GrantDigest);
        let mut entries = db.raw_iterator();
        entries.seek(&prefix);
        entries.status()?;
        let any = entries.key().is_some_and(|key| key.starts_with(&prefix));
        Ok(Dropping { slot, any, last: None })
    }

    /// Of which slot.
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// The keys of the digests that are not right any more when the grant at `key` is put or deleted, but for those that
    /// the grant before had too: that of its entitlement and that of the sync.
    pub fn of_grant(&mut self, key: &[u8]) -> Vec<Vec<u8>> {
        let tuple = keys::tuple_of(key);
        let Some((entitlement, _)) = keys::parts_of_grant(tuple).filter(|_| self.any) else { return Vec::new() };
        if self.last.as_deref() == Some(entitlement) {
            return Vec::new();
        }
        let of_sync = self.last.is_none().then(|| keys::grant_digest(self.slot, b""));
        self.last = Some(entitlement.to_vec());
        [keys::grant_digest(self.slot, entitlement)].into_iter().chain(of_sync).collect()
    }
}
