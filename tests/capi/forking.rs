//! Processes that are forked without starting a program: what the library does in the copy, and what the copy does to the
//! original.
//!
//! Each test plays in a process of its own, which is this test started again: whether the library was used before a fork
//! is a matter of the whole process.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::ptr;

use c1z::capi::code::C1Z_FAILED_PRECONDITION;
use c1z::capi::cursor::c1z_scan_resources;
use c1z::capi::file::c1z_get_metadata;
use c1z::capi::resource_types::c1z_put_resource_types;
use c1z::capi::resources::c1z_list_resources;
use c1z::proto::api::{
    CompareFilesRequest, GetMetadataRequest, GetMetadataResponse, InspectRequest, OpenRequest, PutResourceTypesRequest,
    ScanResourcesRequest, VerifyRequest,
};
use c1z::proto::connector::{
    ResourceType, ResourcesServiceListResourcesRequest, ResourcesServiceListResourcesResponse,
};
use prost::Message;

use crate::compare;
use crate::functions;
use crate::sample::{end_sync, open_request, start_sync, Sample};
use crate::support::{assert_refused, inspect_schema, read_header, verify_bytes, Handle, Walk};

/// In the environment of a process of a test's own: the name of the test.
const TEST: &str = "C1Z_TEST_FORKING";

/// Has `play` played in a process of its own.
fn alone(test: &str, play: impl FnOnce()) {
    if std::env::var(TEST).is_ok_and(|named| named == test) {
        return play();
    }
    let name = format!("forking::{test}");
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args(["--exact", &name, "--nocapture"]).env(TEST, test).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Plays in a forked process, which leaves as `leave` does, and waits for its end. One that hangs is killed.
fn forked(leave: unsafe extern "C" fn(i32) -> !, play: impl FnOnce()) {
    const HANGS_SECONDS: u32 = 120;
    // SAFETY: the threads that are missing in the copy are the library's and those of a harness that only waits.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let played = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: it has no conditions.
            unsafe { libc::alarm(HANGS_SECONDS) };
            play();
        }));
        // SAFETY: nothing of the copy is needed any more.
        unsafe { leave(i32::from(played.is_err())) };
    }
    let mut status = 0;
    // SAFETY: it is a child of this process, and nobody else waits for it.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "the forked process ended with {status:#x}");
}

/// Frees a copy of what the original frees as well.
fn free<T>(copied: &T) {
    // SAFETY: in a forked process the memory is a copy of its own, which nobody looks at again.
    drop(unsafe { ptr::read(copied) });
}

fn put(store: &Handle, id: &str) {
    let list = vec![ResourceType { id: id.into(), ..Default::default() }];
    store.call(c1z_put_resource_types, &PutResourceTypesRequest { list }).unwrap();
}

fn open(sample: &Sample, read_only: bool) -> Handle {
    Handle::open(&OpenRequest { tmp_dir: tmp(sample), read_only, ..open_request(&sample.path) }).unwrap()
}

/// The sample's folder for temporary files.
fn tmp(sample: &Sample) -> String {
    let path = sample.beside("tmp");
    std::fs::create_dir_all(&path).unwrap();
    path.to_str().unwrap().to_owned()
}

fn working_folder(store: &Handle) -> PathBuf {
    let metadata: GetMetadataResponse = store.ask(c1z_get_metadata, &GetMetadataRequest {});
    Path::new(&metadata.database_path).parent().unwrap().to_path_buf()
}

#[test]
fn in_a_forked_process_every_call_is_refused_and_freeing_leaves_the_parents_store_alone() {
    alone("in_a_forked_process_every_call_is_refused_and_freeing_leaves_the_parents_store_alone", || {
        let sample = Sample::new();
        let (writable, read_only) = (open(&sample, false), open(&sample, true));
        start_sync(&writable);
        put(&writable, "before");
        let mut scan = read_only.scan(c1z_scan_resources, &ScanResourcesRequest::default()).unwrap();
        let open = OpenRequest { tmp_dir: tmp(&sample), ..open_request(&sample.path) };
        let inspect = InspectRequest { open: Some(open.clone()), ..Default::default() };
        let mut walk = Walk::inspect(&inspect, None).unwrap();
        let compare = CompareFilesRequest { tmp_dir: tmp(&sample), ..compare::request(&sample) };
        let mut comparison = Walk::compare(&compare, None).unwrap();
        let folders = [working_folder(&writable), working_folder(&read_only)];

        for leave in [libc::_exit, libc::exit] {
            forked(leave, || {
                let refused = |result: Result<(), _>| assert_refused(result, C1Z_FAILED_PRECONDITION, "FORKED", "fork");
                for function in functions::all(&sample) {
                    for store in [&writable, &read_only] {
                        refused(store.send(function.exported, &function.request).map(drop));
                    }
                }
                refused(Handle::open(&open).map(drop));
                refused(Walk::inspect(&inspect, None).map(drop));
                refused(Walk::compare(&compare, None).map(drop));
                let verify = VerifyRequest { path: open.path.clone(), ..Default::default() };
                refused(verify_bytes(&verify.encode_to_vec(), None).map(drop));
                refused(scan.next().map(drop));
                refused(walk.next().map(drop));
                refused(comparison.next().map(drop));
                assert!(
                    !read_header(&open.path).unwrap().is_empty() && !inspect_schema(&open.path).unwrap().is_empty()
                );
                free(&scan);
                free(&walk);
                free(&comparison);
                free(&writable);
                free(&read_only);
            });
            assert!(folders.iter().all(|folder| folder.exists()));
        }
        // Another process takes none of the folders for an abandoned one: the locks are held as before.
        let another = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "forking::a_process_that_opens_and_closes"])
            .env(PATHS, format!("{}\n{}", open.path, open.tmp_dir))
            .status();
        assert!(another.unwrap().success());
        assert!(folders.iter().all(|folder| folder.exists()));

        put(&writable, "behind");
        end_sync(&writable);
        writable.close().unwrap();
        assert!(scan.next().unwrap().is_some() && walk.next().unwrap().is_some());
        assert!(comparison.next().unwrap().is_some());
        drop((scan, walk, comparison));
        read_only.close().unwrap();
        assert_eq!(std::fs::read_dir(tmp(&sample)).unwrap().count(), 0);
        let types =
            verify_bytes(&VerifyRequest { path: open.path, ..Default::default() }.encode_to_vec(), None).unwrap();
        let report = c1z::proto::api::VerifyReport::decode(&types[..]).unwrap();
        assert_eq!(report.faults, []);
        assert_eq!(report.syncs.len(), 3);
    });
}

/// In the environment of a process that opens a file: its path and the folder for temporary files.
const PATHS: &str = "C1Z_TEST_FORKING_PATHS";

#[test]
fn a_process_that_opens_and_closes() {
    let Ok(paths) = std::env::var(PATHS) else { return };
    let (path, tmp_dir) = paths.split_once('\n').unwrap();
    let request = OpenRequest { tmp_dir: tmp_dir.into(), ..open_request(Path::new(path)) };
    Handle::open(&request).unwrap().close().unwrap();
}

#[test]
fn a_process_forked_before_the_library_is_used_works_and_so_does_its_parent() {
    alone("a_process_forked_before_the_library_is_used_works_and_so_does_its_parent", || {
        let work = || {
            let sample = Sample::new();
            let store = open(&sample, false);
            let list = ResourcesServiceListResourcesRequest::default();
            assert!(!store.ask::<ResourcesServiceListResourcesResponse>(c1z_list_resources, &list).list.is_empty());
            start_sync(&store);
            put(&store, "user");
            end_sync(&store);
            store.close().unwrap();
            sample.path.to_str().unwrap().to_owned()
        };
        for leave in [libc::_exit, libc::exit] {
            forked(leave, || {
                let path = work();
                forked(libc::_exit, || {
                    let open = Handle::open(&open_request(Path::new(&path))).map(drop);
                    assert_refused(open, C1Z_FAILED_PRECONDITION, "FORKED", "fork");
                });
            });
        }
        // What has no use for the engine leaves no threads behind.
        assert!(inspect_schema("/nowhere").is_err());
        forked(libc::_exit, || drop(work()));
        work();
    });
}

#[test]
fn pythons_multiprocessing_gets_an_error_instead_of_hanging() {
    let sample = Sample::new();
    let library = std::env::current_exe().unwrap().with_file_name("libc1z.so");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/capi/forking.py");
    match Command::new("python3").arg(script).arg(library).arg(&sample.path).arg(tmp(&sample)).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: no python3");
            assert!(std::env::var_os("CI").is_none(), "python3 is missing");
        }
        output => {
            let output = output.unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}
