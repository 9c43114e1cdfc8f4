//! What is stored is what a reader of `c1.storage.v3` expects.

#![allow(deprecated)]

use proptest::prelude::*;
use prost::Message;

use super::strategies::*;
use super::*;
use crate::proto::connector::{self, entitlement::PurposeValue, resource_type::Trait, status};
use crate::proto::storage::{
    status_record, EntitlementRecord, EntitlementRef, GrantExpandableRecord, GrantRecord, GrantSourceRecord,
    PrincipalRef, ResourceRecord, ResourceRef, ResourceTypeRecord, StatusRecord,
};
use crate::proto::wire::fields;
use crate::translate::kept;

fn is_plain(record: &[u8]) -> bool {
    fields(record).all(|field| field.unwrap().number != kept::NUMBER)
}

fn resource_ref(id: connector::ResourceId) -> ResourceRef {
    ResourceRef { resource_type_id: id.resource_type, resource_id: id.resource }
}

fn trait_name(number: i32) -> String {
    Trait::try_from(number).map_or(String::new(), |known| known.as_str_name().replacen("TRAIT_", "", 1))
}

fn purpose_name(number: i32) -> String {
    match PurposeValue::try_from(number) {
        Err(_) | Ok(PurposeValue::Unspecified) => String::new(),
        Ok(known) => known.as_str_name().replacen("PURPOSE_VALUE_", "", 1),
    }
}

proptest! {
    #[test]
    fn a_resource_type_record_has_the_fields_of_its_message(sent in resource_type()) {
        let record = RESOURCE_TYPE.record(&sent.encode_to_vec());
        let all_named = sent.traits.iter().all(|number| Trait::try_from(*number).is_ok());
        prop_assert_eq!(is_plain(&record), all_named);
        prop_assert_eq!(ResourceTypeRecord::decode(&record[..]).unwrap(), ResourceTypeRecord {
            external_id: sent.id,
            display_name: sent.display_name,
            traits: sent.traits.into_iter().map(trait_name).collect(),
            annotations: sent.annotations,
            discovered_at: Some(STAMP.discovered_at),
            description: sent.description,
            sourced_externally: sent.sourced_externally,
        });
    }

    #[test]
    fn a_resource_record_has_the_fields_of_its_message(sent in resource()) {
        let record = RESOURCE.record(&sent.encode_to_vec());
        let id = sent.id.unwrap_or_default();
        prop_assert_eq!(ResourceRecord::decode(&record[..]).unwrap(), ResourceRecord {
            resource_type_id: id.resource_type,
            resource_id: id.resource,
            display_name: sent.display_name,
            description: sent.description,
            parent: sent.parent_resource_id.filter(|parent| !parent.resource.is_empty()).map(resource_ref),
            annotations: sent.annotations,
            discovered_at: Some(STAMP.discovered_at),
            profile: sent.profile,
            status: sent.status.map(|status| StatusRecord { status: status.status, details: status.details }),
            created_at: sent.created_at,
            source_scope_key: STAMP.source_scope_key.into(),
            icon_asset_external_id: sent.icon.unwrap_or_default().id,
        });
    }

    #[test]
    fn an_entitlement_record_has_the_fields_of_its_message(sent in entitlement()) {
        let record = ENTITLEMENT.record(&sent.encode_to_vec());
        prop_assert_eq!(is_plain(&record), PurposeValue::try_from(sent.purpose).is_ok());
        let grantable_to = sent.grantable_to.into_iter().map(|resource_type| resource_type.id);
        prop_assert_eq!(EntitlementRecord::decode(&record[..]).unwrap(), EntitlementRecord {
            external_id: sent.id,
            resource: sent.resource.map(|resource| resource_ref(resource.id.unwrap_or_default())),
            display_name: sent.display_name,
            description: sent.description,
            purpose: purpose_name(sent.purpose),
            annotations: sent.annotations,
            discovered_at: Some(STAMP.discovered_at),
            slug: sent.slug,
            grantable_to_resource_type_ids: grantable_to.filter(|id| !id.is_empty()).collect(),
            source_scope_key: STAMP.source_scope_key.into(),
        });
    }

    #[test]
    fn a_grant_record_has_the_fields_of_its_message(mut sent in grant(), expandable in expandable()) {
        let value = expandable.encode_to_vec();
        let annotations = std::mem::take(&mut sent.annotations);
        sent.annotations = annotations.clone();
        sent.annotations.insert(0, annotation("c1.connector.v2.GrantExpandable", value));
        let record = GRANT.record(&sent.encode_to_vec());
        prop_assert!(is_plain(&record));

        let expansion = Some(GrantExpandableRecord {
            entitlement_ids: expandable.entitlement_ids,
            shallow: expandable.shallow,
            resource_type_ids: expandable.resource_type_ids,
        })
        .filter(|expansion| expansion.entitlement_ids.iter().any(|id| !id.trim().is_empty()));
        let entitlement = sent.entitlement.map(|entitlement| {
            let id = entitlement.resource.unwrap_or_default().id.unwrap_or_default();
            EntitlementRef {
                resource_type_id: id.resource_type,
                resource_id: id.resource,
                entitlement_id: entitlement.id,
            }
        });
        let principal = sent.principal.map(|principal| {
            let (id, parent) = (principal.id.unwrap_or_default(), principal.parent_resource_id.unwrap_or_default());
            PrincipalRef {
                resource_type_id: id.resource_type,
                resource_id: id.resource,
                parent_resource_type_id: parent.resource_type,
                parent_resource_id: parent.resource,
            }
        });
        let sources = sent.sources.unwrap_or_default().sources.into_iter();
        let canonical_id = entitlement.as_ref().zip(principal.as_ref()).map(|(held, by): (&EntitlementRef, &PrincipalRef)| {
            [held.entitlement_id.as_str(), &by.resource_type_id, &by.resource_id].join(":")
        });
        prop_assert_eq!(GrantRecord::decode(&record[..]).unwrap(), GrantRecord {
            external_id: if canonical_id.as_ref() == Some(&sent.id) { String::new() } else { sent.id },
            entitlement,
            principal,
            discovered_at: Some(STAMP.discovered_at),
            needs_expansion: expansion.is_some(),
            expansion,
            annotations,
            sources: sources
                .map(|(id, source)| (id, GrantSourceRecord { is_direct: source.is_direct, ..Default::default() }))
                .collect(),
            source_scope_key: STAMP.source_scope_key.into(),
        });
    }
}

#[test]
fn a_status_number_passes_through_both_ways_whether_named_or_not() {
    assert_eq!(status::ResourceStatus::Pending as i32, status_record::ResourceStatus::Pending as i32);
    for number in [4, 99, -1, i32::MIN] {
        let status = Some(connector::Status { status: number, details: String::new() });
        let sent = connector::Resource { status, ..Default::default() };
        let record = RESOURCE.record(&sent.encode_to_vec());
        assert!(is_plain(&record));
        assert_eq!(ResourceRecord::decode(&record[..]).unwrap().status.unwrap().status, number);
        assert_eq!(connector::Resource::decode(&RESOURCE.message(&record)[..]).unwrap(), sent);
    }
}

#[test]
fn an_unknown_trait_or_purpose_string_reads_as_unspecified() {
    let record = ResourceTypeRecord {
        traits: ["USER", "", "FUTURE", "TRAIT_USER", "MANAGED_DEVICE"].map(String::from).into(),
        ..Default::default()
    };
    let read = RESOURCE_TYPE.message(&record.encode_to_vec());
    assert_eq!(connector::ResourceType::decode(&read[..]).unwrap().traits, [1, 0, 0, 0, 12]);

    for (purpose, number) in [("OWNERSHIP", 3), ("", 0), ("UNSPECIFIED", 0), ("FUTURE", 0)] {
        let record = EntitlementRecord { purpose: purpose.into(), ..Default::default() };
        let read = ENTITLEMENT.message(&record.encode_to_vec());
        assert_eq!(connector::Entitlement::decode(&read[..]).unwrap().purpose, number);
    }
}
