//! A host that has closed its standard descriptors, as daemons do, and prints all the same.

use std::fs;
use std::path::Path;
use std::process::Command;

use c1z::capi::cursor::c1z_scan_grants;
use c1z::capi::file::c1z_save;
use c1z::capi::syncs::c1z_clone_sync;
use c1z::proto::api::{
    CloneSyncRequest, InspectRequest, OpenRequest, SaveRequest, ScanGrantsRequest, VerifyReport, VerifyRequest,
};
use prost::Message;

use crate::sample::{end_sync, open_request, start_sync, Sample};
use crate::support::{inspect_schema, read_header, verify_bytes, Handle, Walk};

/// In the environment of the process that closes its standard descriptors.
const CLOSES: &str = "C1Z_TEST_DESCRIPTORS";

const STANDARD: std::ops::RangeInclusive<i32> = 0..=2;

/// Closes the standard descriptors, calls, prints, and says what the descriptors stand for by then.
fn closed<T>(call: impl FnOnce() -> T) -> T {
    for standard in STANDARD {
        // SAFETY: nothing in this process needs them.
        unsafe { libc::close(standard) };
    }
    let returned = call();
    for standard in STANDARD {
        // SAFETY: the bytes are there.
        unsafe { libc::write(standard, c"garbage".as_ptr().cast(), 7) };
        if let Ok(file) = fs::read_link(format!("/proc/self/fd/{standard}")) {
            assert_eq!(file, Path::new("/dev/null"), "descriptor {standard}");
        }
    }
    returned
}

/// Ends with an error when something fails: nobody hears it say so.
fn play() {
    let sample = Sample::new();
    let path = sample.path.to_str().unwrap().to_owned();
    let clone = sample.beside("clone.c1z").to_str().unwrap().to_owned();
    closed(|| inspect_schema(&path).unwrap());
    closed(|| read_header(&path).unwrap());
    let verified = |path: &str| {
        let report = verify_bytes(&VerifyRequest { path: path.to_owned(), ..Default::default() }.encode_to_vec(), None);
        assert_eq!(VerifyReport::decode(&report.unwrap()[..]).unwrap().faults, []);
    };
    closed(|| verified(&path));

    let store = closed(|| Handle::open(&open_request(&sample.path)).unwrap());
    closed(|| start_sync(&store));
    closed(|| end_sync(&store));
    closed(|| store.call_long(c1z_save, &SaveRequest::default(), None).unwrap());
    let request = CloneSyncRequest { path: clone.clone(), sync_id: sample.first.clone(), ..Default::default() };
    closed(|| store.call_long(c1z_clone_sync, &request, None).unwrap());
    closed(|| store.close().unwrap());

    let open = OpenRequest { read_only: true, ..open_request(&sample.path) };
    let store = closed(|| Handle::open(&open).unwrap());
    let mut walk = closed(|| store.scan(c1z_scan_grants, &ScanGrantsRequest::default()).unwrap());
    closed(|| walk.next().unwrap());
    let inspect = InspectRequest { open: Some(open), ..Default::default() };
    let mut walk = closed(|| Walk::inspect(&inspect, None).unwrap());
    closed(|| while walk.next().unwrap().is_some() {});
    [path, clone].iter().for_each(|path| closed(|| verified(path)));
}

#[test]
fn no_file_becomes_a_standard_descriptor_that_the_host_has_closed() {
    if std::env::var_os(CLOSES).is_some() {
        return play();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = "descriptors::no_file_becomes_a_standard_descriptor_that_the_host_has_closed";
    let output = command.args(["--exact", name]).env(CLOSES, "yes").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
