//! Which fields of two records with one identity differ.

use crate::engine::Kind;
use crate::memory::with_capacity;
use crate::proto::api::CompareOptions;
use crate::proto::described;
use crate::proto::wire::{fields, Field, Malformed};
use crate::translate::KEPT;
use crate::{Error, Result};

/// The most fields of a record that are named.
const MAX_NAMES: usize = 1000;

/// The icon of a `c1.connector.v2.Resource`.
const V2_ICON: u32 = 10;

/// Which fields of the records of a kind are not compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    kind: Kind,
    /// A bit for each number.
    ignored: Numbers,
    /// The same for what a record keeps of its v2 message.
    ignored_of_kept: Numbers,
}

/// Some numbers of fields, none above 63.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Numbers(u64);

impl Numbers {
    fn of(numbers: &[u32]) -> Numbers {
        Numbers(numbers.iter().fold(0, |set, number| set | 1 << number))
    }

    fn with(self, is_wanted: bool, numbers: &[u32]) -> Numbers {
        match is_wanted {
            true => Numbers(self.0 | Numbers::of(numbers).0),
            false => self,
        }
    }

    #[inline]
    fn contains(self, number: u32) -> bool {
        1u64.checked_shl(number).is_some_and(|bit| self.0 & bit != 0)
    }
}

/// Why two records could not be compared.
pub(super) enum Failure {
    /// This one of them is malformed.
    Malformed(usize, Malformed),
    /// Anything else.
    Other(Error),
}

impl Fields {
    /// Those of a kind that the options leave.
    pub fn of(kind: Kind, options: &CompareOptions) -> Fields {
        /// Once the sync's id, which the key implies.
        const SYNC_ID: u32 = 1;
        // When the record was discovered, and its scope if it has one.
        let stamps: &[u32] = match kind {
            Kind::ResourceType => &[SYNC_ID, 6],
            Kind::Resource => &[SYNC_ID, 8, 12],
            Kind::Entitlement => &[SYNC_ID, 8, 11],
            Kind::Grant => &[SYNC_ID, 5, 10],
            Kind::Asset => &[SYNC_ID, 5],
        };
        let display: &[u32] = match kind {
            Kind::ResourceType => &[3, 7],
            Kind::Resource => &[4, 5, 13],
            Kind::Entitlement => &[4, 5],
            Kind::Grant | Kind::Asset => &[],
        };
        let annotations: &[u32] = match kind {
            Kind::ResourceType => &[5],
            Kind::Resource | Kind::Entitlement => &[7],
            Kind::Grant => &[8],
            Kind::Asset => &[],
        };
        let is_grant = kind == Kind::Grant;
        let ignored = Numbers::of(stamps)
            .with(options.ignore_display, display)
            .with(options.ignore_annotations, annotations)
            .with(options.ignore_sources && is_grant, &[9])
            .with(options.ignore_expansion && is_grant, &[6, 7]);
        let has_icon = kind == Kind::Resource && options.ignore_display;
        Fields { kind, ignored, ignored_of_kept: Numbers::default().with(has_icon, &[V2_ICON]) }
    }

    /// The names of the fields that differ. Fields of one number are compared as they stand, one after the other.
    pub fn differing(&self, before: &[u8], after: &[u8]) -> Result<Vec<String>, Failure> {
        if before == after || are_same(before, after, self.ignored) {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for number in numbers(before, after, self.ignored)? {
            if number != KEPT {
                names.push(name(Some(stored_message(self.kind)), number));
                continue;
            }
            let kept = [before, after].map(kept);
            for number in numbers(&kept[0], &kept[1], self.ignored_of_kept)? {
                let name = name(connector_message(self.kind), number);
                // An enum of which the stored schema has only some values is in both.
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names.truncate(MAX_NAMES);
        Ok(names)
    }
}

/// Whether two records have the same fields in the same order, which those of equal messages have. One that is malformed
/// is like no other.
fn are_same(before: &[u8], after: &[u8], ignored: Numbers) -> bool {
    let is_compared =
        |field: &Result<Field<'_>, Malformed>| !matches!(field, Ok(field) if ignored.contains(field.number));
    let (mut before, mut after) = (fields(before).filter(is_compared), fields(after).filter(is_compared));
    loop {
        match (before.next(), after.next()) {
            (None, None) => return true,
            (Some(Ok(before)), Some(Ok(after))) if before.raw == after.raw => {}
            _ => return false,
        }
    }
}

/// The numbers of the fields that differ, in ascending order.
fn numbers(before: &[u8], after: &[u8], ignored: Numbers) -> Result<Vec<u32>, Failure> {
    let (before, after) = (sorted(before, 0, ignored)?, sorted(after, 1, ignored)?);
    let (mut before, mut after) = (before.chunk_by(same_number).peekable(), after.chunk_by(same_number).peekable());
    let mut numbers = Vec::new();
    while numbers.len() < MAX_NAMES {
        let next = [before.peek(), after.peek()].map(|group| group.map(|group| group[0].0));
        let Some(number) = next.into_iter().flatten().min() else { break };
        let of = |group: &&[(u32, &[u8])]| group[0].0 == number;
        if before.next_if(of) != after.next_if(of) {
            numbers.push(number);
        }
    }
    Ok(numbers)
}

fn same_number(one: &(u32, &[u8]), other: &(u32, &[u8])) -> bool {
    one.0 == other.0
}

/// The fields that are compared, by number, those of one number in the order in which they stand.
fn sorted(record: &[u8], side: usize, ignored: Numbers) -> Result<Vec<(u32, &[u8])>, Failure> {
    let mut sorted = with_capacity(fields(record).count()).map_err(Failure::Other)?;
    for field in fields(record) {
        let field = field.map_err(|error| Failure::Malformed(side, error))?;
        if !ignored.contains(field.number) {
            sorted.push((field.number, field.raw));
        }
    }
    // Those that this library wrote are sorted already, which costs nothing and takes no memory.
    sorted.sort_by_key(|&(number, _)| number);
    Ok(sorted)
}

/// What a record keeps of its v2 message. The record is well-formed.
fn kept(record: &[u8]) -> Vec<u8> {
    let kept = fields(record).flatten().filter(|field| field.number == KEPT);
    kept.filter_map(|field| field.bytes().ok()).flatten().copied().collect()
}

fn stored_message(kind: Kind) -> &'static str {
    match kind {
        Kind::ResourceType => "c1.storage.v3.ResourceTypeRecord",
        Kind::Resource => "c1.storage.v3.ResourceRecord",
        Kind::Entitlement => "c1.storage.v3.EntitlementRecord",
        Kind::Grant => "c1.storage.v3.GrantRecord",
        Kind::Asset => "c1.storage.v3.AssetRecord",
    }
}

fn connector_message(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::ResourceType => Some("c1.connector.v2.ResourceType"),
        Kind::Resource => Some("c1.connector.v2.Resource"),
        Kind::Entitlement => Some("c1.connector.v2.Entitlement"),
        Kind::Grant => Some("c1.connector.v2.Grant"),
        Kind::Asset => None,
    }
}

/// What a field of a message is called; its number, if the message has none with that.
fn name(message: Option<&str>, number: u32) -> String {
    let field = message.and_then(described).and_then(|message| message.get_field(number));
    field.map_or_else(|| number.to_string(), |field| field.name().to_owned())
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use prost_types::{Any, Timestamp};

    use super::*;
    use crate::proto::storage::{GrantExpandableRecord, GrantRecord, ResourceRecord, ResourceTypeRecord};
    use crate::proto::wire::{put_bytes, put_message, put_varint};

    fn grant() -> GrantRecord {
        GrantRecord {
            external_id: "id".into(),
            discovered_at: Some(Timestamp { seconds: 1, nanos: 2 }),
            expansion: Some(GrantExpandableRecord { entitlement_ids: vec!["a".into()], ..Default::default() }),
            needs_expansion: true,
            annotations: vec![Any { type_url: "x".into(), value: vec![1] }],
            sources: [("s".to_owned(), Default::default())].into(),
            source_scope_key: "scope".into(),
            ..GrantRecord::default()
        }
    }

    fn names(kind: Kind, options: &CompareOptions, before: &[u8], after: &[u8]) -> Vec<String> {
        match Fields::of(kind, options).differing(before, after) {
            Ok(names) => names,
            Err(Failure::Malformed(side, error)) => panic!("{side}: {error}"),
            Err(Failure::Other(error)) => panic!("{error}"),
        }
    }

    fn grants(options: &CompareOptions, after: &GrantRecord) -> Vec<String> {
        names(Kind::Grant, options, &grant().encode_to_vec(), &after.encode_to_vec())
    }

    #[test]
    fn stamps_make_no_difference_and_another_id_does() {
        let options = CompareOptions::default();
        let restamped = GrantRecord { discovered_at: None, source_scope_key: "other".into(), ..grant() };
        assert!(grants(&options, &restamped).is_empty());
        assert_eq!(grants(&options, &GrantRecord { external_id: "other".into(), ..restamped }), ["external_id"]);
    }

    #[test]
    fn each_option_leaves_out_its_fields_and_no_other() {
        let other = GrantRecord {
            expansion: None,
            needs_expansion: false,
            annotations: Vec::new(),
            sources: Default::default(),
            ..grant()
        };
        let all = CompareOptions::default();
        assert_eq!(grants(&all, &other), ["expansion", "needs_expansion", "annotations", "sources"]);
        let no_annotations = CompareOptions { ignore_annotations: true, ..all.clone() };
        assert_eq!(grants(&no_annotations, &other), ["expansion", "needs_expansion", "sources"]);
        let no_sources = CompareOptions { ignore_sources: true, ..all.clone() };
        assert_eq!(grants(&no_sources, &other), ["expansion", "needs_expansion", "annotations"]);
        let no_expansion = CompareOptions { ignore_expansion: true, ..all.clone() };
        assert_eq!(grants(&no_expansion, &other), ["annotations", "sources"]);
        let no_display = CompareOptions { ignore_display: true, ..all.clone() };
        assert_eq!(grants(&no_display, &other).len(), 4);

        let resource = |name: &str| ResourceRecord {
            display_name: name.into(),
            description: name.into(),
            icon_asset_external_id: name.into(),
            ..ResourceRecord::default()
        };
        let [one, other] = ["one", "other"].map(|name| resource(name).encode_to_vec());
        assert_eq!(
            names(Kind::Resource, &all, &one, &other),
            ["display_name", "description", "icon_asset_external_id"]
        );
        assert!(names(Kind::Resource, &no_display, &one, &other).is_empty());
        let [one, other] =
            ["one", "other"].map(|name| ResourceTypeRecord { display_name: name.into(), ..Default::default() });
        let [one, other] = [one, other].map(|record| record.encode_to_vec());
        assert_eq!(names(Kind::ResourceType, &all, &one, &other), ["display_name"]);
        assert!(names(Kind::ResourceType, &no_display, &one, &other).is_empty());
    }

    #[test]
    fn what_no_schema_names_differs_by_its_number_and_what_only_v2_has_by_its_name() {
        let options = CompareOptions::default();
        let with = |number: u32, value: &[u8]| {
            let mut record = ResourceRecord { resource_id: "r".into(), ..Default::default() }.encode_to_vec();
            put_message(&mut record, number, value);
            record
        };
        assert_eq!(names(Kind::Resource, &options, &with(77, b"a"), &with(77, b"b")), ["77"]);
        assert_eq!(names(Kind::Resource, &options, &with(77, b"a"), &with(78, b"a")), ["77", "78"]);
        let kept = |number, value: &[u8]| {
            let mut kept = Vec::new();
            put_bytes(&mut kept, number, value);
            with(KEPT, &kept)
        };
        assert_eq!(names(Kind::Resource, &options, &kept(V2_ICON, b"a"), &kept(V2_ICON, b"b")), ["icon"]);
        let no_display = CompareOptions { ignore_display: true, ..Default::default() };
        assert!(names(Kind::Resource, &no_display, &kept(V2_ICON, b"a"), &kept(V2_ICON, b"b")).is_empty());
        assert_eq!(names(Kind::Resource, &options, &kept(99, b"a"), &with(78, b"")), ["78", "99"]);
    }

    #[test]
    fn the_order_of_fields_with_different_numbers_makes_no_difference() {
        let (mut one, mut other) = (Vec::new(), Vec::new());
        for (record, order) in [(&mut one, [2, 70]), (&mut other, [70, 2])] {
            order.into_iter().for_each(|number| put_varint(record, number, 1));
        }
        assert!(names(Kind::Asset, &CompareOptions::default(), &one, &other).is_empty());
    }

    #[test]
    fn a_malformed_record_is_an_error_that_says_which_it_is() {
        let fields = Fields::of(Kind::Grant, &CompareOptions::default());
        let whole = grant().encode_to_vec();
        let cut = &whole[..whole.len() - 1];
        assert!(matches!(fields.differing(cut, &whole), Err(Failure::Malformed(0, _))));
        assert!(matches!(fields.differing(&whole, cut), Err(Failure::Malformed(1, _))));
        assert!(fields.differing(cut, cut).is_ok_and(|names| names.is_empty()), "they are the same");
    }

    #[test]
    fn names_are_bounded() {
        let mut record = Vec::new();
        (2000..4000).for_each(|number| put_varint(&mut record, number, 1));
        assert_eq!(names(Kind::Asset, &CompareOptions::default(), b"", &record).len(), MAX_NAMES);
    }
}
