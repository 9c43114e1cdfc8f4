//! Inspection through the C ABI: a cursor that needs no store.

use std::ptr;

use c1z::capi::code::*;
use c1z::capi::inspect::{c1z_inspect, c1z_inspect_schema};
use c1z::proto::api::{InspectPage, InspectRequest, OpenRequest};
use prost::Message;
use prost_types::FileDescriptorSet;

use crate::sample::{open_request, Sample};
use crate::support::{assert_refused, inspect_schema, slice, Flag, Walk, EMPTY};

fn request(sample: &Sample) -> InspectRequest {
    InspectRequest { open: Some(open_request(&sample.path)), ..InspectRequest::default() }
}

#[test]
fn a_cursor_shows_every_record_of_a_file_and_then_ends_for_good() {
    let sample = Sample::new();
    let mut walk = Walk::inspect(&request(&sample), None).unwrap();
    let page = InspectPage::decode(&walk.next().unwrap().unwrap()[..]).unwrap();
    assert_eq!(walk.next().unwrap(), None);
    assert_eq!(walk.next().unwrap(), None);
    let count = |record_type: &str| page.list.iter().filter(|record| record.record_type == record_type).count();
    assert_eq!(count("c1.storage.v3.SyncRunRecord"), 2);
    assert_eq!(count("c1.storage.v3.ResourceTypeRecord"), 6);
    assert_eq!(count("c1.storage.v3.ResourceRecord"), 7);
    assert_eq!(count("c1.storage.v3.EntitlementRecord"), 4);
    assert_eq!(count("c1.storage.v3.GrantRecord"), 10);
    assert_eq!(count("c1.storage.v3.AssetRecord"), 2);
    assert_eq!(count("session_value"), 1);
}

#[test]
fn the_unpacked_file_goes_with_the_cursor_and_the_file_is_not_changed() {
    let sample = Sample::new();
    let before = std::fs::read(&sample.path).unwrap();
    let work = sample.beside("work");
    std::fs::create_dir(&work).unwrap();
    let files = || std::fs::read_dir(&work).unwrap().count();
    let open = OpenRequest { tmp_dir: work.to_str().unwrap().into(), ..open_request(&sample.path) };
    let mut walk = Walk::inspect(&InspectRequest { open: Some(open), ..InspectRequest::default() }, None).unwrap();
    assert_eq!(files(), 1);
    assert!(walk.next().unwrap().is_some());
    drop(walk);
    assert_eq!(files(), 0);
    assert_eq!(std::fs::read(&sample.path).unwrap(), before);
}

#[test]
fn what_cannot_be_inspected_is_refused() {
    let sample = Sample::new();
    let refused = |request: InspectRequest| Walk::inspect(&request, None);
    let missing = sample.beside("missing.c1z");
    let request_for = |path| InspectRequest { open: Some(open_request(path)), ..InspectRequest::default() };
    assert_refused(refused(request_for(&missing)), C1Z_NOT_FOUND, "NOT_FOUND", "missing.c1z");
    assert_refused(refused(InspectRequest::default()), C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", "path is empty");
    std::fs::write(&missing, "not a c1z file").unwrap();
    assert_refused(refused(request_for(&missing)), C1Z_FAILED_PRECONDITION, "NOT_C1Z", "missing.c1z");
    let unknown = InspectRequest { sync_id: "unknown".into(), ..request(&sample) };
    assert_refused(refused(unknown), C1Z_NOT_FOUND, "NOT_FOUND", "\"unknown\"");
    let untyped = InspectRequest { record_types: vec!["No.Such".into()], ..request(&sample) };
    assert_refused(refused(untyped), C1Z_NOT_FOUND, "NOT_FOUND", "No.Such");
}

#[test]
fn a_cancelled_inspection_leaves_no_cursor() {
    let flag = Flag::new();
    flag.set();
    let refused = Walk::inspect(&request(&Sample::new()), Some(&flag.control()));
    assert_refused(refused, C1Z_CANCELLED, "CANCELLED", "cancelled");
}

#[test]
fn the_schema_comes_from_the_head_alone() {
    let sample = Sample::new();
    let schema = inspect_schema(sample.path.to_str().unwrap()).unwrap();
    let set = FileDescriptorSet::decode(&schema[..]).unwrap();
    assert!(set.file.iter().any(|file| file.name() == "c1/storage/v3/records.proto"));
    let head = sample.beside("head.c1z");
    let whole = std::fs::read(&sample.path).unwrap();
    let length = u32::from_be_bytes(*whole[5..].first_chunk().unwrap()) as usize;
    std::fs::write(&head, &whole[..9 + length]).unwrap();
    assert_eq!(inspect_schema(head.to_str().unwrap()).unwrap(), schema);
    std::fs::write(&head, &whole[..8 + length]).unwrap();
    assert_refused(inspect_schema(head.to_str().unwrap()), C1Z_DATA_LOSS, "CORRUPTION", "head.c1z");
}

#[test]
fn null_pointers_are_refused_and_an_error_is_not_forced_upon_anyone() {
    let sample = Sample::new();
    let bytes = request(&sample).encode_to_vec();
    // SAFETY: every pointer is null or lives through the call.
    unsafe {
        let refused = c1z_inspect(slice(&bytes), ptr::null(), ptr::null_mut(), ptr::null_mut());
        assert_eq!(refused, C1Z_INVALID_ARGUMENT);
        assert_eq!(c1z_inspect_schema(EMPTY, ptr::null_mut(), ptr::null_mut()), C1Z_INVALID_ARGUMENT);
        let mut cursor = ptr::null_mut();
        assert_eq!(c1z_inspect(EMPTY, ptr::null(), &mut cursor, ptr::null_mut()), C1Z_INVALID_ARGUMENT);
        assert!(cursor.is_null());
    }
}
