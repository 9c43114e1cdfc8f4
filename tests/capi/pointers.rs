//! Null pointers, and lengths that no memory has.

use std::ptr;

use c1z::capi::buffer::{c1z_buffer_data, c1z_buffer_free};
use c1z::capi::cancel::{c1z_cancel_free, c1z_cancel_set};
use c1z::capi::code::{C1Z_INVALID_ARGUMENT, C1Z_NOT_FOUND, C1Z_OK};
use c1z::capi::cursor::{c1z_cursor_free, c1z_cursor_next};
use c1z::capi::error::{c1z_error_code, c1z_error_free, c1z_error_message, c1z_error_reason};
use c1z::capi::file::c1z_open;
use c1z::capi::slice::Slice;
use c1z::capi::store::c1z_store_free;
use c1z::proto::api::OpenRequest;
use prost::Message;

use crate::functions::all;
use crate::sample::{open_request, Sample};
use crate::support::{assert_refused, slice, Arguments, Exported, Given, Handle, EMPTY};

fn arguments<'a>(store: &'a Handle, request: &[u8]) -> Arguments<'a> {
    Arguments { store: Some(store), request: slice(request), control: None, response: true, error: true }
}

#[test]
fn a_null_store_is_refused_by_every_function() {
    let sample = Sample::new();
    let store = sample.open();
    for function in all(&sample) {
        let arguments = Arguments { store: None, ..arguments(&store, &function.request) };
        assert_refused(function.exported.call(arguments), C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", "store is null");
    }
}

#[test]
fn null_data_with_a_length_is_refused_by_every_function() {
    let sample = Sample::new();
    let store = sample.open();
    for function in all(&sample) {
        let request = Slice { data: ptr::null(), len: 7 };
        let result = function.exported.call(Arguments { request, ..arguments(&store, b"") });
        assert_refused(result, C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", "request.data is null, but request.len is 7");
    }
}

#[test]
fn a_length_that_no_memory_has_is_refused_by_every_function() {
    let sample = Sample::new();
    let store = sample.open();
    for function in all(&sample) {
        let request = Slice { data: b"x".as_ptr(), len: usize::MAX };
        let result = function.exported.call(Arguments { request, ..arguments(&store, b"") });
        assert_refused(result, C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", "request.len");
    }
}

#[test]
fn a_null_response_is_refused_where_there_is_one_and_fine_where_it_is_empty() {
    for function in all(&Sample::new()) {
        let sample = Sample::new();
        let store = sample.open();
        let request = all(&sample).into_iter().find(|same| same.name == function.name).unwrap().request;
        let result = function.exported.call(Arguments { response: false, ..arguments(&store, &request) });
        match (function.answers, function.exported) {
            (true, Exported::Scan(_)) => {
                assert_refused(result, C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", "cursor is null")
            }
            (true, _) => assert_refused(result, C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", "response is null"),
            (false, _) => assert!(matches!(result, Ok(Given::Nothing)), "{}: {result:?}", function.name),
        }
    }
}

#[test]
fn a_response_without_content_is_an_empty_buffer() {
    for function in all(&Sample::new()).into_iter().filter(|function| !function.answers) {
        let sample = Sample::new();
        let request = all(&sample).into_iter().find(|same| same.name == function.name).unwrap().request;
        let result = sample.open().send(function.exported, &request);
        assert!(matches!(&result, Ok(Given::Bytes(bytes)) if bytes.is_empty()), "{}: {result:?}", function.name);
    }
}

#[test]
fn a_null_error_leaves_the_code() {
    let sample = Sample::new();
    let store = sample.open();
    for function in all(&sample) {
        let arguments = Arguments { store: None, error: false, ..arguments(&store, &function.request) };
        let failure = function.exported.call(arguments).unwrap_err();
        assert_eq!(failure.code, C1Z_INVALID_ARGUMENT, "{}", function.name);
    }
}

#[test]
fn open_refuses_null_pointers_but_for_control_and_error() {
    let request = OpenRequest { read_only: true, ..open_request("/nowhere".as_ref()) }.encode_to_vec();
    let (mut store, mut error) = (ptr::dangling_mut(), ptr::null_mut());
    let without_data = Slice { data: ptr::null(), len: 1 };
    // SAFETY: every pointer is null or lives through the call.
    unsafe {
        let code = c1z_open(slice(&request), ptr::null(), ptr::null_mut(), &mut error);
        assert_eq!((code, c1z_error_code(error)), (C1Z_INVALID_ARGUMENT, C1Z_INVALID_ARGUMENT));
        c1z_error_free(error);
        let code = c1z_open(without_data, ptr::null(), &mut store, ptr::null_mut());
        assert_eq!((code, store), (C1Z_INVALID_ARGUMENT, ptr::null_mut()));
        let code = c1z_open(slice(&request), ptr::null(), &mut store, ptr::null_mut());
        assert_eq!((code, store), (C1Z_NOT_FOUND, ptr::null_mut()));
        assert_eq!(c1z_open(EMPTY, ptr::null(), ptr::null_mut(), ptr::null_mut()), C1Z_INVALID_ARGUMENT);
    }
}

#[test]
fn a_cursor_refuses_null_pointers() {
    let (mut response, mut error) = (ptr::dangling_mut(), ptr::null_mut());
    // SAFETY: every pointer is null or lives through the call.
    unsafe {
        assert_eq!(c1z_cursor_next(ptr::null_mut(), &mut response, &mut error), C1Z_INVALID_ARGUMENT);
        assert!(response.is_null() && !error.is_null());
        c1z_error_free(error);
        assert_eq!(c1z_cursor_next(ptr::null_mut(), ptr::null_mut(), ptr::null_mut()), C1Z_INVALID_ARGUMENT);
    }
}

#[test]
fn freeing_null_does_nothing_and_null_objects_are_empty() {
    // SAFETY: null is what these functions are asked about.
    unsafe {
        c1z_buffer_free(ptr::null_mut());
        c1z_error_free(ptr::null_mut());
        c1z_cursor_free(ptr::null_mut());
        c1z_cancel_free(ptr::null_mut());
        c1z_store_free(ptr::null_mut());
        c1z_cancel_set(ptr::null());
        let Slice { data, len } = c1z_buffer_data(ptr::null());
        assert_eq!((data, len), (ptr::null(), 0));
        assert_eq!(c1z_error_code(ptr::null()), C1Z_OK);
        assert_eq!((*c1z_error_reason(ptr::null()), *c1z_error_message(ptr::null())), (0, 0));
    }
}
