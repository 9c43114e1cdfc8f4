//! The rows that tables have, made of what lists show.

use c1z::proto::storage::GrantRecord;
use c1z::store::Store;
use prost::Message;
use prost_types::{Any, Timestamp};
use serde_json::{json, Value};

use crate::cells::Row;
use crate::fixture::*;

/// Rows of a table, with JSON as values instead of texts.
pub fn rows(store: &Store, table: Table, sync: &str) -> Vec<Row> {
    let rows: Vec<Value> = match table {
        Table::Syncs => {
            let list = store.list_sync_runs(&Default::default()).unwrap().list;
            list.into_iter().map(sync_run).collect()
        }
        Table::ResourceTypes => {
            let list = store.list_resource_types(&Default::default()).unwrap().decode().unwrap().list;
            list.into_iter().map(|of_type| resource_type(of_type, sync)).collect()
        }
        Table::Resources => resources(store).into_iter().map(|row| resource_row(row, sync)).collect(),
        Table::Entitlements => entitlements(store).into_iter().map(|row| entitlement_row(row, sync)).collect(),
        Table::Grants => {
            let pending = pending(store);
            let grants = grants(store);
            grants.into_iter().map(|grant| grant_row(grant, sync, &pending)).collect()
        }
        Table::Unspecified => unreachable!(),
    };
    let object = |row| match row {
        Value::Object(row) => row,
        other => panic!("{other}"),
    };
    rows.into_iter().map(object).collect()
}

fn sync_run(run: c1z::proto::api::SyncRun) -> Value {
    json!({
        "sync_id": run.id, "sync_type": given(&run.sync_type), "parent_sync_id": given(&run.parent_sync_id),
        "started_at": micros(run.started_at), "ended_at": micros(run.ended_at),
        "supports_diff": run.supports_diff, "is_compacted": run.compacted,
    })
}

fn resource_type(of_type: ResourceType, sync: &str) -> Value {
    let traits: Vec<_> = of_type
        .traits
        .iter()
        .map(|&number| match number {
            0 => "UNSPECIFIED".to_owned(),
            1 => "USER".to_owned(),
            2 => "GROUP".to_owned(),
            other => other.to_string(),
        })
        .collect();
    json!({
        "sync_id": sync, "resource_type_id": of_type.id, "display_name": given(&of_type.display_name),
        "description": given(&of_type.description), "traits": traits,
        "sourced_externally": of_type.sourced_externally, "annotations": annotations(&of_type.annotations),
    })
}

#[allow(deprecated)]
fn resource_row(resource: Resource, sync: &str) -> Value {
    let (id, parent) = (resource.id.unwrap(), resource.parent_resource_id.unwrap_or_default());
    let user = resource.annotations.iter().find(|any| any.type_url.ends_with("UserTrait"));
    let user = user.and_then(|any| UserTrait::decode(&any.value[..]).ok()).unwrap_or_default();
    let email = user.emails.iter().find(|email| email.is_primary).or(user.emails.first());
    let name = user.structured_name.unwrap_or_default();
    let status = resource.status.map(|status| (status.status, status.details));
    let (status, details) = status.or(user.status.map(|status| (status.status, status.details))).unwrap_or_default();
    let profile = resource.profile.or(user.profile);
    json!({
        "sync_id": sync, "resource_type_id": id.resource_type, "resource_id": id.resource,
        "parent_resource_type_id": given(&parent.resource_type), "parent_resource_id": given(&parent.resource),
        "display_name": given(&resource.display_name), "description": given(&resource.description),
        "resource_status": named(&["ENABLED", "DISABLED"], status),
        "status_details": given(&details),
        "user_email": given(email.map_or("", |email| &email.address)), "user_login": given(&user.login),
        "user_given_name": given(&name.given_name), "user_family_name": given(&name.family_name),
        "user_account_type": named(&["HUMAN", "SERVICE"], user.account_type),
        "user_last_login": micros(user.last_login), "created_at": micros(resource.created_at),
        "profile": profile.map_or(Value::Null, |profile| json_of_profile(&profile.encoded)),
        "annotations": annotations(&resource.annotations),
    })
}

fn entitlement_row(entitlement: Entitlement, sync: &str) -> Value {
    let id = entitlement.resource.unwrap().id.unwrap();
    let grantable_to: Vec<_> = entitlement.grantable_to.into_iter().map(|of_type| of_type.id).collect();
    json!({
        "sync_id": sync, "resource_type_id": id.resource_type, "resource_id": id.resource,
        "entitlement_id": entitlement.id, "display_name": given(&entitlement.display_name),
        "description": given(&entitlement.description), "slug": given(&entitlement.slug),
        "purpose": named(&["ASSIGNMENT", "PERMISSION"], entitlement.purpose),
        "grantable_to": grantable_to, "annotations": annotations(&entitlement.annotations),
    })
}

fn grant_row(grant: Grant, sync: &str, pending: &[PendingExpansion]) -> Value {
    let entitlement = grant.entitlement.unwrap();
    let on = entitlement.resource.unwrap().id.unwrap();
    let principal = grant.principal.unwrap().id.unwrap();
    let sources = grant.sources.unwrap_or_default().sources;
    // What is pending does not name the resource of its entitlement, so another grant may look the same.
    let expands = grant.annotations.iter().any(|any| any.type_url.ends_with(".GrantExpandable"));
    let needs_expansion = pending.iter().any(|pending| {
        let to = pending.principal.as_ref().unwrap();
        expands
            && pending.grant_id == grant.id
            && pending.entitlement_id == entitlement.id
            && (&to.resource_type, &to.resource) == (&principal.resource_type, &principal.resource)
    });
    let is_direct = sources.is_empty() || sources.get(&entitlement.id).is_some_and(|source| source.is_direct);
    let sources: Vec<_> =
        sources.into_iter().map(|(id, source)| json!({"entitlement_id": id, "is_direct": source.is_direct})).collect();
    json!({
        "sync_id": sync, "entitlement_resource_type_id": on.resource_type, "entitlement_resource_id": on.resource,
        "entitlement_id": entitlement.id, "principal_resource_type_id": principal.resource_type,
        "principal_resource_id": principal.resource, "grant_id": grant.id, "is_direct": is_direct,
        "sources": sources, "needs_expansion": needs_expansion, "annotations": annotations(&grant.annotations),
    })
}

/// When a grant was discovered, as its record says; `None` if several have that id.
pub fn discovered_at(store: &Store, id: &str) -> Option<Value> {
    let request =
        c1z::proto::reader_v3::GrantsReaderServiceGetGrantRequest { grant_id: id.into(), annotations: vec![] };
    let record: GrantRecord = store.get_grant_record(request).ok()?.decode().unwrap().grant.unwrap();
    Some(micros(record.discovered_at))
}

/// The name of an enum's value, of those from 1 on that these tests use.
fn named(names: &[&str], number: i32) -> Value {
    match number {
        0 => Value::Null,
        number => names.get(number as usize - 1).map_or_else(|| number.to_string(), |name| name.to_string()).into(),
    }
}

fn given(text: &str) -> Value {
    Some(text).filter(|text| !text.is_empty()).into()
}

fn micros(time: Option<Timestamp>) -> Value {
    time.map(|time| time.seconds * 1_000_000 + i64::from(time.nanos / 1_000)).into()
}

/// Annotations of the few types that these tests use.
fn annotations(list: &[Any]) -> Value {
    let json = |any: &Any| {
        let mut json = match any.type_url.rsplit('/').next().unwrap() {
            "c1.connector.v2.GrantExpandable" => {
                let expandable = GrantExpandable::decode(&any.value[..]).unwrap();
                let mut json = json!({});
                if !expandable.entitlement_ids.is_empty() {
                    json["entitlementIds"] = expandable.entitlement_ids.into();
                }
                if expandable.shallow {
                    json["shallow"] = true.into();
                }
                json
            }
            "c1.connector.v2.ExternalLink" => {
                let link = ExternalLink::decode(&any.value[..]).unwrap();
                if link.url.is_empty() {
                    json!({})
                } else {
                    json!({ "url": link.url })
                }
            }
            "c1.connector.v2.UserTrait" => user_json(&UserTrait::decode(&any.value[..]).unwrap()),
            _ => json!({ "value": base64(&any.value) }),
        };
        json["@type"] = any.type_url.clone().into();
        json
    };
    match list {
        [] => Value::Null,
        list => list.iter().map(json).collect(),
    }
}

#[allow(deprecated)]
fn user_json(user: &UserTrait) -> Value {
    let mut json = json!({});
    let emails: Vec<_> = user
        .emails
        .iter()
        .map(|email| {
            let mut json = json!({});
            if !email.address.is_empty() {
                json["address"] = email.address.clone().into();
            }
            if email.is_primary {
                json["isPrimary"] = true.into();
            }
            json
        })
        .collect();
    if !emails.is_empty() {
        json["emails"] = emails.into();
    }
    if !user.login.is_empty() {
        json["login"] = user.login.clone().into();
    }
    if user.account_type != 0 {
        json["accountType"] = ["", "ACCOUNT_TYPE_HUMAN", "ACCOUNT_TYPE_SERVICE"][user.account_type as usize].into();
    }
    if let Some(profile) = &user.profile {
        json["profile"] = json_of_profile(&profile.encoded);
    }
    json
}

fn base64(bytes: &[u8]) -> String {
    use base64::prelude::*;
    BASE64_STANDARD.encode(bytes)
}

/// Profiles of texts and of numbers.
fn json_of_profile(profile: &[u8]) -> Value {
    use prost_types::value::Kind;
    let profile = prost_types::Struct::decode(profile).unwrap();
    let value = |value: prost_types::Value| match value.kind.unwrap() {
        Kind::StringValue(text) => json!(text),
        Kind::NumberValue(number) => json!(number),
        other => panic!("{other:?}"),
    };
    profile.fields.into_iter().map(|(name, of)| (name, value(of))).collect::<Row>().into()
}
