//! Structural identity: what makes two records the same record.
//!
//! A resource is (type, id); an entitlement is a resource and its own id; a grant is an entitlement and a principal.
//! Ids are the connector's bytes and are never parsed to decide identity. An entitlement id that starts with
//! `type:id:` of its own resource, as most do, is stored as flag `1` and the rest; any other as flag `0` and the whole.
//! The mapping is one to one for a given resource (baton-sdk RFC 0005).

use std::borrow::Cow;

use super::tuple::{unescape, Elements, TupleWriter};

const FLAG_WHOLE: &str = "0";
const FLAG_TAIL: &str = "1";

/// The identity of a resource, also as a principal or a parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceRef<'a> {
    /// Resource type id.
    pub resource_type: &'a str,
    /// Resource id.
    pub resource: &'a str,
}

/// The identity of an entitlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntitlementRef<'a> {
    /// The resource on which it can be held.
    pub resource: ResourceRef<'a>,
    /// Its public id.
    pub id: &'a str,
}

/// The identity of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GrantRef<'a> {
    /// What is held.
    pub entitlement: EntitlementRef<'a>,
    /// Who holds it.
    pub principal: ResourceRef<'a>,
}

impl<'a> ResourceRef<'a> {
    /// The pair as a reference.
    pub fn new(resource_type: &'a str, resource: &'a str) -> ResourceRef<'a> {
        ResourceRef { resource_type, resource }
    }

    pub(super) fn write(&self, key: TupleWriter) -> TupleWriter {
        key.element(self.resource_type).element(self.resource)
    }
}

impl<'a> EntitlementRef<'a> {
    /// The flag and what is left of the id.
    fn compressed(&self) -> (&'static str, &'a str) {
        let ResourceRef { resource_type, resource } = self.resource;
        let tail = self.id.strip_prefix(resource_type).and_then(|id| id.strip_prefix(':'));
        match tail.and_then(|id| id.strip_prefix(resource)).and_then(|id| id.strip_prefix(':')) {
            Some(tail) => (FLAG_TAIL, tail),
            None => (FLAG_WHOLE, self.id),
        }
    }

    /// Whether the id starts with its resource's type and id, so that it can be read from the key.
    pub fn is_derived(&self) -> bool {
        self.compressed().0 == FLAG_TAIL
    }

    /// How many colons the id has, if it is derived.
    pub fn splittable_colons(&self) -> Option<usize> {
        self.is_derived().then(|| colons(self.id.as_bytes()))
    }

    pub(super) fn write(&self, key: TupleWriter) -> TupleWriter {
        let (flag, tail) = self.compressed();
        self.resource.write(key).element(flag).element(tail)
    }
}

impl<'a> GrantRef<'a> {
    pub(super) fn write(&self, key: TupleWriter) -> TupleWriter {
        self.principal.write(self.entitlement.write(key))
    }

    /// The id that a grant without one of its own answers to: `entitlement id:principal type:principal id`.
    pub fn canonical_id(&self) -> String {
        let ResourceRef { resource_type, resource } = self.principal;
        [self.entitlement.id, resource_type, resource].join(":")
    }

    /// Whether `id` is [`GrantRef::canonical_id`], without building it.
    pub fn is_canonical_id(&self, id: &str) -> bool {
        id.strip_prefix(self.entitlement.id)
            .and_then(|id| id.strip_prefix(':'))
            .and_then(|id| id.strip_prefix(self.principal.resource_type))
            .and_then(|id| id.strip_prefix(':'))
            == Some(self.principal.resource)
    }
}

/// How many colons an id has: each may be where an id that was joined with them is split.
pub fn colons(id: &[u8]) -> usize {
    id.iter().filter(|&&byte| byte == b':').count()
}

/// The identity of a grant as it is read from a key: bytes, which need not be those of strings.
#[derive(Debug)]
pub struct GrantParts<'k> {
    /// Resource type of the entitlement's resource.
    pub resource_type: Cow<'k, [u8]>,
    /// Id of the entitlement's resource.
    pub resource: Cow<'k, [u8]>,
    /// Public id of the entitlement.
    pub entitlement_id: Cow<'k, [u8]>,
    /// Resource type of the principal.
    pub principal_type: Cow<'k, [u8]>,
    /// Id of the principal.
    pub principal: Cow<'k, [u8]>,
}

/// An entitlement as it is read from a key: its resource's type and id and its public id, which need not be strings.
pub type EntitlementParts<'k> = [Cow<'k, [u8]>; 3];

/// The entitlement whose encoded identity comes next.
pub(super) fn read_entitlement<'k>(elements: &mut Elements<'k>) -> Option<EntitlementParts<'k>> {
    let mut next = || unescape(elements.next()?);
    let (resource_type, resource, flag, tail) = (next()?, next()?, next()?, next()?);
    let id = match &flag {
        flag if **flag == *FLAG_WHOLE.as_bytes() => tail,
        flag if **flag == *FLAG_TAIL.as_bytes() => Cow::Owned([&*resource_type, &*resource, &*tail].join(&b':')),
        _ => return None,
    };
    Some([resource_type, resource, id])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Elements, Keyspace, Slot};
    use proptest::prelude::*;

    fn id() -> impl Strategy<Value = String> {
        prop_oneof!["[ab:]{0,5}", "[ -~é\\x00\\x01]{0,8}"]
    }

    proptest! {
        #[test]
        fn the_id_of_an_entitlement_is_read_back_from_its_key(rt in id(), r in id(), tail in id(), prefixed in any::<bool>()) {
            let full = if prefixed { format!("{rt}:{r}:{tail}") } else { tail };
            let entitlement = EntitlementRef { resource: ResourceRef::new(&rt, &r), id: &full };
            let tuple = entitlement.write(TupleWriter::new(Slot(1), Keyspace::Entitlement)).tuple();
            let [.., read] = read_entitlement(&mut Elements::of(&tuple)).unwrap();
            prop_assert_eq!(&*read, full.as_bytes());
        }

        #[test]
        fn different_identities_have_different_keys(a in [id(), id(), id(), id(), id()], b in [id(), id(), id(), id(), id()]) {
            fn key(of: &[String; 5]) -> Vec<u8> {
                let [rt, r, e, pt, p] = of.each_ref().map(String::as_str);
                let entitlement = EntitlementRef { resource: ResourceRef::new(rt, r), id: e };
                GrantRef { entitlement, principal: ResourceRef::new(pt, p) }
                    .write(TupleWriter::new(Slot(1), Keyspace::Grant)).key()
            }
            prop_assert_eq!(key(&a) == key(&b), a == b);
        }

        #[test]
        fn an_id_is_canonical_exactly_if_it_is_the_built_one(parts in [id(), id(), id(), id(), id()], other in id()) {
            let [rt, r, e, pt, p] = parts.each_ref().map(String::as_str);
            let grant = GrantRef { entitlement: EntitlementRef { resource: ResourceRef::new(rt, r), id: e }, principal: ResourceRef::new(pt, p) };
            prop_assert!(grant.is_canonical_id(&grant.canonical_id()));
            prop_assert_eq!(grant.is_canonical_id(&other), grant.canonical_id() == other);
        }
    }
}
