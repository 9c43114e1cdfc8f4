//! What a connector said comes back, but for the exemptions that `expected_*` name.

#![allow(deprecated)]

use std::borrow::Cow;

use proptest::prelude::*;
use prost::Message;

use super::strategies::*;
use super::*;
use crate::proto::connector::{Entitlement, Grant, Resource, ResourceId, ResourceType};
use crate::proto::wire::{fields, put_message, values};

/// A reference without both ids is no reference.
fn expected_id(id: Option<ResourceId>) -> Option<ResourceId> {
    id.filter(|id| *id != ResourceId::default())
}

/// A parent without an id is none, an icon without an id neither.
fn expected_resource(mut resource: Resource) -> Resource {
    resource.id = expected_id(resource.id);
    resource.parent_resource_id = resource.parent_resource_id.filter(|parent| !parent.resource.is_empty());
    resource.icon = resource.icon.filter(|icon| !icon.id.is_empty());
    resource
}

/// An embedded resource comes back as its id, as a principal with its parent's id.
fn stub(resource: Resource, with_parent: bool) -> Resource {
    let reference = |id: ResourceId| ResourceId { baton_resource: false, ..id };
    let parent = resource.parent_resource_id.filter(|parent| with_parent && !parent.resource.is_empty());
    Resource {
        id: expected_id(resource.id.map(reference)),
        parent_resource_id: parent.map(reference),
        ..Resource::default()
    }
}

/// Types that the entitlement is grantable to come back as their ids.
fn expected_entitlement(mut entitlement: Entitlement) -> Entitlement {
    entitlement.resource = entitlement.resource.map(|resource| stub(resource, false));
    entitlement.grantable_to.retain(|resource_type| !resource_type.id.is_empty());
    for resource_type in &mut entitlement.grantable_to {
        *resource_type = ResourceType { id: std::mem::take(&mut resource_type.id), ..ResourceType::default() };
    }
    entitlement
}

/// An embedded entitlement comes back as its ids, an empty id as one made of the references, empty sources as none.
fn expected_grant(mut grant: Grant) -> Grant {
    if let (true, Some(entitlement), Some(principal)) = (grant.id.is_empty(), &grant.entitlement, &grant.principal) {
        let principal = principal.id.clone().unwrap_or_default();
        grant.id = format!("{}:{}:{}", entitlement.id, principal.resource_type, principal.resource);
    }
    grant.entitlement = grant.entitlement.map(|entitlement| Entitlement {
        id: entitlement.id,
        resource: entitlement.resource.map(|resource| stub(resource, false)).filter(|stub| stub.id.is_some()),
        ..Entitlement::default()
    });
    grant.principal = grant.principal.map(|principal| stub(principal, true));
    grant.sources = grant.sources.filter(|sources| !sources.sources.is_empty());
    grant
}

/// The fields of `message` above `last_known`, as they stand.
fn unknown(message: &[u8], last_known: u32) -> Vec<u8> {
    let fields = fields(message).map(Result::unwrap).filter(|field| field.number > last_known);
    fields.flat_map(|field| field.raw).copied().collect()
}

fn unknown_within(message: &[u8], number: u32, last_known: u32) -> Vec<u8> {
    values(message, number).flat_map(|value| unknown(value.unwrap(), last_known)).collect()
}

proptest! {
    #[test]
    fn resource_types_survive(sent in resource_type(), extra in unknown_fields()) {
        let v2 = [sent.encode_to_vec(), extra.clone()].concat();
        let record = RESOURCE_TYPE.record(&v2);
        let back = RESOURCE_TYPE.message(&record);
        prop_assert_eq!(ResourceType::decode(&back[..]).unwrap(), sent);
        prop_assert_eq!(unknown(&back, 6), extra);
        prop_assert_eq!(RESOURCE_TYPE.record(&back), record);
    }

    #[test]
    fn resources_survive(
        sent in resource(), extra in unknown_fields(),
        in_id in unknown_fields(), in_parent in unknown_fields(), in_icon in unknown_fields(),
        in_status in unknown_fields(), in_external_id in unknown_fields(), in_time in unknown_fields(),
    ) {
        let expected = expected_resource(sent.clone());
        let mut v2 = sent.encode_to_vec();
        v2.extend(&extra);
        // A message field that occurs again is merged: so its unknown fields come to be inside it.
        let inside = [
            (1, 3, in_id, expected.id.is_some()), (2, 3, in_parent, expected.parent_resource_id.is_some()),
            (7, 3, in_external_id, sent.external_id.is_some()), (10, 1, in_icon, expected.icon.is_some()),
            (11, 2, in_status, sent.status.is_some()), (12, 2, in_time, sent.created_at.is_some()),
        ];
        for (number, _, extra, _) in inside.iter().filter(|(.., survives)| *survives) {
            put_message(&mut v2, *number, extra);
        }
        let record = RESOURCE.record(&v2);
        let back = RESOURCE.message(&record);
        prop_assert_eq!(Resource::decode(&back[..]).unwrap(), expected);
        prop_assert_eq!(unknown(&back, 12), extra);
        for (number, last_known, extra, _) in inside.iter().filter(|(.., survives)| *survives) {
            prop_assert_eq!(&unknown_within(&back, *number, *last_known), extra, "in field {}", number);
        }
        prop_assert_eq!(RESOURCE.record(&back), record);
    }

    #[test]
    fn entitlements_survive(sent in entitlement(), extra in unknown_fields()) {
        let v2 = [sent.encode_to_vec(), extra.clone()].concat();
        let record = ENTITLEMENT.record(&v2);
        let back = ENTITLEMENT.message(&record);
        prop_assert_eq!(Entitlement::decode(&back[..]).unwrap(), expected_entitlement(sent));
        prop_assert_eq!(unknown(&back, 8), extra);
        prop_assert_eq!(ENTITLEMENT.record(&back), record);
    }

    #[test]
    fn grants_survive(sent in grant(), extra in unknown_fields()) {
        let v2 = [sent.encode_to_vec(), extra].concat();
        let expected = expected_grant(sent);
        for noun in [GRANT, EXPANDED_GRANT] {
            let record = noun.record(&v2);
            let back = noun.message(&record);
            prop_assert_eq!(&Grant::decode(&back[..]).unwrap(), &expected);
            prop_assert_eq!(&grant_public_id(&record).unwrap(), &expected.id);
        }
    }

    #[test]
    fn an_expandable_annotation_survives_and_moves_to_the_end(
        mut sent in grant(), expandable in expandable(), place in 0usize..3,
    ) {
        let names_an_entitlement = expandable.entitlement_ids.iter().any(|id| !id.trim().is_empty());
        let annotation = annotation("type.googleapis.com/c1.connector.v2.GrantExpandable", expandable.encode_to_vec());
        let mut expected = expected_grant(sent.clone());
        expected.annotations.extend(names_an_entitlement.then(|| annotation.clone()));
        sent.annotations.insert(place.min(sent.annotations.len()), annotation);

        let record = GRANT.record(&sent.encode_to_vec());
        let back = GRANT.message(&record);
        prop_assert_eq!(Grant::decode(&back[..]).unwrap(), expected);
        let stored = grant_expandable(&record).unwrap().map(Cow::into_owned);
        prop_assert_eq!(stored, names_an_entitlement.then(|| expandable.encode_to_vec()));
    }
}

#[test]
fn an_empty_message_is_one_with_all_defaults() {
    for noun in NOUNS {
        assert_eq!(noun.message(&[]), b"", "{}", noun.name);
        assert_eq!(noun.message(&noun.record(&[])), b"", "{}", noun.name);
    }
}

#[test]
fn a_resource_without_an_icon_comes_back_without_one() {
    for icon in [None, Some(Default::default())] {
        let v2 = Resource { display_name: "r".into(), icon, ..Resource::default() }.encode_to_vec();
        let back = RESOURCE.message(&RESOURCE.record(&v2));
        assert_eq!(Resource::decode(&back[..]).unwrap().icon, None);
    }
}

#[test]
fn partial_grants_come_back_partial() {
    let principal = Resource { id: Some(Default::default()), ..Resource::default() };
    for (entitlement, principal) in [
        (None, None),
        (Some(Entitlement::default()), None),
        (None, Some(principal)),
        (Some(Entitlement { resource: Some(Resource::default()), ..Default::default() }), Some(Resource::default())),
    ] {
        let sent = Grant { entitlement, principal, ..Grant::default() };
        let back = GRANT.message(&GRANT.record(&sent.encode_to_vec()));
        assert_eq!(Grant::decode(&back[..]).unwrap(), expected_grant(sent));
    }
}

#[test]
fn a_record_of_a_newer_schema_is_read_without_what_it_adds() {
    for noun in NOUNS {
        let mut record = noun.record(&[]);
        put_message(&mut record, 15, b"new");
        put_message(&mut record, 999, b"new");
        assert_eq!(noun.message(&record), b"", "{}", noun.name);
    }
}
