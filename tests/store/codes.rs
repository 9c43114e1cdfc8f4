//! Codes that hosts branch on, and messages with parts missing.

use c1z::control::Control;
use c1z::proto::reader::*;
use prost::Message;

use super::fixture::*;

const ABSENT_SYNC: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOv";

#[test]
fn every_getter_says_not_found() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_grants(&store, &[membership("g", "u")]);
    let resource_type =
        ResourceTypesReaderServiceGetResourceTypeRequest { resource_type_id: "a".into(), ..Default::default() };
    assert_eq!(why(store.get_resource_type(&resource_type)), NOT_FOUND);
    let resource = ResourcesReaderServiceGetResourceRequest { resource_id: Some(id(("a", "b"))), ..Default::default() };
    assert_eq!(why(store.get_resource(&resource)), NOT_FOUND);
    // Grants do not make their entitlement exist.
    assert_eq!(why(get_entitlement(&store, "group:g:member")), NOT_FOUND);
    for absent in ["", "a", "a:b:c", "group:g:member:user:v", "group:g:member:user:u:", ":group:g:member:user:u"] {
        assert_eq!(why(get_grant(&store, absent)), NOT_FOUND, "{absent:?}");
    }
    let asset = AssetServiceGetAssetRequest { asset: Some(AssetRef { id: "a".into() }) };
    assert_eq!(why(store.get_asset(&asset)), NOT_FOUND);
    for sync_id in [ABSENT_SYNC, "no ksuid"].map(str::to_owned) {
        let sync = SyncsReaderServiceGetSyncRequest { sync_id: sync_id.clone(), ..Default::default() };
        assert_eq!(why(store.get_sync(&sync)), NOT_FOUND);
        let stats = GetStatsRequest { sync_id: sync_id.clone(), ..Default::default() };
        assert_eq!(why(store.get_stats(&stats)), NOT_FOUND);
        let mark = MarkSyncSupportsDiffRequest { sync_id: sync_id.clone() };
        assert_eq!(why(store.mark_sync_supports_diff(&mark)), NOT_FOUND);
        assert_eq!(
            why(store.clear_sync_verification(&ClearSyncVerificationRequest { sync_id: sync_id.clone() })),
            NOT_FOUND
        );
        let clone =
            CloneSyncRequest { path: fixture.beside("clone").to_str().unwrap().into(), sync_id, ..Default::default() };
        assert_eq!(why(store.clone_sync(&clone, &Control::none())), NOT_FOUND);
    }
    // No sync has ended yet.
    assert_eq!(why(store.get_stats(&GetStatsRequest::default())), NOT_FOUND);
}

#[test]
#[allow(deprecated)]
fn a_request_that_names_nothing_is_an_invalid_argument() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    assert_eq!(why(store.get_resource(&Default::default())), INVALID);
    assert_eq!(why(store.get_sync(&Default::default())), INVALID);
    assert_eq!(why(store.get_asset(&Default::default())), INVALID);
    assert_eq!(why(store.get_asset(&AssetServiceGetAssetRequest { asset: Some(AssetRef::default()) })), INVALID);
    assert_eq!(why(store.list_grants_for_entitlement(&Default::default())), INVALID);
    assert_eq!(why(store.list_grants_for_principal(&Default::default())), INVALID);
    assert_eq!(why(store.list_grants_for_resource_type(&Default::default())), INVALID);
    let nameless = GrantsReaderServiceListGrantsForEntitlementRequest {
        entitlement: Some(entitlement(("group", "g"), "")),
        ..Default::default()
    };
    assert_eq!(why(store.list_grants_for_entitlement(&nameless)), INVALID);
    assert_eq!(why(store.clone_sync(&Default::default(), &Control::none())), INVALID);
    assert_eq!(why(store.diff_syncs(&Default::default(), &Control::none())), INVALID);
    assert_eq!(why(store.mark_sync_verified(Default::default())), INVALID);
    assert_eq!(why(store.mark_sync_supports_diff(&Default::default())), INVALID);
    assert_eq!(why(store.resume_sync(&Default::default())), INVALID);
    assert_eq!(why(store.delete_resource(&Default::default())), INVALID);
    assert_eq!(why(store.delete_entitlement(&Default::default())), INVALID);
    for sync_type in ["", "partial_upserts", "FULL"] {
        let request = StartSyncRequest { sync_type: sync_type.into(), ..Default::default() };
        assert_eq!(why(store.start_sync(&request)), INVALID, "{sync_type:?}");
    }
    for sync_type in ["full", "resources_only"] {
        let request =
            StartSyncRequest { sync_type: sync_type.into(), parent_sync_id: ABSENT_SYNC.into(), ..Default::default() };
        assert_eq!(why(store.start_sync(&request)), INVALID, "{sync_type:?}");
    }
}

#[test]
fn a_grant_that_lacks_a_part_fails_its_call_and_nothing_is_written() {
    let whole = membership("g", "u");
    let without = |change: fn(&mut Grant)| {
        let mut grant = whole.clone();
        change(&mut grant);
        grant
    };
    let partial = [
        Grant::default(),
        without(|grant| grant.entitlement = None),
        without(|grant| grant.principal = None),
        without(|grant| grant.entitlement.as_mut().unwrap().resource = None),
        without(|grant| grant.entitlement.as_mut().unwrap().resource.as_mut().unwrap().id = None),
        without(|grant| grant.entitlement = Some(entitlement(("", "g"), "id"))),
        without(|grant| grant.entitlement = Some(entitlement(("group", ""), "id"))),
        without(|grant| grant.entitlement = Some(entitlement(("group", "g"), ""))),
        without(|grant| grant.principal.as_mut().unwrap().id = None),
        without(|grant| grant.principal = Some(resource(("", "u")))),
        without(|grant| grant.principal = Some(resource(("user", "")))),
    ];
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    for grant in partial {
        let list = [membership("g", "before"), grant, membership("g", "after")];
        assert_eq!(why(try_put_grants(&store, &list)), INVALID, "{list:#?}");
        assert_eq!(why(try_put_expanded(&store, &list)), INVALID, "{list:#?}");
        assert_eq!(why(try_delete_grants(&store, list.to_vec())), INVALID, "{list:#?}");
    }
    assert_eq!(grants(&store), []);
}

#[test]
fn an_entitlement_without_its_resource_fails_its_call_and_nothing_is_written() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    let nowhere = Entitlement { id: "id".into(), resource: Some(Resource::default()), ..Default::default() };
    for partial in [Entitlement::default(), nowhere, entitlement(("", "g"), "id"), entitlement(("group", ""), "id")] {
        let list = [entitlement(("group", "g"), "before"), partial];
        assert_eq!(why(try_put_entitlements(&store, &list)), INVALID, "{list:#?}");
    }
    assert_eq!(entitlements(&store), []);
}

#[test]
fn empty_resource_types_and_resources_are_stored_as_they_are() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_resource_types(&store, &[""]);
    put_resources(&store, &[Resource::default(), resource(("", "")), Resource { id: None, ..Default::default() }]);
    assert_eq!(resources(&store), [Resource::default()]);
    assert_eq!(
        store.list_resource_types(&Default::default()).unwrap().decode().unwrap().list,
        [ResourceType::default()]
    );
    store.put_asset(b"").expect_err("an asset has an id");
}

#[test]
fn bytes_that_are_no_message_fail_their_call() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    let not_utf8 = [0x0a, 0x04, 0x0a, 0x02, 0xff, 0xfe];
    let truncated = [0x0a, 0x05, 0x0a];
    let mut good = PutGrantsRequest { list: vec![membership("g", "u")], ..Default::default() }.encode_to_vec();
    good.extend_from_slice(&truncated);
    for bytes in [&not_utf8[..], &truncated, &good] {
        for put in [
            Store::put_resource_types,
            Store::put_resources,
            Store::put_entitlements,
            Store::put_grants,
            Store::put_expanded_grants,
            Store::put_grant_contributions,
        ] {
            assert_eq!(why(put(&store, bytes)), INVALID, "{bytes:02x?}");
        }
    }
    assert_eq!(grants(&store), []);
}

#[test]
fn a_resource_filter_means_the_entitlements_side_of_a_grant() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_grants(&store, &[membership("g", "u"), grant(entitlement(("app", "a"), "app:a:use"), ("group", "g"))]);
    let on = |of| GrantsServiceListGrantsRequest { resource: Some(resource(of)), ..Default::default() };
    let ids = |of| -> Vec<String> {
        let list = store.list_grants(&on(of)).unwrap().decode().unwrap().list;
        list.into_iter().map(|grant| grant.id).collect()
    };
    assert_eq!(ids(("group", "g")), ["group:g:member:user:u"]);
    assert_eq!(ids(("app", "a")), ["app:a:use:group:g"]);
    assert_eq!(ids(("user", "u")), [""; 0]);
}

/// `record` with a text that is not UTF-8 at the end of the fields that `path` leads through.
fn spoilt(record: &impl Message, path: &[u32]) -> Vec<u8> {
    let text = path.iter().rev().fold(b"\xff".to_vec(), |inner, &number| {
        let mut outer = Vec::new();
        prost::encoding::bytes::encode(number, &inner, &mut outer);
        outer
    });
    [record.encode_to_vec(), text].concat()
}

#[test]
fn a_record_that_cannot_be_read_is_named_by_its_place_its_id_and_the_field() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    let user_type = ResourceType { id: "user".into(), ..Default::default() };
    let held = Grant { id: "held".into(), ..membership("g", "u") };
    let resource_type = |path: &[u32]| spoilt(&user_type, path);
    let user = |path: &[u32]| spoilt(&resource(("user", "u")), path);
    let member = |path: &[u32]| spoilt(&entitlement(("group", "g"), "group:g:member"), path);
    let grant = |path: &[u32]| spoilt(&held, path);
    type Put = fn(&Store, &[u8]) -> c1z::Result<()>;
    let cases: [(Put, Vec<u8>, &str); 10] = [
        (
            Store::put_resource_types,
            resource_type(&[2]),
            "resource type 999 of the call, \"user\", cannot be read: field display_name",
        ),
        (
            Store::put_resource_types,
            resource_type(&[1]),
            "resource type 999 of the call, \"\\xff\", cannot be read: field id",
        ),
        (Store::put_resources, user(&[3]), "resource 999 of the call, \"user:u\", cannot be read: field display_name"),
        (Store::put_resources, user(&[10, 1]), "resource 999 of the call, \"user:u\", cannot be read: field icon.id"),
        (
            Store::put_resources,
            user(&[9, 1, 2, 3]),
            "resource 999 of the call, \"user:u\", cannot be read: field profile.fields[0].value.string_value",
        ),
        (
            Store::put_entitlements,
            member(&[8]),
            "entitlement 999 of the call, \"group:g:member\", cannot be read: field slug",
        ),
        (
            Store::put_grants,
            spoilt(&membership("g", "u"), &[5, 1, 1]),
            "grant 999 of the call, \"group:g:member:user:u\", cannot be read: field sources.sources[0].key",
        ),
        (Store::put_grants, grant(&[1, 2]), "grant 999 of the call, \"held\", cannot be read: field entitlement.id"),
        (
            Store::put_expanded_grants,
            grant(&[2, 1, 1]),
            "grant 999 of the call, \"held\", cannot be read: field principal.id.resource_type",
        ),
        (
            Store::put_grants,
            grant(&[5, 1, 1]),
            "grant 999 of the call, \"held\", cannot be read: field sources.sources[0].key",
        ),
    ];
    for (put, bad, expected) in cases {
        let mut request = Vec::new();
        for _ in 0..999 {
            // An empty message is a resource type, and a resource; where it is none, the bad one comes first.
            prost::encoding::bytes::encode(1, &Vec::<u8>::new(), &mut request);
        }
        prost::encoding::bytes::encode(1, &bad, &mut request);
        let error = put(&store, &request).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert_eq!(error.to_string(), format!("{expected} is not UTF-8"));
    }
    let asset = PutAssetRequest { asset: Some(AssetRef { id: "icon".into() }), ..Default::default() };
    let error = store.put_asset(&spoilt(&asset, &[2])).unwrap_err();
    assert_eq!(error.to_string(), "request: asset \"icon\": field content_type is not UTF-8");
    let scope = spoilt(&PutResourcesRequest::default(), &[100]);
    let error = store.put_resources(&scope).unwrap_err();
    assert_eq!(error.to_string(), "request: field source_scope_key is not UTF-8");
}

#[test]
fn an_id_of_any_length_makes_a_short_message() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    let long = "a\n\u{1b}[31m".repeat(1 << 17);
    let resource_type =
        ResourceTypesReaderServiceGetResourceTypeRequest { resource_type_id: long.clone(), ..Default::default() };
    let asset = AssetServiceGetAssetRequest { asset: Some(AssetRef { id: long.clone() }) };
    let sync_type = StartSyncRequest { sync_type: long.clone(), ..Default::default() };
    let errors = [
        store.get_resource_type(&resource_type).map(drop).unwrap_err(),
        store.get_asset(&asset).map(drop).unwrap_err(),
        get_grant(&store, &long).map(drop).unwrap_err(),
        get_entitlement(&store, &long).map(drop).unwrap_err(),
        store.start_sync(&sync_type).map(drop).unwrap_err(),
        store.set_current_sync(&SetCurrentSyncRequest { sync_id: long.clone() }).unwrap_err(),
    ];
    for error in errors {
        let message = error.to_string();
        assert!(message.len() < 500 && !message.chars().any(char::is_control), "{message:.200}");
    }
}
