//! Rows in memory: appended in any order, sorted once.

use super::change::Change;
use crate::memory::{reserve, with_capacity};
use crate::Result;

/// Rows in one allocation, in the order of their arrival until they are sorted.
#[derive(Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    rows: Vec<Row>,
    sorted: bool,
}

/// Where a row's key and value are: `key` bytes from `start`, and `value` bytes behind them.
#[derive(Clone, Copy)]
struct Row {
    start: u32,
    key: u32,
    value: u32,
}

impl Row {
    fn end(self) -> usize {
        self.start as usize + self.key as usize + self.value as usize
    }
}

/// A row under sort: the part of its key that is compared next, as a number.
#[derive(Clone, Copy)]
struct Windowed {
    window: [u64; 2],
    index: u32,
}

const WINDOW: usize = 16;

/// How many rows are looked at together: about as many reads of memory as a processor has under way.
const TOGETHER: usize = 16;

impl Buffer {
    /// Whether rows of that size in all can still be addressed.
    pub fn has_room(&self, size: usize) -> bool {
        u32::try_from(self.bytes.len().saturating_add(size)).is_ok()
    }

    /// Takes back all rows behind the first `rows`, none of which were sorted.
    pub fn truncate(&mut self, rows: usize) {
        if let Some(first) = self.rows.get(rows) {
            self.bytes.truncate(first.start as usize);
            self.rows.truncate(rows);
        }
    }

    /// Appends a row.
    pub fn push(&mut self, key: &[u8], change: Change, value: &[u8]) -> Result<()> {
        reserve(&mut self.bytes, key.len() + 1 + value.len())?;
        reserve(&mut self.rows, 1)?;
        let row = Row { start: self.bytes.len() as u32, key: key.len() as u32, value: value.len() as u32 + 1 };
        self.sorted = match self.rows.len().checked_sub(1) {
            None => true,
            Some(last) => self.sorted && self.key(last) <= key,
        };
        self.bytes.extend_from_slice(key);
        self.bytes.push(change as u8);
        self.bytes.extend_from_slice(value);
        self.rows.push(row);
        Ok(())
    }

    /// A buffer without rows in the same memory.
    pub fn emptied(mut self) -> Buffer {
        self.bytes.clear();
        self.rows.clear();
        self
    }

    /// Bytes of memory that the rows take.
    pub fn size(&self) -> usize {
        self.bytes.len() + self.rows.len() * size_of::<Row>()
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The key of the row at a place.
    pub fn key(&self, at: usize) -> &[u8] {
        key(&self.bytes, self.rows[at])
    }

    /// The value of the row at a place, its change first.
    pub fn value(&self, at: usize) -> &[u8] {
        let Row { start, key, value } = self.rows[at];
        &self.bytes[start as usize + key as usize..][..value as usize]
    }

    /// To be called before each row that is visited in key order. Rows that were sorted lie anywhere: each would wait for
    /// memory by itself, and [`TOGETHER`] that are looked at together wait hardly longer than one.
    pub fn approach(&self, at: usize) {
        if at.is_multiple_of(TOGETHER) {
            let ahead = self.rows.iter().skip(at).take(TOGETHER);
            let looks = ahead.map(|row| self.bytes[row.start as usize] ^ self.bytes[row.end() - 1]);
            std::hint::black_box(looks.fold(0, |all, look| all ^ look));
        }
    }

    /// Orders the rows by key; rows with one key stay in the order of their arrival.
    pub fn sort(&mut self) -> Result<()> {
        if self.sorted {
            return Ok(());
        }
        let (mut order, mut rows) = (with_capacity(self.rows.len())?, with_capacity(self.rows.len())?);
        order.extend((0..self.rows.len() as u32).map(|index| Windowed { window: [0; 2], index }));
        sort_from(&self.bytes, &self.rows, &mut order, 0);
        rows.extend(order.iter().map(|row| self.rows[row.index as usize]));
        (self.rows, self.sorted) = (rows, true);
        Ok(())
    }
}

fn key(bytes: &[u8], row: Row) -> &[u8] {
    &bytes[row.start as usize..][..row.key as usize]
}

/// Orders rows whose keys agree in their first `depth` bytes. Keys of one run mostly share a long beginning: it is
/// skipped, and 16 bytes at a time are compared as numbers, without a look at the key itself.
fn sort_from(bytes: &[u8], rows: &[Row], order: &mut [Windowed], depth: usize) {
    let key = |index: u32| key(bytes, rows[index as usize]);
    let Some((first, rest)) = order.split_first() else { return };
    let first = &key(first.index)[depth..];
    let common = rest.iter().fold(first.len(), |common, row| {
        let other = &key(row.index)[depth..];
        common_prefix(&first[..common], other)
    });
    let depth = depth + common;
    for row in order.iter_mut() {
        row.window = window(&key(row.index)[depth..]);
    }
    order.sort_unstable_by_key(|row| (row.window, row.index));
    for ties in order.chunk_by_mut(|a, b| a.window == b.window).filter(|ties| ties.len() > 1) {
        // Behind its end a key compares as zeros: only keys that go on can be told apart by further windows.
        if ties.iter().all(|row| key(row.index).len() > depth + WINDOW) {
            sort_from(bytes, rows, ties, depth + WINDOW);
        } else {
            ties.sort_unstable_by(|a, b| key(a.index).cmp(key(b.index)).then(a.index.cmp(&b.index)));
        }
    }
}

/// How many bytes two keys start with that are the same, eight looked at at a time.
pub fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    let same = 8 * words.take_while(|(a, b)| a == b).count();
    same + a[same..].iter().zip(&b[same..]).take_while(|(a, b)| a == b).count()
}

fn window(rest: &[u8]) -> [u64; 2] {
    let mut bytes = [0; WINDOW];
    let taken = rest.len().min(WINDOW);
    bytes[..taken].copy_from_slice(&rest[..taken]);
    let number = u128::from_be_bytes(bytes);
    [(number >> 64) as u64, number as u64]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let part = prop_oneof!["[ab]{0,3}", "x{0,40}", "\\x00{0,3}"];
        let key = proptest::collection::vec(part, 0..6).prop_map(|parts| parts.concat().into_bytes());
        proptest::collection::vec(key, 0..60)
    }

    proptest! {
        #[test]
        fn rows_are_ordered_by_key_and_then_by_arrival(keys in keys()) {
            let mut buffer = Buffer::default();
            for (arrival, key) in keys.iter().enumerate() {
                buffer.push(key, Change::Put, &arrival.to_be_bytes()).unwrap();
            }
            buffer.sort().unwrap();
            let mut expected: Vec<(usize, Vec<u8>)> = keys.into_iter().enumerate().collect();
            expected.sort_by(|(_, a), (_, b)| a.cmp(b));
            let sorted: Vec<(usize, Vec<u8>)> = (0..buffer.len())
                .map(|at| {
                    let (_, arrival) = Change::split(buffer.value(at));
                    (usize::from_be_bytes(arrival.try_into().unwrap()), buffer.key(at).to_vec())
                })
                .collect();
            prop_assert_eq!(sorted, expected);
        }
    }
}
