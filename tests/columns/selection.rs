//! Which rows and columns a request gets.

use crate::cells::{rows, Row};
use crate::fixture::*;

fn filled() -> (Fixture, Store) {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_resource_types(&store, &["group", "user"]);
    put_resources(&store, &[resource(("group", "g")), resource(("group", "h")), resource(("user", "u"))]);
    let held =
        [(("group", "g"), "member"), (("group", "g"), "owner"), (("group", "h"), "admin"), (("app", "a"), "use")];
    put_entitlements(&store, &held.map(|(on, id)| entitlement(on, id)));
    let to = [("user", "u"), ("user", "v"), ("group", "u")];
    let grants = held.iter().flat_map(|&(on, id)| to.map(|to| grant(entitlement(on, id), to)));
    put_grants(&store, &grants.collect::<Vec<_>>());
    (fixture, store)
}

fn is(row: &Row, wanted: &[(&str, &str)]) -> bool {
    wanted.iter().all(|(name, value)| row[*name] == *value)
}

#[test]
fn keys_select_the_rows_that_have_them() {
    let (_fixture, store) = filled();
    let grants = ExportRequest { table: Table::Grants.into(), ..Default::default() };
    let all = rows(&store, &grants);
    assert_eq!(all.len(), 12);
    let sorted = |mut rows: Vec<Row>| {
        rows.sort_by_key(|row| row["grant_id"].as_str().unwrap().to_owned());
        rows
    };
    for resource in [None, Some(("group", "")), Some(("group", "g")), Some(("app", "a")), Some(("none", ""))] {
        for id in ["", "member", "owner", "none"] {
            for principal in
                [None, Some(("user", "")), Some(("user", "u")), Some(("group", "u")), Some(("user", "none"))]
            {
                if !id.is_empty() && resource.is_some_and(|(_, resource)| resource.is_empty()) {
                    continue;
                }
                let ((of_type, resource), (to_type, to)) =
                    (resource.unwrap_or_default(), principal.unwrap_or_default());
                let request = ExportRequest {
                    resource_type_id: of_type.into(),
                    resource_id: resource.into(),
                    entitlement_id: id.into(),
                    principal_resource_type_id: to_type.into(),
                    principal_resource_id: to.into(),
                    ..grants.clone()
                };
                let mut wanted = vec![("entitlement_resource_type_id", of_type), ("entitlement_resource_id", resource)];
                wanted.extend([
                    ("entitlement_id", id),
                    ("principal_resource_type_id", to_type),
                    ("principal_resource_id", to),
                ]);
                wanted.retain(|(_, value)| !value.is_empty());
                let expected: Vec<_> = all.iter().filter(|row| is(row, &wanted)).cloned().collect();
                assert_eq!(sorted(rows(&store, &request)), sorted(expected), "{request:?}");
            }
        }
    }
}

#[test]
fn keys_of_other_tables_select_too() {
    let (_fixture, store) = filled();
    let count = |request: ExportRequest| rows(&store, &request).len();
    let entitlements = ExportRequest { table: Table::Entitlements.into(), ..Default::default() };
    let group = ExportRequest { resource_type_id: "group".into(), ..entitlements.clone() };
    let g = ExportRequest { resource_id: "g".into(), ..group.clone() };
    assert_eq!([entitlements.clone(), group.clone(), g.clone()].map(count), [4, 3, 2]);
    assert_eq!(count(ExportRequest { entitlement_id: "owner".into(), ..g.clone() }), 1);
    assert_eq!(count(ExportRequest { entitlement_id: "owner".into(), ..entitlements.clone() }), 1);
    assert_eq!(count(ExportRequest { entitlement_id: "none".into(), ..entitlements }), 0);
    let of = |table: Table, request: &ExportRequest| ExportRequest { table: table.into(), ..request.clone() };
    assert_eq!(count(of(Table::Resources, &group)), 2);
    assert_eq!(count(of(Table::Resources, &g)), 1);
    assert_eq!(count(of(Table::ResourceTypes, &group)), 1);
}

#[test]
fn columns_come_in_the_order_in_which_they_are_asked_for() {
    let (_fixture, store) = filled();
    let of = |columns: &[&str]| ExportRequest {
        table: Table::Grants.into(),
        columns: columns.iter().map(|&name| name.into()).collect(),
        ..Default::default()
    };
    let all = rows(&store, &of(&[]));
    let names: Vec<String> =
        c1z::columns::schema(&of(&[])).unwrap().fields().iter().map(|field| field.name().clone()).collect();
    for name in &names {
        for (row, whole) in rows(&store, &of(&[name])).iter().zip(&all) {
            assert_eq!(row.len(), 1);
            assert_eq!(row[name], whole[name]);
        }
    }
    let batches = crate::cells::batches(&store, &of(&["sources", "sync_id"])).unwrap();
    assert_eq!(
        batches[0].schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>(),
        ["sources", "sync_id"]
    );
}

#[test]
fn a_sync_may_be_named_and_of_syncs_one() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let first = start(&store, "full");
    put_grants(&store, &[membership("g", "first")]);
    end(&store);
    let second = start(&store, "full");
    put_grants(&store, &[membership("g", "second")]);
    let of = |table: Table, sync: &str| {
        rows(&store, &ExportRequest { table: table.into(), sync_id: sync.into(), ..Default::default() })
    };
    for (sync, user) in [(first.as_str(), "first"), (&second, "second"), ("", "second")] {
        let grants = of(Table::Grants, sync);
        assert_eq!(grants.len(), 1);
        assert_eq!(grants[0]["principal_resource_id"], user);
        assert_eq!(grants[0]["sync_id"], if sync.is_empty() { &second } else { sync });
    }
    assert_eq!(of(Table::Syncs, "").len(), 2);
    let one = of(Table::Syncs, &first);
    assert_eq!((one.len(), &one[0]["sync_id"]), (1, &first.into()));
}
