use std::collections::BTreeSet;

use prost::Message;
use prost_types::FileDescriptorSet;

use super::{connector, storage, DESCRIPTORS, STORAGE_DESCRIPTORS};

fn decode(bytes: &[u8]) -> FileDescriptorSet {
    FileDescriptorSet::decode(bytes).unwrap()
}

fn names(set: &FileDescriptorSet) -> Vec<&str> {
    set.file.iter().map(|file| file.name()).collect()
}

#[test]
fn the_storage_descriptors_are_the_records_and_what_they_import() {
    assert_eq!(
        names(&decode(STORAGE_DESCRIPTORS)),
        [
            "c1/storage/v3/options.proto",
            "c1/storage/v3/records.proto",
            "c1/storage/v3/refs.proto",
            "google/protobuf/any.proto",
            "google/protobuf/descriptor.proto",
            "google/protobuf/struct.proto",
            "google/protobuf/timestamp.proto",
        ]
    );
}

#[test]
fn both_descriptor_sets_are_closed_sorted_and_free_of_source_info() {
    for bytes in [DESCRIPTORS, STORAGE_DESCRIPTORS] {
        let set = decode(bytes);
        let names = names(&set);
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");

        let known: BTreeSet<&str> = names.into_iter().collect();
        for file in &set.file {
            for import in &file.dependency {
                assert!(known.contains(import.as_str()), "{} imports {import}", file.name());
            }
            assert!(file.source_code_info.is_none(), "{}", file.name());
        }
    }
}

#[test]
fn a_stored_resource_status_has_the_numbers_of_the_connectors() {
    use connector::status::ResourceStatus as Connector;
    use storage::status_record::ResourceStatus as Stored;

    let numbers = 0..100;
    let connector: Vec<_> =
        numbers.clone().filter_map(|n| Connector::try_from(n).ok()).map(|s| (s.as_str_name(), s as i32)).collect();
    let stored: Vec<_> =
        numbers.filter_map(|n| Stored::try_from(n).ok()).map(|s| (s.as_str_name(), s as i32)).collect();
    assert_eq!(connector.len(), 5);
    assert_eq!(connector, stored);
}
