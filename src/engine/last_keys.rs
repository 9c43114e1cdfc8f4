//! Grants of one entitlement follow one another: what their keys have in common is made once.

use std::ops::Range;
use std::str::from_utf8;

use super::Grant;
use crate::keys::{self, EntitlementRef, ResourceRef, Slot};
use crate::proto::plain_grant::LastEntitlement;

/// The entitlement of the grant whose key was made last: field 3 of its record, and where it is in the key. That is read
/// when it is first needed: among grants in no order it never is.
#[derive(Debug, Default)]
pub(super) struct LastKeys(LastEntitlement<Option<InKey>>);

/// An entitlement in the key of a grant.
#[derive(Debug)]
struct InKey {
    elements: Range<usize>,
    /// Colons in its id, if a grant's id may be split to find it.
    colons: Option<usize>,
}

/// A grant with the entitlement of the last one.
pub(super) struct NextGrant<'r> {
    /// Where the entitlement is in the key of the last one.
    pub entitlement: Range<usize>,
    /// Type and id of the principal.
    pub principal: [&'r [u8]; 2],
    /// Whether it has keys that vary.
    pub varies: bool,
}

impl LastKeys {
    /// Makes this the entitlement of the last grant; an empty field stands for none.
    pub fn set(&mut self, field: &[u8]) {
        self.0.set(field);
        self.0.made = None;
    }

    /// Takes the record of a plain grant of the same entitlement apart whose id follows from its identity.
    pub fn next<'r>(&mut self, slot: Slot, record: &'r [u8], last_key: &[u8]) -> Option<NextGrant<'r>> {
        let plain = self.0.in_record(record).filter(|plain| plain.id.is_empty())?;
        if !last_key.starts_with(&slot.0.to_be_bytes()) {
            return None;
        }
        if self.0.made.is_none() {
            self.0.made = InKey::of(slot, last_key);
        }
        let InKey { elements, colons } = self.0.made.as_ref()?;
        let principal = [plain.resource_type, plain.resource];
        let is_found_by_splitting = colons.is_some_and(|colons| Grant::is_splittable(colons, principal));
        let varies = plain.is_scoped || !is_found_by_splitting;
        Some(NextGrant { entitlement: elements.clone(), principal, varies })
    }
}

impl InKey {
    fn of(slot: Slot, key: &[u8]) -> Option<InKey> {
        let (elements, [resource_type, resource, id]) = keys::entitlement_of_grant(slot, key)?;
        let resource = ResourceRef::new(from_utf8(&resource_type).ok()?, from_utf8(&resource).ok()?);
        let colons = EntitlementRef { resource, id: from_utf8(&id).ok()? }.splittable_colons();
        Some(InKey { elements, colons })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message;
    use prost_types::{Any, Timestamp};

    use super::*;
    use crate::engine::{Kind, RecordKeys};
    use crate::proto::storage::{EntitlementRef, GrantRecord, PrincipalRef};

    fn record(group: &str, tail: &str, user: &str) -> GrantRecord {
        let entitlement = EntitlementRef {
            resource_type_id: "group".into(),
            resource_id: group.into(),
            entitlement_id: format!("group:{tail}"),
        };
        let principal =
            PrincipalRef { resource_type_id: "user".into(), resource_id: user.into(), ..PrincipalRef::default() };
        GrantRecord {
            entitlement: Some(entitlement),
            principal: Some(principal),
            discovered_at: Some(Timestamp { seconds: 1, nanos: 2 }),
            ..GrantRecord::default()
        }
    }

    /// Mostly grants that differ in their principal alone.
    fn encoded_record() -> impl Strategy<Value = Vec<u8>> {
        let ids = ("[gh\\x00]", prop_oneof!["[gh]:m", "(:){0,16}", "m"], "[a-c:\\x00\\x01\u{fc}]{0,4}(:){0,14}");
        (ids, 0..12usize, any::<prop::sample::Index>(), any::<u8>()).prop_map(
            |((group, tail, user), change, at, byte)| {
                let mut grant = record(&group, &tail, &user);
                match change {
                    0 => grant.needs_expansion = true,
                    1 => grant.annotations.push(Any::default()),
                    2 => grant.external_id = "an id".into(),
                    3 => grant.source_scope_key = "scope".into(),
                    _ => {}
                }
                let mut encoded = grant.encode_to_vec();
                if change == 4 {
                    let at = at.index(encoded.len());
                    encoded[at] = byte;
                }
                encoded
            },
        )
    }

    proptest! {
        #[test]
        fn the_keys_of_a_grant_do_not_depend_on_the_one_before(
            records in prop::collection::vec((encoded_record(), 1..3u32), 1..12),
        ) {
            let mut keys = RecordKeys::default();
            for (record, slot) in records {
                let varies = keys.reset(Kind::Grant, Slot(slot), &record);
                match RecordKeys::of(Kind::Grant, Slot(slot), &record) {
                    Err(error) => prop_assert_eq!(varies, Err(error)),
                    Ok(alone) => {
                        prop_assert_eq!(varies, Ok(!alone.varying.is_empty()));
                        prop_assert_eq!(&keys.record, &alone.record);
                        prop_assert_eq!(&keys.fixed, &alone.fixed);
                        prop_assert_eq!(&keys.covering_value, &alone.covering_value);
                        prop_assert_eq!(keys.missing, alone.missing);
                    }
                }
            }
        }
    }

    #[test]
    fn a_plain_grant_beside_another_is_known_by_its_entitlement() {
        let record = |group: &str, user: &str| record(group, "g:m", user).encode_to_vec();
        let mut keys = RecordKeys::default();
        keys.reset(Kind::Grant, Slot(1), &record("g", "alice")).unwrap();
        let mut last = LastKeys::default();
        assert!(last.next(Slot(1), &record("g", "bob"), &keys.record).is_none());
        let field = &record("g", "bob")[..2 + record("g", "bob")[1] as usize];
        last.set(field);
        let next = |last: &mut LastKeys, slot, record: &[u8]| last.next(slot, record, &keys.record).is_some();
        assert!(next(&mut last, Slot(1), &record("g", "bob")));
        assert!(!next(&mut last, Slot(2), &record("g", "bob")));
        assert!(!next(&mut last, Slot(1), &record("h", "bob")));
    }
}
