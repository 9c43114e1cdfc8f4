#![no_main]
//! A compressed tar stream.

use c1z::proto::manifest::PayloadEncoding;
use libc1z_fuzz::{check, head};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| check(&[&head(PayloadEncoding::TarZstd), data].concat()));
