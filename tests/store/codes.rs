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
