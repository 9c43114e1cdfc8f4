//! Which annotation becomes a grant's expansion, and what the expander's writes keep of it.

use prost::Message;
use prost_types::Any;

use super::*;
use crate::proto::connector::{Entitlement, Grant, GrantExpandable, Resource, ResourceId};
use crate::proto::storage::GrantRecord;

const URL: &str = "type.googleapis.com/c1.connector.v2.GrantExpandable";

fn expandable(ids: &[&str]) -> Any {
    let ids = ids.iter().map(ToString::to_string).collect();
    annotation(URL, GrantExpandable { entitlement_ids: ids, shallow: true, ..Default::default() }.encode_to_vec())
}

fn plain() -> Any {
    annotation("type.googleapis.com/c1.connector.v2.GrantImmutable", *b"\x0a\x01x")
}

fn undecodable() -> Any {
    annotation(URL, *b"\x0a\xff")
}

fn encoded(annotations: &[Any]) -> Vec<u8> {
    let id =
        |kind: &str, id: &str| ResourceId { resource_type: kind.into(), resource: id.into(), ..Default::default() };
    let group = Resource { id: Some(id("group", "g1")), ..Default::default() };
    Grant {
        entitlement: Some(Entitlement { id: "member".into(), resource: Some(group), ..Default::default() }),
        principal: Some(Resource { id: Some(id("user", "u1")), ..Default::default() }),
        annotations: annotations.to_vec(),
        ..Default::default()
    }
    .encode_to_vec()
}

fn put(annotations: &[Any]) -> GrantRecord {
    GrantRecord::decode(&GRANT.record(&encoded(annotations))[..]).unwrap()
}

fn expanded(annotations: &[Any]) -> GrantRecord {
    let mut record = Vec::new();
    expanded_grant_to_record(&encoded(annotations), Timestamp { seconds: 9, nanos: 9 }, &mut record).unwrap();
    GrantRecord::decode(&record[..]).unwrap()
}

fn expansion_ids(record: &GrantRecord) -> Option<Vec<String>> {
    assert_eq!(record.needs_expansion, record.expansion.is_some());
    record.expansion.as_ref().map(|expansion| expansion.entitlement_ids.clone())
}

#[test]
fn the_first_that_decodes_is_taken_and_a_second_stays() {
    let record = put(&[plain(), undecodable(), expandable(&["a"]), plain(), expandable(&["b"])]);
    assert_eq!(expansion_ids(&record).unwrap(), ["a"]);
    assert_eq!(record.annotations, [plain(), undecodable(), plain(), expandable(&["b"])]);
}

#[test]
fn one_that_does_not_decode_stays_and_does_not_count() {
    let wrong_type = annotation(URL, *b"\x08\x01");
    let not_utf8 = annotation(URL, *b"\x1a\x01\xff");
    for annotation in [undecodable(), wrong_type, not_utf8] {
        let record = put(std::slice::from_ref(&annotation));
        assert_eq!(expansion_ids(&record), None);
        assert_eq!(record.annotations, [annotation]);
    }
}

#[test]
fn one_without_a_nonblank_id_is_removed_and_does_not_count() {
    for blank in [&[][..], &[""], &[" \t", "\u{a0}\u{2003}", "\u{85}"]] {
        let record = put(&[expandable(blank), plain(), expandable(&["b"])]);
        assert_eq!(expansion_ids(&record), None);
        assert_eq!(record.annotations, [plain(), expandable(&["b"])]);
    }
}

#[test]
fn blank_ids_beside_a_nonblank_one_are_stored() {
    let record = put(&[expandable(&["", "a", " ", "a"])]);
    assert_eq!(expansion_ids(&record).unwrap(), ["", "a", " ", "a"]);
    assert!(record.expansion.unwrap().shallow);
}

#[test]
fn the_type_is_what_follows_the_last_slash() {
    let value = expandable(&["a"]).value;
    for (url, counts) in [
        ("c1.connector.v2.GrantExpandable", true),
        ("/c1.connector.v2.GrantExpandable", true),
        ("https://example.com/types/c1.connector.v2.GrantExpandable", true),
        ("xc1.connector.v2.GrantExpandable", false),
        ("c1.connector.v2.GrantExpandable/", false),
        ("c1.connector.v2.grantexpandable", false),
    ] {
        assert_eq!(put(&[annotation(url, value.clone())]).needs_expansion, counts, "{url}");
    }
}

#[test]
fn putting_a_grant_again_without_the_annotation_clears_its_expansion() {
    assert_eq!(expansion_ids(&put(&[plain()])), None);
}

#[test]
fn fields_that_a_newer_schema_adds_to_the_annotation_survive() {
    let mut annotation = expandable(&["a"]);
    annotation.value.extend(b"\x22\x03new");
    let back = GRANT.message(&GRANT.record(&encoded(&[annotation.clone()])));
    assert_eq!(Grant::decode(&back[..]).unwrap().annotations, [annotation]);
}

#[test]
fn reading_a_grant_twice_gives_the_same_bytes() {
    let record = GRANT.record(&encoded(&[expandable(&["a"]), plain()]));
    let mut page = GRANT.message(&record);
    let len = page.len();
    GRANT.message(&GRANT.record(&encoded(&[])));
    grant_from_record(&record, &mut page).unwrap();
    assert_eq!(page[..len], page[len..]);
}

#[test]
fn an_expanders_new_grant_has_no_expansion_and_no_scope() {
    let record = expanded(&[expandable(&["a"]), plain(), undecodable(), expandable(&["b"])]);
    let expected = GrantRecord {
        discovered_at: Some(Timestamp { seconds: 9, nanos: 9 }),
        source_scope_key: String::new(),
        ..put(&[plain()])
    };
    assert_eq!(record, expected);
}

#[test]
fn an_id_that_follows_from_the_references_is_not_stored() {
    let sent = Grant::decode(&encoded(&[])[..]).unwrap();
    for (id, stored) in
        [("member:user:u1", ""), ("member:user:u", "member:user:u"), ("member:user:u12", "member:user:u12")]
    {
        let grant = Grant { id: id.into(), ..sent.clone() }.encode_to_vec();
        assert_eq!(GrantRecord::decode(&GRANT.record(&grant)[..]).unwrap().external_id, stored);
        assert_eq!(Grant::decode(&GRANT.message(&GRANT.record(&grant))[..]).unwrap().id, id);
    }
}

#[test]
fn a_grant_without_an_id_is_given_one_of_its_references() {
    let record = GRANT.record(&encoded(&[]));
    assert_eq!(grant_public_id(&record).unwrap(), "member:user:u1");
    assert_eq!(Grant::decode(&GRANT.message(&record)[..]).unwrap().id, "member:user:u1");
    assert_eq!(GrantRecord::decode(&record[..]).unwrap().external_id, "");
}
