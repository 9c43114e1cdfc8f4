//! Bytes that are no message, or one that nobody should send.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use prost::encoding::{encode_key, encode_varint, WireType};
use prost::Message;

use super::strategies::*;
use super::*;
use crate::proto::storage::{EntitlementRecord, GrantRecord, ResourceRecord, ResourceTypeRecord};
use crate::proto::wire::put_message;

/// What is written decodes; what fails appends nothing.
fn check_all(bytes: &[u8]) {
    for noun in NOUNS {
        for translate in [noun.to_record, noun.from_record] {
            let mut out = b"before".to_vec();
            if translate(bytes, &mut out).is_err() {
                assert_eq!(out, b"before");
            }
        }
        let mut record = Vec::new();
        if (noun.to_record)(bytes, &mut record).is_ok() {
            assert_decodes(noun.name, &record);
            noun.message(&record);
        }
    }
    let _ = expanded_grant_to_record(bytes, Timestamp::default(), &mut Vec::new());
    let _ = grant_public_id(bytes);
    let _ = grant_expandable(bytes);
}

fn assert_decodes(name: &str, record: &[u8]) {
    match name {
        "ResourceType" => drop(ResourceTypeRecord::decode(record).unwrap()),
        "Resource" => drop(ResourceRecord::decode(record).unwrap()),
        "Entitlement" => drop(EntitlementRecord::decode(record).unwrap()),
        _ => drop(GrantRecord::decode(record).unwrap()),
    }
}

/// `levels` times the messages of field numbers `path` inside each other, built from the inside out.
fn nested(path: &[u32], levels: usize) -> Vec<u8> {
    let mut reversed = Vec::new();
    for number in path.iter().rev().cycle().take(path.len() * levels) {
        let mut head = Vec::new();
        encode_key(*number, WireType::LengthDelimited, &mut head);
        encode_varint(reversed.len() as u64, &mut head);
        reversed.extend(head.iter().rev());
    }
    reversed.reverse();
    reversed
}

/// A resource with that profile. Struct, entry, value and struct nest as `[1, 2, 5]`, with a list between the last two as
/// `[1, 2, 6, 1, 5]`.
fn with_profile(profile: &[u8]) -> Vec<u8> {
    let mut resource = Vec::new();
    put_message(&mut resource, 9, profile);
    resource
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..100)) {
        check_all(&bytes);
    }

    #[test]
    fn damaged_messages_never_panic(
        resource in resource(), grant in grant(), place: Index, byte: u8, cut: Index, to_record: bool,
    ) {
        for (noun, message) in [(RESOURCE, resource.encode_to_vec()), (GRANT, grant.encode_to_vec())] {
            let mut bytes = if to_record { message } else { noun.record(&message) };
            if bytes.is_empty() {
                continue;
            }
            check_all(&bytes[..cut.index(bytes.len())]);
            let place = place.index(bytes.len());
            bytes[place] = byte;
            check_all(&bytes);
        }
    }
}

#[test]
fn a_nesting_bomb_is_refused() {
    for path in [&[1, 2, 5][..], &[1, 2, 6, 1, 5]] {
        let bomb = with_profile(&nested(path, 100_000));
        let mut out = Vec::new();
        assert_eq!(resource_to_record(&bomb, &STAMP, &mut out), Err(Malformed::Depth));
        assert!(out.is_empty());
    }
    // Nesting elsewhere is not followed.
    check_all(&nested(&[1], 100_000));
    check_all(&nested(&[2, 1], 100_000));
}

#[test]
fn a_profile_may_be_as_deep_as_gos_parser_reads_it_in_a_page() {
    // Page, resource and profile, and the messages of each level: 10,000 in all.
    for (path, levels) in [(&[1, 2, 5][..], 3332), (&[1, 2, 6, 1, 5], 1999)] {
        let resource = with_profile(&nested(path, levels));
        let mut record = Vec::new();
        resource_to_record(&resource, &STAMP, &mut record).unwrap();
        let mut back = Vec::new();
        resource_from_record(&record, &mut back).unwrap();
        assert!(record == RESOURCE.record(&back), "{levels} times {path:?}");
        let deeper = with_profile(&nested(path, levels + 1));
        assert_eq!(resource_to_record(&deeper, &STAMP, &mut Vec::new()), Err(Malformed::Depth));
    }
}

#[test]
fn a_deep_profile_takes_no_more_stack_than_a_flat_one() {
    let resource = with_profile(&nested(&[1, 2, 5], 3332));
    let small = std::thread::Builder::new().stack_size(32 << 10);
    let translated = small.spawn(move || resource_to_record(&resource, &STAMP, &mut Vec::new())).unwrap();
    translated.join().unwrap().unwrap();
}

#[test]
fn what_a_deep_profile_holds_is_not_copied_once_for_each_level() {
    // A text of 4 MiB below 3,332 levels: moved at each of them, it would take 40 GiB of copying.
    let mut text = Vec::new();
    put_message(&mut text, 3, &vec![b'a'; 4 << 20]);
    let mut reversed: Vec<u8> = text.into_iter().rev().collect();
    for number in [2, 1].into_iter().chain([5, 2, 1].into_iter().cycle().take(3 * 3331)) {
        let mut head = Vec::new();
        encode_key(number, WireType::LengthDelimited, &mut head);
        encode_varint(reversed.len() as u64, &mut head);
        reversed.extend(head.iter().rev());
    }
    reversed.reverse();
    let resource = with_profile(&reversed);
    let mut record = Vec::new();
    resource_to_record(&resource, &STAMP, &mut record).unwrap();
    assert!(record.len() > 4 << 20 && record == RESOURCE.record(&RESOURCE.message(&record)));
}

#[test]
fn a_string_that_is_not_utf8_is_refused_by_field() {
    let refused = |noun: &Noun, message: &[u8]| (noun.to_record)(message, &mut Vec::new()).unwrap_err();
    let bad = [0xff];
    for (noun, numbers) in
        [(RESOURCE_TYPE, &[1, 2, 5][..]), (RESOURCE, &[3, 5]), (ENTITLEMENT, &[2, 3, 4, 8]), (GRANT, &[3])]
    {
        for number in numbers {
            let mut message = Vec::new();
            put_message(&mut message, *number, &bad);
            assert_eq!(refused(&noun, &message), Malformed::Utf8 { number: *number }, "{}", noun.name);
        }
    }
    // Paths into messages: ids, parent, external id, icon, status, annotation, profile; then references.
    let inside: [(&Noun, &[u32]); 14] = [
        (&RESOURCE, &[1, 1]),
        (&RESOURCE, &[2, 2]),
        (&RESOURCE, &[4, 1]),
        (&RESOURCE, &[7, 3]),
        (&RESOURCE, &[9, 1, 1]),
        (&RESOURCE, &[9, 1, 2, 3]),
        (&RESOURCE, &[10, 1]),
        (&RESOURCE, &[11, 2]),
        (&ENTITLEMENT, &[1, 1, 2]),
        (&ENTITLEMENT, &[5, 1]),
        (&GRANT, &[1, 1, 1, 2]),
        (&GRANT, &[1, 2]),
        (&GRANT, &[2, 2, 1]),
        (&GRANT, &[5, 1, 1]),
    ];
    for (noun, path) in inside {
        let message = path.iter().rev().fold(bad.to_vec(), |inner, number| {
            let mut outer = Vec::new();
            put_message(&mut outer, *number, &inner);
            outer
        });
        let number = path[path.len() - 1];
        assert_eq!(refused(noun, &message), Malformed::Utf8 { number }, "{} {path:?}", noun.name);
    }
}

#[test]
fn a_field_of_the_wrong_type_is_refused_by_number() {
    for number in [1u32, 2, 3, 4, 5, 9, 10, 11, 12] {
        let mut message = Vec::new();
        encode_key(number, WireType::ThirtyTwoBit, &mut message);
        message.extend([0; 4]);
        let refused = resource_to_record(&message, &STAMP, &mut Vec::new());
        assert_eq!(refused, Err(Malformed::Type { number }));
    }
}
