//! The stack that the header asks a host's thread to have is enough for every call, whatever the file and the request.

use std::process::Command;
use std::thread::Builder;

use c1z::capi::resources::{c1z_list_resources, c1z_put_resources};
use c1z::proto::api::{
    CompareFilesRequest, CompareInput, DeleteGrantsRequest, ExportRequest, InspectRequest, OpenRequest,
    PutResourcesRequest, Table, VerifyRequest,
};
use c1z::proto::connector::{Resource, ResourcesServiceListResourcesRequest};
use c1z::proto::wire::fields;
use prost::encoding::{encode_key, encode_varint, WireType};
use prost::Message;
use prost_types::Any;
use tempfile::TempDir;

use crate::deep::deep_profile;
use crate::functions::all;
use crate::sample::*;
use crate::support::{inspect_schema, verify_bytes, Exported, Given, Handle, Walk};

/// What header and docs/abi.md say. Threads of Rust have what they ask for, but for some of it that the C library takes.
const STATED: usize = 256 << 10;

const SIZE: &str = "C1Z_TEST_STACK";

#[test]
fn every_call_works_with_the_stack_that_the_header_states() {
    // An overflow ends the process, which has to be another one to be noticed.
    let test = "stack::every_call_works_with_the_stack_that_the_header_states";
    match std::env::var(SIZE) {
        Ok(size) => {
            let thread = Builder::new().stack_size(size.parse().unwrap()).spawn(call_everything).unwrap();
            thread.join().unwrap();
        }
        Err(_) => {
            let mut child = Command::new(std::env::current_exe().unwrap());
            child.args(["--exact", test, "--nocapture"]).env(SIZE, STATED.to_string());
            let output = child.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{} bytes are too few: {said}", STATED);
            assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{said}");
        }
    }
}

fn call_everything() {
    let step = |name: &str| eprintln!("{name}");
    let sample = Sample::new();
    for read_only in [false, true] {
        for function in all(&sample) {
            step(&format!("{}, read-only: {read_only}", function.name));
            let sample = Sample::new();
            let store = if read_only { sample.open_read_only() } else { sample.open() };
            let request = all(&sample).into_iter().find(|same| same.name == function.name).unwrap().request;
            match store.send(function.exported, &request) {
                Ok(Given::Walk(mut walk)) => while walk.next().unwrap().is_some() {},
                Ok(_) => {}
                Err(failure) => assert!(read_only, "{failure:?}"),
            }
        }
    }
    step("a file from its start");
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("new.c1z");
    let name = path.to_str().unwrap().to_owned();
    let store = Handle::open(&OpenRequest { memory_budget_bytes: 1 << 20, ..open_request(&path) }).unwrap();
    start_sync(&store);
    // More than the budget, and enough for a second thread.
    for chunk in 0..10 {
        let list = (0..4_000).map(|index| user(&format!("{chunk}-{index}"))).collect();
        store.call(c1z_put_resources, &PutResourcesRequest { list, ..Default::default() }).unwrap();
    }
    step("what nests deep");
    let deep = deep_resource(3_332);
    store.send(Exported::Call(c1z_put_resources), &field(1, &deep)).unwrap();
    store.send(Exported::Call(c1z_put_resources), &field(1, &deep_resource(50_000))).unwrap_err();
    let spoilt = [deep_resource(30), field(3, b"\xff")].concat();
    store.send(Exported::Call(c1z_put_resources), &field(1, &spoilt)).unwrap_err();
    let delete = DeleteGrantsRequest { list: vec![grant(member(), user("alice"))] };
    for levels in [20, 32, 33, 1_000] {
        // Whether it is taken is not the question here.
        let principal = field(1, &field(1, &field(2, &deep_resource(levels))));
        let _ = store
            .send(Exported::Call(c1z::capi::grants::c1z_delete_grants), &[delete.encode_to_vec(), principal].concat());
    }
    let mut anys = user("anys");
    anys.annotations = vec![nested_any(120)];
    anys.id = Some(resource_id("user", "anys"));
    let list: Vec<Resource> = vec![anys, with_annotations()];
    store.call(c1z_put_resources, &PutResourcesRequest { list, ..Default::default() }).unwrap();
    store.send(Exported::Call(c1z_put_resources), &field(1, &deep_resource(32))).unwrap();
    end_sync(&store);
    let page = ResourcesServiceListResourcesRequest { page_size: 10_000, ..Default::default() };
    store.call(c1z_list_resources, &page).unwrap();
    store.close().unwrap();
    for read_only in [false, true] {
        step("opening and listing it");
        let store = Handle::open(&OpenRequest { read_only, ..open_request(&path) }).unwrap();
        store.call(c1z_list_resources, &page).unwrap();
        step("exporting it");
        let request = ExportRequest { table: Table::Resources.into(), ..Default::default() };
        assert_eq!(store.export(&request).unwrap(), 40_000 + 4);
        store.close().unwrap();
        step("verifying it");
        verify_bytes(&VerifyRequest { path: name.clone(), ..Default::default() }.encode_to_vec(), None).unwrap();
        step("inspecting it");
        let request = InspectRequest { open: Some(open_request(&path)), ..Default::default() };
        let mut walk = Walk::inspect(&request, None).unwrap();
        while walk.next().unwrap().is_some() {}
        inspect_schema(&name).unwrap();
        step("comparing it");
        let input = Some(CompareInput { path: name.clone(), ..Default::default() });
        let request = CompareFilesRequest { before: input.clone(), after: input, ..Default::default() };
        let mut walk = Walk::compare(&request, None).unwrap();
        while walk.next().unwrap().is_some() {}
    }
}

fn field(number: u32, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode_key(number, WireType::LengthDelimited, &mut out);
    encode_varint(value.len() as u64, &mut out);
    out.extend_from_slice(value);
    out
}

/// An encoded resource whose profile holds that many structs in one another.
fn deep_resource(levels: usize) -> Vec<u8> {
    let mut resource = Resource { id: Some(resource_id("user", &format!("deep {levels}"))), ..Default::default() };
    resource.display_name = "deep".into();
    [resource.encode_to_vec(), deep_profile(levels)].concat()
}

/// A user whose annotations nest as deep as they are shown by their fields, and one deeper.
fn with_annotations() -> Resource {
    let mut resource = user("annotations");
    resource.id = Some(resource_id("user", "annotations"));
    resource.annotations = [1, 2, 3, 4, 5, 6, 7]
        .map(|levels| {
            let profile = deep_profile(levels);
            let inner = fields(&profile).next().unwrap().unwrap().bytes().unwrap();
            Any { type_url: "type.googleapis.com/c1.connector.v2.UserTrait".into(), value: field(3, inner) }
        })
        .into_iter()
        .chain([17, 18, 19, 20, 21].map(nested_any))
        .collect();
    resource
}

/// An annotation in an annotation and so on, of a type that files describe.
fn nested_any(levels: usize) -> Any {
    (0..levels).fold(Any::default(), |inner, _| Any {
        type_url: "type.googleapis.com/google.protobuf.Any".into(),
        value: inner.encode_to_vec(),
    })
}
