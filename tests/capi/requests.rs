//! Bytes that are not the request that they are given for.

use c1z::capi::code::{C1Z_INTERNAL, C1Z_INVALID_ARGUMENT};
use c1z::capi::file::c1z_get_metadata;
use c1z::capi::grants::{c1z_list_grants, c1z_put_grants};
use c1z::proto::api::{GetMetadataRequest, GetMetadataResponse, OpenRequest, PutGrantsRequest};
use c1z::proto::connector::{Grant, GrantsServiceListGrantsRequest, GrantsServiceListGrantsResponse};

use crate::functions::{all, Function};
use crate::sample::{assigned, grant, open_request, user, Sample};
use crate::support::{assert_refused, Handle};

/// Requests without any field: what is unknown is passed over.
const EMPTY_MESSAGES: [&str; 4] = ["c1z_save", "c1z_get_metadata", "c1z_get_current_sync", "c1z_end_sync"];

/// Sends `request` to an open sample and expects it to be refused as malformed, without other consequences.
#[track_caller]
fn assert_malformed(function: &Function, store: &Handle, request: &[u8], culprit: &str) {
    let result = store.send(function.exported, request);
    assert!(result.is_err(), "{} took {}", function.name, request.escape_ascii());
    assert_refused(result, C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", culprit);
}

/// A length-delimited field.
fn field(number: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, &mut bytes);
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    [bytes, content.to_vec()].concat()
}

#[test]
fn a_truncated_request_is_refused_by_every_function() {
    let sample = Sample::new();
    let store = sample.open();
    for function in all(&sample) {
        let unknown_field = field(500, b"text");
        for cut in 1..unknown_field.len() {
            let request = [&function.request[..], &unknown_field[..cut]].concat();
            assert_malformed(&function, &store, &request, "request");
        }
        // The last field of a request of its own: a cut within it never leaves a whole message.
        if let [but_one @ .., _] = &function.request[..] {
            let result = store.send(function.exported, but_one);
            assert!(result.is_err(), "{} took a request without its last byte", function.name);
        }
    }
}

#[test]
fn a_field_of_the_wrong_wire_type_is_refused_by_every_function() {
    let sample = Sample::new();
    let store = sample.open();
    // Field 1 as fixed32, which it is in no request.
    let request = [0x0d, 1, 2, 3, 4];
    for function in all(&sample).iter().filter(|function| !EMPTY_MESSAGES.contains(&function.name)) {
        assert_malformed(function, &store, &request, "wire type");
    }
}

#[test]
fn text_that_is_not_utf8_is_refused_by_every_function() {
    let sample = Sample::new();
    let store = sample.open();
    for function in all(&sample).iter().filter(|function| !function.text.is_empty()) {
        let request = function.text.iter().rev().fold(b"\xff".to_vec(), |inner, &number| field(number, &inner));
        assert_malformed(function, &store, &request, "UTF-8");
        let failure = store.send(function.exported, &request).unwrap_err();
        assert!(failure.message.ends_with(" is not UTF-8"), "{}: {}", function.name, failure.message);
        assert!(!failure.message.contains("string field"), "{}: {}", function.name, failure.message);
    }
}

#[test]
fn open_refuses_malformed_requests() {
    for request in [&b"\x0a\x05x"[..], b"\x0d\x01\x02\x03\x04", b"\x0a\x01\xff"] {
        assert_refused(
            Handle::open_bytes(request, None),
            C1Z_INVALID_ARGUMENT,
            "INVALID_ARGUMENT",
            "request OpenRequest",
        );
    }
}

#[test]
fn open_refuses_a_request_that_asks_for_what_is_not_there() {
    let unknown_encoding = OpenRequest { payload_encoding: 9, ..open_request("/nowhere".as_ref()) };
    for (request, culprit) in [(OpenRequest::default(), "path"), (unknown_encoding, "payload_encoding 9")] {
        assert_refused(Handle::open(&request), C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", culprit);
    }
}

#[test]
fn a_call_with_one_bad_record_names_it_and_writes_none() {
    let sample = Sample::new();
    let store = sample.open();
    let before = grants_of(&store);
    let good = grant(assigned(), user("zoe"));
    let incomplete = Grant { principal: None, ..good.clone() };
    let request = PutGrantsRequest { list: vec![good, incomplete], ..Default::default() };
    assert_refused(
        store.call(c1z_put_grants, &request),
        C1Z_INVALID_ARGUMENT,
        "INVALID_ARGUMENT",
        "grant 1 of the call",
    );
    assert_eq!(grants_of(&store), before);
}

fn grants_of(store: &Handle) -> GrantsServiceListGrantsResponse {
    store.ask(c1z_list_grants, &GrantsServiceListGrantsRequest::default())
}

#[test]
fn every_single_byte_of_a_request_may_be_wrong_and_the_store_lives_on() {
    let sample = Sample::new();
    for function in all(&sample).iter().filter(|function| !function.is_close()) {
        let store = sample.open_read_only();
        for at in 0..function.request.len() {
            for value in [0x00, 0x7f, 0x80, 0xff] {
                let mut request = function.request.clone();
                request[at] = value;
                if let Err(failure) = store.send(function.exported, &request) {
                    assert_ne!(failure.code, C1Z_INTERNAL, "{} with byte {at}: {failure:?}", function.name);
                }
            }
        }
        assert!(store.ask::<GetMetadataResponse>(c1z_get_metadata, &GetMetadataRequest {}).read_only);
    }
}

#[test]
fn unknown_fields_of_a_request_are_passed_over() {
    for function in all(&Sample::new()) {
        let sample = Sample::new();
        let request = all(&sample).into_iter().find(|same| same.name == function.name).unwrap().request;
        let request = [request, field(500, b"text")].concat();
        let result = sample.open().send(function.exported, &request);
        assert!(result.is_ok(), "{}: {result:?}", function.name);
    }
}
