//! Records that no store has put: an error that names the record, and nothing that is no text in a column of texts.

use std::sync::atomic::{AtomicU32, Ordering};

use c1z::columns::Batches;
use c1z::control::Control;
use c1z::keys::{self, EntitlementRef, GrantRef, ResourceRef};
use c1z::proto::wire::{put_message, put_nested};
use prost::Message;
use prost_types::Any;

use crate::fixture::*;

/// Exports the grants of a file in which `change` stands for the record of alice's membership of g.
fn error_of(change: impl FnOnce(&mut Vec<u8>)) -> c1z::Error {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_grants(&store, &[membership("f", "alice"), membership("g", "alice")]);
    end(&store);
    close(store);
    let mut record = Vec::new();
    change(&mut record);
    tamper(&fixture.path(), |writer, reader| {
        let slot = reader.sync_runs().unwrap()[0].slot;
        let entitlement = EntitlementRef { resource: ResourceRef::new("group", "g"), id: "group:g:member" };
        let grant = GrantRef { entitlement, principal: ResourceRef::new("user", "alice") };
        writer.set(&keys::grant(slot, grant), &record);
    });
    let store = fixture.open_read_only();
    let request = ExportRequest { table: Table::Grants.into(), batch_rows: 1, ..Default::default() };
    let mut batches = Batches::start(&store, &request).unwrap();
    assert_eq!(batches.next(&store, &Control::none()).unwrap().unwrap().num_rows(), 1);
    let error = batches.next(&store, &Control::none()).unwrap_err();
    let again = batches.next(&store, &Control::none()).unwrap_err();
    assert_eq!(error.to_string(), again.to_string());
    error
}

#[test]
fn an_id_that_is_no_text_is_an_error_that_names_the_record() {
    let cases: [fn(&mut Vec<u8>); 5] = [
        |out| put_message(out, 2, b"\xff"),
        |out| put_nested(out, 3, |out| put_message(out, 3, b"g\xc0")),
        |out| put_nested(out, 4, |out| put_message(out, 2, b"\xed\xa0\x80")),
        |out| put_nested(out, 9, |out| put_message(out, 1, b"\xff")),
        |out| put_nested(out, 8, |out| put_message(out, 1, b"\xff")),
    ];
    for case in cases {
        let error = error_of(case);
        assert_eq!((error.code(), error.reason().name()), CORRUPTION, "{error}");
        let message = error.to_string();
        assert!(message.contains("grant at key") && message.contains("alice"), "{message}");
        assert!(message.contains("is not UTF-8"), "{message}");
    }
}

#[test]
fn a_record_that_is_no_message_is_an_error_that_names_it() {
    let message = error_of(|out| out.extend_from_slice(b"\x12\x7f")).to_string();
    assert!(message.contains("grant at key") && message.contains("alice"), "{message}");
}

#[test]
fn annotations_that_come_to_very_much_json_are_refused_by_the_name_of_their_record() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    // Each of these bytes is an enum value, for which its name stands.
    let value = ResourceType { traits: vec![10; (1 << 20) - 100], ..Default::default() }.encode_to_vec();
    let many = Any { type_url: "type.googleapis.com/c1.connector.v2.ResourceType".into(), value };
    let of = |id: &str, annotations| ResourceType { id: id.into(), annotations, ..Default::default() };
    let list = vec![of("a", vec![]), of("large", vec![many; 4]), of("z", vec![])];
    store.put_resource_types(&PutResourceTypesRequest { list }.encode_to_vec()).unwrap();
    let request = ExportRequest { table: Table::ResourceTypes.into(), batch_rows: 1, ..Default::default() };
    let mut batches = Batches::start(&store, &request).unwrap();
    assert_eq!(batches.next(&store, &Control::none()).unwrap().unwrap().num_rows(), 1);
    let error = batches.next(&store, &Control::none()).unwrap_err();
    assert_eq!(error.reason().name(), "LIMIT_EXCEEDED");
    let message = error.to_string();
    assert!(message.contains("large") && message.contains("annotations"), "{message}");
    // Who does not ask for them gets the rows.
    let columns = vec!["resource_type_id".into()];
    let mut batches = Batches::start(&store, &ExportRequest { columns, batch_rows: 0, ..request }).unwrap();
    assert_eq!(batches.next(&store, &Control::none()).unwrap().unwrap().num_rows(), 3);
}

#[test]
fn cancelling_is_looked_at_between_long_records() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    let long = |id: &str| Resource { description: "x".repeat(2 << 20), ..resource(("user", id)) };
    put_resources(&store, &["a", "b", "c", "d"].map(long));
    let request = ExportRequest { table: Table::Resources.into(), ..Default::default() };
    let mut batches = Batches::start(&store, &request).unwrap();
    let looks = AtomicU32::new(0);
    let cancelled = || looks.fetch_add(1, Ordering::Relaxed) == 3;
    let error = batches.next(&store, &Control::new(&cancelled, &|_, _| ())).unwrap_err();
    assert_eq!(error.reason().name(), "CANCELLED");
    assert_eq!(batches.next(&store, &Control::none()).unwrap().unwrap().num_rows(), 4);
}
