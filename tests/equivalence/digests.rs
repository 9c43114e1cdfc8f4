//! Digests counted once more, by another way than the library's.

use std::collections::BTreeMap;

use c1z::engine::{GrantDigest, Reader};
use c1z::keys::{self, Keyspace, Slot};
use c1z::proto::storage::GrantRecord;
use prost::Message;
use xxhash_rust::xxh64::xxh64;

/// Where the principal of a grant falls, and what the grant comes to.
type Hashed = (u64, u64);

/// The digest that grants come to.
fn digest(grants: &[Hashed]) -> GrantDigest {
    let mut digest = GrantDigest { count: grants.len() as u64, ..GrantDigest::default() };
    while digest.level < 16 && 512 << digest.level < grants.len() {
        digest.level += 1;
    }
    let mut buckets: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for (bucket, hash) in grants {
        digest.xor ^= hash;
        if digest.level > 0 {
            let (count, xor) = buckets.entry((bucket >> (64 - digest.level)) as u32).or_default();
            *count += 1;
            *xor ^= hash;
        }
    }
    let leaf = |(index, (count, xor))| c1z::engine::DigestNode { index, count, xor };
    digest.leaves = buckets.into_iter().map(leaf).collect();
    digest
}

/// The digests that a slot should have, by entitlement and under no entitlement that of all.
pub fn expected(reader: &Reader<'_>, slot: Slot) -> BTreeMap<Vec<u8>, GrantDigest> {
    let mut grants: BTreeMap<Vec<u8>, Vec<Hashed>> = BTreeMap::new();
    let mut entries = reader.scan(&keys::keyspace(slot, Keyspace::Entitlement), None);
    while let Some((key, _)) = entries.next().unwrap() {
        grants.insert(key[5..].to_vec(), Vec::new());
    }
    let mut all = Vec::new();
    let mut entries = reader.scan(&keys::keyspace(slot, Keyspace::Grant), None);
    while let Some((key, stored)) = entries.next().unwrap() {
        let elements: Vec<&[u8]> = key[5..].split(|byte| *byte == 0).collect();
        assert_eq!(elements.len(), 6);
        let mut hashed = key[5..].to_vec();
        for source in GrantRecord::decode(stored).unwrap().sources.keys() {
            hashed.push(0);
            for byte in source.bytes() {
                match byte {
                    0 => hashed.extend([1, 1]),
                    1 => hashed.extend([1, 2]),
                    byte => hashed.push(byte),
                }
            }
        }
        let grant = (xxh64(&elements[4..].join(&0), 0), xxh64(&hashed, 0));
        grants.entry(elements[..4].join(&0)).or_default().push(grant);
        all.push(grant);
    }
    let mut digests: BTreeMap<_, _> = grants.into_iter().map(|(of, grants)| (of, digest(&grants))).collect();
    let GrantDigest { count, xor, .. } = digest(&all);
    digests.insert(Vec::new(), GrantDigest { count, xor, ..GrantDigest::default() });
    digests
}

/// The digests that a slot has.
pub fn stored(reader: &Reader<'_>, slot: Slot) -> BTreeMap<Vec<u8>, GrantDigest> {
    let mut digests = BTreeMap::new();
    let mut entries = reader.scan(&keys::keyspace(slot, Keyspace::GrantDigest), None);
    while let Some((key, value)) = entries.next().unwrap() {
        digests.insert(key[5..].to_vec(), GrantDigest::decode(value).unwrap().unwrap());
    }
    digests
}

/// What is there is right; and where there is one of all, each entitlement that has grants has one.
pub fn are_exact(reader: &Reader<'_>, slot: Slot) {
    let (stored, expected) = (stored(reader, slot), expected(reader, slot));
    for (of, digest) in &stored {
        // An entitlement may have gone that had no grants.
        let right = expected.get(of).cloned().unwrap_or_default();
        assert_eq!(*digest, right, "{}", of.escape_ascii());
    }
    if stored.contains_key(&b""[..]) {
        for (of, digest) in &expected {
            assert!(stored.contains_key(of) || digest.count == 0, "{}", of.escape_ascii());
        }
    }
}
