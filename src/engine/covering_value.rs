//! What an index entry holds of a grant beside its identity, so that a principal's grants are listed without a lookup
//! for each.
//!
//! The key of such an entry names entitlement and principal. Its value is [`COVERING`] and those fields of the record
//! that a reader is shown as well, but for a public id that follows from the identity. An entry without a value sends
//! the reader to the record.

use super::Grant;
use crate::keys::{self, Keyspace};
use crate::proto::wire::{fields, put_bytes, put_fields, put_nested, put_nested_unless_empty, Malformed};

/// The first byte of a value that is all that a reader needs.
const COVERING: u8 = 1;

/// The longest value: most grants have no more than sources and an annotation beside their identity, and what has more
/// would make the index as large as the records.
const MAX_BYTES: usize = 192;

/// Writes what [`put_covering_value`] writes of a grant that has nothing but an identity from which its id follows.
pub(super) fn put_covering_value_of_plain(value: &mut Vec<u8>) {
    value.push(COVERING);
}

/// Writes the value of the index entry of a stored grant into `value`, which is empty.
pub(super) fn put_covering_value(grant: &Grant<'_>, stored: &[u8], value: &mut Vec<u8>) -> Result<(), Malformed> {
    value.push(COVERING);
    if !grant.identity.is_canonical_id(grant.external_id) {
        put_bytes(value, 2, grant.external_id.as_bytes());
    }
    for field in fields(stored) {
        let field = field?;
        match field.number {
            // A message that comes twice is merged: these are the principal's fields behind its two ids.
            4 => put_nested_unless_empty(value, 4, |out| put_fields(out, field.bytes()?, 3..=u32::MAX))?,
            6 | 8 | 9 => value.extend_from_slice(field.raw),
            _ => {}
        }
    }
    if value.len() > MAX_BYTES {
        value.clear();
    }
    Ok(())
}

/// Appends the grant of an index entry as far as readers are shown it, a record without times and scope; `false` if the
/// record has to be read.
pub fn covered_grant(index: Keyspace, tuple: &[u8], value: &[u8], out: &mut Vec<u8>) -> bool {
    let Some((&COVERING, rest)) = value.split_first().filter(|_| index == Keyspace::GrantByPrincipal) else {
        return false;
    };
    let Some(grant) = keys::grant_of_entry(tuple) else { return false };
    put_nested(out, 3, |out| {
        put_bytes(out, 1, &grant.resource_type);
        put_bytes(out, 2, &grant.resource);
        put_bytes(out, 3, &grant.entitlement_id);
    });
    put_nested(out, 4, |out| {
        put_bytes(out, 1, &grant.principal_type);
        put_bytes(out, 2, &grant.principal);
    });
    out.extend_from_slice(rest);
    true
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use prost_types::{Any, Timestamp};

    use super::*;
    use crate::engine::{Kind, RecordKeys};
    use crate::keys::Slot;
    use crate::proto::storage::{EntitlementRef, GrantExpandableRecord, GrantRecord, PrincipalRef};
    use crate::translate::grant_from_record;

    fn plain() -> GrantRecord {
        let (resource_type_id, resource_id) = ("gr\0up".to_owned(), "g:1".to_owned());
        let entitlement_id = "gr\0up:g:1:member".to_owned();
        GrantRecord {
            entitlement: Some(EntitlementRef { resource_type_id, resource_id, entitlement_id }),
            principal: Some(PrincipalRef {
                resource_type_id: "user".into(),
                resource_id: "u\u{1}1".into(),
                ..PrincipalRef::default()
            }),
            discovered_at: Some(Timestamp { seconds: 1, nanos: 2 }),
            source_scope_key: "scope".into(),
            ..GrantRecord::default()
        }
    }

    fn entry(record: &GrantRecord) -> (Vec<u8>, Vec<u8>) {
        let keys = RecordKeys::of(Kind::Grant, Slot(1), &record.encode_to_vec()).unwrap();
        (keys.fixed.unwrap(), keys.covering_value)
    }

    fn shown(record: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        grant_from_record(record, &mut out).unwrap();
        out
    }

    #[test]
    fn an_entry_shows_what_its_record_shows() {
        let annotation = Any { type_url: "type.googleapis.com/x".into(), value: vec![1, 2] };
        let sources = [("group:g:member".to_owned(), Default::default())].into();
        let with_parent = PrincipalRef {
            parent_resource_type_id: "org".into(),
            parent_resource_id: "o".into(),
            ..plain().principal.unwrap()
        };
        let variants = [
            plain(),
            GrantRecord { external_id: "gr\0up:g:1:member:user:u\u{1}1".into(), ..plain() },
            GrantRecord { external_id: "an id of its own".into(), ..plain() },
            GrantRecord { annotations: vec![annotation.clone(), annotation], ..plain() },
            GrantRecord { sources, ..plain() },
            GrantRecord { principal: Some(with_parent), ..plain() },
            GrantRecord {
                expansion: Some(GrantExpandableRecord { entitlement_ids: vec!["e".into()], ..Default::default() }),
                needs_expansion: true,
                ..plain()
            },
            GrantRecord {
                entitlement: Some(EntitlementRef { entitlement_id: "member".into(), ..plain().entitlement.unwrap() }),
                ..plain()
            },
        ];
        for record in variants {
            let (key, value) = entry(&record);
            let mut covered = Vec::new();
            assert!(
                covered_grant(Keyspace::GrantByPrincipal, keys::tuple_of(&key), &value, &mut covered),
                "{record:?}"
            );
            assert_eq!(shown(&covered), shown(&record.encode_to_vec()), "{record:?}");
        }
    }

    #[test]
    fn a_grant_that_follows_from_its_identity_takes_one_byte() {
        assert_eq!(entry(&plain()).1, [COVERING]);
    }

    #[test]
    fn a_long_rest_is_read_from_the_record() {
        let large = Any { type_url: "x".into(), value: vec![0; MAX_BYTES] };
        let (key, value) = entry(&GrantRecord { annotations: vec![large], ..plain() });
        assert_eq!(value, b"");
        assert!(!covered_grant(Keyspace::GrantByPrincipal, keys::tuple_of(&key), &value, &mut Vec::new()));
    }
}
