//! The digests of a sync that are missing.

use super::digest::{DigestNode, GrantDigest};
use super::fold::Fold;
use super::taken::Taken;
use super::walks::{Entitlements, Grants, StoredDigests};
use crate::control::Control;
use crate::engine::{Kind, Writer};
use crate::keys::{self, Slot};
use crate::Result;

impl Writer<'_> {
    /// Takes the digests of a slot that are missing: of every entitlement that is stored or has grants, and of the sync.
    /// Those that are there stand, and their grants are not read; of entitlements that are gone none is left.
    ///
    /// Many are committed here, as each is right by itself; few, and that of the sync, are in the next commit. An entitlement
    /// of which a grant cannot be decoded gets none, and then the sync has none.
    pub fn complete_digests(&mut self, slot: Slot, control: &Control<'_>) -> Result<()> {
        let reader = self.reader(&Kind::ALL)?;
        let mut entitlements = Entitlements::of(&reader, slot)?;
        let mut grants = Grants::of(&reader, slot, control)?;
        let mut stored = StoredDigests::of(&reader, slot)?;
        let mut taken = Taken::new(self.engine, self.pending().directory());
        let (mut fold, mut all) = (Fold::default(), Some(DigestNode::default()));
        // Each entitlement that is stored, has grants, or both, in the order of their keys.
        while let Some(entitlement) = first(entitlements.next(), grants.entitlement()) {
            let entitlement = entitlement.to_vec();
            let digest = match stored.of_entitlement(&entitlement, |gone| taken.add(gone, None))? {
                Some(digest) => {
                    grants.pass(&entitlement)?;
                    Some(digest)
                }
                None => {
                    let digest = grants.fold(&entitlement, &mut fold)?;
                    let key = keys::grant_digest(slot, &entitlement);
                    taken.add(&key, digest.as_ref().map(GrantDigest::encode))?;
                    digest
                }
            };
            all = all.zip(digest).map(|(all, digest)| all.with(digest.count, digest.xor));
            entitlements.pass(&entitlement)?;
        }
        stored.rest(|gone| taken.add(gone, None))?;
        taken.finish(self)?;
        match all {
            Some(all) => self.set_digest_of_sync(slot, all),
            None => self.remove(&keys::grant_digest(slot, b"")),
        }
        Ok(())
    }

    pub(super) fn set_digest_of_sync(&mut self, slot: Slot, DigestNode { count, xor, .. }: DigestNode) {
        let digest = GrantDigest { count, xor, ..GrantDigest::default() };
        self.set(&keys::grant_digest(slot, b""), &digest.encode());
        self.dropping = None;
    }
}

/// The lesser of two keys, or the only one.
fn first<'k>(a: Option<&'k [u8]>, b: Option<&'k [u8]>) -> Option<&'k [u8]> {
    a.into_iter().chain(b).min()
}
