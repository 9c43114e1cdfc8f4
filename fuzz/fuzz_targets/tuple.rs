#![no_main]
//! Tuples as they stand in keys.

use c1z::keys::{first_element, record_of_entry, successor, tuple_of, unescape, Elements, Keyspace, Slot, TupleWriter};
use libfuzzer_sys::fuzz_target;

const INDEXES: [Keyspace; 5] = [
    Keyspace::ResourceByParent,
    Keyspace::GrantByPrincipal,
    Keyspace::GrantNeedsExpansion,
    Keyspace::EntitlementById,
    Keyspace::GrantById,
];

fuzz_target!(|data: &[u8]| {
    // Every tuple that can be read is the one that its elements are written as.
    let elements: Option<Vec<_>> = Elements::of(data).map(unescape).collect();
    if let Some(elements) = elements {
        let writer = elements.iter().fold(TupleWriter::new(Slot(1), Keyspace::Grant), TupleWriter::element);
        let key = writer.clone().key();
        assert_eq!((tuple_of(&key), writer.tuple()), (data, data.to_vec()));
    }
    // Any bytes are elements of a tuple, which keeps their order.
    let parts: Vec<&[u8]> = data.chunks(5).collect();
    let write = |parts: &[&[u8]]| {
        parts.iter().fold(TupleWriter::new(Slot(1), Keyspace::Grant), |writer, part| writer.element(part)).tuple()
    };
    let (first, second) = parts.split_at(parts.len() / 2);
    let read: Option<Vec<_>> =
        Elements::of(&write(first)).map(|part| unescape(part).map(|part| part.to_vec())).collect();
    if !first.is_empty() {
        assert_eq!(read.expect("a tuple"), first);
        assert_eq!(write(first).cmp(&write(second)), first.cmp(second));
    }
    for keyspace in INDEXES {
        record_of_entry(keyspace, data);
    }
    first_element(data);
    if let Some(end) = successor(data) {
        assert!(end.as_slice() > data && !end.starts_with(data));
    }
    for count in 0..4 {
        Elements::of(data).take_encoded(count);
    }
});
