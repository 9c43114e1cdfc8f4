//! What one grant comes to in a digest: the definition that a digest's version names.
//!
//! SDK: hosts compare digests with those of its own engine, so both hashes are part of the format, bit for bit.

use xxhash_rust::xxh64::xxh64;

use crate::keys;
use crate::proto::wire::{values, Malformed};

/// The version of the two hashes. Digests of another version say nothing about ours.
pub const VERSION: u8 = 1;

/// Bits of a bucket.
pub const BUCKET_BITS: u32 = u16::BITS;

/// Where a stored grant has its sources, and an entry of them its key.
const SOURCES: u32 = 9;
const KEY: u32 = 1;

/// The bucket of a principal whose two elements are encoded.
pub fn bucket(principal: &[u8]) -> u16 {
    (xxh64(principal, 0) >> (u64::BITS - BUCKET_BITS)) as u16
}

/// The hash of a stored grant: of who holds what, and through which entitlements. Nothing else of it counts. `tuple` is
/// that of its key; `buffer` is memory that it may use.
pub fn content(tuple: &[u8], stored: &[u8], buffer: &mut Vec<u8>) -> Result<u64, Malformed> {
    let mut sources = Vec::new();
    for entry in values(stored, SOURCES) {
        sources.push(values(entry?, KEY).last().unwrap_or(Ok(b""))?);
    }
    if sources.is_empty() {
        return Ok(xxh64(tuple, 0));
    }
    sources.sort_unstable();
    sources.dedup();
    buffer.clear();
    buffer.extend_from_slice(tuple);
    for source in sources {
        keys::append_element(buffer, source);
    }
    Ok(xxh64(buffer, 0))
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::proto::storage::{GrantRecord, GrantSourceRecord};

    fn record(sources: &[&str]) -> Vec<u8> {
        let source = |id: &&str| (id.to_string(), GrantSourceRecord::default());
        GrantRecord { sources: sources.iter().map(source).collect(), ..Default::default() }.encode_to_vec()
    }

    fn hash(stored: &[u8]) -> u64 {
        content(b"a\0b", stored, &mut b"of another".to_vec()).unwrap()
    }

    #[test]
    fn a_grant_is_its_key_and_its_sources_in_order() {
        assert_eq!(hash(&record(&[])), xxh64(b"a\0b", 0));
        assert_eq!(hash(&record(&["y\0", "x"])), xxh64(b"a\0b\0x\0y\x01\x01", 0));
    }

    #[test]
    fn sources_count_once_wherever_they_stand() {
        let [x, y] = ["x", "y"].map(|source| record(&[source]));
        assert_eq!(hash(&[&y[..], &x[..], &y[..]].concat()), hash(&record(&["x", "y"])));
    }

    #[test]
    fn what_else_is_in_a_grant_does_not_count() {
        let grant = GrantRecord { external_id: "id".into(), needs_expansion: true, ..Default::default() };
        assert_eq!(hash(&grant.encode_to_vec()), hash(&record(&[])));
    }

    #[test]
    fn the_bucket_of_a_principal_is_the_upper_end_of_its_hash() {
        assert_eq!(u64::from(bucket(b"user\0u1")), xxh64(b"user\0u1", 0) >> 48);
    }
}
