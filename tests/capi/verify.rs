//! Verifying a file without opening it.

use std::path::Path;
use std::{fs, ptr};

use c1z::capi::code::*;
use c1z::capi::verify::c1z_verify;
use c1z::proto::api::{FaultKind, VerifyReport, VerifyRequest};
use prost::Message;

use crate::sample::{start_sync, Sample};
use crate::support::{assert_refused, slice, verify_bytes, watched, Failure, Flag, EMPTY};

fn request(path: &Path) -> Vec<u8> {
    VerifyRequest { path: path.to_str().unwrap().into(), ..Default::default() }.encode_to_vec()
}

fn verify(path: &Path) -> Result<VerifyReport, Failure> {
    verify_bytes(&request(path), None).map(|report| VerifyReport::decode(&report[..]).unwrap())
}

#[test]
fn a_sound_file_has_no_fault_also_while_a_store_has_it_open() {
    let sample = Sample::new();
    let store = sample.open();
    start_sync(&store);
    let report = verify(&sample.path).unwrap();
    assert_eq!((report.faults.len(), report.syncs.len(), report.database_walked), (0, 2, true), "{}", report.text);
}

#[test]
fn damage_is_no_failure_of_the_call() {
    let sample = Sample::new();
    let bytes = fs::read(&sample.path).unwrap();
    fs::write(&sample.path, &bytes[..bytes.len() - 1]).unwrap();
    let report = verify(&sample.path).unwrap();
    assert_eq!(report.faults.iter().map(|fault| fault.kind()).collect::<Vec<_>>(), [FaultKind::Index]);
}

#[test]
fn what_prevents_looking_is_a_failure() {
    let sample = Sample::new();
    assert_refused(verify(&sample.beside("missing")), C1Z_NOT_FOUND, "NOT_FOUND", "missing");
    assert_refused(verify("".as_ref()), C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", "path");
    fs::write(&sample.path, b"C1ZF\0").unwrap();
    assert_refused(verify(&sample.path), C1Z_FAILED_PRECONDITION, "FORMAT_V1", "v1");
}

#[test]
fn verify_refuses_null_pointers_but_for_control_and_error() {
    let request = request("/nowhere".as_ref());
    let mut report = ptr::null_mut();
    let without_data = c1z::capi::slice::Slice { data: ptr::null(), len: 1 };
    // SAFETY: every pointer is null or lives through the call.
    unsafe {
        let code = c1z_verify(slice(&request), ptr::null(), ptr::null_mut(), ptr::null_mut());
        assert_eq!(code, C1Z_INVALID_ARGUMENT);
        let code = c1z_verify(without_data, ptr::null(), &mut report, ptr::null_mut());
        assert_eq!((code, report), (C1Z_INVALID_ARGUMENT, ptr::null_mut()));
        let code = c1z_verify(slice(&request), ptr::null(), &mut report, ptr::null_mut());
        assert_eq!((code, report), (C1Z_NOT_FOUND, ptr::null_mut()));
        assert_eq!(c1z_verify(EMPTY, ptr::null(), &mut report, ptr::null_mut()), C1Z_INVALID_ARGUMENT);
    }
}

#[test]
fn verify_refuses_malformed_requests() {
    for request in [&b"\x0a\x05x"[..], b"\x0d\x01\x02\x03\x04", b"\x0a\x01\xff"] {
        let refused = verify_bytes(request, None);
        assert_refused(refused, C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", "request VerifyRequest");
    }
}

#[test]
fn verify_stops_when_the_flag_is_set_before_or_while_it_runs() {
    let sample = Sample::new();
    let flag = Flag::new();
    let stopped = watched(flag.0, |_, _| flag.set(), |control| verify_bytes(&request(&sample.path), Some(control)));
    assert_refused(stopped, C1Z_CANCELLED, "CANCELLED", "cancelled");
    let stopped = verify_bytes(&request(&sample.path), Some(&flag.control()));
    assert_refused(stopped, C1Z_CANCELLED, "CANCELLED", "cancelled");
}

#[test]
fn progress_ends_with_everything() {
    let sample = Sample::new();
    let mut seen = Vec::new();
    let watch = |done, total| seen.push((done, total));
    watched(ptr::null(), watch, |control| verify_bytes(&request(&sample.path), Some(control))).unwrap();
    let length = fs::metadata(&sample.path).unwrap().len();
    assert_eq!(seen.last(), Some(&(2 * length, 2 * length)));
}
