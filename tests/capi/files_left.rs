//! A process that may open no more files is told so, and never that a file is damaged or not there.

use std::process::Command;

use c1z::capi::code::C1Z_RESOURCE_EXHAUSTED;
use c1z::capi::resources::c1z_list_resources;
use c1z::capi::sessions::c1z_set_session_values;
use c1z::proto::api::{InspectRequest, OpenRequest, SetSessionValuesRequest, VerifyReport, VerifyRequest};
use c1z::proto::connector::ResourcesServiceListResourcesRequest;
use prost::Message;

use crate::compare;
use crate::sample::*;
use crate::support::{verify_bytes, Failure, Handle, Walk};

const CHILD: &str = "C1Z_TEST_FILES_LEFT";

#[test]
fn a_call_without_a_file_to_spare_says_that_it_is_short_of_them() {
    // The limit is that of a process, so it is another one that has it.
    let test = "files_left::a_call_without_a_file_to_spare_says_that_it_is_short_of_them";
    if std::env::var_os(CHILD).is_some() {
        return lower_the_limit();
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", test, "--test-threads", "1"]).env(CHILD, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

type Step = fn(&Sample) -> Result<(), Failure>;

fn lower_the_limit() {
    let steps: [(&str, Step); 5] = [
        ("open to write", |sample| {
            let store = Handle::open(&open_request(&sample.path))?;
            store.call(c1z_list_resources, &ResourcesServiceListResourcesRequest::default())?;
            let session = SetSessionValuesRequest {
                sync_id: SESSION.into(),
                values: [("key".into(), vec![1])].into(),
                ..Default::default()
            };
            store.call(c1z_set_session_values, &session)?;
            store.close()
        }),
        ("open to read", |sample| {
            let store = Handle::open(&OpenRequest { read_only: true, ..open_request(&sample.path) })?;
            store.call(c1z_list_resources, &ResourcesServiceListResourcesRequest::default())?;
            store.close()
        }),
        ("verify", |sample| {
            let request = VerifyRequest { path: sample.path.to_str().unwrap().into(), ..Default::default() };
            let report = VerifyReport::decode(&verify_bytes(&request.encode_to_vec(), None)?[..]).unwrap();
            assert!(report.faults.is_empty(), "{}", report.text);
            Ok(())
        }),
        ("inspect", |sample| {
            let request = InspectRequest { open: Some(open_request(&sample.path)), ..Default::default() };
            let mut walk = Walk::inspect(&request, None)?;
            while walk.next()?.is_some() {}
            Ok(())
        }),
        ("compare", |sample| {
            let mut walk = Walk::compare(&compare::request(sample), None)?;
            while walk.next()?.is_some() {}
            Ok(())
        }),
    ];
    let sample = Sample::new();
    for (name, step) in steps {
        step(&sample).unwrap();
        let mut refused = 0;
        // Standard input and outputs are open, and what the process has open beyond them.
        for limit in 3.. {
            set_limit(limit);
            let result = step(&sample);
            set_limit(1024);
            match result {
                Ok(()) => break,
                Err(failure) => {
                    assert_eq!(failure.code, C1Z_RESOURCE_EXHAUSTED, "{name} with {limit}: {failure:?}");
                    refused += 1;
                }
            }
        }
        assert!(refused > 2, "{name} needs files");
    }
}

fn set_limit(files: u64) {
    let limit = libc::rlimit { rlim_cur: files, rlim_max: 1024 };
    // SAFETY: the structure outlives the call.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
}
