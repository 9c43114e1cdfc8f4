//! Grants with one identity that are one grant.

use std::collections::BTreeSet;

use prost::Message;
use prost_types::{Any, Timestamp};

use super::grant::Grant;
use crate::proto::storage::{GrantExpandableRecord, GrantRecord};
use crate::proto::wire::Malformed;

/// Appends the one grant that two stored grants with the same identity are. Of several it is the same one in whatever order
/// they are combined.
///
/// SDK (`mergeDuplicateGrantValues`): the one that was discovered first gives its id and its time, of several such that with
/// the least id. Its expansion is pending if that of either is; annotations, sources and what is expanded are those of both.
pub fn combine_grants(first: &[u8], second: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    if first == second {
        // Nothing of it is read, so nothing is lost of what this library does not know.
        out.extend_from_slice(first);
        return Ok(());
    }
    let (first_id, second_id) = (public_id(first)?, public_id(second)?);
    let (mut one, other) = (decode(first)?, decode(second)?);
    if (time(&other.discovered_at), second_id) < (time(&one.discovered_at), first_id) {
        (one.external_id, one.discovered_at) = (other.external_id, other.discovered_at);
    }
    one.needs_expansion |= other.needs_expansion;
    one.annotations = annotations(one.annotations, other.annotations);
    for (id, source) in other.sources {
        one.sources.entry(id).or_default().is_direct |= source.is_direct;
    }
    one.expansion = match (one.expansion, other.expansion) {
        (Some(one), Some(other)) => Some(expansion(one, other)),
        (one, other) => one.or(other),
    };
    out.extend_from_slice(&one.encode_to_vec());
    Ok(())
}

fn public_id(stored: &[u8]) -> Result<String, Malformed> {
    let grant = Grant::parse(stored)?;
    Ok(match grant.external_id {
        "" => grant.identity.canonical_id(),
        id => id.to_owned(),
    })
}

fn decode(stored: &[u8]) -> Result<GrantRecord, Malformed> {
    GrantRecord::decode(stored).map_err(|_| Malformed::Wire { at: 0 })
}

/// What orders two moments; one that is not known comes last.
fn time(at: &Option<Timestamp>) -> (bool, i64, i32) {
    at.map_or((true, 0, 0), |at| (false, at.seconds, at.nanos))
}

fn annotations(one: Vec<Any>, other: Vec<Any>) -> Vec<Any> {
    match (&one[..], &other[..]) {
        ([], _) => other,
        (_, []) => one,
        _ => {
            let all: BTreeSet<(String, Vec<u8>)> =
                one.into_iter().chain(other).map(|any| (any.type_url, any.value)).collect();
            all.into_iter().map(|(type_url, value)| Any { type_url, value }).collect()
        }
    }
}

fn expansion(one: GrantExpandableRecord, other: GrantExpandableRecord) -> GrantExpandableRecord {
    let union = |one: Vec<String>, other: Vec<String>| {
        let all: BTreeSet<String> = one.into_iter().chain(other).filter(|id| !id.is_empty()).collect();
        all.into_iter().collect()
    };
    GrantExpandableRecord {
        entitlement_ids: union(one.entitlement_ids, other.entitlement_ids),
        shallow: one.shallow && other.shallow,
        resource_type_ids: union(one.resource_type_ids, other.resource_type_ids),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::storage::{EntitlementRef, GrantSourceRecord, PrincipalRef};
    use proptest::prelude::*;

    fn grant(id: &str, second: i64) -> GrantRecord {
        GrantRecord {
            external_id: id.into(),
            entitlement: Some(EntitlementRef {
                resource_type_id: "group".into(),
                resource_id: "g".into(),
                entitlement_id: "group:g:member".into(),
            }),
            principal: Some(PrincipalRef {
                resource_type_id: "user".into(),
                resource_id: "u".into(),
                ..Default::default()
            }),
            discovered_at: Some(Timestamp { seconds: second, nanos: 0 }),
            ..Default::default()
        }
    }

    fn combined(grants: &[&GrantRecord]) -> GrantRecord {
        let one = grants.iter().map(|grant| grant.encode_to_vec()).reduce(|one, other| {
            let mut out = Vec::new();
            combine_grants(&one, &other, &mut out).unwrap();
            out
        });
        GrantRecord::decode(&one.unwrap()[..]).unwrap()
    }

    #[test]
    fn the_grant_that_was_discovered_first_gives_id_and_time() {
        let (early, late) = (grant("z", 1), grant("a", 2));
        let none = GrantRecord { discovered_at: None, ..grant("0", 0) };
        assert_eq!(combined(&[&late, &early, &none]), early);
        let canonical = grant("", 1);
        assert_eq!(combined(&[&early, &canonical]).external_id, "", "the canonical id is the lesser one");
        assert_eq!(combined(&[&canonical, &grant("a", 1)]).external_id, "a");
    }

    #[test]
    fn annotations_sources_and_what_is_expanded_are_those_of_both() {
        let any = |value: u8| Any { type_url: "t".into(), value: vec![value] };
        let source = |is_direct| GrantSourceRecord { is_direct, ..Default::default() };
        let expandable = |ids: &[&str], shallow| {
            let entitlement_ids = ids.iter().map(|id| id.to_string()).collect();
            Some(GrantExpandableRecord { entitlement_ids, shallow, ..Default::default() })
        };
        let one = GrantRecord {
            annotations: vec![any(2), any(1)],
            sources: [("a".into(), source(false)), ("b".into(), source(true))].into(),
            expansion: expandable(&["y", "x", ""], true),
            ..grant("one", 1)
        };
        let other = GrantRecord {
            annotations: vec![any(1), any(3)],
            sources: [("a".into(), source(true)), ("c".into(), source(false))].into(),
            expansion: expandable(&["z", "x"], false),
            needs_expansion: true,
            ..grant("other", 2)
        };
        let expected = GrantRecord {
            annotations: vec![any(1), any(2), any(3)],
            sources: [("a".into(), source(true)), ("b".into(), source(true)), ("c".into(), source(false))].into(),
            expansion: expandable(&["x", "y", "z"], false),
            needs_expansion: true,
            ..grant("one", 1)
        };
        assert_eq!(combined(&[&one, &other]), expected);
    }

    prop_compose! {
        fn any_grant()(id in "[ab]?", second in 0i64..3, timed in any::<bool>(), needs in any::<bool>(),
            annotations in proptest::collection::vec(0u8..3, 0..3),
            sources in proptest::collection::btree_map("[xy]", any::<bool>(), 0..2),
            expanded in proptest::option::of(proptest::collection::vec("[pq]?", 0..3)), shallow in any::<bool>())
            -> GrantRecord {
            let mut record = grant(&id, second);
            record.discovered_at = record.discovered_at.filter(|_| timed);
            record.needs_expansion = needs;
            record.annotations =
                annotations.into_iter().map(|value| Any { type_url: "t".into(), value: vec![value] }).collect();
            record.sources = sources
                .into_iter()
                .map(|(id, is_direct)| (id, GrantSourceRecord { is_direct, ..Default::default() }))
                .collect();
            record.expansion = expanded
                .map(|entitlement_ids| GrantExpandableRecord { entitlement_ids, shallow, ..Default::default() });
            record
        }
    }

    /// Annotations as a set: those of one grant alone stay in their order.
    fn without_order(mut grant: GrantRecord) -> GrantRecord {
        grant.annotations.sort_by(|a, b| a.value.cmp(&b.value));
        grant.annotations.dedup();
        if let Some(expansion) = &mut grant.expansion {
            expansion.entitlement_ids.retain(|id| !id.is_empty());
            expansion.entitlement_ids.sort();
            expansion.entitlement_ids.dedup();
        }
        grant
    }

    proptest! {
        #[test]
        fn the_order_in_which_grants_are_combined_does_not_matter(a in any_grant(), b in any_grant(), c in any_grant()) {
            let all = [[&a, &b, &c], [&a, &c, &b], [&b, &a, &c], [&b, &c, &a], [&c, &a, &b], [&c, &b, &a]];
            let all = all.map(|grants| without_order(combined(&grants)));
            prop_assert!(all.windows(2).all(|two| two[0] == two[1]), "{all:?}");
        }
    }
}
