//! Every field that the schema of a v2 message has, found by its descriptor, comes back: a field that is added to the
//! schema and forgotten here fails these tests.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet};

use super::*;
use crate::proto::wire::{fields, put_message, put_nested, put_varint, Value};
use crate::proto::DESCRIPTORS;

struct Schema {
    messages: BTreeMap<String, DescriptorProto>,
    enums: BTreeMap<String, EnumDescriptorProto>,
}

impl Schema {
    fn load() -> Self {
        let mut schema = Schema { messages: BTreeMap::new(), enums: BTreeMap::new() };
        for file in FileDescriptorSet::decode(DESCRIPTORS).unwrap().file {
            let package = format!(".{}", file.package());
            schema.add(&package, &file.message_type, &file.enum_type);
        }
        schema
    }

    fn add(&mut self, scope: &str, messages: &[DescriptorProto], enums: &[EnumDescriptorProto]) {
        for message in messages {
            let name = format!("{scope}.{}", message.name());
            self.add(&name, &message.nested_type, &message.enum_type);
            self.messages.insert(name, message.clone());
        }
        self.enums.extend(enums.iter().map(|e| (format!("{scope}.{}", e.name()), e.clone())));
    }

    /// A message with every field set, each string to its own path.
    fn populated(&self, name: &str, path: &str) -> Vec<u8> {
        let mut out = Vec::new();
        for field in &self.messages[name].field {
            let (number, path) = (field.number() as u32, format!("{path}{}", field.name()));
            match field.r#type() {
                Type::String => put_message(&mut out, number, path.as_bytes()),
                Type::Bool => put_varint(&mut out, number, 1),
                Type::Int32 | Type::Int64 => put_varint(&mut out, number, 7),
                Type::Enum => {
                    let last = self.enums[field.type_name()].value.iter().map(|value| value.number()).max().unwrap();
                    match field.label() {
                        Label::Repeated => put_message(&mut out, number, &[last as u8]),
                        _ => put_varint(&mut out, number, last as u64),
                    }
                }
                Type::Message if is_opaque(field) => put_message(&mut out, number, &opaque(field, &path)),
                Type::Message => {
                    put_message(&mut out, number, &self.populated(field.type_name(), &format!("{path}.")));
                }
                other => panic!("{path}: no value for a {other:?}"),
            }
        }
        out
    }

    /// The value of each field of an encoded message by its path.
    fn leaves(&self, name: &str, message: &[u8], path: &str) -> BTreeMap<String, Vec<u8>> {
        let mut leaves = BTreeMap::new();
        for value in fields(message).map(Result::unwrap) {
            let field = self.messages[name].field.iter().find(|field| field.number() as u32 == value.number).unwrap();
            let path = format!("{path}{}", field.name());
            match (field.r#type(), value.value) {
                (Type::Message, Value::Bytes(inner)) if !is_opaque(field) => {
                    leaves.extend(self.leaves(field.type_name(), inner, &format!("{path}.")));
                }
                _ => assert!(leaves.insert(path, value.raw.to_vec()).is_none()),
            }
        }
        leaves
    }
}

fn is_opaque(field: &FieldDescriptorProto) -> bool {
    matches!(field.type_name(), ".google.protobuf.Any" | ".google.protobuf.Struct")
}

fn opaque(field: &FieldDescriptorProto, path: &str) -> Vec<u8> {
    let mut out = Vec::new();
    if field.type_name() == ".google.protobuf.Any" {
        put_message(&mut out, 1, b"type.googleapis.com/example.Annotation");
        put_message(&mut out, 2, path.as_bytes());
    } else {
        put_nested(&mut out, 1, |out| {
            put_message(out, 1, path.as_bytes());
            put_nested(out, 2, |out| put_message(out, 3, path.as_bytes()));
        });
    }
    out
}

/// Sends a message with every field set there and back. All must come back but what lies inside `references`, of which
/// only `ids` do.
fn check(noun: &Noun, references: &[&str], ids: &[&str]) {
    let schema = Schema::load();
    let name = format!(".c1.connector.v2.{}", noun.name);
    let sent = schema.populated(&name, "");
    let mut expected = schema.leaves(&name, &sent, "");
    let all: BTreeSet<_> = expected.keys().cloned().collect();
    assert!(ids.iter().all(|id| all.contains(*id)), "{all:?}");
    expected.retain(|path, _| ids.contains(&path.as_str()) || !references.iter().any(|start| path.starts_with(start)));
    let back = noun.message(&noun.record(&sent));
    assert_eq!(schema.leaves(&name, &back, ""), expected);
}

#[test]
fn every_field_of_a_resource_type_comes_back() {
    check(&RESOURCE_TYPE, &[], &[]);
}

#[test]
fn every_field_of_a_resource_comes_back() {
    check(&RESOURCE, &[], &[]);
}

#[test]
fn every_field_of_an_entitlement_comes_back_but_for_references() {
    let ids = ["resource.id.resource_type", "resource.id.resource", "grantable_to.id"];
    check(&ENTITLEMENT, &["resource.", "grantable_to."], &ids);
}

#[test]
fn every_field_of_a_grant_comes_back_but_for_references() {
    let ids = [
        "entitlement.id",
        "entitlement.resource.id.resource_type",
        "entitlement.resource.id.resource",
        "principal.id.resource_type",
        "principal.id.resource",
        "principal.parent_resource_id.resource_type",
        "principal.parent_resource_id.resource",
    ];
    check(&GRANT, &["entitlement.", "principal."], &ids);
    check(&EXPANDED_GRANT, &["entitlement.", "principal."], &ids);
}
