//! Several rows of one grant.

use c1z::proto::storage::GrantRecord;
use prost_types::Any;

use crate::fixture::*;
use crate::held;
use crate::v1_file::*;

fn annotated(grant: &mut Grant, value: u8) {
    grant.annotations.push(Any { type_url: "type.googleapis.com/x".into(), value: vec![value] });
}

/// Many grants, of which some come again under another id, before and behind the one whose id follows from what it is.
fn converted(order: impl Fn(usize) -> usize) -> Vec<GrantRecord> {
    const GRANTS: usize = 9_000;
    let v1 = V1::new();
    v1.sync(SYNC);
    v1.run("begin", &[]);
    for place in 0..2 * GRANTS {
        let number = order(place);
        let (user, again) = (number / 2, number % 2 == 1);
        if again && user % 3 != 0 {
            continue;
        }
        let mut grant = membership("g", &format!("u{user}"));
        grant.id = if again { format!("again {user}") } else { format!("group:g:member:user:u{user}") };
        let expandable = GrantExpandable { entitlement_ids: vec![format!("e{}", number % 2)], ..Default::default() };
        annotated(&mut grant, number as u8);
        let expansion = (user % 6 == 0).then_some((&expandable, again));
        // The second of a pair was discovered first.
        v1.grant_of(SYNC, &grant, &prost::Message::encode_to_vec(&grant), expansion, if again { 1 } else { 2 });
    }
    v1.run("commit", &[]);
    let file = v1.file();
    let response = file.convert();
    let rows = (GRANTS + GRANTS / 3) as i64;
    let expected = ConvertCounts { rows, records: GRANTS as i64, merged: (GRANTS / 3) as i64, skipped: 0 };
    assert_eq!(response.syncs[0].grants, Some(expected));
    assert_eq!(response.losses, []);
    held::of_file(&file.out()).remove(SYNC).unwrap().grants
}

#[test]
fn rows_with_one_identity_become_the_same_one_grant_whatever_their_order() {
    let forwards = converted(|place| place);
    let backwards = converted(|place| 17_999 - place);
    assert!(forwards == backwards);
    let of = |user: usize| {
        let principal = format!("u{user}");
        let is_it = |grant: &&GrantRecord| grant.principal.as_ref().unwrap().resource_id == principal;
        forwards.iter().find(is_it).unwrap()
    };
    let both = of(6);
    assert_eq!(both.external_id, "again 6");
    assert_eq!(both.discovered_at.unwrap().seconds, FIRST_SECOND + 1);
    assert_eq!(both.annotations.iter().map(|annotation| annotation.value[0]).collect::<Vec<_>>(), [12, 13]);
    assert_eq!(both.expansion.as_ref().unwrap().entitlement_ids, ["e0", "e1"]);
    assert!(both.needs_expansion);
    assert!(of(3).expansion.is_none() && of(3).external_id == "again 3");
    assert_eq!((of(1).external_id.as_str(), of(1).annotations.len()), ("", 1));
}

#[test]
fn few_rows_with_one_identity_become_one_too() {
    let v1 = V1::new();
    v1.sync(SYNC);
    for id in ["b", "a", "group:g:member:user:u"] {
        v1.grant(SYNC, &Grant { id: id.into(), ..membership("g", "u") }, None);
    }
    let file = v1.file();
    assert_eq!(file.convert().syncs[0].grants.unwrap().merged, 2);
    let store = open(&file.out(), true).unwrap();
    let ids: Vec<String> = grants(&store).into_iter().map(|grant| grant.id).collect();
    assert_eq!(ids, ["a"], "of the same time the least");
    assert_eq!(get_grant(&store, "a").unwrap().id, "a");
    assert_eq!(why(get_grant(&store, "b")), NOT_FOUND);
    store.close().unwrap();
}
