//! Grants that expansion makes of who holds an entitlement, and the listing of who does.

use prost::Message;
use prost_types::Any;

use super::fixture::*;
use super::index;

fn principals(store: &Store, group: &str) -> Vec<String> {
    let request = ListGrantPrincipalsRequest { entitlement: membership(group, "").entitlement, ..Default::default() };
    let page = store.list_grant_principals(&request).unwrap().decode().unwrap();
    page.list.into_iter().map(|id| format!("{}:{}", id.resource_type, id.resource)).collect()
}

fn waiting(store: &Store) -> Vec<String> {
    pending(store).into_iter().map(|row| row.grant_id).collect()
}

#[test]
fn a_contribution_becomes_the_grant_that_the_expander_makes_of_it() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    let mut request = contributions("g", &["u", ""], true);
    request.list.push(GrantContribution { principal: None, sources: None });
    let sources = &mut request.list[0].sources.as_mut().unwrap().sources;
    sources.insert("group:g:member".into(), grant_sources::GrantSource { is_direct: true });
    let principal = request.list[0].principal.as_mut().unwrap();
    (principal.parent_resource_type_id, principal.parent_resource_id) = ("org".into(), "o".into());
    store.put_grant_contributions(&request.encode_to_vec()).unwrap();

    let member = membership("g", "u");
    let principal = Resource { parent_resource_id: Some(id(("org", "o"))), ..member.principal.clone().unwrap() };
    let immutable = Any { type_url: "type.googleapis.com/c1.connector.v2.GrantImmutable".into(), value: Vec::new() };
    let expected = Grant {
        id: "group:g:member:user:u".into(),
        principal: Some(principal),
        annotations: vec![immutable],
        sources: request.list[0].sources.clone(),
        ..member
    };
    assert_eq!(grants(&store), std::slice::from_ref(&expected));
    assert_eq!(get_grant(&store, "group:g:member:user:u").unwrap(), expected);
    assert_eq!(waiting(&store), [""; 0]);
    close(store);
    index::agrees_with_the_records(&fixture.path());
}

#[test]
fn a_stored_grant_keeps_its_expansion_unless_the_promise_says_that_there_is_none() {
    for promised_new in [false, true] {
        let fixture = Fixture::new();
        let store = fixture.open();
        start(&store, "full");
        // One is in the database, one pending.
        let own = |user| Grant { id: format!("own-{user}"), ..expandable(membership("g", user)) };
        put_grants(&store, &[own("stored")]);
        assert_eq!(waiting(&store), ["own-stored"]);
        put_grants(&store, &[own("waiting")]);
        try_put_contributions(&store, "g", &["new", "stored", "waiting"], promised_new).unwrap();
        let expected: &[&str] = match promised_new {
            true => &[],
            false => &["group:g:member:user:stored", "group:g:member:user:waiting"],
        };
        assert_eq!(waiting(&store), expected);
        assert_eq!(why(get_grant(&store, "own-stored")), NOT_FOUND);
        assert_eq!(principals(&store, "g"), ["user:new", "user:stored", "user:waiting"]);
        close(store);
        index::agrees_with_the_records(&fixture.path());
    }
}

#[test]
fn a_call_is_refused_whole_that_lacks_what_grants_are_made_of() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let whole = contributions("g", &["u", "v"], true);
    let put = |request: &PutGrantContributionsRequest| store.put_grant_contributions(&request.encode_to_vec());
    assert_eq!(put(&PutGrantContributionsRequest { list: Vec::new(), ..whole.clone() }).unwrap(), ());
    assert_eq!(why(put(&whole)), NO_CURRENT_SYNC);
    start(&store, "full");
    let mut sourceless = whole.clone();
    sourceless.list[1].sources = Some(GrantSources::default());
    let mut nameless = whole.clone();
    nameless.entitlement.as_mut().unwrap().id.clear();
    let mut nowhere = whole.clone();
    nowhere.entitlement.as_mut().unwrap().resource = None;
    for request in [sourceless, nameless, nowhere, PutGrantContributionsRequest { entitlement: None, ..whole.clone() }]
    {
        assert_eq!(why(put(&request)), INVALID);
    }
    assert_eq!(grants(&store), []);
    put(&whole).unwrap();
    end(&store);
    assert_eq!(why(put(&whole)), (Code::FailedPrecondition, "SEALED"));
    assert_eq!(principals(&store, "g"), ["user:u", "user:v"]);
}

#[test]
fn an_entitlement_that_would_be_written_too_often_is_refused() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    let users = vec!["u"; 60_000];
    let request = |id_bytes| {
        let mut request = contributions("g", &users, true);
        request.entitlement.as_mut().unwrap().id = "x".repeat(id_bytes);
        request.encode_to_vec()
    };
    let refused = store.put_grant_contributions(&request(1 << 20)).unwrap_err();
    assert!(refused.to_string().contains("60000 elements, too many"), "{refused}");
    store.put_grant_contributions(&request(900)).unwrap();
    assert_eq!(grants(&store).len(), 1);
}
