//! What a merge over its base changes of the digests there.

use std::collections::BTreeMap;

use super::digest::DigestNode;
use super::fold::Fold;
use super::hash::{bucket, content};
use super::walks::Grants;
use crate::control::Control;
use crate::engine::{Kind, Reader, Writer};
use crate::keys::{self, Slot};
use crate::Result;

/// Kept in memory, which nobody counts: so many entitlements and changes.
const MOST_ENTITLEMENTS: usize = 1 << 16;
const MOST_CHANGES: usize = 1 << 18;

/// Entitlements that a step puts, and the grants that it adds or replaces.
#[derive(Debug, Default)]
pub struct Touched {
    /// By entitlement: what each grant adds to its bucket.
    entitlements: BTreeMap<Vec<u8>, Vec<DigestNode>>,
    changes: usize,
    /// There is more, or something that cannot be decoded.
    more: bool,
    buffer: Vec<u8>,
}

impl Touched {
    /// Takes an entitlement whose four elements are encoded.
    pub fn entitlement(&mut self, entitlement: &[u8]) {
        self.changes_of(entitlement);
    }

    /// Takes a grant that takes the place of another, if there was one. `tuple` is that of its key.
    pub fn grant(&mut self, tuple: &[u8], replaced: Option<&[u8]>, grant: &[u8]) {
        let Some((entitlement, principal)) = keys::parts_of_grant(tuple) else { return };
        let mut change = DigestNode { index: bucket(principal).into(), ..DigestNode::default() };
        for (stored, more) in [(replaced, u64::MAX), (Some(grant), 1)] {
            let Some(stored) = stored else { continue };
            match content(tuple, stored, &mut self.buffer) {
                Ok(hash) => change.add(more, hash),
                Err(_) => self.more = true,
            }
        }
        self.more |= self.changes >= MOST_CHANGES;
        if let Some(changes) = self.changes_of(entitlement) {
            changes.push(change);
            self.changes += 1;
        }
    }

    fn changes_of(&mut self, entitlement: &[u8]) -> Option<&mut Vec<DigestNode>> {
        self.more |= self.entitlements.len() >= MOST_ENTITLEMENTS;
        if self.more {
            return None;
        }
        if !self.entitlements.contains_key(entitlement) {
            self.entitlements.insert(entitlement.to_vec(), Vec::new());
        }
        self.entitlements.get_mut(entitlement)
    }
}

impl Writer<'_> {
    /// Puts the digests right that a step dropped, of a slot that had all of them `before`; of another it takes none. It
    /// costs what was touched, but for entitlements whose grants are in more buckets now, of which all are read.
    pub fn renew_digests(
        &mut self,
        slot: Slot,
        touched: &Touched,
        before: &Reader<'_>,
        control: &Control<'_>,
    ) -> Result<()> {
        let Some(all) = before.grant_digest(slot, b"")? else { return Ok(()) };
        if touched.more {
            return self.complete_digests(slot, control);
        }
        let mut all = DigestNode { index: 0, count: all.count, xor: all.xor };
        let reader = self.reader(&Kind::ALL)?;
        let mut fold = Fold::default();
        for (entitlement, changes) in &touched.entitlements {
            let changed = before.grant_digest(slot, entitlement)?.and_then(|digest| digest.changed(changes));
            let digest = match changed {
                Some(digest) => Some(digest),
                None => Grants::of_entitlement(&reader, slot, entitlement, control)?.fold(entitlement, &mut fold)?,
            };
            // Then the sync gets none either.
            let Some(digest) = digest else { return Ok(()) };
            changes.iter().for_each(|change| all.add(change.count, change.xor));
            self.set(&keys::grant_digest(slot, entitlement), &digest.encode());
        }
        self.set_digest_of_sync(slot, all);
        Ok(())
    }
}
