//! Of which entitlements grants are pending, roughly: some that have none look as if they had.

use crate::keys;
use crate::memory::with_capacity;
use crate::{Error, Result};

/// One bit for each entitlement, at a place that a hash gives it: a few thousand of them hide no other.
const BITS: usize = 1 << 19;

/// A set of entitlements, by what the keys of their grants start with.
#[derive(Default)]
pub struct Entitlements {
    /// Empty as long as the set is.
    bits: Vec<u64>,
    /// What the last key started with: grants of one entitlement mostly follow one another.
    last: Vec<u8>,
}

impl Entitlements {
    /// Adds the entitlement of the grant at `key`.
    pub fn add(&mut self, key: &[u8]) -> Result<()> {
        if !self.last.is_empty() && key.starts_with(&self.last) {
            return Ok(());
        }
        let prefix = keys::grants_beside(key).ok_or_else(|| Error::Internal("a grant's key is none".into()))?;
        if self.bits.is_empty() {
            self.bits = with_capacity(BITS / 64)?;
            self.bits.resize(BITS / 64, 0);
        }
        let (word, bit) = place(prefix);
        self.bits[word] |= bit;
        self.last.clear();
        self.last.extend_from_slice(prefix);
        Ok(())
    }

    /// Whether the entitlement may be in the set whose grants have keys that start with `prefix`.
    pub fn may_have(&self, prefix: &[u8]) -> bool {
        let (word, bit) = place(prefix);
        self.bits.get(word).is_some_and(|bits| bits & bit != 0)
    }
}

fn place(prefix: &[u8]) -> (usize, u64) {
    let hash = xxhash_rust::xxh64::xxh64(prefix, 0) as usize % BITS;
    (hash / 64, 1 << (hash % 64))
}
