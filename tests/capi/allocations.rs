//! What a request takes: no more than a few times its bytes, whatever they are.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use c1z::capi::entitlements::c1z_list_entitlements_by_ids;
use c1z::capi::grants::c1z_list_grants_for_entitlement;
use c1z::capi::resources::{c1z_list_resources, c1z_put_resources};
use c1z::capi::sessions::{c1z_delete_session_values, c1z_set_session_values};
use c1z::proto::api::{DeleteSessionValuesRequest, InspectRequest, PutResourcesRequest, SetSessionValuesRequest};
use c1z::proto::reader::GrantsReaderServiceListGrantsForEntitlementRequest;
use c1z::proto::{wire, DESCRIPTORS};
use prost::Message;
use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};

use crate::functions::all;
use crate::sample::*;
use crate::support::{Exported, Failure, Walk};

/// The most bytes of memory for each byte of a request.
const FACTOR: usize = 16;
/// What a call takes besides, of its answer for example.
const BESIDES: usize = 2 << 20;
const REQUEST: usize = 256 << 10;

/// Counts what each thread has allocated and not freed.
struct Counting;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // A thread that ends frees after its counts are gone.
    let _ = NOW.try_with(|now| {
        now.set(now.get() + bytes);
        let _ = MOST.try_with(|most| most.set(most.get().max(now.get())));
    });
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The most memory that `call` took at once, on this thread.
fn peak<T>(call: impl FnOnce() -> T) -> (usize, T) {
    let before = NOW.get();
    MOST.set(before);
    let result = call();
    ((MOST.get() - before) as usize, result)
}

/// What is wrong about the memory of a call, if it took too much, and what the call came to.
fn bounded(
    name: &str,
    request: &[u8],
    call: impl FnOnce() -> Result<(), Failure>,
) -> (Option<String>, Result<(), Failure>) {
    let (peak, result) = peak(call);
    let too_much = peak > FACTOR * request.len() + BESIDES;
    let complaint = || format!("{name}: {peak} bytes for {} of the request: {result:?}", request.len());
    (too_much.then(complaint), result)
}

#[track_caller]
fn assert_bounded(name: &str, request: &[u8], call: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    let (complaint, result) = bounded(name, request, call);
    assert_eq!(complaint, None);
    result
}

/// Requests with nothing but very many elements of one field, for each field that is a list or a map, at every level.
fn hostile(message: &MessageDescriptor) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut path = Vec::new();
    descend(message, &mut path, &mut found);
    found
}

fn descend(message: &MessageDescriptor, path: &mut Vec<FieldDescriptor>, found: &mut Vec<(String, Vec<u8>)>) {
    for field in message.fields() {
        let inner = field.kind().as_message().cloned();
        let is_text = matches!(field.kind(), Kind::String | Kind::Bytes);
        if (field.is_list() || field.is_map()) && (inner.is_some() || is_text) {
            let mut elements = vec![Vec::new()];
            let in_element = inner.iter().flat_map(|inner| inner.fields().collect::<Vec<_>>());
            elements.extend(in_element.filter(|field| field.kind().as_message().is_some()).map(|field| {
                let mut element = Vec::new();
                wire::put_message(&mut element, field.number(), b"");
                element
            }));
            for element in elements {
                found.push((name_of(path, &field), wrapped(path, &field, &element)));
            }
        }
        let is_new = path.iter().all(|above| above.kind() != field.kind());
        if let Some(inner) = inner.filter(|_| is_new && path.len() < 5) {
            path.push(field);
            descend(&inner, path, found);
            path.pop();
        }
    }
}

fn name_of(path: &[FieldDescriptor], field: &FieldDescriptor) -> String {
    path.iter().chain([field]).map(FieldDescriptor::name).collect::<Vec<_>>().join(".")
}

/// As many of an element as a request has room for, within the messages of `path`.
fn wrapped(path: &[FieldDescriptor], field: &FieldDescriptor, element: &[u8]) -> Vec<u8> {
    let mut one = Vec::new();
    wire::put_message(&mut one, field.number(), element);
    let body = one.repeat(REQUEST / one.len());
    path.iter().rev().fold(body, |body, field| {
        let mut outer = Vec::new();
        wire::put_message(&mut outer, field.number(), &body);
        outer
    })
}

#[test]
fn no_request_takes_many_times_its_bytes_whatever_field_is_repeated_in_it() {
    let schema = DescriptorPool::decode(DESCRIPTORS).unwrap();
    let (mut requests, mut refused, mut complaints) = (0, 0, Vec::new());
    // The first long request has the library look its messages up, once and for all.
    let once = InspectRequest { record_types: vec!["x".repeat(REQUEST)], ..Default::default() };
    let (peak, _) = peak(|| Walk::inspect(&once, None).map(drop));
    assert!(peak <= 8 << 20, "{peak} bytes to know what messages take");
    for function in all(&Sample::new()).into_iter().filter(|function| !function.is_close()) {
        let message = schema.get_message_by_name(&function.message).unwrap();
        let hostile = hostile(&message);
        if hostile.is_empty() {
            continue;
        }
        let sample = Sample::new();
        let store = sample.open();
        start_sync(&store);
        for (field, request) in hostile {
            // By themselves, and behind a request that would succeed.
            for request in [request.clone(), [&function.request[..], &request].concat()] {
                let name = format!("{} {field}", function.name);
                let send = || store.send(function.exported, &request).map(drop);
                let (complaint, outcome) = bounded(&name, &request, send);
                complaints.extend(complaint);
                requests += 1;
                if let Err(failure) = outcome {
                    refused += usize::from(failure.message.contains("most of them are empty"));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert!(requests > 200 && refused > 50, "{requests} requests, {refused} refused for it");

    // The one request without a store that has a list.
    let request = InspectRequest { record_types: vec![String::new(); REQUEST / 2], ..Default::default() };
    let outcome = assert_bounded("c1z_inspect", &request.encode_to_vec(), || Walk::inspect(&request, None).map(drop));
    assert!(outcome.unwrap_err().message.contains("most of them are empty"));
}

#[test]
fn nothing_of_a_request_is_multiplied_by_the_elements_of_a_list() {
    let sample = Sample::new();
    let store = sample.open();
    start_sync(&store);
    let refused = |name: &str, exported: Exported, request: Vec<u8>| {
        let outcome = assert_bounded(name, &request, || store.send(exported, &request).map(drop));
        outcome.expect_err(name).message
    };

    let long = "x".repeat(REQUEST / 2);
    let keys: Vec<String> = (0..100_000).map(|n| format!("{n}")).collect();
    let delete = DeleteSessionValuesRequest { sync_id: SESSION.into(), prefix: long.clone(), keys: keys.clone() };
    let message = refused("delete", Exported::Call(c1z_delete_session_values), delete.encode_to_vec());
    assert!(message.contains("prefix has 131072 bytes"), "{message}");
    let values = keys.iter().map(|key| (key.clone(), Vec::new())).collect();
    let set = SetSessionValuesRequest { sync_id: SESSION.into(), prefix: long.clone(), values };
    let message = refused("set", Exported::Call(c1z_set_session_values), set.encode_to_vec());
    assert!(message.contains("prefix has 131072 bytes"), "{message}");

    let mut entitlement = member();
    entitlement.id = long.clone();
    #[allow(deprecated)]
    let list = GrantsReaderServiceListGrantsForEntitlementRequest {
        entitlement: Some(entitlement),
        principal_resource_type_ids: keys.clone(),
        ..Default::default()
    };
    let message = refused("types", Exported::Call(c1z_list_grants_for_entitlement), list.encode_to_vec());
    assert!(message.contains("principal_resource_type_ids has 100000 elements"), "{message}");

    let list = (0..10_000).map(|n| user(&n.to_string())).collect();
    let put = PutResourcesRequest { list, source_scope_key: "s".repeat(1 << 10) };
    let message = refused("scope", Exported::Call(c1z_put_resources), put.encode_to_vec());
    assert!(message.contains("source_scope_key has 1024 bytes"), "{message}");
}

#[test]
fn the_elements_that_hosts_send_are_not_refused() {
    let sample = Sample::new();
    let store = sample.open();
    start_sync(&store);
    let list = (0..20_000).map(|n| user(&n.to_string())).collect();
    store.call(c1z_put_resources, &PutResourcesRequest { list, source_scope_key: "s".repeat(64) }).unwrap();
    let page = store.call(c1z_list_resources, &c1z::proto::connector::ResourcesServiceListResourcesRequest::default());
    assert!(!page.unwrap().is_empty());
    let entitlement_ids = (0..50_000).map(|n| format!("{n}")).collect();
    let request = c1z::proto::reader::EntitlementsReaderServiceListEntitlementsByIdsRequest {
        entitlement_ids,
        ..Default::default()
    };
    store.call(c1z_list_entitlements_by_ids, &request).unwrap();
}
