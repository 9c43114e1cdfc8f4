//! Records and index entries that lack each other.

use c1z::keys::{self, EntitlementRef, GrantRef, ResourceRef};
use c1z::proto::api::FaultKind::{self, *};

use super::sample::*;

const GARBAGE: &[u8] = &[0x0a, 0xff];

fn entries() -> [(&'static str, Vec<u8>, Vec<u8>); 5] {
    let grant = keys::grant(FIRST, GRANT);
    [
        ("resource by parent", keys::resource_by_parent(FIRST, PARENT, CHILD), keys::resource(FIRST, CHILD)),
        ("grant by principal", keys::grant_by_principal(FIRST, GRANT), grant.clone()),
        ("grant needing expansion", keys::grant_needs_expansion(FIRST, GRANT), grant.clone()),
        (
            "entitlement by id",
            keys::entitlement_by_id(FIRST, GRANT.entitlement),
            keys::entitlement(FIRST, GRANT.entitlement),
        ),
        ("grant by id", keys::grant_by_id(FIRST, "named", GRANT), grant),
    ]
}

#[test]
fn a_record_without_an_index_entry_is_found_in_every_index() {
    for (keyspace, entry, record) in entries() {
        let sample = Sample::new();
        sample.tamper(|db| {
            assert!(db.get(&entry).unwrap().is_some(), "{keyspace}");
            db.delete(&entry).unwrap();
        });
        let faults = sample.assert_faults(&[(RecordWithoutIndex, &record)]);
        assert!(faults[0].sentence.contains(keyspace), "{}", faults[0].sentence);
        assert_eq!(faults[0].sync_id, sample.syncs[0]);
    }
}

#[test]
fn an_index_entry_without_a_record_is_found_in_every_index() {
    let nobody = GrantRef { principal: ResourceRef::new("user", "nobody"), ..GRANT };
    let nothing = EntitlementRef { id: "nothing", ..GRANT.entitlement };
    let entries = [
        keys::resource_by_parent(FIRST, PARENT, nobody.principal),
        keys::grant_by_principal(FIRST, nobody),
        keys::grant_needs_expansion(FIRST, nobody),
        keys::entitlement_by_id(FIRST, nothing),
        keys::grant_by_id(FIRST, "an id", nobody),
    ];
    let sample = Sample::new();
    sample.tamper(|db| entries.iter().for_each(|entry| db.put(entry, b"").unwrap()));
    let expected: Vec<(FaultKind, &[u8])> =
        entries.iter().map(|entry| (IndexWithoutRecord, entry.as_slice())).collect();
    let faults = sample.assert_faults(&expected);
    assert!(faults.iter().all(|fault| fault.sync_id == sample.syncs[0]));
    let by_principal = faults.iter().find(|fault| fault.keyspace == "grant by principal").unwrap();
    assert_eq!(by_principal.key_elements, ["user", "nobody", "group", "g", "1", "member"]);
}

#[test]
fn an_index_entry_that_its_record_does_not_call_for_is_found_in_every_index() {
    let plain = GrantRef { principal: ResourceRef::new("user", "u"), ..GRANT };
    let entries = [
        keys::resource_by_parent(FIRST, ResourceRef::new("org", "old"), CHILD),
        keys::grant_needs_expansion(FIRST, plain),
        keys::grant_by_id(FIRST, "old id", GRANT),
        // The tuple of an entitlement behind another's bare id.
        [
            keys::entitlements_with_id(FIRST, "old id"),
            keys::tuple_of(&keys::entitlement(FIRST, GRANT.entitlement)).into(),
        ]
        .concat(),
    ];
    let sample = Sample::new();
    sample.tamper(|db| entries.iter().for_each(|entry| db.put(entry, b"").unwrap()));
    let expected: Vec<(FaultKind, &[u8])> = entries.iter().map(|entry| (IndexStale, entry.as_slice())).collect();
    sample.assert_faults(&expected);
}

#[test]
fn an_index_entry_with_a_value_is_found() {
    let sample = Sample::new();
    let entry = keys::grant_by_principal(FIRST, GRANT);
    sample.tamper(|db| db.put(&entry, b"x").unwrap());
    sample.assert_faults(&[(IndexValue, &entry)]);
}

#[test]
fn an_index_entry_that_is_too_short_is_found() {
    let sample = Sample::new();
    let entry = [keys::keyspace(FIRST, keys::Keyspace::GrantByPrincipal), b"user".to_vec()].concat();
    sample.tamper(|db| db.put(&entry, b"").unwrap());
    sample.assert_faults(&[(KeyMalformed, &entry)]);
}

#[test]
fn a_record_that_cannot_be_decoded_is_found_in_every_keyspace_and_its_entries_are_not_blamed() {
    let records = [
        keys::resource_type(FIRST, "user"),
        keys::resource(FIRST, CHILD),
        keys::entitlement(FIRST, GRANT.entitlement),
        keys::grant(FIRST, GRANT),
        keys::asset(FIRST, "icon"),
    ];
    for record in records {
        let sample = Sample::new();
        sample.tamper(|db| {
            assert!(db.get(&record).unwrap().is_some());
            db.put(&record, GARBAGE).unwrap();
        });
        let faults = sample.assert_faults(&[(RecordUndecodable, &record)]);
        assert_eq!(faults[0].sync_id, sample.syncs[0]);
    }
}

#[test]
fn a_record_with_garbage_behind_its_identity_is_found() {
    let sample = Sample::new();
    let record = keys::resource(FIRST, CHILD);
    // Field 9, the profile, is a message; this is none.
    sample.tamper(|db| db.put(&record, [&db.get(&record).unwrap().unwrap()[..], b"\x4a\x01\xff"].concat()).unwrap());
    sample.assert_faults(&[(RecordUndecodable, &record)]);
}

#[test]
fn a_record_under_a_wrong_key_is_found() {
    let (old, new) = (keys::resource_type(FIRST, "org"), keys::resource_type(FIRST, "organisation"));
    let sample = Sample::new();
    sample.tamper(|db| {
        db.put(&new, db.get(&old).unwrap().unwrap()).unwrap();
        db.delete(&old).unwrap();
    });
    let faults = sample.assert_faults(&[(RecordWrongKey, &new)]);
    assert!(faults[0].sentence.contains(&c1z::findings::hex(&old)), "{}", faults[0].sentence);
}

#[test]
fn a_grant_under_a_wrong_key_leaves_its_entries_without_a_record() {
    let (old, other) = (GRANT, GrantRef { principal: ResourceRef::new("user", "other"), ..GRANT });
    let sample = Sample::new();
    sample.tamper(|db| {
        db.put(keys::grant(FIRST, other), db.get(keys::grant(FIRST, old)).unwrap().unwrap()).unwrap();
        db.delete(keys::grant(FIRST, old)).unwrap();
    });
    sample.assert_faults(&[
        (RecordWrongKey, &keys::grant(FIRST, other)),
        (IndexWithoutRecord, &keys::grant_by_principal(FIRST, old)),
        (IndexWithoutRecord, &keys::grant_needs_expansion(FIRST, old)),
        (IndexWithoutRecord, &keys::grant_by_id(FIRST, "named", old)),
    ]);
}

#[test]
fn a_record_that_lacks_a_part_of_its_identity_is_found() {
    let sample = Sample::new();
    let key = keys::asset(FIRST, "");
    sample.tamper(|db| {
        db.put(&key, b"\x22\x01x").unwrap();
        db.delete(keys::asset(FIRST, "icon")).unwrap();
    });
    sample.assert_faults(&[(RecordIncomplete, &key)]);
}
