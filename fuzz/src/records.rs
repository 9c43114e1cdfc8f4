//! Translation of records, and what must hold of it.

use c1z::proto::connector::{Entitlement, Grant, Resource, ResourceType};
use c1z::proto::storage::{EntitlementRecord, GrantRecord, ResourceRecord, ResourceTypeRecord};
use c1z::proto::wire::Malformed;
use c1z::translate::*;
use prost::{DecodeError, Message};

const STAMP: Stamp<'static> =
    Stamp { discovered_at: Timestamp { seconds: 1_700_000_000, nanos: 5 }, source_scope_key: "scope" };

type Translate = fn(&[u8], &mut Vec<u8>) -> Result<(), Malformed>;
type Decode = fn(&[u8]) -> Result<(), DecodeError>;

/// There and back, and what others must be able to read of it.
struct Noun {
    to_record: Translate,
    from_record: Translate,
    record: Decode,
    message: Decode,
    /// Whether a message that was read becomes itself again when it is put and read once more.
    settles: fn(&[u8]) -> bool,
}

fn decode<M: Message + Default>(bytes: &[u8]) -> Result<(), DecodeError> {
    M::decode(bytes).map(drop)
}

const NOUNS: [Noun; 5] = [
    Noun {
        to_record: |v2, out| resource_type_to_record(v2, &STAMP, out),
        from_record: resource_type_from_record,
        record: decode::<ResourceTypeRecord>,
        message: decode::<ResourceType>,
        settles: |_| true,
    },
    Noun {
        to_record: |v2, out| resource_to_record(v2, &STAMP, out),
        from_record: resource_from_record,
        record: decode::<ResourceRecord>,
        message: decode::<Resource>,
        settles: |_| true,
    },
    Noun {
        to_record: |v2, out| entitlement_to_record(v2, &STAMP, out),
        from_record: entitlement_from_record,
        record: decode::<EntitlementRecord>,
        message: decode::<Entitlement>,
        settles: |_| true,
    },
    Noun {
        to_record: |v2, out| grant_to_record(v2, &STAMP, out),
        from_record: grant_from_record,
        record: decode::<GrantRecord>,
        message: decode::<Grant>,
        settles: |grant| expandables(grant) < 2,
    },
    Noun {
        to_record: |v2, out| expanded_grant_to_record(v2, STAMP.discovered_at, out),
        from_record: grant_from_record,
        record: decode::<GrantRecord>,
        message: decode::<Grant>,
        settles: |_| true,
    },
];

/// The `GrantExpandable` annotations of a grant. The first becomes the record's expansion and comes back as the last: of
/// several, another is the first on each journey.
fn expandables(grant: &[u8]) -> usize {
    let annotations = Grant::decode(grant).expect("a message that was read").annotations;
    annotations.iter().filter(|annotation| annotation.type_url.ends_with("c1.connector.v2.GrantExpandable")).count()
}

/// Bytes as a message and as a record of every noun. The first byte of the input chooses the noun.
///
/// A record that was written decodes, is read back, and becomes the same record once more; what fails writes nothing.
pub fn check_translation(data: &[u8]) {
    let Some((&choice, bytes)) = data.split_first() else { return };
    let noun = &NOUNS[usize::from(choice) % NOUNS.len()];
    if let Some(record) = translated(noun.to_record, bytes) {
        (noun.record)(&record).expect("a record that was written");
        let message = translated(noun.from_record, &record).expect("a record that was written");
        (noun.message)(&message).expect("a message that was written");
        let again = translated(noun.to_record, &message).expect("a message that was read");
        let back = translated(noun.from_record, &again).expect("a record that was written");
        assert!(
            back == message || !(noun.settles)(&message),
            "a second journey loses something: {back:?}, {message:?}"
        );
    }
    translated(noun.from_record, bytes);
    check_neighbours(bytes);
    let _ = grant_public_id(bytes);
    let _ = grant_expandable(bytes);
}

/// A grant that follows itself is read and put as it is alone.
fn check_neighbours(bytes: &[u8]) {
    let mut grants = FromRecords::new(Shape::Grant);
    let [alone, next] = [(); 2].map(|()| translated(|v3, out| grants.append(v3, out), bytes));
    assert_eq!(next, alone, "a neighbour changes a grant that is read");
    let mut grants = GrantsToRecords::default();
    let [alone, next] = [(); 2].map(|()| translated(|v2, out| grants.append(v2, &STAMP, out), bytes));
    assert_eq!(next, alone, "a neighbour changes a grant that is put");
}

fn translated(translate: impl FnOnce(&[u8], &mut Vec<u8>) -> Result<(), Malformed>, input: &[u8]) -> Option<Vec<u8>> {
    let mut out = b"before".to_vec();
    let result = translate(input, &mut out);
    assert!(out.starts_with(b"before") && (result.is_ok() || out.len() == 6), "a failure wrote something");
    result.ok().map(|()| out.split_off(6))
}
