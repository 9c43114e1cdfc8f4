#![no_main]
//! Frames and their index, with a right footer.

use libc1z_fuzz::{check, indexed, Parts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(parts) = Parts::of(data) {
        check(&indexed(parts));
    }
});
