//! Which sync a read is shown.

use c1z::proto::reader::*;
use c1z::proto::storage::SyncType;
use prost::Message;
use prost_types::{Any, Timestamp};

use super::fixture::*;

/// Every read that has annotations, with the number of rows it finds.
fn reads(store: &Store, annotations: &[Any]) -> Vec<(&'static str, c1z::Result<usize>)> {
    let annotations = || annotations.to_vec();
    let member = || Some(entitlement(("group", "g"), "group:g:member"));
    macro_rules! read {
        ($method:ident, $request:ident { $($field:ident: $value:expr),* }, $count:expr) => {{
            #[allow(clippy::needless_update)]
            let request = $request { $($field: $value,)* annotations: annotations(), ..Default::default() };
            (stringify!($method), store.$method(&request).map(|response| $count(response.decode().unwrap())))
        }};
    }
    vec![
        read!(
            list_resource_types,
            ResourceTypesServiceListResourceTypesRequest {},
            |r: ResourceTypesServiceListResourceTypesResponse| r.list.len()
        ),
        read!(
            get_resource_type,
            ResourceTypesReaderServiceGetResourceTypeRequest { resource_type_id: "user".into() },
            |r: ResourceTypesReaderServiceGetResourceTypeResponse| usize::from(r.resource_type.is_some())
        ),
        read!(list_resources, ResourcesServiceListResourcesRequest {}, |r: ResourcesServiceListResourcesResponse| r
            .list
            .len()),
        read!(
            get_resource,
            ResourcesReaderServiceGetResourceRequest { resource_id: Some(id(("user", "u"))) },
            |r: ResourcesReaderServiceGetResourceResponse| usize::from(r.resource.is_some())
        ),
        read!(
            list_resources_by_ids,
            ResourcesReaderServiceListResourcesByIdsRequest { resource_ids: vec![id(("user", "u"))] },
            |r: ResourcesReaderServiceListResourcesByIdsResponse| r.list.len()
        ),
        read!(
            list_entitlements,
            EntitlementsServiceListEntitlementsRequest {},
            |r: EntitlementsServiceListEntitlementsResponse| r.list.len()
        ),
        read!(
            get_entitlement,
            EntitlementsReaderServiceGetEntitlementRequest { entitlement_id: "group:g:member".into() },
            |r: EntitlementsReaderServiceGetEntitlementResponse| usize::from(r.entitlement.is_some())
        ),
        read!(
            list_entitlements_by_ids,
            EntitlementsReaderServiceListEntitlementsByIdsRequest { entitlement_ids: vec!["group:g:member".into()] },
            |r: EntitlementsReaderServiceListEntitlementsByIdsResponse| r.list.len()
        ),
        read!(list_grants, GrantsServiceListGrantsRequest {}, |r: GrantsServiceListGrantsResponse| r.list.len()),
        read!(
            get_grant,
            GrantsReaderServiceGetGrantRequest { grant_id: "group:g:member:user:u".into() },
            |r: GrantsReaderServiceGetGrantResponse| usize::from(r.grant.is_some())
        ),
        read!(
            list_grants_for_entitlement,
            GrantsReaderServiceListGrantsForEntitlementRequest { entitlement: member() },
            |r: GrantsReaderServiceListGrantsForEntitlementResponse| r.list.len()
        ),
        read!(
            list_grant_principals,
            ListGrantPrincipalsRequest { entitlement: member() },
            |r: ListGrantPrincipalsResponse| r.list.len()
        ),
        read!(
            list_grants_of_several,
            GrantsReaderServiceListGrantsForEntitlementsRequest { entitlements: vec![member().unwrap()] },
            |r: GrantsReaderServiceListGrantsForEntitlementsResponse| r.list.len()
        ),
        read!(
            list_grants_for_principal,
            GrantsReaderServiceListGrantsForPrincipalRequest { principal_id: Some(id(("user", "u"))) },
            |r: GrantsReaderServiceListGrantsForPrincipalResponse| r.list.len()
        ),
        read!(
            list_grants_for_resource_type,
            GrantsReaderServiceListGrantsForResourceTypeRequest { resource_type_id: "user".into() },
            |r: GrantsReaderServiceListGrantsForResourceTypeResponse| r.list.len()
        ),
    ]
}

fn bound_reads(store: &Store) -> [(&'static str, c1z::Result<usize>); 3] {
    let asset = AssetServiceGetAssetRequest { asset: Some(AssetRef { id: "icon".into() }) };
    [
        (
            "list_pending_expansion",
            store.list_pending_expansion(&Default::default()).map(|r| r.decode().unwrap().list.len()),
        ),
        (
            "list_grants_with_annotations",
            store.list_grants_with_annotations(&Default::default()).map(|r| r.decode().unwrap().list.len()),
        ),
        ("get_asset", store.get_asset(&asset).map(|_| 1)),
    ]
}

/// A sync that holds one record of every kind.
fn fill(store: &Store, sync_type: &str) -> String {
    let sync = start(store, sync_type);
    put_resource_types(store, &["user"]);
    put_resources(store, &[resource(("user", "u"))]);
    put_entitlements(store, &[entitlement(("group", "g"), "group:g:member")]);
    put_grants(store, &[expandable(membership("g", "u"))]);
    put_asset(store, "icon", b"");
    sync
}

fn details(value: Vec<u8>) -> Any {
    Any { type_url: "type.googleapis.com/c1.c1z.v1.SyncDetails".into(), value }
}

#[test]
fn every_reader_works_on_a_reopened_file_without_binding() {
    for finished in [true, false] {
        let fixture = Fixture::new();
        let store = fixture.open();
        fill(&store, "full");
        if finished {
            end(&store);
        }
        close(store);
        for store in [fixture.open_read_only(), fixture.open()] {
            for (name, found) in reads(&store, &[]).into_iter().chain(bound_reads(&store)) {
                assert_eq!(found.unwrap(), 1, "{name}, finished: {finished}");
            }
        }
    }
}

#[test]
fn an_unfinished_sync_older_than_a_week_is_shown_and_resumed_only_by_name() {
    for (days, shown) in [(6, true), (8, false)] {
        let fixture = Fixture::new();
        let store = fixture.open();
        let sync = fill(&store, "full");
        close(store);
        tamper(&fixture.path(), |writer, reader| {
            let mut run = reader.sync_runs().unwrap().remove(0);
            let started_at = run.record.started_at.as_mut().unwrap();
            started_at.seconds -= days * 24 * 60 * 60;
            writer.put_sync_run(&run);
        });
        let store = fixture.open();
        for (name, found) in reads(&store, &[]) {
            match shown {
                true => assert_eq!(found.unwrap(), 1, "{name}"),
                false => assert_eq!(why(found), NO_CURRENT_SYNC, "{name}"),
            }
        }
        assert_eq!(get_sync(&store, &sync).id, sync);
        let request = StartOrResumeSyncRequest { sync_type: "full".into(), ..Default::default() };
        assert_eq!(store.start_or_resume_sync(&request).unwrap().started, !shown);
        select(&store, &sync);
        assert_eq!(grants(&store).len(), 1);
    }
}

#[test]
fn a_file_without_a_sync_shows_nothing() {
    let fixture = Fixture::new();
    let store = fixture.open();
    for (name, found) in reads(&store, &[]).into_iter().chain(bound_reads(&store)) {
        assert_eq!(why(found), NO_CURRENT_SYNC, "{name}");
    }
    assert_eq!(store.list_syncs(&Default::default()).unwrap().syncs, []);
    assert_eq!(store.get_latest_finished_sync(&Default::default()).unwrap().sync, None);
}

#[test]
fn after_the_end_only_reads_of_the_bound_sync_find_none() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let sync = fill(&store, "full");
    end(&store);
    for (name, found) in reads(&store, &[]) {
        assert_eq!(found.unwrap(), 1, "{name}");
    }
    for (name, found) in bound_reads(&store) {
        assert_eq!(why(found), NO_CURRENT_SYNC, "{name}");
    }
    select(&store, &sync);
    for (name, found) in bound_reads(&store) {
        assert_eq!(found.unwrap(), 1, "{name}");
    }
}

#[test]
fn a_malformed_annotation_is_an_error_and_an_unknown_sync_has_no_records() {
    let fixture = Fixture::new();
    let store = fixture.open();
    fill(&store, "full");
    for (name, found) in reads(&store, &[details(vec![0x0a, 0xff])]) {
        assert_eq!(why(found), INVALID, "{name}");
    }
    let unknown = c1z::proto::c1z_v1::SyncDetails { id: "0ujtsYcgvSTl8PAuAdqWYSMnLOv".into() };
    for (name, found) in reads(&store, &[details(unknown.encode_to_vec())]) {
        match name.starts_with("get_") {
            true => assert_eq!(why(found), NOT_FOUND, "{name}"),
            false => assert_eq!(found.unwrap(), 0, "{name}"),
        }
    }
}

#[test]
fn an_annotation_names_the_sync_even_while_another_is_bound() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let first = fill(&store, "full");
    end(&store);
    start(&store, "full");
    let annotation = details(c1z::proto::c1z_v1::SyncDetails { id: first }.encode_to_vec());
    for (name, found) in reads(&store, &[annotation]) {
        assert_eq!(found.unwrap(), 1, "{name}");
    }
    assert_eq!(grants(&store), []);
}

/// Ids of one second, the greatest first.
const SAME_SECOND: [&str; 3] =
    ["0ujtsYcgvSTl8PAuAdqWYSMnLOv", "0ujtsYcgvSTl8PAuAdqWYSMnLOu", "0ujtsYcgvSTl8PAuAdqWYSMnLOt"];

fn latest_by_every_way(fixture: &Fixture) -> [String; 6] {
    let store = fixture.open_read_only();
    let clone = fixture.beside("clone.c1z");
    let path = clone.to_str().unwrap().to_owned();
    store.clone_sync(&CloneSyncRequest { path, ..Default::default() }, &c1z::control::Control::none()).unwrap();
    let cloned = current(&open(&clone, true).unwrap()).0;
    let full = SyncsReaderServiceGetLatestFinishedSyncRequest { sync_type: "full".into(), ..Default::default() };
    [
        current(&store).0,
        store.get_latest_finished_sync(&Default::default()).unwrap().sync.unwrap().id,
        store.get_latest_finished_sync(&full).unwrap().sync.unwrap().id,
        store.get_latest_sync_run(&Default::default()).unwrap().sync.unwrap().id,
        c1z::envelope::read_head(&fixture.path()).unwrap().manifest.sync_runs[0].sync_id.clone(),
        cloned,
    ]
}

#[test]
fn of_syncs_that_ended_at_one_moment_the_greatest_id_is_the_latest_and_else_the_last_end_counts() {
    let fixture = Fixture::new();
    let store = fixture.open();
    for sync in SAME_SECOND {
        start_as(&store, "full", sync);
        put_resources(&store, &[resource(("sync", sync))]);
        end(&store);
    }
    close(store);
    assert_eq!(latest_by_every_way(&fixture), [SAME_SECOND[2]; 6], "the last end counts, not the id");

    std::fs::remove_file(fixture.beside("clone.c1z")).unwrap();
    tamper(&fixture.path(), |writer, reader| {
        for mut run in reader.sync_runs().unwrap() {
            run.record.ended_at = Some(Timestamp { seconds: 1_700_000_000, nanos: 5 });
            assert_eq!(run.record.r#type(), SyncType::Full);
            writer.put_sync_run(&run);
        }
    });
    // What orders a manifest's syncs is decided when it is written.
    let store = fixture.open();
    store.mark_sync_supports_diff(&MarkSyncSupportsDiffRequest { sync_id: SAME_SECOND[1].into() }).unwrap();
    close(store);
    assert_eq!(latest_by_every_way(&fixture), [SAME_SECOND[0]; 6]);
}
