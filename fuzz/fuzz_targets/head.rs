#![no_main]
//! Magic, length and manifest of a file that has nothing else.

use libc1z_fuzz::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    check(data);
    let length = (data.len() as u32).to_be_bytes();
    check(&[b"C1Z3\0", &length[..], data].concat());
});
