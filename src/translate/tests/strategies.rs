//! Arbitrary v2 messages: every field of every message, each absent or present, valid as protobuf but for no host.
//!
//! Strategies of messages are boxed: nested by value they outgrow the stack of a test.

#![allow(deprecated)]

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use prost::Message;
use prost_types::value::Kind;
use prost_types::{Any, ListValue, Struct, Timestamp, Value};

use crate::proto::connector::*;
use crate::proto::wire::{put_message, put_present_varint};
use crate::proto::Profile;
use crate::translate::structs::put_struct;

pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        3 => "[a-c:]{1,3}",
        1 => "[\\x00\\x01 \u{a0}ü日]{1,4}",
        1 => any::<String>(),
    ]
}

fn enum_number() -> impl Strategy<Value = i32> {
    prop_oneof![4 => 0..16, 1 => any::<i32>()]
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    (any::<i64>(), any::<i32>()).prop_map(|(seconds, nanos)| Timestamp { seconds, nanos })
}

pub fn annotations() -> BoxedStrategy<Vec<Any>> {
    let annotation = (text(), vec(any::<u8>(), 0..5)).prop_map(|(type_url, value)| Any { type_url, value });
    vec(annotation, 0..3).boxed()
}

pub fn value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(None),
        enum_number().prop_map(|null| Some(Kind::NullValue(null))),
        (-1e9..1e9).prop_map(|number| Some(Kind::NumberValue(number))),
        text().prop_map(|string| Some(Kind::StringValue(string))),
        any::<bool>().prop_map(|bool| Some(Kind::BoolValue(bool))),
    ];
    leaf.prop_map(|kind| Value { kind })
        .prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                btree_map(text(), inner.clone(), 0..3)
                    .prop_map(|fields| Value { kind: Some(Kind::StructValue(Struct { fields })) }),
                vec(inner, 0..3).prop_map(|values| Value { kind: Some(Kind::ListValue(ListValue { values })) }),
            ]
        })
        .boxed()
}

pub fn profile() -> BoxedStrategy<Struct> {
    btree_map(text(), value(), 0..4).prop_map(|fields| Struct { fields }).boxed()
}

fn canonical_profile() -> impl Strategy<Value = Profile> {
    profile().prop_map(|profile| {
        let mut encoded = Vec::new();
        put_struct(&mut encoded, &profile.encode_to_vec(), 0).unwrap();
        Profile { encoded }
    })
}

fn resource_id() -> impl Strategy<Value = ResourceId> {
    (text(), text(), any::<bool>()).prop_map(|(resource_type, resource, baton_resource)| ResourceId {
        resource_type,
        resource,
        baton_resource,
    })
}

pub fn resource_type() -> BoxedStrategy<ResourceType> {
    (text(), text(), vec(enum_number(), 0..5), annotations(), text(), any::<bool>())
        .prop_map(|(id, display_name, traits, annotations, description, sourced_externally)| ResourceType {
            id,
            display_name,
            traits,
            annotations,
            description,
            sourced_externally,
        })
        .boxed()
}

pub fn resource() -> BoxedStrategy<Resource> {
    let external_id = (text(), text(), text()).prop_map(|(id, link, description)| ExternalId { id, link, description });
    let status = (enum_number(), text()).prop_map(|(status, details)| Status { status, details });
    let icon = text().prop_map(|id| AssetRef { id });
    (
        (of(resource_id()), of(resource_id()), text(), annotations(), text(), any::<bool>()),
        (of(external_id), enum_number(), of(canonical_profile()), of(icon), of(status), of(timestamp())),
    )
        .prop_map(
            |(
                (id, parent_resource_id, display_name, annotations, description, baton_resource),
                (external_id, creation_source, profile, icon, status, created_at),
            )| Resource {
                id,
                parent_resource_id,
                display_name,
                annotations,
                description,
                baton_resource,
                external_id,
                creation_source,
                profile,
                icon,
                status,
                created_at,
            },
        )
        .boxed()
}

pub fn entitlement() -> BoxedStrategy<Entitlement> {
    (
        (of(resource()), text(), text(), text()),
        (vec(resource_type(), 0..3), annotations(), prop_oneof![0..5, any::<i32>()], text()),
    )
        .prop_map(|((resource, id, display_name, description), (grantable_to, annotations, purpose, slug))| {
            Entitlement { resource, id, display_name, description, grantable_to, annotations, purpose, slug }
        })
        .boxed()
}

pub fn grant() -> BoxedStrategy<Grant> {
    let source = any::<bool>().prop_map(|is_direct| grant_sources::GrantSource { is_direct });
    let sources = btree_map(text(), source, 0..3).prop_map(|sources| GrantSources { sources });
    (of(entitlement()), of(resource()), text(), annotations(), of(sources))
        .prop_map(|(entitlement, principal, id, annotations, sources)| Grant {
            entitlement,
            principal,
            id,
            annotations,
            sources,
        })
        .boxed()
}

pub fn expandable() -> impl Strategy<Value = GrantExpandable> {
    (vec(text(), 0..3), any::<bool>(), vec(text(), 0..3)).prop_map(|(entitlement_ids, shallow, resource_type_ids)| {
        GrantExpandable { entitlement_ids, shallow, resource_type_ids }
    })
}

/// Encoded fields that no schema of ours has.
pub fn unknown_fields() -> impl Strategy<Value = Vec<u8>> {
    let field = (20u32..2000, prop_oneof![Just(None), vec(any::<u8>(), 0..4).prop_map(Some)]);
    vec(field, 0..3).prop_map(|fields| {
        let mut out = Vec::new();
        for (number, bytes) in fields {
            match bytes {
                Some(bytes) => put_message(&mut out, number, &bytes),
                None => put_present_varint(&mut out, number, u64::from(number)),
            }
        }
        out
    })
}
