mod canonical;
mod expansion;
mod hostile;
mod neighbours;
mod records;
mod reflection;
mod round_trip;
mod strategies;

use super::*;
use crate::proto::wire::Malformed;

const STAMP: Stamp<'static> =
    Stamp { discovered_at: Timestamp { seconds: 1_700_000_000, nanos: 5 }, source_scope_key: "scope" };

type Translate = fn(&[u8], &mut Vec<u8>) -> Result<(), Malformed>;

/// One noun: its name in the schema, and there and back.
struct Noun {
    name: &'static str,
    to_record: Translate,
    from_record: Translate,
}

const RESOURCE_TYPE: Noun = Noun {
    name: "ResourceType",
    to_record: |v2, out| resource_type_to_record(v2, &STAMP, out),
    from_record: resource_type_from_record,
};
const RESOURCE: Noun = Noun {
    name: "Resource",
    to_record: |v2, out| resource_to_record(v2, &STAMP, out),
    from_record: resource_from_record,
};
const ENTITLEMENT: Noun = Noun {
    name: "Entitlement",
    to_record: |v2, out| entitlement_to_record(v2, &STAMP, out),
    from_record: entitlement_from_record,
};
const GRANT: Noun =
    Noun { name: "Grant", to_record: |v2, out| grant_to_record(v2, &STAMP, out), from_record: grant_from_record };
const EXPANDED_GRANT: Noun = Noun {
    name: "Grant",
    to_record: |v2, out| expanded_grant_to_record(v2, STAMP.discovered_at, out),
    from_record: grant_from_record,
};
const NOUNS: [Noun; 5] = [RESOURCE_TYPE, RESOURCE, ENTITLEMENT, GRANT, EXPANDED_GRANT];

impl Noun {
    fn record(&self, v2: &[u8]) -> Vec<u8> {
        translated(self.to_record, v2)
    }

    fn message(&self, v3: &[u8]) -> Vec<u8> {
        translated(self.from_record, v3)
    }
}

fn translated(translate: Translate, input: &[u8]) -> Vec<u8> {
    let mut out = b"before".to_vec();
    translate(input, &mut out).unwrap();
    assert!(out.starts_with(b"before"));
    out.split_off(6)
}

fn annotation(type_url: &str, value: impl Into<Vec<u8>>) -> prost_types::Any {
    prost_types::Any { type_url: type_url.into(), value: value.into() }
}
