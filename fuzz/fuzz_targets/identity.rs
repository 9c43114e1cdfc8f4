#![no_main]
//! Identities and sync ids.

use c1z::keys::{entitlement, grant, grant_by_principal, record_of_entry, tuple_of};
use c1z::keys::{EntitlementRef, Keyspace, GrantRef, ResourceRef, Slot, SyncId};
use libfuzzer_sys::fuzz_target;

/// A grant of the five parts of some text. The separator is one that ids rarely have.
fn read(text: &str) -> Option<GrantRef<'_>> {
    let mut parts = text.split('\n');
    let resource = ResourceRef::new(parts.next()?, parts.next()?);
    let entitlement = EntitlementRef { resource, id: parts.next()? };
    Some(GrantRef { entitlement, principal: ResourceRef::new(parts.next()?, parts.next()?) })
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(sync) = SyncId::parse(text) {
        assert_eq!(SyncId::parse(&sync.to_string()).expect("its own text"), sync);
    }
    let (first, second) = text.split_at(text.floor_char_boundary(text.len() / 2));
    let (Some(one), other) = (read(text), read(second).or(read(first))) else { return };
    let key = grant(Slot(7), one);
    assert!(one.is_canonical_id(&one.canonical_id()));
    // The index leads back to the record.
    let entry = grant_by_principal(Slot(7), one);
    assert_eq!(record_of_entry(Keyspace::GrantByPrincipal, tuple_of(&entry)).as_deref(), Some(tuple_of(&key)));
    // One grant, one key.
    if let Some(other) = other {
        assert_eq!(key == grant(Slot(7), other), one == other);
        let keys = [one, other].map(|grant| entitlement(Slot(7), grant.entitlement));
        assert_eq!(keys[0] == keys[1], one.entitlement == other.entitlement);
    }
});
