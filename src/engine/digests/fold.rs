//! Grants one after the other become a digest.

use super::digest::{level_of, DigestNode, GrantDigest};
use super::hash::{bucket, content, BUCKET_BITS};
use crate::proto::wire::Malformed;

/// Buckets are collected until they are so many, then those that are the same become one: there are 65,536.
const COLLECTED: usize = 1 << 17;

/// The grants of one entitlement, in any order, so far.
#[derive(Debug, Default)]
pub struct Fold {
    all: DigestNode,
    buckets: Vec<DigestNode>,
    buffer: Vec<u8>,
}

impl Fold {
    /// Takes the stored grant whose key has that tuple, which ends with these two elements of its principal.
    pub fn add(&mut self, tuple: &[u8], principal: &[u8], stored: &[u8]) -> Result<(), Malformed> {
        let hash = content(tuple, stored, &mut self.buffer)?;
        self.all.add(1, hash);
        if self.buckets.len() >= COLLECTED {
            self.join(0);
        }
        self.buckets.push(DigestNode { index: bucket(principal).into(), count: 1, xor: hash });
        Ok(())
    }

    /// The digest of all that was taken, of which nothing is left.
    pub fn finish(&mut self) -> GrantDigest {
        let level = level_of(self.all.count);
        let leaves = match level {
            0 => Vec::new(),
            level => self.nodes(level),
        };
        let DigestNode { count, xor, .. } = self.all;
        self.clear();
        GrantDigest { count, xor, level, leaves }
    }

    /// The buckets of a level above 0 that hold grants.
    pub fn nodes(&mut self, level: u32) -> Vec<DigestNode> {
        self.join(BUCKET_BITS - level);
        self.buckets.clone()
    }

    /// Forgets what was taken.
    pub fn clear(&mut self) {
        self.all = DigestNode::default();
        self.buckets.clear();
    }

    /// Cuts so many bits off the buckets and makes one of those that are the same.
    fn join(&mut self, bits: u32) {
        self.buckets.iter_mut().for_each(|bucket| bucket.index >>= bits);
        self.buckets.sort_unstable_by_key(|bucket| bucket.index);
        self.buckets.dedup_by(|next, kept| {
            let same = next.index == kept.index;
            if same {
                kept.add(next.count, next.xor);
            }
            same
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{self, EntitlementRef, GrantRef, ResourceRef, Slot};

    fn tuples(count: usize) -> impl Iterator<Item = Vec<u8>> {
        (0..count).map(|number| {
            let principal = format!("u{number}");
            let entitlement = EntitlementRef { resource: ResourceRef::new("group", "g"), id: "member" };
            let key = keys::grant(Slot(1), GrantRef { entitlement, principal: ResourceRef::new("user", &principal) });
            keys::tuple_of(&key).to_vec()
        })
    }

    fn principal(tuple: &[u8]) -> &[u8] {
        keys::parts_of_grant(tuple).unwrap().1
    }

    #[test]
    fn leaves_are_what_each_grant_says_whatever_their_number() {
        for count in [0, 1, 512, 513, 5000, COLLECTED + 5] {
            let mut fold = Fold::default();
            tuples(count).for_each(|tuple| fold.add(&tuple, principal(&tuple), b"").unwrap());
            let digest = fold.finish();
            let level = level_of(count as u64);
            let mut expected = vec![DigestNode::default(); 1 << level];
            for tuple in tuples(count) {
                let index = bucket(principal(&tuple)) as usize >> (BUCKET_BITS - level);
                expected[index].add(1, content(&tuple, b"", &mut Vec::new()).unwrap());
            }
            expected.iter_mut().enumerate().for_each(|(index, node)| node.index = index as u32);
            let mut all = DigestNode::default();
            expected.iter().for_each(|node| all.add(node.count, node.xor));
            assert_eq!((digest.count, digest.xor, digest.level), (all.count, all.xor, level));
            expected.retain(|node| node.count > 0 && level > 0);
            assert_eq!(digest.leaves, expected, "{count}");
            assert_eq!(fold.finish(), GrantDigest::default());
        }
    }
}
