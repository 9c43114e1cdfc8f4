//! What differs, said by decoding every record as a message.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use c1z::engine::RecordKeys;
use c1z::keys::{self, Slot};
use c1z::proto::DESCRIPTORS;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor};

use crate::fixture::*;
use crate::record::Record;

/// Kind, what became of the record, and the fields that differ.
pub type Row = (i32, i32, Vec<String>);

const MESSAGES: [&str; 5] = ["ResourceTypeRecord", "ResourceRecord", "EntitlementRecord", "GrantRecord", "AssetRecord"];

/// By kind and key; of several records with one identity the last counts.
fn by_key(records: &[Record]) -> BTreeMap<(usize, Vec<u8>), Vec<u8>> {
    let keyed = |record: &Record| {
        let bytes = record.encode();
        let key = RecordKeys::of(record.kind(), Slot(1), &bytes).unwrap().record;
        ((record.kind, keys::tuple_of(&key).to_vec()), bytes)
    };
    records.iter().map(keyed).collect()
}

/// The differences between two syncs, in the order in which they are found.
pub fn differences(before: &[Record], after: &[Record], options: &CompareOptions) -> Vec<Row> {
    let (before, after) = (by_key(before), by_key(after));
    let all: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let row = |key: &(usize, Vec<u8>)| {
        let kind = key.0 as i32 + 1;
        if !options.kinds.is_empty() && !options.kinds.contains(&kind) {
            return None;
        }
        match (before.get(key), after.get(key)) {
            (None, _) => Some((kind, difference::Change::Added as i32, Vec::new())),
            (_, None) => Some((kind, difference::Change::Removed as i32, Vec::new())),
            (Some(before), Some(after)) => {
                let fields = fields(MESSAGES[key.0], before, after, options);
                (!fields.is_empty()).then_some((kind, difference::Change::Changed as i32, fields))
            }
        }
    };
    all.into_iter().filter_map(row).collect()
}

fn fields(message: &str, before: &[u8], after: &[u8], options: &CompareOptions) -> Vec<String> {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS).unwrap());
    let message = POOL.get_message_by_name(&format!("c1.storage.v3.{message}")).unwrap();
    let decoded = |bytes: &[u8]| DynamicMessage::decode(message.clone(), bytes).unwrap();
    let (before, after) = (decoded(before), decoded(after));
    let differs = |field: &FieldDescriptor| {
        before.has_field(field) != after.has_field(field) || before.get_field(field) != after.get_field(field)
    };
    let fields = message.fields().filter(|field| !is_ignored(field.name(), options)).filter(differs);
    let mut fields: Vec<FieldDescriptor> = fields.collect();
    fields.sort_by_key(FieldDescriptor::number);
    fields.iter().map(|field| field.name().to_owned()).collect()
}

fn is_ignored(field: &str, options: &CompareOptions) -> bool {
    match field {
        "discovered_at" | "source_scope_key" => true,
        "display_name" | "description" | "icon_asset_external_id" => options.ignore_display,
        "annotations" => options.ignore_annotations,
        "sources" => options.ignore_sources,
        "expansion" | "needs_expansion" => options.ignore_expansion,
        _ => false,
    }
}

/// What was found, as the reference says it.
pub fn rows(found: &[Difference]) -> Vec<Row> {
    let row = |found: &Difference| {
        let has = (found.before.is_some(), found.after.is_some());
        let expected = match found.change() {
            difference::Change::Added => (false, true),
            difference::Change::Removed => (true, false),
            _ => (true, true),
        };
        assert_eq!(has, expected, "{found:?}");
        (found.kind, found.change, found.fields.clone())
    };
    found.iter().map(row).collect()
}
