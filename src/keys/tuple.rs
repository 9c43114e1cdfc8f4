//! Tuples of byte strings as keys: order-preserving and prefix-free.
//!
//! `00` becomes `01 01` and `01` becomes `01 02`, so an element never holds a raw `00`, which then separates elements.
//! `00` sorts before every other byte, so comparing encoded tuples compares them element by element.

use std::borrow::Cow;

use super::{Keyspace, Slot};

const SEPARATOR: u8 = 0x00;
const ESCAPE: u8 = 0x01;
const ESCAPED_NUL: u8 = 0x01;
const ESCAPED_ESCAPE: u8 = 0x02;

/// Where a key is written: behind what `buffer` holds, which is nothing unless a caller reuses memory.
#[derive(Debug)]
pub struct Place {
    /// The first part of the key.
    pub slot: Slot,
    /// Has no key of its own.
    pub buffer: Vec<u8>,
}

impl Place {
    /// The memory of a key that is of no use any more.
    pub fn reusing(slot: Slot, mut buffer: Vec<u8>) -> Place {
        buffer.clear();
        Place { slot, buffer }
    }
}

impl From<Slot> for Place {
    fn from(slot: Slot) -> Place {
        Place { slot, buffer: Vec::with_capacity(96) }
    }
}

/// Builds a key element by element.
#[derive(Clone, Debug)]
pub struct TupleWriter {
    bytes: Vec<u8>,
    tuple: usize,
    empty: bool,
}

impl TupleWriter {
    /// A key of `keyspace` with no element yet.
    pub fn new(place: impl Into<Place>, keyspace: Keyspace) -> TupleWriter {
        let Place { slot, buffer: mut bytes } = place.into();
        bytes.extend_from_slice(&slot.0.to_be_bytes());
        bytes.push(keyspace as u8);
        TupleWriter { tuple: bytes.len(), bytes, empty: true }
    }

    /// Goes on behind a prefix, which ends with a separator.
    pub(super) fn continuing(prefix: Vec<u8>) -> TupleWriter {
        TupleWriter { tuple: prefix.len(), bytes: prefix, empty: true }
    }

    /// Appends one element.
    pub fn element(mut self, element: impl AsRef<[u8]>) -> TupleWriter {
        self.separate();
        escape(element.as_ref(), &mut self.bytes);
        self
    }

    /// Appends an element that is the concatenation of `head` and `tail`.
    pub fn element_of(mut self, head: &[u8], tail: &[u8]) -> TupleWriter {
        self.separate();
        escape(head, &mut self.bytes);
        escape(tail, &mut self.bytes);
        self
    }

    /// Appends elements that are encoded already, as they stand in another key.
    pub fn encoded(mut self, elements: &[u8]) -> TupleWriter {
        self.separate();
        self.bytes.extend_from_slice(elements);
        self
    }

    fn separate(&mut self) {
        if !std::mem::take(&mut self.empty) {
            self.bytes.push(SEPARATOR);
        }
    }

    /// The key.
    pub fn key(self) -> Vec<u8> {
        self.bytes
    }

    /// The tuple alone, without slot and keyspace.
    pub fn tuple(mut self) -> Vec<u8> {
        self.bytes.split_off(self.tuple)
    }

    /// The prefix of exactly those keys whose first elements have these values: "ab" does not match "abc".
    pub fn prefix(mut self) -> Vec<u8> {
        self.separate();
        self.bytes
    }
}

fn escape(element: &[u8], out: &mut Vec<u8>) {
    if !has_special(element) {
        return out.extend_from_slice(element);
    }
    for &byte in element {
        match byte {
            0x00 => out.extend_from_slice(&[ESCAPE, ESCAPED_NUL]),
            ESCAPE => out.extend_from_slice(&[ESCAPE, ESCAPED_ESCAPE]),
            other => out.push(other),
        }
    }
}

/// Whether one of the bytes is a separator or an escape. Looks at eight at a time: hardly any element has one.
fn has_special(element: &[u8]) -> bool {
    let (words, rest) = element.as_chunks::<8>();
    // A byte of a word is zero, that is 00 or 01 but for its last bit, exactly if this leaves a high bit.
    let special = |word: u64| {
        let word = word & 0xfefe_fefe_fefe_fefe;
        word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080 != 0
    };
    words.iter().any(|word| special(u64::from_le_bytes(*word))) || rest.iter().any(|&byte| byte <= ESCAPE)
}

/// Appends one more element to a tuple that has one.
pub fn append_element(tuple: &mut Vec<u8>, element: &[u8]) {
    tuple.push(SEPARATOR);
    escape(element, tuple);
}

/// The value of one encoded element; `None` if no element encodes to it.
pub fn unescape(element: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !has_special(element) {
        return Some(Cow::Borrowed(element));
    }
    let mut out = Vec::with_capacity(element.len());
    let mut bytes = element.iter();
    while let Some(&byte) = bytes.next() {
        out.push(match (byte, byte == ESCAPE) {
            (SEPARATOR, _) => return None,
            (_, true) => match *bytes.next()? {
                ESCAPED_NUL => 0x00,
                ESCAPED_ESCAPE => ESCAPE,
                _ => return None,
            },
            (other, false) => other,
        });
    }
    Some(Cow::Owned(out))
}

/// The smallest key that is greater than every key with that prefix; `None` if there is none.
pub fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&byte| byte != 0xff)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// Takes a tuple apart, its elements still encoded.
#[derive(Clone, Debug)]
pub struct Elements<'a>(Option<&'a [u8]>);

impl<'a> Elements<'a> {
    /// The elements of `tuple` (a key without its slot and keyspace).
    pub fn of(tuple: &'a [u8]) -> Elements<'a> {
        Elements(Some(tuple))
    }

    /// What follows the elements taken so far.
    pub fn rest(&self) -> Option<&'a [u8]> {
        self.0
    }

    /// Takes `count` elements as they stand, with the separators between them.
    pub fn take_encoded(&mut self, count: usize) -> Option<&'a [u8]> {
        let tuple = self.0?;
        let mut len = 0;
        for _ in 0..count {
            len += self.next()?.len() + 1;
        }
        tuple.get(..len.checked_sub(1)?)
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let tuple = self.0?;
        match tuple.iter().position(|&byte| byte == SEPARATOR) {
            Some(at) => {
                self.0 = Some(&tuple[at + 1..]);
                Some(&tuple[..at])
            }
            None => self.0.take(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn element() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            proptest::collection::vec(prop_oneof![Just(0u8), Just(1), Just(2), Just(0xff), Just(b'a')], 0..6),
            proptest::collection::vec(any::<u8>(), 0..12),
            (0usize..8).prop_map(|len| vec![0; len]),
        ]
    }

    fn encode(elements: &[Vec<u8>]) -> Vec<u8> {
        elements.iter().fold(TupleWriter::new(Slot(1), Keyspace::Grant), |key, e| key.element(e)).tuple()
    }

    proptest! {
        #[test]
        fn a_tuple_decodes_to_what_it_was_built_from(tuple in proptest::collection::vec(element(), 1..6)) {
            let bytes = encode(&tuple);
            let back: Vec<Vec<u8>> = Elements::of(&bytes).map(|e| unescape(e).unwrap().into_owned()).collect();
            prop_assert_eq!(back, tuple);
        }

        #[test]
        fn encoding_preserves_order(a in proptest::collection::vec(element(), 3), b in proptest::collection::vec(element(), 3)) {
            prop_assert_eq!(encode(&a).cmp(&encode(&b)), a.cmp(&b));
        }

        #[test]
        fn a_by_value_prefix_matches_exactly_its_own_values(a in element(), b in element(), rest in element()) {
            let prefix = TupleWriter::new(Slot(1), Keyspace::Grant).element(&a).prefix();
            let key = TupleWriter::new(Slot(1), Keyspace::Grant).element(&b).element(&rest).key();
            prop_assert_eq!(key.starts_with(&prefix), a == b);
        }

        #[test]
        fn no_element_holds_a_separator_and_damage_is_noticed(bytes in element()) {
            let encoded = encode(std::slice::from_ref(&bytes));
            prop_assert!(!encoded.contains(&0));
            if let Some(value) = unescape(&bytes) {
                prop_assert_eq!(encode(&[value.into_owned()]), bytes);
            }
        }
    }

    #[test]
    fn encoded_elements_move_between_keys_as_they_are() {
        let tuple = encode(&[b"a\0".to_vec(), b"".to_vec(), b"c".to_vec()]);
        let mut elements = Elements::of(&tuple);
        assert_eq!(elements.take_encoded(2), Some(&b"a\x01\x01\0"[..]));
        assert_eq!(elements.rest(), Some(&b"c"[..]));
        assert_eq!(elements.take_encoded(2), None);
    }
}
