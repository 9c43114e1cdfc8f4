//! What a bare id may mean.

use super::fixture::*;

fn ids(list: &[Entitlement]) -> Vec<(&str, &str)> {
    let on =
        |entitlement: &'_ Entitlement| entitlement.resource.as_ref().unwrap().id.as_ref().unwrap().resource_type.len();
    list.iter()
        .map(|entitlement| (entitlement.id.as_str(), if on(entitlement) == 3 { "app" } else { "group" }))
        .collect()
}

#[test]
fn every_type_that_a_sync_names_is_in_use_once() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    assert!(store.resource_types_in_use().unwrap().is_empty());
    put_resource_types(&store, &["unused", "a", "a\0"]);
    put_resources(&store, &[resource(("a", "1")), resource(("a", "2")), resource(("of resources", ""))]);
    put_entitlements(&store, &[entitlement(("of entitlements", "1"), "e")]);
    put_grants(&store, &[grant(entitlement(("held", "1"), "e"), ("holds", "1")), membership("g", "u")]);
    let resources = ["a", "a\0", "group", "held", "of entitlements", "of resources", "unused"];
    assert_eq!(store.resource_types_in_use().unwrap(), resources);
    let principals = ["a", "a\0", "holds", "of resources", "unused", "user"];
    assert_eq!(store.principal_types_in_use().unwrap(), principals);
    end(&store);
    let first = start(&store, "full");
    assert!(!first.is_empty() && store.resource_types_in_use().unwrap().is_empty(), "another sync has its own");
}

#[test]
fn the_entitlements_with_an_id_are_those_with_all_of_it() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    let twins =
        [entitlement(("app", "1"), "twin"), entitlement(("app", "2"), "twin"), entitlement(("group", "1"), "twin")];
    put_entitlements(
        &store,
        &[&twins[..], &[entitlement(("app", "1"), "twins"), entitlement(("ap", "1"), "win")]].concat(),
    );
    let list = |of_type, count| {
        let response = store.list_entitlements_with_id("twin", of_type, count).unwrap();
        response.decode().unwrap().list
    };
    assert_eq!(ids(&list(None, 10)), [("twin", "app"), ("twin", "app"), ("twin", "group")]);
    assert_eq!(list(None, 2).len(), 2);
    assert_eq!(ids(&list(Some("group"), 10)), [("twin", "group")]);
    assert!(list(Some("ap"), 10).is_empty() && list(None, 0).is_empty());

    let on =
        |of| store.get_entitlement_on(&id(of), "twin").unwrap().map(|response| response.decode().unwrap().entitlement);
    assert_eq!(on(("app", "2")), Some(Some(twins[1].clone())));
    assert_eq!(on(("app", "3")), None);
}

#[test]
fn assets_are_listed_from_where_the_last_list_ended() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    for asset in ["a", "b\0", "c"] {
        put_asset(&store, asset, asset.as_bytes());
    }
    let list = |after, count| {
        let list = store.list_assets(after, count).unwrap();
        list.into_iter().map(|asset| (asset.id, asset.size)).collect::<Vec<_>>()
    };
    let all = [("a".to_owned(), 1), ("b\0".to_owned(), 2), ("c".to_owned(), 1)];
    assert_eq!(list(None, 10), all);
    assert_eq!(list(None, 2), all[..2]);
    assert_eq!(list(Some("b\0"), 2), all[2..]);
    assert!(list(Some("c"), 2).is_empty());
    assert_eq!(store.list_assets(None, 1).unwrap()[0].content_type, "image/png");
}
