//! Files that a host reads: `c1z_open_with`, with functions as a C program has them.

use std::ffi::{c_char, c_void};
use std::fs::File;
use std::mem::size_of;
use std::os::unix::fs::FileExt;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use c1z::capi::cancel::{c1z_cancel_free, c1z_cancel_new, c1z_cancel_set, Control};
use c1z::capi::code::*;
use c1z::capi::file::{c1z_get_metadata, c1z_open_with};
use c1z::capi::grants::c1z_list_grants;
use c1z::capi::host::{Host, HostSource};
use c1z::capi::resources::c1z_put_resources;
use c1z::proto::api::{GetMetadataRequest, GetMetadataResponse, OpenRequest, PutResourcesRequest};
use c1z::proto::connector::{GrantsServiceListGrantsRequest, GrantsServiceListGrantsResponse};
use prost::Message;

use crate::sample::{open_request, user, Sample};
use crate::support::{assert_refused, Failure, Handle, EMPTY};

/// What the functions of a source are given.
struct HostFile {
    file: File,
    reads: AtomicUsize,
    releases: AtomicUsize,
    /// What reads come to.
    code: AtomicI32,
    version: AtomicUsize,
}

impl HostFile {
    fn of(sample: &Sample) -> HostFile {
        sample.open().close().unwrap();
        HostFile {
            file: File::open(&sample.path).unwrap(),
            reads: AtomicUsize::new(0),
            releases: AtomicUsize::new(0),
            code: AtomicI32::new(C1Z_OK),
            version: AtomicUsize::new(1),
        }
    }

    fn source(&self) -> HostSource {
        HostSource {
            size: self.file.metadata().unwrap().len(),
            identity: Some(identity),
            read_at: Some(read_at),
            release: Some(release),
            userdata: ptr::from_ref(self).cast_mut().cast(),
        }
    }

    fn released(&self) -> usize {
        self.releases.load(Ordering::SeqCst)
    }
}

unsafe fn host_file<'a>(userdata: *mut c_void) -> &'a HostFile {
    unsafe { &*userdata.cast::<HostFile>() }
}

unsafe extern "C" fn identity(userdata: *mut c_void, identity: *mut u8, capacity: usize) -> usize {
    let version = unsafe { host_file(userdata) }.version.load(Ordering::SeqCst);
    assert_eq!(capacity, 256);
    unsafe { identity.write(version as u8) };
    // Longer than what counts.
    1000
}

unsafe extern "C" fn read_at(
    userdata: *mut c_void,
    offset: u64,
    data: *mut u8,
    len: usize,
    read: *mut usize,
    reason: *mut c_char,
    reason_capacity: usize,
) -> i32 {
    let host = unsafe { host_file(userdata) };
    assert_eq!(host.released(), 0, "read behind its release");
    host.reads.fetch_add(1, Ordering::SeqCst);
    let code = host.code.load(Ordering::SeqCst);
    if code != C1Z_OK {
        // Longer than there is room for, and without an end.
        let text = b"the host says no; ".iter().cycle().take(reason_capacity);
        text.enumerate().for_each(|(at, byte)| unsafe { reason.add(at).write(*byte as c_char) });
        return code;
    }
    let buffer = unsafe { std::slice::from_raw_parts_mut(data, len) };
    unsafe { read.write(host.file.read_at(buffer, offset).unwrap()) };
    C1Z_OK
}

unsafe extern "C" fn release(userdata: *mut c_void) {
    unsafe { host_file(userdata) }.releases.fetch_add(1, Ordering::SeqCst);
}

fn host_of(source: &HostSource) -> Host {
    Host { struct_size: size_of::<Host>(), source }
}

fn request() -> Vec<u8> {
    OpenRequest { path: "https://host/file.c1z".into(), read_only: true, ..Default::default() }.encode_to_vec()
}

fn open(file: &HostFile) -> Result<Handle, Failure> {
    Handle::open_with(&request(), &host_of(&file.source()), None)
}

fn grants(store: &Handle) -> Result<usize, Failure> {
    let list = store.call(c1z_list_grants, &GrantsServiceListGrantsRequest::default())?;
    Ok(GrantsServiceListGrantsResponse::decode(&list[..]).unwrap().list.len())
}

#[test]
fn a_file_that_a_host_reads_shows_what_the_file_shows_and_is_released_once_when_it_is_closed() {
    let sample = Sample::new();
    let expected = grants(&sample.open_read_only()).unwrap();
    let file = HostFile::of(&sample);
    let store = open(&file).unwrap();
    assert_eq!(grants(&store).unwrap(), expected);
    assert!(file.reads.load(Ordering::SeqCst) > 0);
    let metadata: GetMetadataResponse = store.ask(c1z_get_metadata, &GetMetadataRequest {});
    assert_eq!((metadata.path.as_str(), metadata.read_only), ("https://host/file.c1z", true));
    let put = store.call(c1z_put_resources, &PutResourcesRequest { list: vec![user("new")], ..Default::default() });
    assert_refused(put, C1Z_FAILED_PRECONDITION, "READ_ONLY", "https://host/file.c1z");
    assert_eq!(file.released(), 0);
    store.close().unwrap();
    assert_eq!(file.released(), 1);
    drop(store);
    assert_eq!(file.released(), 1);
}

#[test]
fn a_source_is_released_by_freeing_a_store_that_was_not_closed() {
    let file = HostFile::of(&Sample::new());
    drop(open(&file).unwrap());
    assert_eq!(file.released(), 1);
}

#[test]
fn a_call_that_fails_has_released_the_source() {
    let sample = Sample::new();
    let file = HostFile::of(&sample);
    let source = file.source();
    let writable = OpenRequest { read_only: false, ..Default::default() }.encode_to_vec();
    let no_folder = OpenRequest { tmp_dir: "/nowhere".into(), read_only: true, ..Default::default() }.encode_to_vec();
    let newer = [size_of::<Host>() + 8, ptr::from_ref(&source) as usize, 1];
    let cancel = c1z_cancel_new();
    // SAFETY: the flag is freed once, behind the calls.
    unsafe { c1z_cancel_set(cancel) };
    let control = Control { cancel, progress: None, userdata: ptr::null_mut() };
    let host = host_of(&source);
    for (request, host, control, code, culprit) in [
        (writable, ptr::from_ref(&host), None, C1Z_INVALID_ARGUMENT, "read_only"),
        (no_folder, ptr::from_ref(&host), None, C1Z_FAILED_PRECONDITION, "/nowhere"),
        (b"\xff".to_vec(), ptr::from_ref(&host), None, C1Z_INVALID_ARGUMENT, "OpenRequest"),
        (request(), newer.as_ptr().cast(), None, C1Z_INVALID_ARGUMENT, "host"),
        (request(), ptr::from_ref(&host), Some(&control), C1Z_CANCELLED, "cancelled"),
    ] {
        let failure = Handle::open_with(&request, host, control).expect_err("the call succeeded");
        assert_eq!(failure.code, code, "{failure:?}");
        assert!(failure.message.contains(culprit), "{failure:?}");
        assert_eq!(file.releases.swap(0, Ordering::SeqCst), 1, "{failure:?}");
    }
    // SAFETY: nobody else has it.
    unsafe { c1z_cancel_free(cancel) };
    // SAFETY: null pointers are refused.
    let code = unsafe { c1z_open_with(EMPTY, &host, ptr::null(), ptr::null_mut(), ptr::null_mut()) };
    assert_eq!((code, file.released()), (C1Z_INVALID_ARGUMENT, 1));
    file.releases.store(0, Ordering::SeqCst);
    let source = HostSource { read_at: None, ..source };
    assert_refused(
        Handle::open_with(&request(), &host_of(&source), None),
        C1Z_INVALID_ARGUMENT,
        "INVALID_ARGUMENT",
        "read_at",
    );
    assert_eq!(file.released(), 1);
}

#[test]
fn a_host_that_brings_nothing_opens_the_file_at_the_path() {
    let sample = Sample::new();
    let expected = grants(&sample.open_read_only()).unwrap();
    let request = OpenRequest { read_only: true, ..open_request(&sample.path) }.encode_to_vec();
    let nothing = Host { struct_size: size_of::<Host>(), source: ptr::null() };
    // One of a later version, which brings nothing that this one does not know.
    let newer = [size_of::<Host>() + 16, 0, 0, 0];
    for host in [ptr::null(), ptr::from_ref(&nothing), newer.as_ptr().cast()] {
        assert_eq!(grants(&Handle::open_with(&request, host, None).unwrap()).unwrap(), expected);
    }
}

#[test]
fn a_source_in_a_host_of_no_version_stays_the_callers() {
    let file = HostFile::of(&Sample::new());
    let source = file.source();
    for size in [0, 8, 15, 4097, usize::MAX] {
        let host = Host { struct_size: size, source: &source };
        let refused = Handle::open_with(&request(), &host, None);
        assert_refused(refused, C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", "struct_size");
        assert_eq!((file.reads.load(Ordering::SeqCst), file.released()), (0, 0), "of {size} bytes");
    }
    // What lies behind the size is not even looked at: it may be no pointer.
    let size = 0usize;
    let refused = Handle::open_with(&request(), ptr::from_ref(&size).cast(), None);
    assert_refused(refused, C1Z_INVALID_ARGUMENT, "INVALID_ARGUMENT", "struct_size");
}

#[test]
fn what_a_host_returns_is_what_the_call_fails_with_and_its_reason_is_cut() {
    let sample = Sample::new();
    for (returned, code, reason) in [
        (C1Z_UNAVAILABLE, C1Z_UNAVAILABLE, "SOURCE"),
        (C1Z_CANCELLED, C1Z_CANCELLED, "SOURCE"),
        (C1Z_DEADLINE_EXCEEDED, C1Z_DEADLINE_EXCEEDED, "SOURCE"),
        (C1Z_NOT_FOUND, C1Z_NOT_FOUND, "SOURCE"),
        (C1Z_ABORTED, C1Z_ABORTED, "SOURCE_CHANGED"),
        (77, C1Z_UNKNOWN, "SOURCE"),
        (-1, C1Z_UNKNOWN, "SOURCE"),
    ] {
        let file = HostFile::of(&sample);
        file.code.store(returned, Ordering::SeqCst);
        let failure = open(&file).expect_err("the call succeeded");
        assert_eq!((failure.code, failure.reason.as_str()), (code, reason), "{failure:?}");
        let message = failure.message;
        assert!(message.starts_with("https://host/file.c1z: ") && message.contains("the host says no"), "{message}");
        assert_eq!(file.released(), 1);
    }
}

#[test]
fn another_identity_is_another_file() {
    /// A version that is another one at every read.
    unsafe extern "C" fn restless(userdata: *mut c_void, identity: *mut u8, _: usize) -> usize {
        let version = unsafe { host_file(userdata) }.version.fetch_add(1, Ordering::SeqCst);
        unsafe { identity.write(version as u8) };
        1
    }
    let file = HostFile::of(&Sample::new());
    let source = HostSource { identity: Some(restless), ..file.source() };
    let opened = Handle::open_with(&request(), &host_of(&source), None);
    assert_refused(opened, C1Z_ABORTED, "SOURCE_CHANGED", "https://host/file.c1z");
    assert_eq!(file.released(), 1);
}
