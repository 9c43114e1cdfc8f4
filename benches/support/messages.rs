//! The messages that connectors would send for a workload.

use c1z::proto::api::{PutEntitlementsRequest, PutGrantsRequest, PutResourceTypesRequest, PutResourcesRequest};
use c1z::proto::connector::{Entitlement, Grant, Resource, ResourceId, ResourceType};
use c1z::proto::wire::put_bytes;
use c1z::proto::Profile;
use prost::Message;

use super::workload::{Held, Row};

pub fn group(number: u64) -> ResourceId {
    id("group", format!("grp-{number:08}"))
}

pub fn user(number: u64) -> ResourceId {
    id("user", format!("usr-{number:08}"))
}

fn id(resource_type: &str, resource: String) -> ResourceId {
    ResourceId { resource_type: resource_type.into(), resource, baton_resource: false }
}

fn resource(id: ResourceId) -> Resource {
    Resource { id: Some(id), ..Resource::default() }
}

/// An entitlement as a grant refers to it. The first of a resource is "member".
pub fn entitlement_of(number: u64, entitlement: u64) -> Entitlement {
    let on = group(number);
    let id = match entitlement {
        0 => format!("group:{}:member", on.resource),
        other => format!("group:{}:role-{other:04}", on.resource),
    };
    Entitlement { resource: Some(resource(on)), id, ..Entitlement::default() }
}

/// A grant, about 136 bytes of protobuf.
pub fn grant(row: Row) -> Grant {
    let entitlement = entitlement_of(row.resource, row.entitlement);
    let principal = user(row.user);
    let id = format!("{}:user:{}", entitlement.id, principal.resource);
    Grant { entitlement: Some(entitlement), principal: Some(resource(principal)), id, ..Grant::default() }
}

pub fn described_user(number: u64) -> Resource {
    Resource { display_name: format!("User {number}"), ..resource(user(number)) }
}

/// A user with a profile: ten attributes, as directories have them, and two of them that nest.
pub fn user_with_profile(number: u64) -> Resource {
    use prost_types::{value::Kind, ListValue, Struct, Value};
    let value = |kind| Value { kind: Some(kind) };
    let text = |text: &str| value(Kind::StringValue(text.into()));
    let object =
        |fields: Vec<(&str, Value)>| Struct { fields: fields.into_iter().map(|(k, v)| (k.into(), v)).collect() };
    let manager = object(vec![("id", text("usr-00000001")), ("name", text("User 1"))]);
    let groups = ListValue { values: ["engineering", "on-call", "reviewers"].map(text).into() };
    let profile = object(vec![
        ("login", text(&format!("user{number}@example.com"))),
        ("given_name", text("User")),
        ("family_name", text(&number.to_string())),
        ("department", text("Engineering")),
        ("employee_number", value(Kind::NumberValue(number as f64))),
        ("active", value(Kind::BoolValue(true))),
        ("terminated_at", value(Kind::NullValue(0))),
        ("title", text("Engineer")),
        ("manager", value(Kind::StructValue(manager))),
        ("groups", value(Kind::ListValue(groups))),
    ]);
    Resource { profile: Some(Profile { encoded: profile.encode_to_vec() }), ..described_user(number) }
}

pub fn described_group(number: u64) -> Resource {
    Resource { display_name: format!("Group {number}"), ..resource(group(number)) }
}

pub fn described_entitlement(held: Held) -> Entitlement {
    let of = entitlement_of(held.resource, held.entitlement);
    Entitlement { display_name: format!("Held by {}", held.holders), slug: "member".into(), ..of }
}

pub fn resource_types() -> Vec<u8> {
    let named = |id: &str| ResourceType { id: id.into(), display_name: id.to_uppercase(), ..ResourceType::default() };
    PutResourceTypesRequest { list: vec![named("group"), named("user")] }.encode_to_vec()
}

pub fn resources(list: Vec<Resource>) -> Vec<u8> {
    PutResourcesRequest { list, ..PutResourcesRequest::default() }.encode_to_vec()
}

pub fn entitlements(list: Vec<Entitlement>) -> Vec<u8> {
    PutEntitlementsRequest { list, ..PutEntitlementsRequest::default() }.encode_to_vec()
}

pub fn grants(list: Vec<Grant>) -> Vec<u8> {
    PutGrantsRequest { list, ..PutGrantsRequest::default() }.encode_to_vec()
}

/// Requests of at most `rows` grants each that are encoded already, in the order of the list.
pub fn grant_pages(encoded: &[Vec<u8>], rows: usize) -> Vec<Vec<u8>> {
    let page = |page: &[Vec<u8>]| {
        let mut request = Vec::new();
        page.iter().for_each(|grant| put_bytes(&mut request, 1, grant));
        request
    };
    encoded.chunks(rows).map(page).collect()
}
