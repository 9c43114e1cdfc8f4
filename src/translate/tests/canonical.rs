//! Equal messages give equal bytes.

use proptest::prelude::*;
use prost::Message;
use prost_types::{Struct, Value};

use super::strategies::*;
use super::*;
use crate::proto::wire::{fields, put_message, put_nested, values};
use crate::translate::structs::put_struct;

fn canonical(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_struct(&mut out, message, 0).unwrap();
    out
}

/// An encoded `Struct` with one map entry for each pair, the values of an entry one after the other.
fn entries(pairs: &[(String, Vec<Value>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, values) in pairs {
        put_nested(&mut out, 1, |out| {
            values.iter().for_each(|value| put_message(out, 2, &value.encode_to_vec()));
            put_message(out, 1, key.as_bytes());
        });
    }
    out
}

/// The fields of `message` reordered by `rank`; fields of one number keep their order.
fn reordered(message: &[u8], rank: impl Fn(u32) -> u32) -> Vec<u8> {
    let mut fields: Vec<_> = fields(message).map(Result::unwrap).collect();
    fields.sort_by_key(|field| rank(field.number));
    fields.iter().flat_map(|field| field.raw).copied().collect()
}

fn assert_ascending(message: &[u8]) {
    let numbers: Vec<_> = fields(message).map(|field| field.unwrap().number).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
}

proptest! {
    #[test]
    fn the_order_of_fields_does_not_matter(
        resource_type in resource_type(), resource in resource(), entitlement in entitlement(), grant in grant(), salt: u32,
    ) {
        let messages = [
            resource_type.encode_to_vec(), resource.encode_to_vec(), entitlement.encode_to_vec(), grant.encode_to_vec(),
            grant.encode_to_vec(),
        ];
        for (noun, v2) in NOUNS.iter().zip(messages) {
            let shuffled = reordered(&v2, |number| (number ^ salt).wrapping_mul(0x9e37_79b9));
            let record = noun.record(&v2);
            prop_assert_eq!(&noun.record(&shuffled), &record);
            assert_ascending(&record);
            assert_ascending(&noun.message(&record));
        }
    }

    #[test]
    fn the_order_of_profile_entries_does_not_matter(profile in profile()) {
        let forward: Vec<_> = profile.fields.into_iter().map(|(key, value)| (key, vec![value])).collect();
        let backward: Vec<_> = forward.iter().rev().cloned().collect();
        prop_assert_eq!(canonical(&entries(&forward)), canonical(&entries(&backward)));
    }

    #[test]
    fn a_canonical_profile_means_the_same(pairs in proptest::collection::vec(
        (text(), proptest::collection::vec(value(), 0..3)), 0..5,
    )) {
        let message = entries(&pairs);
        let canonical_form = canonical(&message);
        prop_assert_eq!(Struct::decode(&canonical_form[..]).unwrap(), Struct::decode(&message[..]).unwrap());
        prop_assert_eq!(canonical(&canonical_form), canonical_form);
    }
}

#[test]
fn entries_are_sorted_at_every_level_and_the_last_of_a_key_wins() {
    let string = |s: &str| Value { kind: Some(prost_types::value::Kind::StringValue(s.into())) };
    let pair = |key: &str, value: Value| (key.to_owned(), vec![value]);
    let inner = entries(&[pair("z", string("1")), pair("a", string("2")), pair("z", string("3"))]);
    let mut message = Vec::new();
    put_nested(&mut message, 1, |out| {
        put_message(out, 1, b"k");
        put_nested(out, 2, |out| {
            put_nested(out, 6, |out| put_nested(out, 1, |out| put_message(out, 5, &inner)));
        });
    });
    let sorted = entries(&[pair("a", string("2")), pair("z", string("3"))]);
    let sorted = canonical(&sorted);
    assert!(canonical(&message).windows(sorted.len()).any(|window| window == sorted));
}

#[test]
fn unknown_fields_and_odd_numbers_inside_a_profile_are_kept() {
    let nan = f64::from_bits(0x7ff8_dead_beef_0001);
    let mut message = Vec::new();
    put_nested(&mut message, 1, |out| {
        put_message(out, 1, b"k");
        put_nested(out, 2, |out| {
            out.push(0x11);
            out.extend(nan.to_le_bytes());
            put_message(out, 20, b"in value");
        });
        put_message(out, 21, b"in entry");
    });
    put_message(&mut message, 22, b"in struct");
    assert_eq!(canonical(&message), message);
}

#[test]
fn sources_are_sorted_and_the_last_of_a_key_wins() {
    let source = |out: &mut Vec<u8>, key: &[u8], direct: &[u8]| {
        put_nested(out, 1, |out| {
            put_message(out, 1, key);
            put_message(out, 2, direct);
        })
    };
    let (yes, no): (&[u8], &[u8]) = (&[0x08, 1], &[]);
    let mut grant = Vec::new();
    put_nested(&mut grant, 5, |out| {
        source(out, b"z", yes);
        source(out, b"a", no);
    });
    // A second occurrence is merged into the first.
    put_nested(&mut grant, 5, |out| source(out, b"z", no));
    let mut sorted = Vec::new();
    put_nested(&mut sorted, 5, |out| {
        source(out, b"a", no);
        source(out, b"z", no);
    });
    assert_eq!(GRANT.record(&grant), GRANT.record(&sorted));
    assert_eq!(GRANT.message(&GRANT.record(&grant)), sorted);
}

#[test]
fn a_scalar_that_occurs_twice_has_its_last_value_and_a_message_is_merged() {
    let mut v2 = Vec::new();
    put_nested(&mut v2, 1, |out| put_message(out, 1, b"user"));
    put_message(&mut v2, 3, b"old name");
    put_nested(&mut v2, 1, |out| put_message(out, 2, b"u1"));
    put_message(&mut v2, 3, b"name");
    let mut once = Vec::new();
    put_nested(&mut once, 1, |out| {
        put_message(out, 1, b"user");
        put_message(out, 2, b"u1");
    });
    put_message(&mut once, 3, b"name");
    assert_eq!(RESOURCE.record(&v2), RESOURCE.record(&once));
}

#[test]
fn traits_may_come_packed_or_one_by_one() {
    let mut packed = Vec::new();
    put_message(&mut packed, 3, &[1, 0, 99, 2]);
    let single = [0x18, 1, 0x18, 0, 0x18, 99, 0x18, 2];
    let record = RESOURCE_TYPE.record(&packed);
    assert_eq!(RESOURCE_TYPE.record(&single), record);
    assert_eq!(RESOURCE_TYPE.message(&record), packed);
}

#[test]
fn a_value_in_many_pieces_is_joined_without_a_copy_of_it_for_each() {
    let (unknown, pieces) = (b"\x7a\x01x", 1_000_000);
    let mut message = Vec::new();
    put_nested(&mut message, 1, |out| (0..pieces).for_each(|_| put_message(out, 2, unknown)));
    let form = canonical(&message);
    let entry = values(&form, 1).next().unwrap().unwrap();
    assert_eq!(values(entry, 2).next(), Some(Ok(&unknown.repeat(pieces)[..])));
}
