//! Stored records that are told by a few small numbers.

use c1z::engine::Kind;
use c1z::proto::storage::*;
use prost::Message;
use prost_types::Timestamp;

pub const KINDS: [Kind; 5] = [Kind::ResourceType, Kind::Resource, Kind::Entitlement, Kind::Grant, Kind::Asset];

/// When a record was discovered, if that is known.
pub type Time = Option<(i64, i32)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// One of [`KINDS`].
    pub kind: usize,
    pub identity: u32,
    /// What else is in it, index entries included.
    pub content: u32,
    pub discovered_at: Time,
}

impl Record {
    pub fn kind(&self) -> Kind {
        KINDS[self.kind]
    }

    pub fn encode(&self) -> Vec<u8> {
        let Record { identity, content, .. } = *self;
        let discovered_at = self.discovered_at.map(|(seconds, nanos)| Timestamp { seconds, nanos });
        let display_name = format!("content {content}");
        match self.kind() {
            Kind::ResourceType => ResourceTypeRecord {
                external_id: format!("type {identity}"),
                display_name,
                discovered_at,
                ..Default::default()
            }
            .encode_to_vec(),
            Kind::Resource => ResourceRecord {
                resource_type_id: "user".into(),
                resource_id: format!("user {identity}"),
                display_name,
                parent: (content % 3 > 0).then(|| group(content)),
                discovered_at,
                ..Default::default()
            }
            .encode_to_vec(),
            Kind::Entitlement => EntitlementRecord {
                external_id: entitlement_id(identity),
                resource: Some(group(identity / 4)),
                display_name,
                discovered_at,
                ..Default::default()
            }
            .encode_to_vec(),
            Kind::Grant => GrantRecord {
                external_id: if content % 2 > 0 { format!("grant {content}") } else { String::new() },
                entitlement: Some(entitlement(identity / 4)),
                principal: Some(PrincipalRef {
                    resource_type_id: "user".into(),
                    resource_id: format!("user {identity}"),
                    ..Default::default()
                }),
                discovered_at,
                needs_expansion: content % 3 > 1,
                expansion: (content % 3 > 0).then(GrantExpandableRecord::default),
                ..Default::default()
            }
            .encode_to_vec(),
            Kind::Asset => AssetRecord {
                external_id: format!("asset {identity}"),
                content_type: "image/png".into(),
                data: display_name.into(),
                discovered_at,
                ..Default::default()
            }
            .encode_to_vec(),
        }
    }
}

fn group(number: u32) -> ResourceRef {
    ResourceRef { resource_type_id: "group".into(), resource_id: format!("g{number}") }
}

/// Some ids are made of their resource, some are the connector's own.
fn entitlement_id(number: u32) -> String {
    match number % 4 {
        0 => format!("group:g{}:member", number / 4),
        other => format!("entitlement {} {other}", number / 4),
    }
}

fn entitlement(number: u32) -> EntitlementRef {
    EntitlementRef {
        resource_type_id: "group".into(),
        resource_id: format!("g{}", number / 4),
        entitlement_id: entitlement_id(number),
    }
}
