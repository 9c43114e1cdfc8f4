//! Every key of the database, and every prefix that a listing scans.

use std::borrow::Cow;
use std::ops::Range;

use super::identity::{read_entitlement, EntitlementParts, GrantParts};
use super::tuple::{unescape, Elements, Place, TupleWriter};
use super::{EntitlementRef, GrantRef, Keyspace, ResourceRef, Slot, SyncId};

const HEAD: usize = 5;

fn start(place: impl Into<Place>, keyspace: Keyspace) -> TupleWriter {
    TupleWriter::new(place, keyspace)
}

/// The tuple of `key`: what follows slot and keyspace.
pub fn tuple_of(key: &[u8]) -> &[u8] {
    key.get(HEAD..).unwrap_or_default()
}

/// The byte of `key` that tells its keyspace.
pub fn keyspace_byte(key: &[u8]) -> Option<u8> {
    key.get(HEAD - 1).copied()
}

/// Every key of `keyspace` in `slot` starts with this.
pub fn keyspace(slot: Slot, keyspace: Keyspace) -> Vec<u8> {
    keyspace_start(slot, keyspace as u8)
}

/// As [`keyspace`], of a keyspace that may be one that this library does not know.
pub fn keyspace_start(slot: Slot, keyspace: u8) -> Vec<u8> {
    [&slot.0.to_be_bytes()[..], &[keyspace]].concat()
}

/// A resource type by its id.
pub fn resource_type(place: impl Into<Place>, id: &str) -> Vec<u8> {
    start(place, Keyspace::ResourceType).element(id).key()
}

/// A resource.
pub fn resource(place: impl Into<Place>, resource: ResourceRef<'_>) -> Vec<u8> {
    resource.write(start(place, Keyspace::Resource)).key()
}

/// An entitlement.
pub fn entitlement(place: impl Into<Place>, entitlement: EntitlementRef<'_>) -> Vec<u8> {
    entitlement.write(start(place, Keyspace::Entitlement)).key()
}

/// A grant.
pub fn grant(place: impl Into<Place>, grant: GrantRef<'_>) -> Vec<u8> {
    grant.write(start(place, Keyspace::Grant)).key()
}

/// A grant with the entitlement of the grant whose key is `last`, which has it at `entitlement`.
pub fn grant_beside(mut last: Vec<u8>, entitlement: Range<usize>, principal: [&[u8]; 2]) -> Vec<u8> {
    last.truncate(entitlement.end + 1);
    let [resource_type, resource] = principal;
    TupleWriter::continuing(last).element(resource_type).element(resource).key()
}

/// Where the key of a grant in `slot` has its entitlement, and the parts of that; `None` for a key that no grant has.
pub fn entitlement_of_grant(slot: Slot, key: &[u8]) -> Option<(Range<usize>, EntitlementParts<'_>)> {
    let tuple = key.strip_prefix(&keyspace(slot, Keyspace::Grant)[..])?;
    let encoded = Elements::of(tuple).take_encoded(4)?;
    Some((HEAD..HEAD + encoded.len(), read_entitlement(&mut Elements::of(encoded))?))
}

/// What the keys of the grants of one entitlement start with, as [`grants_of`] has it, of which `key` is one; `None` for
/// a key that no grant has.
pub fn grants_beside(key: &[u8]) -> Option<&[u8]> {
    let entitlement = Elements::of(tuple_of(key)).take_encoded(4)?;
    key.get(..HEAD + entitlement.len() + 1)
}

/// The four elements of the entitlement and the two of the principal in the tuple of a grant, encoded; `None` for a tuple
/// that no grant has.
pub fn parts_of_grant(tuple: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut elements = Elements::of(tuple);
    Some((elements.take_encoded(4)?, elements.rest()?))
}

/// The four elements, encoded, in a prefix made by [`grants_of`].
pub fn entitlement_of_prefix(grants_of: &[u8]) -> Option<&[u8]> {
    tuple_of(grants_of).split_last().map(|(_, entitlement)| entitlement)
}

/// The digest of the grants of an entitlement whose four elements are encoded; without any, of all grants of the slot.
pub fn grant_digest(slot: Slot, entitlement: &[u8]) -> Vec<u8> {
    start(slot, Keyspace::GrantDigest).encoded(entitlement).key()
}

/// An asset by its id.
pub fn asset(place: impl Into<Place>, id: &str) -> Vec<u8> {
    start(place, Keyspace::Asset).element(id).key()
}

/// The key of the record whose encoded tuple is `tuple`.
pub fn record(slot: Slot, keyspace: Keyspace, tuple: &[u8]) -> Vec<u8> {
    start(slot, keyspace).encoded(tuple).key()
}

/// Index entry: `child` under `parent`.
pub fn resource_by_parent(slot: Slot, parent: ResourceRef<'_>, child: ResourceRef<'_>) -> Vec<u8> {
    child.write(parent.write(start(slot, Keyspace::ResourceByParent))).key()
}

/// Index entry: `grant` under its principal.
pub fn grant_by_principal(place: impl Into<Place>, grant: GrantRef<'_>) -> Vec<u8> {
    grant.entitlement.write(grant.principal.write(start(place, Keyspace::GrantByPrincipal))).key()
}

/// Index entry: a grant under its principal, of an entitlement that is encoded already.
pub fn grant_by_principal_of(place: impl Into<Place>, entitlement: &[u8], principal: [&[u8]; 2]) -> Vec<u8> {
    let [resource_type, resource] = principal;
    start(place, Keyspace::GrantByPrincipal).element(resource_type).element(resource).encoded(entitlement).key()
}

/// Index entry: `grant` is waiting for expansion.
pub fn grant_needs_expansion(slot: Slot, grant: GrantRef<'_>) -> Vec<u8> {
    grant.write(start(slot, Keyspace::GrantNeedsExpansion)).key()
}

/// Index entry: `entitlement` under its bare id.
pub fn entitlement_by_id(place: impl Into<Place>, entitlement: EntitlementRef<'_>) -> Vec<u8> {
    entitlement.write(start(place, Keyspace::EntitlementById).element(entitlement.id)).key()
}

/// Index entry: `grant` under its public id.
pub fn grant_by_id(slot: Slot, id: &str, grant: GrantRef<'_>) -> Vec<u8> {
    grant.write(start(slot, Keyspace::GrantById).element(id)).key()
}

/// Index entry: `resource` under the scope that it is of.
pub fn resource_by_scope(slot: Slot, scope: &str, resource: ResourceRef<'_>) -> Vec<u8> {
    resource.write(start(slot, Keyspace::ResourceByScope).element(scope)).key()
}

/// Index entry: `entitlement` under the scope that it is of.
pub fn entitlement_by_scope(slot: Slot, scope: &str, entitlement: EntitlementRef<'_>) -> Vec<u8> {
    entitlement.write(start(slot, Keyspace::EntitlementByScope).element(scope)).key()
}

/// Index entry: `grant` under the scope that it is of.
pub fn grant_by_scope(slot: Slot, scope: &str, grant: GrantRef<'_>) -> Vec<u8> {
    grant.write(start(slot, Keyspace::GrantByScope).element(scope)).key()
}

/// Prefix: the entries of an index by scope that are of one scope.
pub fn rows_of_scope(slot: Slot, index: Keyspace, scope: &str) -> Vec<u8> {
    start(slot, index).element(scope).prefix()
}

/// What is kept of a scope of the source cache, in the one keyspace or the other.
pub fn of_scope(slot: Slot, keyspace: Keyspace, row_kind: &str, scope: &str) -> Vec<u8> {
    start(slot, keyspace).element(row_kind).element(scope).key()
}

/// Prefix: what is kept of the scopes of one kind of row.
pub fn scopes_of(slot: Slot, keyspace: Keyspace, row_kind: &str) -> Vec<u8> {
    start(slot, keyspace).element(row_kind).prefix()
}

/// Kind of row and scope of a key made by [`of_scope`]; `None` for another.
pub fn scope_of(key: &[u8]) -> Option<[String; 2]> {
    let mut elements = Elements::of(tuple_of(key));
    let mut text = || String::from_utf8(unescape(elements.next()?)?.into_owned()).ok();
    let scope = [text()?, text()?];
    Some(scope).filter(|_| elements.rest().is_none())
}

/// The tuple of the record that an index entry leads to; `None` for an entry that no record has.
pub fn record_of_entry(keyspace: Keyspace, entry: &[u8]) -> Option<Vec<u8>> {
    let mut elements = Elements::of(entry);
    let own = match keyspace {
        Keyspace::ResourceByParent => 2,
        Keyspace::EntitlementById
        | Keyspace::GrantById
        | Keyspace::ResourceByScope
        | Keyspace::EntitlementByScope
        | Keyspace::GrantByScope => 1,
        Keyspace::GrantNeedsExpansion => 0,
        Keyspace::GrantByPrincipal => {
            let principal = elements.take_encoded(2)?;
            return Some([elements.rest()?, principal].join(&0));
        }
        _ => return None,
    };
    if own > 0 {
        elements.take_encoded(own)?;
    }
    elements.rest().map(<[u8]>::to_vec)
}

/// The grant of an entry of the index by principal; `None` for an entry that no grant has.
pub fn grant_of_entry(entry: &[u8]) -> Option<GrantParts<'_>> {
    let mut elements = Elements::of(entry);
    let (principal_type, principal) = (unescape(elements.next()?)?, unescape(elements.next()?)?);
    let [resource_type, resource, entitlement_id] = read_entitlement(&mut elements)?;
    Some(GrantParts { resource_type, resource, entitlement_id, principal_type, principal })
        .filter(|_| elements.rest().is_none())
}

/// Type and id of the principal that the key of a grant names behind the prefix of its entitlement's grants; `None` for
/// what no key of a grant goes on with.
pub fn principal_below(rest: &[u8]) -> Option<[Cow<'_, [u8]>; 2]> {
    let mut elements = Elements::of(rest);
    let principal = [unescape(elements.next()?)?, unescape(elements.next()?)?];
    Some(principal).filter(|_| elements.rest().is_none())
}

/// The prefix of the keys that start with the same `elements` elements as `key` does, and those elements as they are
/// encoded; `None` if it has fewer.
pub fn group_of(key: &[u8], elements: usize) -> Option<(&[u8], &[u8])> {
    let encoded = Elements::of(tuple_of(key)).take_encoded(elements)?;
    Some((key.get(..HEAD + encoded.len() + 1)?, encoded))
}

/// An entitlement whose four elements are encoded.
pub fn entitlement_in(encoded: &[u8]) -> Option<EntitlementParts<'_>> {
    let mut elements = Elements::of(encoded);
    read_entitlement(&mut elements).filter(|_| elements.rest().is_none())
}

/// Prefix: the resources of one type.
pub fn resources_of_type(slot: Slot, resource_type: &str) -> Vec<u8> {
    start(slot, Keyspace::Resource).element(resource_type).prefix()
}

/// Prefix: the children of a resource, of every type.
pub fn children_of(slot: Slot, parent: ResourceRef<'_>) -> Vec<u8> {
    parent.write(start(slot, Keyspace::ResourceByParent)).prefix()
}

/// Prefix: the children of a resource that have one type.
pub fn children_of_type(slot: Slot, parent: ResourceRef<'_>, resource_type: &str) -> Vec<u8> {
    parent.write(start(slot, Keyspace::ResourceByParent)).element(resource_type).prefix()
}

/// Prefix: the entitlements on resources of one type.
pub fn entitlements_on_type(slot: Slot, resource_type: &str) -> Vec<u8> {
    start(slot, Keyspace::Entitlement).element(resource_type).prefix()
}

/// Prefix: the entitlements on a resource.
pub fn entitlements_on(slot: Slot, resource: ResourceRef<'_>) -> Vec<u8> {
    resource.write(start(slot, Keyspace::Entitlement)).prefix()
}

/// Prefix: the entitlements with a bare id.
pub fn entitlements_with_id(slot: Slot, id: &str) -> Vec<u8> {
    start(slot, Keyspace::EntitlementById).element(id).prefix()
}

/// Prefix: the grants whose entitlement is on a resource of this type.
pub fn grants_on_type(slot: Slot, resource_type: &str) -> Vec<u8> {
    start(slot, Keyspace::Grant).element(resource_type).prefix()
}

/// Prefix: the grants whose entitlement is on a resource.
pub fn grants_on(slot: Slot, resource: ResourceRef<'_>) -> Vec<u8> {
    resource.write(start(slot, Keyspace::Grant)).prefix()
}

/// Prefix: the grants of an entitlement, ordered by (principal type, principal id).
pub fn grants_of(slot: Slot, entitlement: EntitlementRef<'_>) -> Vec<u8> {
    entitlement.write(start(slot, Keyspace::Grant)).prefix()
}

/// [`grants_of`] an entitlement whose four elements are encoded.
pub fn grants_of_encoded(slot: Slot, entitlement: &[u8]) -> Vec<u8> {
    start(slot, Keyspace::Grant).encoded(entitlement).prefix()
}

/// The grant of `principal` below a prefix made by [`grants_of`].
pub fn below(grants_of: Vec<u8>, principal: ResourceRef<'_>) -> Vec<u8> {
    principal.write(TupleWriter::continuing(grants_of)).key()
}

/// Prefix: the grants to principals of one type below a prefix made by [`grants_of`].
pub fn below_type(grants_of: Vec<u8>, principal_type: &str) -> Vec<u8> {
    TupleWriter::continuing(grants_of).element(principal_type).prefix()
}

/// Prefix: the index entries of grants to principals of one type.
pub fn grants_to_type(slot: Slot, principal_type: &str) -> Vec<u8> {
    start(slot, Keyspace::GrantByPrincipal).element(principal_type).prefix()
}

/// Prefix: the index entries of grants to one principal.
pub fn grants_to(slot: Slot, principal: ResourceRef<'_>) -> Vec<u8> {
    principal.write(start(slot, Keyspace::GrantByPrincipal)).prefix()
}

/// Prefix: the index entries of grants to a principal whose two elements are encoded.
pub fn grants_to_encoded(slot: Slot, principal: &[u8]) -> Vec<u8> {
    start(slot, Keyspace::GrantByPrincipal).encoded(principal).prefix()
}

/// Prefix: the index entries of grants with a public id.
pub fn grants_with_id(slot: Slot, id: &str) -> Vec<u8> {
    start(slot, Keyspace::GrantById).element(id).prefix()
}

/// The first element of a tuple, decoded: a record's resource type in every keyspace that has one.
pub fn first_element(tuple: &[u8]) -> Option<String> {
    String::from_utf8(unescape(Elements::of(tuple).next()?)?.into_owned()).ok()
}

/// An entry of the file's own metadata.
pub fn meta(name: &str) -> Vec<u8> {
    start(Slot::FILE, Keyspace::Meta).element(name).key()
}

/// What the file holds about one sync: its run, its token or its statistics. Ids are 20 raw bytes.
pub fn of_sync(keyspace: Keyspace, sync: SyncId) -> Vec<u8> {
    let mut key = start(Slot::FILE, keyspace).key();
    key.extend_from_slice(sync.as_bytes());
    key
}

/// The sync that a key made by [`of_sync`] is about.
pub fn sync_of(key: &[u8]) -> Option<SyncId> {
    tuple_of(key).try_into().ok().map(SyncId::from_bytes)
}

/// A named value of a sync.
pub fn named_value(slot: Slot, name: &str) -> Vec<u8> {
    start(slot, Keyspace::NamedValue).element(name).key()
}

/// A session value; its stored name is `prefix` followed by `name`.
pub fn session(sync: &str, prefix: &str, name: &str) -> Vec<u8> {
    start(Slot::FILE, Keyspace::Session).element(sync).element_of(prefix.as_bytes(), name.as_bytes()).key()
}

/// Prefix: the session values of `sync` whose name starts with `prefix`.
pub fn sessions(sync: &str, prefix: &str) -> Vec<u8> {
    session(sync, prefix, "")
}

/// Prefix: every session value of `sync`.
pub fn sessions_of(sync: &str) -> Vec<u8> {
    start(Slot::FILE, Keyspace::Session).element(sync).prefix()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRANT: GrantRef<'static> = GrantRef {
        entitlement: EntitlementRef {
            resource: ResourceRef { resource_type: "gr\0up", resource: "g:1" },
            id: "gr\0up:g:1:member",
        },
        principal: ResourceRef { resource_type: "user", resource: "" },
    };

    #[test]
    fn every_index_entry_leads_to_its_record() {
        let slot = Slot(7);
        let entries = [
            (Keyspace::GrantByPrincipal, grant_by_principal(slot, GRANT)),
            (Keyspace::GrantNeedsExpansion, grant_needs_expansion(slot, GRANT)),
            (Keyspace::GrantById, grant_by_id(slot, "an id", GRANT)),
            (Keyspace::GrantByScope, grant_by_scope(slot, "a\0scope", GRANT)),
        ];
        for (keyspace, entry) in entries {
            let tuple = record_of_entry(keyspace, tuple_of(&entry)).unwrap();
            assert_eq!(record(slot, Keyspace::Grant, &tuple), grant(slot, GRANT), "{keyspace:?}");
        }
        let (parent, child) = (ResourceRef::new("org", "o"), ResourceRef::new("repo", "r"));
        let entry = resource_by_parent(slot, parent, child);
        let tuple = record_of_entry(Keyspace::ResourceByParent, tuple_of(&entry)).unwrap();
        assert_eq!(record(slot, Keyspace::Resource, &tuple), resource(slot, child));
        let entry = resource_by_scope(slot, "scope", child);
        let tuple = record_of_entry(Keyspace::ResourceByScope, tuple_of(&entry)).unwrap();
        assert_eq!(record(slot, Keyspace::Resource, &tuple), resource(slot, child));
        for (keyspace, entry) in [
            (Keyspace::EntitlementById, entitlement_by_id(slot, GRANT.entitlement)),
            (Keyspace::EntitlementByScope, entitlement_by_scope(slot, "", GRANT.entitlement)),
        ] {
            let tuple = record_of_entry(keyspace, tuple_of(&entry)).unwrap();
            assert_eq!(record(slot, Keyspace::Entitlement, &tuple), entitlement(slot, GRANT.entitlement));
        }
    }

    #[test]
    fn the_layouts_of_version_1_do_not_change() {
        assert_eq!(grant(Slot(1), GRANT), b"\0\0\0\x01\x40gr\x01\x01up\0g:1\x001\0member\0user\0");
        assert_eq!(meta("layout"), b"\0\0\0\0\x01layout");
        assert_eq!(session("s", "p/", "k"), b"\0\0\0\0\x05s\0p/k");
        assert_eq!(resource_type(Slot(0x01020304), "user"), b"\x01\x02\x03\x04\x10user");
    }

    #[test]
    fn a_session_prefix_matches_literally() {
        assert!(session("s", "ab", "c").starts_with(&sessions("s", "ab")));
        assert!(!session("s", "", "a\0b").starts_with(&sessions("s", "ab")));
        assert!(!session("s2", "ab", "").starts_with(&sessions("s", "")));
    }

    #[test]
    fn the_key_of_a_scope_says_which_it_is() {
        let key = of_scope(Slot(3), Keyspace::SourceCacheEntry, "grants", "a\0b:c");
        assert_eq!(scope_of(&key), Some(["grants".to_owned(), "a\0b:c".to_owned()]));
        for other in [&key[..key.len() - 7], &[&key[..], b"\0x"].concat()] {
            assert_eq!(scope_of(other), None);
        }
        assert!(!grant_by_scope(Slot(3), "ab", GRANT).starts_with(&rows_of_scope(
            Slot(3),
            Keyspace::GrantByScope,
            "a"
        )));
    }
}
