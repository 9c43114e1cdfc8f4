#![no_main]
//! Fields of a message.

use c1z::proto::wire::{fields, put_bytes, put_nested, put_present_varint, values, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let read: Result<Vec<_>, _> = fields(data).collect();
    let Ok(read) = read else { return };
    // Nothing is lost between the fields.
    assert_eq!(read.iter().flat_map(|field| field.raw).copied().collect::<Vec<u8>>(), data);
    for field in &read {
        let number = field.number;
        let mut again = Vec::new();
        match field.value {
            Value::Bytes(bytes) => put_nested(&mut again, number, |out| out.extend_from_slice(bytes)),
            Value::Varint(value) => put_present_varint(&mut again, number, value),
            Value::Fixed32(_) | Value::Fixed64(_) => continue,
        }
        let back = fields(&again).next().expect("a field").expect("what was written");
        assert_eq!((back.number, back.value), (number, field.value));
        for value in values(data, number) {
            let Ok(value) = value else { break };
            let mut again = Vec::new();
            put_bytes(&mut again, number, value);
        }
    }
});
