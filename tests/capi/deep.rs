//! Profiles in requests: what a host has read, however deep, it may name in the next call.

use c1z::proto::wire::{put_head, put_message};
use c1z::proto::DESCRIPTORS;
use prost_reflect::{DescriptorPool, MessageDescriptor};

use crate::functions::all;
use crate::sample::*;
use crate::support::Given;

/// An encoded profile of so many structs in one another, as field 9 of a resource.
pub fn deep_profile(levels: usize) -> Vec<u8> {
    let mut reversed: Vec<u8> = Vec::new();
    for number in [5, 2, 1].into_iter().cycle().take(3 * levels).chain([9]) {
        let mut head = Vec::new();
        put_head(&mut head, number, reversed.len());
        reversed.extend(head.iter().rev());
    }
    reversed.reverse();
    reversed
}

/// For each resource in a message, the fields that put `profile` into it: what comes again of a message is merged.
fn with_profiles(message: &MessageDescriptor, profile: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for field in message.fields().filter(|field| !field.is_list() && !field.is_map()) {
        let Some(inner) = field.kind().as_message().cloned() else { continue };
        let inside = match inner.full_name() {
            "c1.connector.v2.Resource" => vec![(String::new(), profile.to_vec())],
            "c1.connector.v2.Entitlement" => with_profiles(&inner, profile),
            _ => continue,
        };
        found.extend(inside.into_iter().map(|(path, bytes)| {
            let mut outer = Vec::new();
            put_message(&mut outer, field.number(), &bytes);
            (format!("{}.{path}", field.name()), outer)
        }));
    }
    found
}

#[test]
fn every_request_may_name_a_resource_whatever_its_profile_holds() {
    let schema = DescriptorPool::decode(DESCRIPTORS).unwrap();
    let profile = deep_profile(3_331);
    let mut tried = 0;
    for function in all(&Sample::new()) {
        let message = schema.get_message_by_name(&function.message).unwrap();
        for (path, deep) in with_profiles(&message, &profile) {
            let sample = Sample::new();
            let store = sample.open();
            match store.send(function.exported, &[&function.request[..], &deep].concat()) {
                Ok(Given::Walk(mut walk)) => while walk.next().unwrap().is_some() {},
                answer => drop(answer.unwrap_or_else(|failure| panic!("{} {path}: {failure:?}", function.name))),
            }
            tried += 1;
        }
    }
    assert!(tried >= 7, "only {tried} requests have a resource in them");
}
