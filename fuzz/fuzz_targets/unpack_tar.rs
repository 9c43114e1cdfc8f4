#![no_main]
//! A tar stream. The checksums of its headers are put right: the fuzzer would not guess them.

use c1z::proto::manifest::PayloadEncoding;
use libc1z_fuzz::{check, head};
use libfuzzer_sys::fuzz_target;

const SUM: std::ops::Range<usize> = 148..156;

fuzz_target!(|data: &[u8]| {
    let mut payload = data.to_vec();
    for block in payload.chunks_exact_mut(512).filter(|block| block[257..262] == *b"ustar") {
        block[SUM].fill(b' ');
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        block[SUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    check(&[head(PayloadEncoding::Tar), payload].concat());
});
