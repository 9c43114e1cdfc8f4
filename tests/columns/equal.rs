//! Every row of every table is what the lists show.

use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use prost_types::{Any, Timestamp};
use serde_json::Value;

use c1z::proto::connector::user_trait::Email;
use c1z::proto::Profile;

use crate::cells::{self, read, rows, Row};
use crate::expected;
use crate::fixture::*;

const TABLES: [Table; 5] = [Table::Syncs, Table::ResourceTypes, Table::Resources, Table::Entitlements, Table::Grants];

/// Ids with what trips readers of C strings and of keys: NUL, colons, what is not ASCII.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]", "[a-c:\0é\u{1f600}\"\\\\\n]{1,6}", Just("größe".to_owned())]
}

fn text_or_none() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), text()]
}

fn any_of(name: &str, value: Vec<u8>) -> Any {
    Any { type_url: format!("type.googleapis.com/{name}"), value }
}

fn annotation() -> impl Strategy<Value = Any> {
    prop_oneof![
        text_or_none().prop_map(|url| any_of("c1.connector.v2.ExternalLink", ExternalLink { url }.encode_to_vec())),
        vec(any::<u8>(), 0..5).prop_map(|value| any_of("unknown.Message", value)),
    ]
}

fn time() -> impl Strategy<Value = Option<Timestamp>> {
    let time = (0i64..4_000_000_000, 0i32..1_000_000_000).prop_map(|(seconds, nanos)| Timestamp { seconds, nanos });
    proptest::option::of(time)
}

fn profile() -> impl Strategy<Value = Option<Profile>> {
    use prost_types::{value::Kind, Struct, Value};
    let value = prop_oneof![
        text_or_none().prop_map(Kind::StringValue),
        (-4i32..4).prop_map(|n| Kind::NumberValue(f64::from(n) / 2.0))
    ];
    let fields =
        proptest::collection::btree_map(text_or_none(), value.prop_map(|kind| Value { kind: Some(kind) }), 0..3);
    proptest::option::of(fields.prop_map(|fields| Profile { encoded: Struct { fields }.encode_to_vec() }))
}

#[allow(deprecated)]
fn user() -> impl Strategy<Value = Any> {
    let emails = vec((text(), any::<bool>()).prop_map(|(address, is_primary)| Email { address, is_primary }), 0..3);
    (emails, text_or_none(), 0i32..3, profile()).prop_map(|(emails, login, account_type, profile)| {
        let user = UserTrait { emails, login, account_type, profile, ..UserTrait::default() };
        any_of("c1.connector.v2.UserTrait", user.encode_to_vec())
    })
}

prop_compose! {
    fn a_resource()(of in (text(), text()), parent in proptest::option::of((text(), text())), display_name in text_or_none(),
        description in text_or_none(), profile in profile(), created_at in time(),
        status in proptest::option::of(prop_oneof![0i32..3, Just(99)]), details in text_or_none(),
        annotations in vec(prop_oneof![annotation(), user()], 0..3)) -> Resource {
        Resource {
            parent_resource_id: parent.map(|(of, id)| crate::fixture::id((&of, &id))),
            display_name, description, profile, created_at, annotations,
            status: status.map(|status| Status { status, details }),
            ..resource((&of.0, &of.1))
        }
    }
}

prop_compose! {
    fn a_type()(id in text(), display_name in text_or_none(), description in text_or_none(), traits in vec(0i32..3, 0..3),
        unknown in proptest::option::of(70i32..72), sourced_externally in any::<bool>(), annotations in vec(annotation(), 0..3))
        -> ResourceType {
        let traits = traits.into_iter().chain(unknown).collect();
        ResourceType { id, display_name, description, traits, sourced_externally, annotations }
    }
}

prop_compose! {
    fn an_entitlement()(on in (text(), text()), id in text(), display_name in text_or_none(), slug in text_or_none(),
        purpose in prop_oneof![0i32..3, Just(77)], to in vec(text(), 0..3), annotations in vec(annotation(), 0..3)) -> Entitlement {
        let grantable_to = to.into_iter().map(|id| ResourceType { id, ..ResourceType::default() }).collect();
        Entitlement { display_name, slug, purpose, grantable_to, annotations, ..entitlement((&on.0, &on.1), &id) }
    }
}

prop_compose! {
    fn a_grant()(on in (text(), text()), id in text(), to in (text(), text()), given in text_or_none(),
        annotations in vec(annotation(), 0..3), expands in any::<bool>(), is_own in any::<bool>(),
        sources in proptest::collection::btree_map(text_or_none(), any::<bool>(), 0..3)) -> Grant {
        let mut sources = sources;
        if is_own && !sources.is_empty() {
            sources.insert(id.clone(), true);
        }
        let sources = sources
            .into_iter()
            .map(|(id, is_direct)| (id, grant_sources::GrantSource { is_direct }))
            .collect();
        let grant = Grant { id: given, annotations, sources: Some(GrantSources { sources }),
            ..grant(entitlement((&on.0, &on.1), &id), (&to.0, &to.1)) };
        if expands { expandable(grant) } else { grant }
    }
}

/// The rows of a table as lists have them: what lists do not show is left out, and JSON is read.
fn exported(store: &Store, request: &ExportRequest) -> Vec<Row> {
    let mut rows = rows(store, request);
    for row in &mut rows {
        row.remove("discovered_at");
        for name in ["annotations", "profile"] {
            if let Some(cell) = row.get_mut(name) {
                *cell = read(cell);
            }
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_row_of_every_table_is_what_lists_show(
        types in vec(a_type(), 0..4), resources in vec(a_resource(), 0..8), entitlements in vec(an_entitlement(), 0..8),
        grants in vec(a_grant(), 0..12), batch_rows in 1u32..5, batch_bytes in prop_oneof![Just(0u64), 1u64..200],
        dictionaries in any::<bool>(), reopened in any::<bool>()) {
        let fixture = Fixture::new();
        let mut store = fixture.open();
        start(&store, "full");
        end(&store);
        let sync = start_as(&store, "partial", "");
        store.put_resource_types(&PutResourceTypesRequest { list: types }.encode_to_vec()).unwrap();
        put_resources(&store, &resources);
        put_entitlements(&store, &entitlements);
        put_grants(&store, &grants);
        if reopened {
            end(&store);
            close(store);
            store = fixture.open_read_only();
        }
        for table in TABLES {
            let request = ExportRequest { table: table.into(), batch_rows, batch_bytes, dictionaries, ..Default::default() };
            let found = exported(&store, &request);
            let expected = expected::rows(&store, table, &sync);
            prop_assert_eq!(&found, &expected, "{:?}", table);
            for batch in cells::batches(&store, &request).unwrap() {
                prop_assert!(batch.num_rows() <= batch_rows as usize);
            }
        }
        for row in rows(&store, &ExportRequest { table: Table::Grants.into(), ..Default::default() }) {
            let id = row["grant_id"].as_str().unwrap();
            if let Some(expected) = expected::discovered_at(&store, id) {
                prop_assert_eq!(&row["discovered_at"], &expected);
            }
        }
    }
}

#[test]
fn a_grant_may_have_very_many_sources() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    let id = |n: usize| format!("group:source-{n:06}:member");
    let sources = (0..40_000).map(|n| (id(n), grant_sources::GrantSource { is_direct: n == 7 })).collect();
    let many = Grant { sources: Some(GrantSources { sources }), ..membership("big", "alice") };
    put_grants(&store, &[many, membership("big", "bob"), membership("a", "alice")]);
    let request = ExportRequest { table: Table::Grants.into(), batch_bytes: 1000, ..Default::default() };
    let batches = cells::batches(&store, &request).unwrap();
    let sizes: Vec<_> = batches.iter().map(|batch| batch.num_rows()).collect();
    assert_eq!(sizes, [2, 1], "a batch ends with the row that fills it");
    let rows: Vec<_> = batches.iter().flat_map(cells::rows_of).collect();
    let sources = |row: &Row| row["sources"].as_array().unwrap().clone();
    assert_eq!(rows.iter().map(|row| sources(row).len()).collect::<Vec<_>>(), [0, 40_000, 0]);
    for (n, source) in sources(&rows[1]).iter().enumerate() {
        assert_eq!(source["entitlement_id"], Value::from(id(n)));
        assert_eq!(source["is_direct"], Value::from(n == 7));
    }
    assert_eq!(rows.iter().map(|row| row["is_direct"].clone()).collect::<Vec<_>>(), [true, false, true]);
}
