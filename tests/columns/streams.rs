//! A stream keeps what the header promises, in whatever order it, its batches and its store are let go.

use std::ptr;

use c1z::capi::arrow::{c1z_export_arrow, c1z_export_schema, ArrowArrayStream};
use c1z::capi::buffer::c1z_buffer_free;
use c1z::capi::cancel::{c1z_cancel_free, c1z_cancel_new, c1z_cancel_set, Control};
use c1z::capi::code::*;
use c1z::capi::grants::c1z_put_grants;
use c1z::capi::syncs::c1z_start_sync;
use prost::Message;
use rustix::io::Errno;

use crate::cells::{self, rows_of, Row};
use crate::fixture::{
    close, end, membership, put_memberships, start, ExportRequest, Fixture, PutGrantsRequest, StartSyncRequest, Table,
};
use crate::stream::{schema, slice, Handle};

const GROUPS: usize = 4;
const USERS: usize = 5;

/// A file with a finished sync of twenty grants.
fn file() -> Fixture {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_memberships(&store, GROUPS, USERS);
    end(&store);
    close(store);
    fixture
}

fn grants() -> ExportRequest {
    ExportRequest { table: Table::Grants.into(), batch_rows: 3, ..Default::default() }
}

fn rows(batches: &[arrow_array::RecordBatch]) -> Vec<Row> {
    batches.iter().flat_map(rows_of).collect()
}

#[test]
fn a_stream_gives_what_is_exported_and_then_its_end_any_number_of_times() {
    let fixture = file();
    let expected = cells::rows(&fixture.open_read_only(), &grants());
    assert_eq!(expected.len(), GROUPS * USERS);
    for read_only in [true, false] {
        let store = Handle::open(&fixture.path(), read_only);
        let mut stream = store.export(&grants()).unwrap();
        assert_eq!(stream.schema(), schema(&grants()).unwrap());
        let batches = stream.read_all();
        assert_eq!(batches.iter().map(|batch| batch.num_rows()).collect::<Vec<_>>(), [3, 3, 3, 3, 3, 3, 2]);
        assert_eq!(rows(&batches), expected);
        for _ in 0..3 {
            assert!(stream.next().unwrap().is_none());
        }
        assert_eq!(stream.last_error(), None);
        drop(stream);
        store.close().unwrap();
        store.free();
    }
}

#[test]
fn stream_batches_and_store_may_go_in_any_order() {
    let fixture = file();
    let expected = cells::rows(&fixture.open_read_only(), &grants());
    for order in 0..6 {
        for is_closed_first in [false, true] {
            let store = Handle::open(&fixture.path(), true);
            let mut stream = store.export(&grants()).unwrap();
            let given = stream.next().unwrap().unwrap();
            let (mut stream, mut given, mut store) = (Some(stream), Some(given), Some(store));
            let mut let_go = |what: usize| match what {
                0 => drop(stream.take()),
                1 => assert_eq!(rows_of(&given.take().unwrap().read()), expected[..3]),
                _ => {
                    let store = store.take().unwrap();
                    if is_closed_first {
                        store.close().unwrap();
                    }
                    store.free();
                    if let Some(stream) = &mut stream {
                        for _ in 0..2 {
                            let (number, message) = stream.next().err().unwrap();
                            assert_eq!(number, Errno::INVAL.raw_os_error());
                            assert_eq!(message, "CLOSED: the store is closed");
                        }
                        assert_eq!(stream.schema(), schema(&grants()).unwrap());
                    }
                }
            };
            let first = order / 2;
            let others: Vec<usize> = (0..3).filter(|&what| what != first).collect();
            let_go(first);
            let_go(others[order % 2]);
            let_go(others[1 - order % 2]);
        }
    }
}

#[test]
fn a_stream_that_is_abandoned_holds_nothing_back() {
    let fixture = file();
    let store = Handle::open(&fixture.path(), false);
    for _ in 0..100 {
        drop(store.export(&grants()).unwrap());
    }
    let mut left = store.export(&grants()).unwrap();
    left.next().unwrap();
    store.close().unwrap();
    store.free();
    drop(left);
}

#[test]
fn a_stream_shows_one_moment_whatever_is_written_or_removed_afterwards() {
    let fixture = file();
    let expected = cells::rows(&fixture.open_read_only(), &grants());
    let store = Handle::open(&fixture.path(), false);
    let mut stream = store.export(&grants()).unwrap();
    let mut found = rows_of(&stream.next().unwrap().unwrap().read());
    let start = StartSyncRequest { sync_type: "full".into(), ..Default::default() }.encode_to_vec();
    let put = PutGrantsRequest { list: vec![membership("new", "user")], ..Default::default() }.encode_to_vec();
    // SAFETY: everything outlives the calls.
    unsafe {
        let mut response = ptr::null_mut();
        assert_eq!(c1z_start_sync(store.get(), slice(&start), &mut response, ptr::null_mut()), C1Z_OK);
        c1z_buffer_free(response);
        assert_eq!(c1z_put_grants(store.get(), slice(&put), ptr::null_mut(), ptr::null_mut()), C1Z_OK);
    }
    let mut newer = store.export(&grants()).unwrap();
    found.extend(rows(&stream.read_all()));
    assert_eq!(found, expected);
    let newer = rows(&newer.read_all());
    assert_eq!(newer.len(), 1);
    assert_eq!(newer[0]["entitlement_id"], "group:new:member");
    store.close().unwrap();
    store.free();
}

#[test]
fn several_threads_may_read_a_stream_in_turn() {
    let fixture = file();
    let expected = cells::rows(&fixture.open_read_only(), &grants());
    let store = Handle::open(&fixture.path(), true);
    let mut stream = store.export(&grants()).unwrap();
    let mut found = Vec::new();
    loop {
        let (next, back) = std::thread::spawn(move || (stream.next().unwrap(), stream)).join().unwrap();
        stream = back;
        let Some(given) = next else { break };
        found.extend(std::thread::spawn(move || rows_of(&given.read())).join().unwrap());
    }
    assert_eq!(found, expected);
    std::thread::spawn(move || drop(stream)).join().unwrap();
    store.free();
}

#[test]
fn a_flag_stops_the_call_and_the_stream_also_when_it_was_freed() {
    let fixture = file();
    let store = Handle::open(&fixture.path(), true);
    let cancel = c1z_cancel_new();
    let control = Control { cancel, progress: None, userdata: ptr::null_mut() };
    let mut one = store.export_controlled(&grants(), &control).unwrap();
    let mut other = store.export(&grants()).unwrap();
    one.next().unwrap().unwrap();
    // SAFETY: the flag is freed once.
    unsafe { c1z_cancel_set(cancel) };
    let refused = store.export_controlled(&grants(), &control).err().unwrap();
    assert_eq!(refused, (C1Z_CANCELLED, "CANCELLED: cancelled".to_owned()));
    unsafe { c1z_cancel_free(cancel) };
    let cancelled = (Errno::CANCELED.raw_os_error(), "CANCELLED: cancelled".to_owned());
    assert_eq!(one.next().err().unwrap(), cancelled);
    assert_eq!(one.next().err().unwrap(), cancelled);
    assert_eq!(rows(&other.read_all()).len(), GROUPS * USERS);
    drop((one, other));
    store.free();
}

#[test]
fn what_cannot_be_exported_is_refused_by_name_and_nothing_is_given() {
    let fixture = file();
    let store = Handle::open(&fixture.path(), true);
    let of = |request: ExportRequest| store.export(&request).map(drop).unwrap_err();
    let invalid = |request: ExportRequest, culprit: &str| {
        let (code, message) = of(request);
        assert_eq!(code, C1Z_INVALID_ARGUMENT, "{message}");
        assert!(message.starts_with("INVALID_ARGUMENT: ") && message.contains(culprit), "{message}");
    };
    invalid(ExportRequest::default(), "there is no table 0");
    invalid(ExportRequest { table: 6, ..Default::default() }, "there is no table 6");
    invalid(ExportRequest { columns: vec!["at".into()], ..grants() }, "there is no \"at\", but sync_id, ");
    invalid(ExportRequest { columns: vec!["sync_id".into(), "sync_id".into()], ..grants() }, "sync_id is there twice");
    invalid(ExportRequest { part: 2, parts: 2, ..grants() }, "part is 2");
    invalid(ExportRequest { parts: 65_537, ..grants() }, "parts is 65537");
    invalid(ExportRequest { resource_id: "r".into(), ..grants() }, "resource_id needs a resource_type_id");
    invalid(ExportRequest { principal_resource_id: "r".into(), ..grants() }, "needs a principal_resource_type_id");
    let of_type = ExportRequest { resource_type_id: "group".into(), ..grants() };
    invalid(ExportRequest { table: Table::Syncs.into(), ..of_type.clone() }, "resource_type_id is given");
    invalid(ExportRequest { entitlement_id: "e".into(), ..of_type.clone() }, "entitlement_id needs a resource_id");
    invalid(
        ExportRequest { table: Table::ResourceTypes.into(), resource_id: "r".into(), ..of_type },
        "resource_id is given",
    );
    assert_eq!(of(ExportRequest { sync_id: "none".into(), ..grants() }).0, C1Z_NOT_FOUND);
    assert_eq!(schema(&ExportRequest { table: 6, ..Default::default() }).unwrap_err().0, C1Z_INVALID_ARGUMENT);
    // SAFETY: every pointer is null or lives through the call.
    unsafe {
        let mut out = ArrowArrayStream::RELEASED;
        let bytes = grants().encode_to_vec();
        let export = |store, out| c1z_export_arrow(store, slice(&bytes), ptr::null(), out, ptr::null_mut());
        assert_eq!(export(ptr::null(), &mut out), C1Z_INVALID_ARGUMENT);
        assert_eq!(export(store.get(), ptr::null_mut()), C1Z_INVALID_ARGUMENT);
        assert_eq!(c1z_export_schema(slice(&bytes), ptr::null_mut(), ptr::null_mut()), C1Z_INVALID_ARGUMENT);
    }
    store.close().unwrap();
    assert_eq!(of(grants()), (C1Z_UNAVAILABLE, "CLOSED: the store is closed".to_owned()));
    store.free();
}
