//! Stored values that cannot be read, and files of another layout.

use c1z::engine::Kind;
use c1z::keys::{self, EntitlementRef, GrantRef, ResourceRef, Slot};
use c1z::Error;

use super::fixture::*;

const GARBAGE: &[u8] = &[0x0a, 0xff];

fn identity() -> GrantRef<'static> {
    let entitlement = EntitlementRef { resource: ResourceRef::new("group", "g"), id: "group:g:member" };
    GrantRef { entitlement, principal: ResourceRef::new("user", "u") }
}

/// A file whose record of a kind cannot be read.
pub fn damaged(kind: Kind) -> Fixture {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_resource_types(&store, &["user", "other"]);
    put_resources(&store, &[child(("user", "u"), ("org", "o")), resource(("user", "v"))]);
    put_entitlements(&store, &[entitlement(("group", "g"), "group:g:member")]);
    put_grants(&store, &[expandable(membership("g", "u")), membership("g", "v")]);
    put_asset(&store, "icon", b"bytes");
    close(store);
    tamper(&fixture.path(), |writer, reader| {
        let slot = reader.sync_runs().unwrap()[0].slot;
        let key = match kind {
            Kind::ResourceType => keys::resource_type(slot, "user"),
            Kind::Resource => keys::resource(slot, ResourceRef::new("user", "u")),
            Kind::Entitlement => keys::entitlement(slot, identity().entitlement),
            Kind::Grant => keys::grant(slot, identity()),
            Kind::Asset => keys::asset(slot, "icon"),
        };
        assert!(reader.contains(&key).unwrap());
        writer.set(&key, GARBAGE);
    });
    fixture
}

/// The calls fail, say where, and change nothing.
fn fails_closed(kind: Kind, noun: &str, calls: &[fn(&Store) -> c1z::Result<()>]) {
    let fixture = damaged(kind);
    let store = fixture.open();
    let database = store.metadata().unwrap().database_path;
    let before = dump(database.as_ref());
    for (index, call) in calls.iter().enumerate() {
        let error = call(&store).expect_err("a value that cannot be read");
        assert_eq!((error.code(), error.reason().name()), CORRUPTION, "{kind:?}, call {index}");
        assert!(error.to_string().starts_with(noun), "{kind:?}, call {index}: {error}");
    }
    assert!(!store.is_dirty());
    assert!(dump(database.as_ref()) == before, "{kind:?}: something was written");
}

#[test]
fn a_record_that_cannot_be_read_is_neither_overwritten_nor_deleted() {
    fails_closed(
        Kind::Resource,
        "resource at key \"user\\0u\"",
        &[
            |store| try_put_resources(store, &[resource(("user", "new")), resource(("user", "u"))]),
            |store| store.delete_resource(&DeleteResourceRequest { resource_id: Some(id(("user", "u"))) }),
            |store| store.list_resources(&Default::default()).map(drop),
        ],
    );
    fails_closed(
        Kind::Entitlement,
        "entitlement at key \"group\\0g\\01\\0member\"",
        &[
            |store| try_put_entitlements(store, &[entitlement(("group", "g"), "group:g:member")]),
            |store| {
                let entitlement = Some(entitlement(("group", "g"), "group:g:member"));
                store.delete_entitlement(&DeleteEntitlementRequest { entitlement })
            },
            |store| get_entitlement(store, "group:g:member").map(drop),
        ],
    );
    fails_closed(
        Kind::Grant,
        "grant at key \"group\\0g\\01\\0member\\0user\\0u\"",
        &[
            |store| try_put_grants(store, &[membership("g", "new"), membership("g", "u")]),
            |store| try_put_expanded(store, &[membership("g", "new"), membership("g", "u")]),
            |store| store.delete_grant(&DeleteGrantRequest { grant_id: "group:g:member:user:u".into() }),
            |store| try_delete_grants(store, vec![membership("g", "v"), membership("g", "u")]),
            |store| store.list_grants(&Default::default()).map(drop),
            |store| store.list_pending_expansion(&Default::default()).map(drop),
            |store| get_grant(store, "group:g:member:user:u").map(drop),
        ],
    );
}

#[test]
fn a_record_without_index_entries_that_cannot_be_read_is_not_overwritten_either() {
    fails_closed(
        Kind::ResourceType,
        "resource type at key \"user\"",
        &[
            |store| try_put_resource_types(store, &["user"]),
            |store| store.list_resource_types(&Default::default()).map(drop),
        ],
    );
    fails_closed(
        Kind::Asset,
        "asset",
        &[
            |store| try_put_asset(store, "icon", b""),
            |store| {
                store.get_asset(&AssetServiceGetAssetRequest { asset: Some(AssetRef { id: "icon".into() }) }).map(drop)
            },
        ],
    );
}

/// Neither way to open the file shows anything of it or changes it.
fn is_refused(fixture: &Fixture, reason: &str) {
    let before = std::fs::read(fixture.path()).unwrap();
    for read_only in [true, false] {
        match open(&fixture.path(), read_only).err() {
            Some(Error::Unsupported { path, reason: actual, .. }) => {
                assert_eq!((path, actual.name()), (fixture.path(), reason));
            }
            other => panic!("{reason}, read-only: {read_only}: {other:?}"),
        }
    }
    assert!(std::fs::read(fixture.path()).unwrap() == before);
}

#[test]
fn a_file_of_another_layout_or_engine_is_refused_in_both_modes() {
    let saved = || {
        let fixture = Fixture::new();
        let store = fixture.open();
        start(&store, "full");
        close(store);
        fixture
    };
    for version in [0, 2, u32::MAX] {
        let fixture = saved();
        repack(&fixture.path(), |_, manifest| manifest.engine_schema_version = version);
        is_refused(&fixture, "LAYOUT_MISMATCH");
        let fixture = saved();
        tamper(&fixture.path(), |writer, _| writer.set(&keys::meta("layout"), &version.to_be_bytes()));
        is_refused(&fixture, "LAYOUT_MISMATCH");
    }
    let fixture = saved();
    tamper(&fixture.path(), |writer, _| writer.remove(&keys::meta("layout")));
    is_refused(&fixture, "LAYOUT_MISMATCH");
    let fixture = saved();
    repack(&fixture.path(), |_, manifest| manifest.engine = "pebble3".into());
    is_refused(&fixture, "ENGINE_MISMATCH");
}

#[test]
fn an_index_entry_without_a_record_is_passed_over() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_resources(&store, &[child(("user", "u"), ("org", "o"))]);
    put_grants(&store, &[expandable(membership("g", "u"))]);
    close(store);
    tamper(&fixture.path(), |writer, reader| {
        let Slot(slot) = reader.sync_runs().unwrap()[0].slot;
        let orphan = GrantRef { principal: ResourceRef::new("user", "orphan"), ..identity() };
        let (parent, child) = (ResourceRef::new("org", "o"), ResourceRef::new("user", "orphan"));
        writer.set(&keys::grant_needs_expansion(Slot(slot), orphan), b"");
        writer.set(&keys::grant_by_principal(Slot(slot), orphan), b"");
        writer.set(&keys::resource_by_parent(Slot(slot), parent, child), b"");
    });
    let store = fixture.open();
    assert_eq!(pending(&store).len(), 1);
    assert_eq!(children(&store, ("org", "o")), [id(("user", "u"))]);
    let request = c1z::proto::reader::GrantsReaderServiceListGrantsForResourceTypeRequest {
        resource_type_id: "user".into(),
        ..Default::default()
    };
    assert_eq!(store.list_grants_for_resource_type(&request).unwrap().decode().unwrap().list.len(), 1);
}
