//! The digest of a set of grants, and its bytes.
//!
//! ```text
//! value = version (1 byte) | level (1 byte) | count (8 bytes) | xor (8 bytes) | leaf*
//! leaf  = bucket (2 bytes, its bits on the left) | count (8 bytes) | xor (8 bytes)
//! ```

use super::hash::{BUCKET_BITS, VERSION};

/// A bucket of a level has so many grants on average, at most.
const BUCKET_GRANTS: u64 = 512;

const HEAD_BYTES: usize = 18;
const LEAF_BYTES: usize = 18;

/// Grants whose principals' hashes start with the bits of `index`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DigestNode {
    /// Which bucket of its level.
    pub index: u32,
    /// How many grants.
    pub count: u64,
    /// The hashes of all of them.
    pub xor: u64,
}

impl DigestNode {
    /// Takes the grants of another.
    pub fn add(&mut self, count: u64, xor: u64) {
        // A forged count may be any number.
        self.count = self.count.wrapping_add(count);
        self.xor ^= xor;
    }

    /// With the grants of another.
    pub fn with(mut self, count: u64, xor: u64) -> DigestNode {
        self.add(count, xor);
        self
    }
}

/// The digest of a set of grants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantDigest {
    /// How many grants.
    pub count: u64,
    /// The hashes of all of them.
    pub xor: u64,
    /// Bits of a bucket of `leaves`; without leaves 0.
    pub level: u32,
    /// The buckets that hold grants, in their order.
    pub leaves: Vec<DigestNode>,
}

/// The level at which buckets of so many grants are small.
pub(super) fn level_of(count: u64) -> u32 {
    (0..BUCKET_BITS).find(|level| BUCKET_GRANTS << level >= count).unwrap_or(BUCKET_BITS)
}

impl GrantDigest {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + LEAF_BYTES * self.leaves.len());
        bytes.extend([VERSION, self.level as u8]);
        bytes.extend(self.count.to_be_bytes());
        bytes.extend(self.xor.to_be_bytes());
        for leaf in &self.leaves {
            bytes.extend(((leaf.index << (BUCKET_BITS - self.level)) as u16).to_be_bytes());
            bytes.extend(leaf.count.to_be_bytes());
            bytes.extend(leaf.xor.to_be_bytes());
        }
        bytes
    }

    /// Reads its bytes; `None` if they are of another version. Fails with what is wrong with them.
    pub fn decode(bytes: &[u8]) -> Result<Option<GrantDigest>, &'static str> {
        let number = |bytes: &[u8]| bytes.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let [version, level, rest @ ..] = bytes else { return Err("it is too short") };
        if *version != VERSION {
            return Ok(None);
        }
        let level = u32::from(*level);
        let Some((head, leaves)) = rest.split_at_checked(HEAD_BYTES - 2) else { return Err("it is too short") };
        if level > BUCKET_BITS || level == 0 && !leaves.is_empty() || !leaves.len().is_multiple_of(LEAF_BYTES) {
            return Err("it has leaves that are none");
        }
        let mut digest = GrantDigest { count: number(head), xor: number(&head[8..]), level, leaves: Vec::new() };
        digest.leaves.reserve_exact(leaves.len() / LEAF_BYTES);
        for leaf in leaves.chunks_exact(LEAF_BYTES) {
            let index = u32::from(u16::from_be_bytes([leaf[0], leaf[1]])) >> (BUCKET_BITS - level);
            if digest.leaves.last().is_some_and(|last| last.index >= index) {
                return Err("its leaves are in no order");
            }
            digest.leaves.push(DigestNode { index, count: number(&leaf[2..]), xor: number(&leaf[10..]) });
        }
        Ok(Some(digest))
    }

    /// The digest when buckets, of the finest level, have changed by so much; `None` if it has another level then.
    pub(super) fn changed(mut self, changes: &[DigestNode]) -> Option<GrantDigest> {
        for change in changes {
            self.count = self.count.wrapping_add(change.count);
            self.xor ^= change.xor;
            if self.level == 0 {
                continue;
            }
            let index = change.index >> (BUCKET_BITS - self.level);
            match self.leaves.binary_search_by_key(&index, |leaf| leaf.index) {
                Ok(at) => self.leaves[at].add(change.count, change.xor),
                Err(at) => self.leaves.insert(at, DigestNode { index, ..*change }),
            }
        }
        self.leaves.retain(|leaf| leaf.count > 0);
        Some(self).filter(|digest| level_of(digest.count) == digest.level)
    }

    /// The buckets of a level that hold grants; at level 0 the one that holds all. `None` of a level that is finer than
    /// the leaves.
    pub fn nodes(&self, level: u32) -> Option<Vec<DigestNode>> {
        if level == 0 {
            return Some(vec![DigestNode { index: 0, count: self.count, xor: self.xor }]);
        }
        let narrower = self.level.checked_sub(level)?;
        let mut nodes: Vec<DigestNode> = Vec::new();
        for leaf in &self.leaves {
            let index = leaf.index >> narrower;
            match nodes.last_mut().filter(|node| node.index == index) {
                Some(node) => node.add(leaf.count, leaf.xor),
                None => nodes.push(DigestNode { index, ..*leaf }),
            }
        }
        Some(nodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest() -> GrantDigest {
        let leaf = |index, count, xor| DigestNode { index, count, xor };
        GrantDigest { count: 6, xor: 7, level: 2, leaves: vec![leaf(0, 1, 1), leaf(2, 2, 2), leaf(3, 3, 4)] }
    }

    #[test]
    fn a_digest_is_read_as_it_was_written() {
        for digest in [digest(), GrantDigest { count: 1, xor: u64::MAX, ..Default::default() }] {
            assert_eq!(GrantDigest::decode(&digest.encode()), Ok(Some(digest)));
        }
    }

    #[test]
    fn a_digest_of_another_version_says_nothing() {
        assert_eq!(GrantDigest::decode(&[VERSION + 1, 9]), Ok(None));
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        let whole = digest().encode();
        let level = |level| [&whole[..1], &[level], &whole[2..]].concat();
        let twice = [&whole[..], &whole[whole.len() - LEAF_BYTES..]].concat();
        let bad = [
            b"".to_vec(),
            whole[..HEAD_BYTES - 1].to_vec(),
            whole[..whole.len() - 1].to_vec(),
            twice,
            level(17),
            level(0),
        ];
        for bytes in bad {
            assert!(GrantDigest::decode(&bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn buckets_of_a_coarser_level_are_what_their_halves_are_together() {
        let node = |index, count, xor| DigestNode { index, count, xor };
        assert_eq!(digest().nodes(1).unwrap(), [node(0, 1, 1), node(1, 5, 6)]);
        assert_eq!(digest().nodes(0).unwrap(), [node(0, 6, 7)]);
        assert_eq!(digest().nodes(3), None);
    }

    #[test]
    fn a_change_finds_its_leaf_and_may_make_or_empty_one() {
        let level = 1;
        let leaves = (0..2).map(|index| DigestNode { index, count: 300, xor: 8 }).collect();
        let digest = GrantDigest { count: 600, xor: 0, level, leaves };
        let change = |index, count, xor| DigestNode { index, count, xor };
        let changed = digest.clone().changed(&[change(0x8000, 1, 3), change(0x7fff, 0, 1)]).unwrap();
        assert_eq!((changed.count, changed.xor), (601, 2));
        assert_eq!(changed.leaves, [change(0, 300, 9), change(1, 301, 11)]);
        let emptied = GrantDigest { leaves: vec![change(0, 1, 8), change(1, 599, 8)], ..digest.clone() };
        assert_eq!(emptied.changed(&[change(0, u64::MAX, 8)]).unwrap().leaves, [change(1, 599, 8)]);
        assert_eq!(digest.changed(&vec![change(0, 1, 1); 1000]), None);
    }

    #[test]
    fn the_level_grows_when_a_bucket_would_hold_more_than_512() {
        let levels = [(0, 0), (512, 0), (513, 1), (1024, 1), (1025, 2), (512 << 15, 15), (u64::MAX, 16)];
        for (count, level) in levels {
            assert_eq!(level_of(count), level, "{count}");
        }
    }
}
