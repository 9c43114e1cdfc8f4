//! What grants expand, and grants that are stored in parts.

use prost::Message;
use prost_types::Any;

use crate::fixture::*;
use crate::held;
use crate::v1_file::*;

fn expandable_to(id: &str) -> GrantExpandable {
    GrantExpandable { entitlement_ids: vec![id.into()], shallow: true, resource_type_ids: vec!["user".into()] }
}

fn annotation(expandable: &GrantExpandable) -> Any {
    Any { type_url: "type.googleapis.com/c1.connector.v2.GrantExpandable".into(), value: expandable.encode_to_vec() }
}

fn named(user: &str) -> Grant {
    Grant { id: format!("group:g:member:user:{user}"), ..membership("g", user) }
}

#[test]
fn what_a_grant_expands_is_in_its_row_with_whether_that_is_pending() {
    let v1 = V1::new();
    v1.sync(SYNC);
    v1.grant(SYNC, &named("a"), Some((&expandable_to("pending"), true)));
    v1.grant(SYNC, &named("b"), Some((&expandable_to("done"), false)));
    // A derived grant, whose annotation is that of the one it was derived from.
    let mut derived = named("c");
    derived.annotations = vec![annotation(&expandable_to("copied"))];
    v1.grant(SYNC, &derived, None);
    v1.grant(SYNC, &named("d"), Some((&expandable_to("  "), true)));
    let file = v1.file();
    file.convert();
    let held = held::of_file(&file.out()).remove(SYNC).unwrap();
    let of = |grant: &c1z::proto::storage::GrantRecord| {
        let expansion = grant.expansion.clone().unwrap_or_default();
        (expansion.entitlement_ids, expansion.shallow, grant.needs_expansion, grant.annotations.len())
    };
    let expected = [
        (vec!["pending".to_owned()], true, true, 0),
        (vec!["done".to_owned()], true, false, 0),
        (vec![], false, false, 1),
        (vec![], false, false, 0),
    ];
    assert_eq!(held.grants.iter().map(of).collect::<Vec<_>>(), expected);
    let store = open(&file.out(), true).unwrap();
    assert_eq!(pending(&store).iter().map(|row| row.grant_id.as_str()).collect::<Vec<_>>(), [named("a").id]);
    assert_eq!(grants(&store)[1].annotations, [annotation(&expandable_to("done"))]);
    store.close().unwrap();
}

#[test]
fn of_a_sync_that_an_old_sdk_has_written_it_is_in_the_annotations() {
    let v1 = V1::new();
    v1.sync(SYNC);
    v1.run("update v1_sync_runs set grants_backfilled = 0", &[]);
    let mut old = named("a");
    old.annotations = vec![annotation(&expandable_to("old"))];
    v1.grant(SYNC, &old, None);
    // A newer one has gone on with the sync.
    v1.grant(SYNC, &named("b"), Some((&expandable_to("new"), false)));
    let file = v1.file();
    file.convert();
    let held = held::of_file(&file.out()).remove(SYNC).unwrap();
    let ids = |at: usize| held.grants[at].expansion.as_ref().unwrap().entitlement_ids.clone();
    assert_eq!((ids(0), held.grants[0].needs_expansion), (vec!["old".to_owned()], true));
    assert_eq!((ids(1), held.grants[1].needs_expansion), (vec!["new".to_owned()], false));
}

#[test]
fn a_grant_that_is_stored_without_its_references_gets_them_from_its_row() {
    let v1 = V1::new();
    v1.sync(SYNC);
    for (user, keeps) in [("a", [false, false]), ("b", [true, false]), ("c", [false, true]), ("d", [true, true])] {
        let whole = named(user);
        let slim = Grant {
            entitlement: whole.entitlement.clone().filter(|_| keeps[0]),
            principal: whole.principal.clone().filter(|_| keeps[1]),
            ..whole.clone()
        };
        v1.grant_of(SYNC, &whole, &slim.encode_to_vec(), None, 4);
    }
    let file = v1.file();
    file.convert();
    let grants = held::of_file(&file.out()).remove(SYNC).unwrap().grants;
    let principals: Vec<_> = grants.iter().map(|grant| grant.principal.clone().unwrap().resource_id).collect();
    assert_eq!(principals, ["a", "b", "c", "d"]);
    assert!(grants.iter().all(|grant| grant.entitlement == grants[3].entitlement && grant.external_id.is_empty()));
}
