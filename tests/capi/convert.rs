//! Converting a file without a store.

use std::{fs, ptr};

use c1z::capi::code::*;
use c1z::capi::convert::c1z_convert_file;
use c1z::proto::api::ConvertFileRequest;
use prost::Message;

use crate::sample::Sample;
use crate::support::{slice, EMPTY};

#[test]
fn convert_refuses_null_pointers_and_files_that_are_no_v1() {
    let sample = Sample::new();
    let request = ConvertFileRequest {
        input_path: sample.path.to_str().unwrap().into(),
        output_path: sample.beside("out.c1z").to_str().unwrap().into(),
        ..Default::default()
    }
    .encode_to_vec();
    let mut response = ptr::null_mut();
    // SAFETY: every pointer is null or lives through the call.
    let convert = |request, response| unsafe { c1z_convert_file(request, ptr::null(), response, ptr::null_mut()) };
    assert_eq!(convert(slice(&request), ptr::null_mut()), C1Z_INVALID_ARGUMENT);
    assert_eq!(convert(EMPTY, &mut response), C1Z_INVALID_ARGUMENT);
    assert_eq!(convert(slice(&request), &mut response), C1Z_FAILED_PRECONDITION);
    fs::write(&sample.path, b"C1ZF\0").unwrap();
    assert_eq!(convert(slice(&request), &mut response), C1Z_DATA_LOSS);
    assert!(response.is_null() && !sample.beside("out.c1z").exists());
}
