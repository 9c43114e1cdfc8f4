//! `c1.storage.v3.GrantRecord`.

use super::refs::{missing_part, read_entitlement_ref, read_ref, NOBODY};
use crate::keys::{self, EntitlementRef, GrantRef, ResourceRef, Slot};
use crate::proto::wire::{fields, put_fields, Malformed};

/// `c1.storage.v3.GrantRecord`.
#[derive(Debug)]
pub struct Grant<'a> {
    /// Who it is.
    pub identity: GrantRef<'a>,
    /// The id that its connector gave it, or "".
    pub external_id: &'a str,
    /// Whether its expansion is pending.
    pub needs_expansion: bool,
    /// The scope of the source cache that it is of, or "".
    pub source_scope: &'a str,
    /// The one field that names the entitlement, as it stands; empty if there are several.
    pub entitlement_field: &'a [u8],
}

impl Grant<'_> {
    /// Above this many colons an id has too many ways to be split for a lookup to try them all.
    pub const MAX_COLONS: usize = 16;

    /// Whether a lookup can read the identity from the public id alone, so that no index entry is needed: the id is the
    /// canonical one, its entitlement's id starts with the resource, and the number of ways to split it is bounded.
    fn is_found_by_splitting(&self) -> bool {
        let identity = &self.identity;
        let ResourceRef { resource_type, resource } = identity.principal;
        let principal = [resource_type.as_bytes(), resource.as_bytes()];
        (self.external_id.is_empty() || identity.is_canonical_id(self.external_id))
            && identity.entitlement.splittable_colons().is_some_and(|colons| Self::is_splittable(colons, principal))
    }

    /// Whether a lookup can try every split of the canonical id of a grant whose entitlement's id has so many colons.
    pub(in crate::engine) fn is_splittable(of_entitlement: usize, principal: [&[u8]; 2]) -> bool {
        of_entitlement + principal.map(keys::colons).iter().sum::<usize>() + 2 <= Self::MAX_COLONS
    }
}

impl<'a> Grant<'a> {
    /// Reads what identifies and indexes a stored record.
    pub fn parse(stored: &'a [u8]) -> Result<Self, Malformed> {
        let entitlement = EntitlementRef { resource: NOBODY, id: "" };
        let identity = GrantRef { entitlement, principal: NOBODY };
        let mut view =
            Grant { identity, external_id: "", needs_expansion: false, source_scope: "", entitlement_field: &[] };
        let mut entitlement_fields = 0;
        for field in fields(stored) {
            let field = field?;
            match field.number {
                2 => view.external_id = field.str()?,
                3 => {
                    read_entitlement_ref(field.bytes()?, &mut view.identity.entitlement)?;
                    entitlement_fields += 1;
                    view.entitlement_field = if entitlement_fields == 1 { field.raw } else { &[] };
                }
                4 => read_ref(field.bytes()?, &mut view.identity.principal)?,
                7 => view.needs_expansion = field.bool()?,
                10 => view.source_scope = field.str()?,
                _ => {}
            }
        }
        Ok(view)
    }

    pub(super) fn varies(&self) -> bool {
        self.needs_expansion || !self.source_scope.is_empty() || !self.is_found_by_splitting()
    }

    pub(super) fn varying(&self, slot: Slot) -> Vec<Vec<u8>> {
        let needs_expansion = self.needs_expansion.then(|| keys::grant_needs_expansion(slot, self.identity));
        let by_id = (!self.is_found_by_splitting()).then(|| match self.external_id {
            "" => keys::grant_by_id(slot, &self.identity.canonical_id(), self.identity),
            id => keys::grant_by_id(slot, id, self.identity),
        });
        let is_scoped = !self.source_scope.is_empty();
        let by_scope = is_scoped.then(|| keys::grant_by_scope(slot, self.source_scope, self.identity));
        needs_expansion.into_iter().chain(by_id).chain(by_scope).collect()
    }

    /// Which part of its identity is missing, if any is.
    pub fn missing(&self) -> Option<&'static str> {
        let GrantRef { entitlement, principal } = self.identity;
        missing_part(entitlement.resource, ["entitlement resource type", "entitlement resource id"])
            .or(entitlement.id.is_empty().then_some("entitlement id"))
            .or(missing_part(principal, ["principal resource type", "principal resource id"]))
    }
}

/// Appends what a grant becomes that the expander writes over an earlier one: `fresh`, but for the time of discovery (5),
/// the expansion and whether it is pending (6, 7) and the scope (10), which stay those of `earlier`.
pub fn refresh_grant(earlier: &[u8], fresh: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    Grant::parse(earlier)?;
    put_fields(out, fresh, 1..=4)?;
    put_fields(out, earlier, 5..=7)?;
    put_fields(out, fresh, 8..=9)?;
    put_fields(out, earlier, 10..=10)?;
    put_fields(out, fresh, 11..=u32::MAX)
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::proto::storage::{EntitlementRef, GrantExpandableRecord, GrantRecord, PrincipalRef};
    use prost_types::Timestamp;

    fn earlier() -> GrantRecord {
        GrantRecord {
            external_id: "earlier".into(),
            entitlement: Some(EntitlementRef { entitlement_id: "member".into(), ..Default::default() }),
            principal: Some(PrincipalRef { resource_id: "u1".into(), ..Default::default() }),
            discovered_at: Some(Timestamp { seconds: 1, nanos: 2 }),
            expansion: Some(GrantExpandableRecord { entitlement_ids: vec!["a".into()], ..Default::default() }),
            needs_expansion: true,
            source_scope_key: "scope".into(),
            ..Default::default()
        }
    }

    fn refreshed(earlier: &GrantRecord, fresh: &GrantRecord) -> GrantRecord {
        let mut out = Vec::new();
        refresh_grant(&earlier.encode_to_vec(), &fresh.encode_to_vec(), &mut out).unwrap();
        let record = GrantRecord::decode(&out[..]).unwrap();
        assert_eq!(record.encode_to_vec(), out, "fields in ascending order");
        record
    }

    #[test]
    fn a_refreshed_grant_keeps_its_expansion_discovery_and_scope() {
        let fresh = GrantRecord {
            external_id: "fresh".into(),
            discovered_at: Some(Timestamp { seconds: 9, nanos: 9 }),
            annotations: vec![prost_types::Any { type_url: "x".into(), value: vec![1] }],
            expansion: None,
            needs_expansion: false,
            source_scope_key: String::new(),
            ..earlier()
        };
        let expected = GrantRecord { external_id: "fresh".into(), annotations: fresh.annotations.clone(), ..earlier() };
        assert_eq!(refreshed(&earlier(), &fresh), expected);
    }

    #[test]
    fn a_refreshed_grant_keeps_what_the_earlier_one_lacked() {
        let earlier = GrantRecord { needs_expansion: false, discovered_at: None, ..earlier() };
        let fresh = GrantRecord { discovered_at: Some(Timestamp { seconds: 9, nanos: 9 }), ..earlier.clone() };
        assert_eq!(refreshed(&earlier, &fresh), earlier);
    }
}
