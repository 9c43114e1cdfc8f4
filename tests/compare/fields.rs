//! Both versions of a changed record, and what of it differs.

use c1z::keys;
use c1z::proto::storage::{GrantRecord, GrantSourceRecord};
use prost::Message;
use prost_types::{Any, Timestamp};

use crate::comparing::{self, request};
use crate::family::{self, sync};
use crate::fixture::*;
use crate::record::Record;

const GRANT: Record = Record { kind: 3, identity: 1, content: 1, discovered_at: Some((1, 0)) };

/// Two files with one grant each: of the second it is what `change` makes of it.
fn with_change(change: impl FnOnce(&mut GrantRecord, &mut Vec<u8>)) -> (Fixture, CompareFilesRequest) {
    let folder = Fixture::new();
    let paths = family::write_files(&folder, &[sync(1, vec![GRANT]), sync(2, vec![GRANT])]);
    tamper(&paths[1], |writer, reader| {
        let slot = reader.sync_runs().unwrap()[0].slot;
        let key = c1z::engine::RecordKeys::of(GRANT.kind(), slot, &GRANT.encode()).unwrap().record;
        let mut record = GrantRecord::decode(&reader.get(&key).unwrap().unwrap()[..]).unwrap();
        let mut unknown = Vec::new();
        change(&mut record, &mut unknown);
        writer.set(
            &keys::record(slot, keys::Keyspace::Grant, keys::tuple_of(&key)),
            &[record.encode_to_vec(), unknown].concat(),
        );
    });
    let request = request(&paths[0], &paths[1]);
    (folder, request)
}

#[track_caller]
fn fields(change: impl FnOnce(&mut GrantRecord, &mut Vec<u8>), options: CompareOptions) -> Vec<String> {
    let (_folder, request) = with_change(change);
    let mut found = comparing::of_request(&CompareFilesRequest { options: Some(options), ..request }).unwrap().list;
    assert!(found.len() < 2, "{found:?}");
    found.pop().map(|found| found.fields).unwrap_or_default()
}

#[test]
fn when_and_in_which_scope_a_record_came_makes_no_difference() {
    let restamped = |record: &mut GrantRecord, _: &mut Vec<u8>| {
        record.discovered_at = Some(Timestamp { seconds: 9, nanos: 9 });
        record.source_scope_key = "scope".into();
    };
    assert!(fields(restamped, CompareOptions::default()).is_empty());
}

#[test]
fn what_is_left_out_makes_no_difference_and_does_without() {
    let changed = |record: &mut GrantRecord, _: &mut Vec<u8>| {
        record.annotations.push(Any { type_url: "a/b".into(), value: vec![1] });
        record.sources.insert("e".into(), GrantSourceRecord::default());
        record.needs_expansion = true;
    };
    let all = fields(changed, CompareOptions::default());
    assert_eq!(all, ["needs_expansion", "annotations", "sources"]);
    let ignored = CompareOptions {
        ignore_annotations: true,
        ignore_sources: true,
        ignore_expansion: true,
        ..CompareOptions::default()
    };
    assert!(fields(changed, ignored).is_empty());
}

#[test]
fn another_public_id_alone_is_a_change() {
    let (_folder, request) = with_change(|record, _| record.external_id = "another".into());
    let found = comparing::of_request(&request).unwrap().list;
    let [found] = &found[..] else { panic!("{found:?}") };
    assert_eq!((found.change(), &found.fields[..]), (difference::Change::Changed, &["external_id".to_owned()][..]));
    let id = |record: &Option<ComparedRecord>| match record.as_ref().unwrap().record.as_ref().unwrap() {
        compared_record::Record::Grant(grant) => grant.id.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!([id(&found.before), id(&found.after)], ["grant 1", "another"]);
}

#[test]
fn a_field_that_no_schema_names_differs_by_its_number() {
    let unknown = |_: &mut GrantRecord, unknown: &mut Vec<u8>| c1z::proto::wire::put_varint(unknown, 77, 1);
    assert_eq!(fields(unknown, CompareOptions::default()), ["77"]);
}

#[test]
fn records_are_shown_as_lists_show_them() {
    let folder = Fixture::new();
    let write = |name: &str, email: &str, data: &[u8]| {
        let store = open(&folder.beside(name), false).unwrap();
        start(&store, "full");
        put_resource_types(&store, &["user"]);
        put_resources(&store, &[Resource { display_name: email.into(), ..resource(("user", "u")) }]);
        let on = entitlement(("group", "g"), "group:g:member");
        put_entitlements(&store, &[Entitlement { slug: email.into(), ..on }]);
        put_grants(&store, &[membership("g", email)]);
        put_asset(&store, "icon", data);
        end(&store);
        let shown = (resources(&store), entitlements(&store), grants(&store));
        close(store);
        shown
    };
    let before = write("before.c1z", "b", b"12");
    let after = write("after.c1z", "a", b"123");
    let found = comparing::of_files(&folder.beside("before.c1z"), &folder.beside("after.c1z")).list;
    let shown = |record: compared_record::Record| Some(ComparedRecord { record: Some(record) });
    let asset = |size| {
        let (id, content_type) = ("icon".to_owned(), "image/png".to_owned());
        shown(compared_record::Record::Asset(ComparedAsset { id, content_type, size }))
    };
    let changed = |kind: RecordKind, fields: &[&str], before, after| Difference {
        kind: kind.into(),
        change: difference::Change::Changed.into(),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        before,
        after,
    };
    let one = |kind: RecordKind, change: difference::Change, before, after| Difference {
        change: change.into(),
        ..changed(kind, &[], before, after)
    };
    let expected = [
        changed(
            RecordKind::Resource,
            &["display_name"],
            shown(compared_record::Record::Resource(before.0[0].clone())),
            shown(compared_record::Record::Resource(after.0[0].clone())),
        ),
        changed(
            RecordKind::Entitlement,
            &["slug"],
            shown(compared_record::Record::Entitlement(before.1[0].clone())),
            shown(compared_record::Record::Entitlement(after.1[0].clone())),
        ),
        one(
            RecordKind::Grant,
            difference::Change::Added,
            None,
            shown(compared_record::Record::Grant(after.2[0].clone())),
        ),
        one(
            RecordKind::Grant,
            difference::Change::Removed,
            shown(compared_record::Record::Grant(before.2[0].clone())),
            None,
        ),
        changed(RecordKind::Asset, &["data"], asset(2), asset(3)),
    ];
    assert_eq!(found, expected);
}
