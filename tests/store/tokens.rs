//! Page tokens: each belongs to one listing of one sync, and keeps its meaning while rows come and go.

use c1z::proto::reader::*;

use super::fixture::*;

const BAD_TOKEN: (Code, &str) = (Code::InvalidArgument, "BAD_TOKEN");

type Listing = fn(&Store, &str) -> c1z::Result<String>;

macro_rules! listing {
    ($method:ident, $request:ident { $($field:ident: $value:expr),* }) => {
        (stringify!($method $($value)*), |store, token| {
            #[allow(clippy::needless_update)]
            let request = $request { $($field: $value,)* page_size: 1, page_token: token.into(), ..Default::default() };
            store.$method(&request).map(|response| response.decode().unwrap().next_page_token)
        })
    };
}

const LISTINGS: [(&str, Listing); 15] = [
    listing!(list_resource_types, ResourceTypesServiceListResourceTypesRequest {}),
    listing!(list_resources, ResourcesServiceListResourcesRequest {}),
    listing!(list_resources, ResourcesServiceListResourcesRequest { resource_type_id: "user".into() }),
    listing!(list_resources, ResourcesServiceListResourcesRequest { parent_resource_id: Some(id(("org", "o"))) }),
    listing!(list_entitlements, EntitlementsServiceListEntitlementsRequest {}),
    listing!(
        list_entitlements,
        EntitlementsServiceListEntitlementsRequest { resource: Some(resource(("group", "g"))) }
    ),
    listing!(list_grants, GrantsServiceListGrantsRequest {}),
    listing!(list_grants, GrantsServiceListGrantsRequest { resource: Some(resource(("group", "g"))) }),
    listing!(
        list_grants_for_entitlement,
        GrantsReaderServiceListGrantsForEntitlementRequest {
            entitlement: Some(entitlement(("group", "g"), "group:g:member"))
        }
    ),
    listing!(
        list_grants_of_several,
        GrantsReaderServiceListGrantsForEntitlementsRequest {
            entitlements: vec![entitlement(("group", "g"), "group:g:member")]
        }
    ),
    listing!(
        list_grants_for_principal,
        GrantsReaderServiceListGrantsForPrincipalRequest { principal_id: Some(id(("user", "u"))) }
    ),
    listing!(
        list_grants_for_resource_type,
        GrantsReaderServiceListGrantsForResourceTypeRequest { resource_type_id: "user".into() }
    ),
    listing!(
        list_grant_principals,
        ListGrantPrincipalsRequest { entitlement: Some(entitlement(("group", "g"), "group:g:member")) }
    ),
    listing!(list_pending_expansion, ListPendingExpansionRequest {}),
    listing!(list_grants_with_annotations, ListGrantsWithAnnotationsRequest {}),
];

fn fill(store: &Store) -> String {
    let sync = start(store, "full");
    put_resource_types(store, &["group", "user"]);
    put_resources(store, &[child(("user", "u"), ("org", "o")), child(("user", "v"), ("org", "o"))]);
    let members = || [entitlement(("group", "g"), "group:g:member"), entitlement(("group", "g"), "group:g:owner")];
    put_entitlements(store, &members());
    let held =
        members().into_iter().flat_map(|held| ["u", "v"].map(|user| expandable(grant(held.clone(), ("user", user)))));
    put_grants(store, &held.collect::<Vec<_>>());
    sync
}

#[test]
fn a_token_is_refused_by_every_other_listing_and_survives_a_reopen() {
    let fixture = Fixture::new();
    let store = fixture.open();
    fill(&store);
    let tokens: Vec<String> = LISTINGS.iter().map(|(_, listing)| listing(&store, "").unwrap()).collect();
    let store = fixture.reopen(store);
    for (origin, token) in tokens.iter().enumerate() {
        assert!(!token.is_empty(), "{} has two pages", LISTINGS[origin].0);
        for (target, (name, listing)) in LISTINGS.iter().enumerate() {
            match origin == target {
                true => drop(listing(&store, token).unwrap()),
                false => {
                    let error = listing(&store, token).unwrap_err();
                    assert_eq!((error.code(), error.reason().name()), BAD_TOKEN, "{} to {name}", LISTINGS[origin].0);
                    assert!(!error.to_string().contains("another sync"), "{} to {name}: {error}", LISTINGS[origin].0);
                }
            }
        }
    }
    for (name, listing) in LISTINGS {
        for garbage in ["a", "!", "=", "AAAA", "gibberish-gibberish", "é", "\0"] {
            assert_eq!(why(listing(&store, garbage)), BAD_TOKEN, "{garbage:?} to {name}");
        }
    }
}

#[test]
fn a_token_of_another_sync_is_refused() {
    let fixture = Fixture::new();
    let store = fixture.open();
    fill(&store);
    let tokens = LISTINGS.map(|(_, listing)| listing(&store, "").unwrap());
    end(&store);
    fill(&store);
    for ((name, listing), token) in LISTINGS.iter().zip(&tokens) {
        if *name != LISTINGS[9].0 {
            let error = listing(&store, token).unwrap_err();
            assert_eq!((error.code(), error.reason().name()), BAD_TOKEN, "{name}");
            assert!(error.to_string().ends_with("it is of another sync"), "{name}: {error}");
        }
    }
}

#[test]
fn rows_that_come_and_go_between_pages_neither_repeat_nor_hide_others() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_resources(&store, &["b", "d", "f"].map(|user| resource(("user", user))));
    let page = |token: &str| {
        let request =
            ResourcesServiceListResourcesRequest { page_size: 1, page_token: token.into(), ..Default::default() };
        let response = store.list_resources(&request).unwrap().decode().unwrap();
        let ids: Vec<String> = response.list.into_iter().map(|row| row.id.unwrap().resource).collect();
        (ids.concat(), response.next_page_token)
    };
    let (first, token) = page("");
    put_resources(&store, &["a", "c", "d"].map(|user| resource(("user", user))));
    store.delete_resource(&DeleteResourceRequest { resource_id: Some(id(("user", "b"))) }).unwrap();
    let (second, token) = page(&token);
    store.delete_resource(&DeleteResourceRequest { resource_id: Some(id(("user", "c"))) }).unwrap();
    let (third, token) = page(&token);
    let (fourth, token) = page(&token);
    assert_eq!([first, second, third, fourth, token], ["b", "c", "d", "f", ""]);
}

#[test]
fn a_batch_with_other_entitlements_starts_again() {
    let fixture = Fixture::new();
    let store = fixture.open();
    fill(&store);
    let [member, owner] = ["member", "owner"].map(|name| entitlement(("group", "g"), &format!("group:g:{name}")));
    let page = |entitlements: &[&Entitlement], token: &str| {
        let request = GrantsReaderServiceListGrantsForEntitlementsRequest {
            entitlements: entitlements.iter().map(|&entitlement| entitlement.clone()).collect(),
            page_size: 1,
            page_token: token.into(),
            ..Default::default()
        };
        let response = store.list_grants_of_several(&request).unwrap().decode().unwrap();
        (response.list[0].id.clone(), response.next_page_token)
    };
    let (_, token) = page(&[&member, &owner], "");
    let (_, token) = page(&[&member, &owner], &token);
    assert_eq!(page(&[&member, &owner], &token).0, "group:g:owner:user:u");
    assert_eq!(page(&[&owner, &member], &token).0, "group:g:owner:user:u", "the first of the other order");
    assert_eq!(page(&[&owner, &member], &token).1, page(&[&owner, &member], "").1);
}
