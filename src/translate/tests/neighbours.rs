//! A grant comes back the same whatever came back before it.

use proptest::prelude::*;
use prost::Message;

use super::strategies::grant;
use super::*;
use crate::proto::connector::{Entitlement, Grant, Resource, ResourceId};
use crate::translate::grant::{next_grant_from_record, next_grant_to_record, Expansion};
use crate::translate::last_grant::{LastPut, LastRead};

/// Records of grants, many of one entitlement, some damaged.
fn records() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let change = (0..4usize, any::<prop::sample::Index>(), any::<u8>());
    let row = (grant(), any::<prop::sample::Index>(), change);
    prop::collection::vec(row, 1..8).prop_map(|rows| {
        let held: Vec<_> = rows.iter().map(|(grant, ..)| grant.entitlement.clone()).collect();
        let mut records = Vec::new();
        for (mut grant, of, (change, at, byte)) in rows {
            grant.entitlement = held[of.index(held.len().min(2))].clone();
            let mut record = GRANT.record(&grant.encode_to_vec());
            if change == 0 && !record.is_empty() {
                let at = at.index(record.len());
                record[at] = byte;
            }
            records.push(record);
        }
        records
    })
}

/// A grant that has nothing but ids.
fn plain(group: &str, user: &str, id: &str) -> Grant {
    let resource = |resource_type: &str, resource: &str| {
        let id = ResourceId { resource_type: resource_type.into(), resource: resource.into(), ..Default::default() };
        Some(Resource { id: Some(id), ..Default::default() })
    };
    let entitlement =
        Entitlement { resource: resource("group", group), id: format!("group:{group}:member"), ..Default::default() };
    Grant { entitlement: Some(entitlement), principal: resource("user", user), id: id.into(), ..Default::default() }
}

fn plain_records() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let change = (0..4usize, any::<prop::sample::Index>(), any::<u8>());
    let row = ("[gh\u{fc}]", "[a-z\u{fc}:]{0,150}", "(|[0-9\u{fc}]{1,3})", change);
    let rows = prop::collection::vec(row, 1..8);
    rows.prop_map(|rows| {
        let record = |(group, user, id, (change, at, byte)): (String, String, String, (_, prop::sample::Index, _))| {
            let mut record = GRANT.record(&plain(&group, &user, &id).encode_to_vec());
            if change == 0 {
                let at = at.index(record.len());
                record[at] = byte;
            }
            record
        };
        rows.into_iter().map(record).collect()
    })
}

/// Messages of grants of few entitlements, some with more than ids, some damaged.
fn messages() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let ids = ("[gh\u{fc}]", "[a-z\u{fc}:]{0,150}", prop_oneof![Just(None), "[0-9\u{fc}]{0,3}".prop_map(Some)]);
    let change = (0..8usize, any::<prop::sample::Index>(), any::<u8>());
    let message =
        |((group, user, id), (change, at, byte)): ((String, String, Option<String>), (_, prop::sample::Index, _))| {
            let canonical = format!("group:{group}:member:user:{user}");
            let mut grant = plain(&group, &user, &id.unwrap_or(canonical));
            match change {
                0 => grant.annotations.push(Default::default()),
                1 => grant.principal.as_mut().unwrap().display_name = user,
                2 => grant.entitlement.as_mut().unwrap().display_name = group,
                _ => {}
            }
            let mut message = grant.encode_to_vec();
            match change {
                3 => {
                    let at = at.index(message.len());
                    message[at] = byte;
                }
                // Once more: it is merged.
                4 => message.extend_from_slice(&grant.encode_to_vec()),
                _ => {}
            }
            message
        };
    prop::collection::vec((ids, change).prop_map(message), 1..8)
}

#[test]
fn a_plain_grant_is_put_with_what_the_last_one_left() {
    let mut last = LastPut::default();
    let mut record = Vec::new();
    let message = |group: &str, user: &str, id: &str| plain(group, user, id).encode_to_vec();
    assert!(!last.put_alike(&message("g", "alice", ""), &STAMP, &mut record));
    next_grant_to_record(&message("g", "alice", ""), Expansion::InAnnotations, &STAMP, &mut last, &mut record).unwrap();
    for (user, id) in [("bob", ""), ("carol", "g-1"), ("dave", "group:g:member:user:dave"), (&"u".repeat(110), "")] {
        let (mut alone, mut alike) = (Vec::new(), Vec::new());
        grant_to_record(&message("g", user, id), &STAMP, &mut alone).unwrap();
        assert!(last.put_alike(&message("g", user, id), &STAMP, &mut alike), "{user}");
        assert_eq!(alike, alone, "{user}");
    }
    for other in [message("h", "bob", ""), message("g", "b\u{fc}rger", ""), message("g", "", ""), Vec::new()] {
        record.clear();
        assert!(!last.put_alike(&other, &STAMP, &mut record) && record.is_empty());
    }
}

fn come_back_as_they_do_alone(records: Vec<Vec<u8>>) -> Result<(), TestCaseError> {
    let mut last = LastRead::default();
    for record in records {
        let (mut alone, mut next) = (Vec::new(), Vec::new());
        let expected = grant_from_record(&record, &mut alone);
        prop_assert_eq!(next_grant_from_record(&record, &mut last, &mut next), expected);
        prop_assert_eq!(next, alone);
    }
    Ok(())
}

#[test]
fn a_plain_grant_is_made_from_what_the_last_one_left() {
    let record = |user: &str, id: &str| GRANT.record(&plain("g", user, id).encode_to_vec());
    let mut last = LastRead::default();
    assert!(!last.put_alike(&record("alice", ""), &mut Vec::new()));
    next_grant_from_record(&record("alice", ""), &mut last, &mut Vec::new()).unwrap();
    for (user, id) in [("bob", ""), ("carol", "g-1"), ("dave", "group:g:member:user:dave"), (&"u".repeat(110), "")] {
        let (record, mut alone, mut alike) = (record(user, id), Vec::new(), Vec::new());
        grant_from_record(&record, &mut alone).unwrap();
        assert!(last.put_alike(&record, &mut alike), "{user}");
        assert_eq!(alike, alone, "{user}");
    }
    let elsewhere = GRANT.record(&plain("h", "bob", "").encode_to_vec());
    for record in [elsewhere, record("b\u{fc}rger", ""), record(&"u".repeat(127), ""), record("", ""), Vec::new()] {
        let mut alike = Vec::new();
        assert!(!last.put_alike(&record, &mut alike));
        assert!(alike.is_empty());
    }
}

proptest! {
    #[test]
    fn a_record_does_not_depend_on_the_grant_that_was_put_before(messages in messages()) {
        let mut last = LastPut::default();
        for message in messages {
            let (mut alone, mut next) = (Vec::new(), Vec::new());
            let expected = grant_to_record(&message, &STAMP, &mut alone);
            prop_assert_eq!(next_grant_to_record(&message, Expansion::InAnnotations, &STAMP, &mut last, &mut next), expected);
            prop_assert_eq!(next, alone);
        }
    }

    #[test]
    fn a_plain_grant_does_not_depend_on_the_one_before(records in plain_records()) {
        come_back_as_they_do_alone(records)?;
    }

    #[test]
    fn a_grant_does_not_depend_on_the_one_before(records in records()) {
        come_back_as_they_do_alone(records)?;
    }
}
