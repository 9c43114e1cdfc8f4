#![no_main]
//! Records: from messages, to messages, and there again.

use libc1z_fuzz::check_translation;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| check_translation(data));
