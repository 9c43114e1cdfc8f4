//! A walk over keys that goes on behind what cannot be read.

use std::path::Path;

use rocksdb::{Range, DB};

use super::files::{table_of, Files};
use super::{damage, Reader};
use crate::control::Control;
use crate::engine::strides::CHECK;
use crate::engine::Scan;
use crate::keys;
use crate::Result;

/// How many bytes of keys are sought for at most, with eight reads each, where what cannot be read ends.
const MAX_SOUGHT_BYTES: usize = 1024;

/// An entry, or a stretch that cannot be read.
pub(super) enum Row<'r> {
    Entry(&'r [u8], &'r [u8]),
    Gap(Gap),
}

/// A stretch of keys that cannot be read.
pub(super) struct Gap {
    /// The last key before it, or where the walk started.
    pub after: Vec<u8>,
    /// The first key behind it; `None` if nothing behind it can be read.
    pub resumed_at: Option<Vec<u8>>,
    /// The table that is damaged, as far as RocksDB says.
    pub file: Option<String>,
    /// What RocksDB says.
    pub error: String,
}

/// The keys below a prefix.
pub(super) struct Rows<'r> {
    db: &'r DB,
    pub reader: &'r Reader<'r>,
    files: &'r Files,
    directory: &'r Path,
    control: &'r Control<'r>,
    prefix: Vec<u8>,
    /// `None` behind the last key.
    scan: Option<Scan<'r>>,
    last: Vec<u8>,
    rows: u64,
    /// Bytes of tables that were passed; not counted in a walk over a part.
    passed: Option<u64>,
}

impl<'r> Rows<'r> {
    /// All keys of the database, with progress in bytes of tables.
    pub fn all(
        db: &'r DB,
        reader: &'r Reader<'r>,
        files: &'r Files,
        directory: &'r Path,
        control: &'r Control<'r>,
    ) -> Rows<'r> {
        let scan = Some(reader.scan_from(b"", b""));
        let last = Vec::new();
        Rows { db, reader, files, directory, control, prefix: Vec::new(), scan, last, rows: 0, passed: Some(0) }
    }

    /// The keys below `prefix`, without progress.
    pub fn below(&self, prefix: Vec<u8>) -> Rows<'r> {
        let scan = Some(self.reader.scan_from(&prefix, &prefix));
        Rows { prefix: prefix.clone(), scan, last: prefix, rows: 0, passed: None, ..*self }
    }

    /// The next row.
    pub fn next(&mut self) -> Result<Option<Row<'_>>> {
        if self.rows.is_multiple_of(CHECK) {
            self.control.check()?;
            self.report();
        }
        self.rows += 1;
        let Some(scan) = &mut self.scan else { return Ok(None) };
        match scan.has_more() {
            Ok(false) => {
                self.scan = None;
                return Ok(None);
            }
            Ok(true) => {}
            Err(error) => return self.resume(damage(self.directory, error)?).map(Row::Gap).map(Some),
        }
        let Some((key, value)) = self.scan.as_mut().map(Scan::next).transpose()?.flatten() else { return Ok(None) };
        self.last.clear();
        self.last.extend_from_slice(key);
        Ok(Some(Row::Entry(key, value)))
    }

    /// Goes on with `key` or what follows it.
    pub fn skip_to(&mut self, key: &[u8]) {
        self.scan = Some(self.reader.scan_from(&self.prefix, key));
        self.last = key.to_vec();
    }

    /// The progress of a walk that is over.
    pub fn finish(&self) {
        self.control.report(self.files.bytes, self.files.bytes);
    }

    fn report(&mut self) {
        let Some(passed) = &mut self.passed else { return };
        // RocksDB: sizes are approximate, and not monotonous where tables overlap.
        let sizes = self.db.get_approximate_sizes(&[Range::new(b"", &self.last)]);
        *passed = sizes.first().copied().unwrap_or(0).clamp(*passed, self.files.bytes.max(*passed));
        self.control.report(*passed, self.files.bytes);
    }

    /// Looks for the end of what cannot be read and goes on there.
    fn resume(&mut self, error: String) -> Result<Gap> {
        let after = self.last.clone();
        let resumed_at = self.first_readable(&after)?;
        self.scan = resumed_at.as_ref().map(|key| self.reader.scan_from(&self.prefix, key));
        self.last = resumed_at.clone().unwrap_or_default();
        Ok(Gap { after, resumed_at, file: table_of(&error), error })
    }

    /// The first key from which on something can be read again, if there is one: sought at the bounds of tables, then by
    /// halving the distance to the last key that was read.
    fn first_readable(&self, after: &[u8]) -> Result<Option<Vec<u8>>> {
        let end = keys::successor(&self.prefix);
        let (mut bad, mut good, mut first) = (after.to_vec(), end.clone(), None);
        for bound in self.files.bounds.iter().skip_while(|bound| bound.as_slice() <= after) {
            self.control.check()?;
            if end.as_ref().is_some_and(|end| bound >= end) {
                break;
            }
            if let Some(found) = self.first_from(bound)? {
                (good, first) = (Some(bound.clone()), found);
                break;
            }
            bad = bound.clone();
        }
        loop {
            // RocksDB: what separates two blocks is no longer than their keys. Between keys that agree in more bytes than
            // either has nothing is left to find.
            let longest = after.len().max(first.as_ref().map_or(0, Vec::len)).min(MAX_SOUGHT_BYTES);
            if good.as_deref().is_some_and(|good| shared(&bad, good) > longest) {
                break;
            }
            let Some(middle) = between(&bad, good.as_deref()) else { break };
            self.control.check()?;
            match self.first_from(&middle)? {
                Some(found) => (good, first) = (Some(middle), found),
                None => bad = middle,
            }
        }
        Ok(first)
    }

    /// The first key from `from` on, if there is one; `None` if that cannot be read.
    fn first_from(&self, from: &[u8]) -> Result<Option<Option<Vec<u8>>>> {
        match self.reader.scan_from(&self.prefix, from).next() {
            Ok(entry) => Ok(Some(entry.map(|(key, _)| key.to_vec()))),
            Err(error) => damage(self.directory, error).map(|_| None),
        }
    }
}

/// How many bytes two keys start with in common.
fn shared(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// A key in the middle between two, as numbers of 24 bytes behind what they have in common; `None` if there is none.
/// Without `high` that is the number with all bits.
fn between(low: &[u8], high: Option<&[u8]>) -> Option<Vec<u8>> {
    const WIDTH: usize = 24;
    let shared = high.map_or(0, |high| shared(low, high));
    let digits = |key: &[u8], rest: u8| -> [u8; WIDTH] {
        std::array::from_fn(|at| key.get(shared + at).copied().unwrap_or(rest))
    };
    let (low_digits, high_digits) = (digits(low, 0), high.map_or([0xff; WIDTH], |high| digits(high, 0)));
    let mut carry = 0u16;
    let mut sum = [0u16; WIDTH];
    for at in (0..WIDTH).rev() {
        let digit = u16::from(low_digits[at]) + u16::from(high_digits[at]) + carry;
        (sum[at], carry) = (digit & 0xff, digit >> 8);
    }
    let mut middle = low[..shared].to_vec();
    for digit in sum {
        let digit = carry << 8 | digit;
        middle.push((digit >> 1) as u8);
        carry = digit & 1;
    }
    let inside = middle.as_slice() > low && high.is_none_or(|high| middle.as_slice() < high);
    inside.then_some(middle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_lies_between_two_keys_lies_between_them(low in proptest::collection::vec(any::<u8>(), 0..40), high in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Some(middle) = between(&low, Some(&high)) {
                prop_assert!(low < middle && middle < high);
            }
        }

        #[test]
        fn halving_comes_close_to_any_key(keys in proptest::collection::btree_set(proptest::collection::vec(any::<u8>(), 5..20), 3)) {
            let [low, wanted, high] = <[Vec<u8>; 3]>::try_from(Vec::from_iter(keys)).unwrap();
            let (mut bad, mut good) = (low, high);
            while shared(&bad, &good) <= wanted.len() {
                let Some(middle) = between(&bad, Some(&good)) else { break };
                if middle < wanted { bad = middle } else { good = middle }
            }
            prop_assert!(bad < wanted && wanted <= good);
            prop_assert!(good.starts_with(&wanted) || between(&bad, Some(&good)).is_none());
        }
    }

    #[test]
    fn there_is_a_key_behind_every_other() {
        assert_eq!(between(b"\0\0\0\x01", None).map(|key| key > b"\0\0\0\x01".to_vec()), Some(true));
    }
}
