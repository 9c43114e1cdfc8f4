#![no_main]
//! The index of an indexed payload, with a right footer and as it stands, footer and all.

use c1z::proto::manifest::PayloadEncoding;
use libc1z_fuzz::{check, head, indexed, Parts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    check(&indexed(Parts { frames: &[0; 64], index: data }));
    check(&[&head(PayloadEncoding::IndexedZstd), data].concat());
});
