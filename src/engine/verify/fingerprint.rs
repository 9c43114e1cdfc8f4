//! Comparing two sets of entries that come in different orders, without keeping either.

use std::hash::{BuildHasher, RandomState};

/// Hashes of entries: keyed, so that no file can be made for which two sets agree that differ.
pub(super) struct Hasher([RandomState; 2]);

/// The number of entries and the sum of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub count: u64,
    sum: u128,
}

impl Hasher {
    pub fn new() -> Hasher {
        Hasher([RandomState::new(), RandomState::new()])
    }

    fn hash(&self, key: &[u8], value: &[u8]) -> u128 {
        let [high, low] = self.0.each_ref().map(|state| u128::from(state.hash_one((key, value))));
        high << 64 | low
    }
}

impl Fingerprint {
    /// Adds an entry.
    pub fn add(&mut self, hasher: &Hasher, key: &[u8], value: &[u8]) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(hasher.hash(key, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(hasher: &Hasher, entries: &[(&str, &str)]) -> Fingerprint {
        let mut print = Fingerprint::default();
        entries.iter().for_each(|(key, value)| print.add(hasher, key.as_bytes(), value.as_bytes()));
        print
    }

    #[test]
    fn a_fingerprint_depends_on_keys_values_and_numbers_and_not_on_the_order() {
        let hasher = Hasher::new();
        let print = of(&hasher, &[("a", ""), ("b", "1")]);
        assert_eq!(print, of(&hasher, &[("b", "1"), ("a", "")]));
        for other in [&[("a", ""), ("b", "2")][..], &[("a", "")], &[("a", ""), ("b1", "")], &[("b", "1"), ("b", "1")]] {
            assert_ne!(print, of(&hasher, other), "{other:?}");
        }
    }
}
