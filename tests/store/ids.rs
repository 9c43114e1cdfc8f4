//! Ids as connectors make them: no text is parsed to decide what a record is.

use c1z::engine::Grant as GrantKeys;
use c1z::proto::reader::*;

use super::fixture::*;
use super::index;

const AMBIGUOUS: (Code, &str) = (Code::FailedPrecondition, "AMBIGUOUS_ID");

fn id_of(grant: &Grant) -> String {
    let (entitlement, principal) = (grant.entitlement.as_ref().unwrap(), grant.principal.as_ref().unwrap());
    let principal = principal.id.as_ref().unwrap();
    format!("{}:{}:{}", entitlement.id, principal.resource_type, principal.resource)
}

fn with(list: &[Grant]) -> (Fixture, Store) {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_grants(&store, list);
    (fixture, store)
}

#[test]
fn a_grant_is_found_by_an_id_of_any_number_of_colons() {
    for colons in [2, 3, GrantKeys::MAX_COLONS - 1, GrantKeys::MAX_COLONS, GrantKeys::MAX_COLONS + 1, 40, 200] {
        // Two colons of the canonical id stand before the tail and two behind it.
        let tail = ":".repeat(colons.saturating_sub(4));
        let deep = grant(entitlement(("group", "g"), &format!("group:g:{tail}")), ("user", "u"));
        let spread = grant(entitlement(("group", "g"), "group:g:m"), ("user", &format!("u{tail}")));
        let (fixture, store) = with(&[deep.clone(), spread.clone()]);
        for wanted in [deep, spread] {
            let id = id_of(&wanted);
            let found = get_grant(&store, &id).unwrap();
            assert_eq!((found.entitlement, found.principal), (wanted.entitlement, wanted.principal), "{id}");
            assert_eq!(why(get_grant(&store, &format!("{id}:"))), NOT_FOUND, "{id}:");
            store.delete_grant(&DeleteGrantRequest { grant_id: id.clone() }).unwrap();
            assert_eq!(why(get_grant(&store, &id)), NOT_FOUND, "{id}");
        }
        assert_eq!(grants(&store), []);
        close(store);
        index::agrees_with_the_records(&fixture.path());
    }
}

#[test]
fn two_readings_of_one_id_are_ambiguous_until_one_of_them_is_gone() {
    let one = grant(entitlement(("a", "b:c"), "a:b:c:m"), ("user", "u"));
    let other = grant(entitlement(("a:b", "c"), "a:b:c:m"), ("user", "u"));
    let third = grant(entitlement(("a", "b"), "a:b:c"), ("m:user", "u"));
    let (_fixture, store) = with(&[one.clone(), other.clone(), third.clone()]);
    assert_eq!(why(get_grant(&store, "a:b:c:m:user:u")), AMBIGUOUS);
    let refused = store.delete_grant(&DeleteGrantRequest { grant_id: "a:b:c:m:user:u".into() });
    assert_eq!(why(refused), AMBIGUOUS);
    let bare = GrantsReaderServiceListGrantsForEntitlementRequest {
        entitlement: Some(Entitlement { id: "a:b:c:m".into(), ..Default::default() }),
        ..Default::default()
    };
    assert_eq!(why(store.list_grants_for_entitlement(&bare)), AMBIGUOUS);
    try_delete_grants(&store, vec![one, third]).unwrap();
    let found = get_grant(&store, "a:b:c:m:user:u").unwrap();
    assert_eq!(found.entitlement, other.entitlement);
    assert_eq!(store.list_grants_for_entitlement(&bare).unwrap().decode().unwrap().list.len(), 1);
}

#[test]
fn a_bare_entitlement_id_of_too_many_colons_is_found_among_entitlements_only() {
    let id = |colons: usize| format!("group:g:{}", ":".repeat(colons - 2));
    let held = [64, 65].map(|colons| grant(entitlement(("group", "g"), &id(colons)), ("user", "u")));
    let (_fixture, store) = with(&held);
    let bare = |colons| GrantsReaderServiceListGrantsForEntitlementRequest {
        entitlement: Some(Entitlement { id: id(colons), ..Default::default() }),
        ..Default::default()
    };
    assert_eq!(store.list_grants_for_entitlement(&bare(64)).unwrap().decode().unwrap().list.len(), 1);
    assert_eq!(why(store.list_grants_for_entitlement(&bare(65))), AMBIGUOUS);
    put_entitlements(&store, &[entitlement(("group", "g"), &id(65))]);
    assert_eq!(store.list_grants_for_entitlement(&bare(65)).unwrap().decode().unwrap().list.len(), 1);
}

#[test]
fn an_id_of_its_own_hides_the_canonical_one_and_may_equal_that_of_another() {
    let named = |id: &str, grant| Grant { id: id.into(), ..grant };
    let (fixture, store) = with(&[named("custom", membership("g", "u"))]);
    assert_eq!(why(get_grant(&store, "group:g:member:user:u")), NOT_FOUND);
    put_grants(&store, &[named("group:g:member:user:u", membership("h", "v"))]);
    let found = get_grant(&store, "group:g:member:user:u").unwrap();
    assert_eq!(found.principal.unwrap().id, Some(id(("user", "v"))));
    // The first one takes its canonical id back.
    put_grants(&store, &[membership("g", "u")]);
    assert_eq!(why(get_grant(&store, "group:g:member:user:u")), AMBIGUOUS);
    assert_eq!(why(get_grant(&store, "custom")), NOT_FOUND);
    put_grants(&store, &[named("elsewhere", membership("h", "v"))]);
    assert_eq!(get_grant(&store, "group:g:member:user:u").unwrap().principal.unwrap().id, Some(id(("user", "u"))));
    close(store);
    index::agrees_with_the_records(&fixture.path());
}

#[test]
fn ids_of_nothing_but_nul_and_escape_bytes_are_ids_like_others() {
    let ids = [
        "\0",
        "\0\0",
        "\0\0\0\0\0\0\0\0",
        "\u{1}",
        "\u{1}\0",
        "\0\u{1}",
        "\u{1}\u{1}",
        "\u{2}",
        "\u{ff}",
        "\u{10ffff}",
    ];
    let mut list = Vec::new();
    for (index, of_type) in ids.iter().enumerate() {
        let (group, user) = (ids[(index + 1) % ids.len()], ids[(index + 2) % ids.len()]);
        for entitlement_id in [(*of_type).to_owned(), format!("{of_type}:{group}:{user}")] {
            list.push(expandable(grant(entitlement((of_type, group), &entitlement_id), (user, of_type))));
        }
    }
    let (fixture, store) = with(&list);
    let resources: Vec<_> =
        ids.iter().flat_map(|of_type| ids.map(|one| child((of_type, one), (one, of_type)))).collect();
    super::fixture::put_resources(&store, &resources);
    let store = fixture.reopen(store);
    assert_eq!(grants(&store).len(), list.len());
    assert_eq!(pending(&store).len(), list.len());
    for wanted in &list {
        let found = get_grant(&store, &id_of(wanted)).unwrap();
        assert_eq!((&found.entitlement, &found.principal), (&wanted.entitlement, &wanted.principal));
    }
    for (of_type, one) in ids.iter().flat_map(|of_type| ids.map(|one| (*of_type, one))) {
        assert_eq!(children(&store, (of_type, one)), [id((one, of_type))]);
        let request = ResourcesServiceListResourcesRequest { resource_type_id: of_type.into(), ..Default::default() };
        assert_eq!(store.list_resources(&request).unwrap().decode().unwrap().list.len(), ids.len(), "{of_type:?}");
    }
    try_delete_grants(&store, list).unwrap();
    assert_eq!(pending(&store), []);
    close(store);
    index::agrees_with_the_records(&fixture.path());
}
