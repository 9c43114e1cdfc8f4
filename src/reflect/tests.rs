//! What records look like, and descriptors that nobody should believe.

use proptest::prelude::*;
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    Any, DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet, MessageOptions,
};
use serde_json::{json, Value};

use super::*;
use crate::proto::wire;
use crate::proto::{DESCRIPTORS, STORAGE_DESCRIPTORS};

const TYPE: &str = "type.googleapis.com/";

fn shown(schema: &Schema, message: &str, record: &[u8]) -> Value {
    serde_json::from_str(&schema.message(message).unwrap().json(record)).unwrap()
}

fn field(name: &str, number: i32, of: Type) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.into()),
        number: Some(number),
        label: Some(Label::Optional.into()),
        r#type: Some(of.into()),
        ..Default::default()
    }
}

fn repeated(field: FieldDescriptorProto, type_name: &str) -> FieldDescriptorProto {
    FieldDescriptorProto { label: Some(Label::Repeated.into()), type_name: Some(type_name.into()), ..field }
}

fn message(name: &str, field: Vec<FieldDescriptorProto>) -> DescriptorProto {
    DescriptorProto { name: Some(name.into()), field, ..Default::default() }
}

fn file(name: &str, message_type: Vec<DescriptorProto>) -> FileDescriptorProto {
    let syntax = Some("proto3".into());
    FileDescriptorProto { name: Some(name.into()), message_type, syntax, ..Default::default() }
}

fn schema(file: Vec<FileDescriptorProto>) -> Result<Schema> {
    Schema::of(&FileDescriptorSet { file }.encode_to_vec())
}

#[track_caller]
fn assert_refused(file: Vec<FileDescriptorProto>, detail: &str) {
    let error = schema(file).unwrap_err();
    assert!(matches!(error, Error::Corruption { .. }), "{error:?}");
    assert!(error.to_string().contains(detail), "{error}");
}

/// A schema with every kind of field, by the descriptors of a file named "all".
fn all_kinds() -> Schema {
    let entry = DescriptorProto {
        options: Some(MessageOptions { map_entry: Some(true), ..Default::default() }),
        ..message("EntriesEntry", vec![field("key", 1, Type::Sint64), field("value", 2, Type::Bool)])
    };
    let colors = EnumDescriptorProto {
        name: Some("Color".into()),
        value: [("RED", 0), ("BLUE", 1)]
            .map(|(name, number)| prost_types::EnumValueDescriptorProto {
                name: Some(name.into()),
                number: Some(number),
                options: None,
            })
            .into(),
        ..Default::default()
    };
    let fields = vec![
        field("a_double", 1, Type::Double),
        field("a_float", 2, Type::Float),
        field("an_int64", 3, Type::Int64),
        field("a_uint64", 4, Type::Uint64),
        field("an_int32", 5, Type::Int32),
        field("some_bytes", 6, Type::Bytes),
        field("a_text", 7, Type::String),
        FieldDescriptorProto { type_name: Some(".All.Color".into()), ..field("color", 8, Type::Enum) },
        FieldDescriptorProto { type_name: Some(".All".into()), ..field("inner", 9, Type::Message) },
        repeated(field("entries", 10, Type::Message), ".All.EntriesEntry"),
        FieldDescriptorProto { label: Some(Label::Repeated.into()), ..field("numbers", 11, Type::Uint32) },
    ];
    let all = DescriptorProto { nested_type: vec![entry], enum_type: vec![colors], ..message("All", fields) };
    schema(vec![file("all", vec![all])]).unwrap()
}

#[test]
fn every_kind_of_field_is_shown_as_protobuf_json_has_it() {
    let mut record = Vec::new();
    wire::put_present_fixed64(&mut record, 1, f64::NEG_INFINITY.to_bits());
    record.extend(b"\x15\x00\x00\x80\x3f"); // 2: 1.0
    wire::put_varint(&mut record, 3, -5i64 as u64);
    wire::put_varint(&mut record, 4, u64::MAX);
    wire::put_varint(&mut record, 5, -6i64 as u64);
    wire::put_bytes(&mut record, 6, b"\0\xff");
    wire::put_bytes(&mut record, 7, "é\"".as_bytes());
    wire::put_varint(&mut record, 8, 1);
    wire::put_nested(&mut record, 9, |inner| wire::put_varint(inner, 8, 7));
    for (key, value) in [(4, 1), (3, 1)] {
        wire::put_nested(&mut record, 10, |entry| {
            wire::put_varint(entry, 1, key);
            wire::put_varint(entry, 2, value);
        });
    }
    wire::put_bytes(&mut record, 11, &[1, 2]);
    assert_eq!(
        all_kinds().message("All").unwrap().json(&record),
        r#"{"aDouble":"-Infinity","aFloat":1.0,"anInt64":"-5","aUint64":"18446744073709551615","anInt32":-6,"#
            .to_owned()
            + r#""someBytes":"AP8=","aText":"é\"","color":"BLUE","inner":{"color":7},"#
            + r#""entries":{"-2":true,"2":true},"numbers":[1,2]}"#
    );
}

#[test]
fn fields_without_a_name_are_shown_at_every_level() {
    let mut record = Vec::new();
    wire::put_nested(&mut record, 9, |inner| wire::put_bytes(inner, 1000, b"private"));
    wire::put_varint(&mut record, 77, u64::MAX);
    wire::put_varint(&mut record, 77, 1);
    wire::put_present_fixed64(&mut record, 78, 5);
    record.extend(b"\xfd\x04\x05\x00\x00\x00"); // 79: fixed32
    record.extend(b"\x83\x05\x08\x01\x84\x05"); // 80: a group
    let unknown = json!([
        {"number": 77, "varint": "18446744073709551615"},
        {"number": 77, "varint": "1"},
        {"number": 78, "fixed64": "5"},
        {"number": 79, "fixed32": 5},
        {"number": 80, "group": "gwUIAYQF"},
    ]);
    let inner = json!({"@unknown": [{"number": 1000, "bytes": "cHJpdmF0ZQ=="}]});
    assert_eq!(shown(&all_kinds(), "All", &record), json!({"inner": inner, "@unknown": unknown}));
}

#[test]
fn googles_own_messages_have_their_own_form_unless_something_would_be_lost() {
    let schema = Schema::of(STORAGE_DESCRIPTORS).unwrap();
    let time = |bytes: &[u8]| shown(&schema, "google.protobuf.Timestamp", bytes);
    assert_eq!(time(b"\x08\x01\x10\x05"), json!("1970-01-01T00:00:01.000000005Z"));
    assert_eq!(time(b""), json!("1970-01-01T00:00:00Z"));
    assert_eq!(time(b"\x10\x80\x94\xeb\xdc\x03"), json!({"nanos": 1_000_000_000}), "a whole second of nanoseconds");
    assert_eq!(time(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), json!({"seconds": i64::MAX.to_string()}));
    let more = json!({"seconds": "1", "@unknown": [{"number": 3, "varint": "7"}]});
    assert_eq!(time(b"\x08\x01\x18\x07"), more);

    let value = |kind| prost_types::Value { kind: Some(kind) };
    let number = |number| prost_types::Struct {
        fields: [("n".to_owned(), value(prost_types::value::Kind::NumberValue(number)))].into(),
    };
    let profile = |number: prost_types::Struct| shown(&schema, "google.protobuf.Struct", &number.encode_to_vec());
    assert_eq!(profile(number(0.5)), json!({"n": 0.5}));
    assert_eq!(profile(number(f64::NAN)), json!({"fields": {"n": {"numberValue": "NaN"}}}));
}

#[test]
fn an_any_shows_its_content_if_the_descriptors_have_its_type_and_its_bytes_if_not() {
    let schema = Schema::of(DESCRIPTORS).unwrap();
    let any = |type_url: &str, value: &[u8]| {
        let any = Any { type_url: type_url.into(), value: value.into() };
        shown(&schema, "google.protobuf.Any", &any.encode_to_vec())
    };
    let known = format!("{TYPE}c1.storage.v3.ResourceRef");
    let content = json!({"@type": known, "resourceId": "a", "@unknown": [{"number": 1000, "varint": "1"}]});
    assert_eq!(any(&known, b"\x12\x01a\xc0\x3e\x01"), content);
    let damaged = json!({"@type": known, "value": "/w=="});
    assert_eq!(any(&known, b"\xff"), damaged);
    let unknown = json!({"@type": "example.com/no.such.Message", "value": "YWJj"});
    assert_eq!(any("example.com/no.such.Message", b"abc"), unknown);
    let time = format!("{TYPE}google.protobuf.Timestamp");
    assert_eq!(any(&time, b"\x08\x01"), json!({"@type": time, "value": "1970-01-01T00:00:01Z"}));
    assert_eq!(any("", b"abc"), json!({"value": "YWJj"}));
}

#[test]
fn messages_in_messages_are_shown_as_deep_as_they_may_nest_and_no_stack_is_deep_enough_to_matter() {
    let schema = Schema::of(DESCRIPTORS).unwrap();
    let any = format!("{TYPE}google.protobuf.Any");
    let mut value = b"core".to_vec();
    for _ in 0..4_000 {
        value = Any { type_url: any.clone(), value }.encode_to_vec();
    }
    let json = schema.message("google.protobuf.Any").unwrap().json(&value);
    assert_eq!(json.matches("@type").count(), 101);
    assert!(json.len() > value.len(), "what is too deep is shown by its bytes");

    let mut inner = Vec::new();
    for _ in 0..5_000 {
        let mut outer = Vec::new();
        wire::put_message(&mut outer, 9, &inner);
        inner = outer;
    }
    let json = shown(&all_kinds(), "All", &inner);
    assert!(json["@error"].as_str().unwrap().contains("recursion limit"), "{json}");
}

#[test]
fn bytes_that_are_no_such_message_are_shown_with_what_is_wrong() {
    let json = shown(&all_kinds(), "All", b"\x3a\x01\xff");
    assert_eq!(json["@bytes"], json!("OgH/"));
    assert!(json["@error"].as_str().unwrap().contains("UTF-8"), "{json}");
    assert_eq!(raw_json(b"{\n}"), r#"{"@text":"{\n}"}"#);
    assert_eq!(raw_json(b"\0\x01"), r#"{"@bytes":"AAE="}"#);
    assert_eq!(raw_json(b"\xff"), r#"{"@bytes":"/w=="}"#);
}

/// What a record is shown without.
#[track_caller]
fn cut(json: &Value) -> String {
    json["@cut"].as_array().unwrap_or_else(|| panic!("{json}")).iter().map(Value::to_string).collect()
}

#[test]
fn of_a_long_record_long_fields_are_cut_and_the_others_shown() {
    let mut record = Vec::new();
    wire::put_bytes(&mut record, 6, &vec![7; 10 << 20]);
    wire::put_bytes(&mut record, 7, "ü".repeat(100_000).as_bytes());
    wire::put_varint(&mut record, 8, 1);
    wire::put_nested(&mut record, 9, |inner| wire::put_bytes(inner, 6, &[0; 70_000]));
    let json = shown(&all_kinds(), "All", &record);
    assert_eq!(json["someBytes"].as_str().unwrap().len(), 64 << 10, "48 KiB in base64");
    assert_eq!(json["aText"].as_str().unwrap(), "ü".repeat(24 << 10));
    assert_eq!((&json["color"], &json["inner"]), (&json!("BLUE"), &Value::Null));
    let cut = cut(&json);
    for note in ["field 6: 10485760 bytes, of which the first 49152", "field 7: 200000 bytes", "field 9: 70008 bytes"] {
        assert!(cut.contains(note), "{cut}");
    }

    let mut many = Vec::new();
    (0..100).for_each(|_| wire::put_bytes(&mut many, 77, &vec![0; 100_000]));
    let cut = self::cut(&shown(&all_kinds(), "All", &many));
    assert!(cut.contains("more fields are not shown"), "{cut}");
    assert!(cut.len() < 2_000, "{cut}");
}

#[test]
fn a_long_value_that_is_no_message_is_cut_at_a_whole_character() {
    let json: Value = serde_json::from_str(&raw_json("€".repeat(1 << 20).as_bytes())).unwrap();
    assert_eq!(json["@text"].as_str().unwrap(), "€".repeat(16 << 10));
    assert!(cut(&json).contains("3145728 bytes, of which the first 49152 are shown"), "{}", cut(&json));
    let json: Value = serde_json::from_str(&raw_json(&vec![0xff; 1 << 20])).unwrap();
    assert_eq!(json["@bytes"].as_str().unwrap().len(), 64 << 10);
    let json = shown(&all_kinds(), "All", &vec![0xff; 1 << 20]);
    assert_eq!(json["@bytes"].as_str().unwrap().len(), 64 << 10);
    assert!(json["@error"].is_string() && cut(&json).contains("1048576"), "{}", cut(&json));
}

#[test]
fn however_long_the_names_are_that_a_record_uses_its_json_is_not() {
    // The longest name that is permitted: "All." lies in front of it.
    let name = "N".repeat(512 - 10);
    let value = EnumValueDescriptorProto { name: Some(name.clone()), number: Some(0), ..Default::default() };
    let names = EnumDescriptorProto { name: Some("E".into()), value: vec![value], ..Default::default() };
    let fields = vec![
        repeated(field("numbers", 1, Type::Enum), ".All.E"),
        repeated(field(&name.replace('N', "M"), 2, Type::Message), ".All"),
        field("last", 3, Type::Bool),
    ];
    let all = DescriptorProto { enum_type: vec![names], ..message("All", fields) };
    let schema = schema(vec![file("all", vec![all])]).unwrap();
    let json = |record: &[u8]| {
        let text = schema.message("All").unwrap().json(record);
        assert!(text.len() < 1_100_000, "{} bytes", text.len());
        serde_json::from_str::<Value>(&text).unwrap()
    };

    let mut record = Vec::new();
    wire::put_bytes(&mut record, 1, &[0; 60_000]);
    wire::put_varint(&mut record, 3, 1);
    let shown = json(&record);
    let numbers = shown["numbers"].as_array().unwrap();
    assert_eq!(numbers[0], json!(name));
    let note = numbers.last().unwrap().to_string();
    assert!(note.contains(&format!("60000 elements, of which the first {} are shown", numbers.len() - 1)), "{note}");
    assert!(cut(&shown).contains("2 fields, of which the first 1 are shown"), "{}", cut(&shown));

    // 1,000 messages, in each of which a field has the name.
    let nested = wire_of(|out| wire::put_message(out, 2, b""));
    json(&wire_of(|out| (0..1_000).for_each(|_| wire::put_message(out, 2, &nested))));
    // 80,000 fields without a name.
    json(&wire_of(|out| (0..80_000).for_each(|_| wire::put_varint(out, 15, 1))));
    // Control characters, each of which is six in JSON.
    let entries = wire_of(|out| (0..9_000).for_each(|n| wire::put_bytes(out, n % 9_000 + 20, &[1; 20])));
    json(&entries);
}

fn wire_of(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes);
    bytes
}

#[test]
fn names_that_are_too_long_are_refused_wherever_they_stand() {
    let long = "n".repeat(513);
    let too_long = |all: Vec<FileDescriptorProto>| assert_refused(all, "longer than 512 bytes");
    too_long(vec![file(&long, vec![])]);
    too_long(vec![FileDescriptorProto { package: Some(format!("a.{long}")), ..file("f", vec![]) }]);
    too_long(vec![file("f", vec![message(&long, vec![])])]);
    too_long(vec![file("f", vec![message("M", vec![field(&long, 1, Type::Bool)])])]);
    let json_name = FieldDescriptorProto { json_name: Some(long.clone()), ..field("f", 1, Type::Bool) };
    too_long(vec![file("f", vec![message("M", vec![json_name])])]);
    let value = EnumValueDescriptorProto { name: Some(long.clone()), number: Some(0), ..Default::default() };
    let of = EnumDescriptorProto { name: Some("E".into()), value: vec![value], ..Default::default() };
    too_long(vec![FileDescriptorProto { enum_type: vec![of], ..file("f", vec![]) }]);
    // Each name is short, what they lie in makes them long.
    let mut deep = message("Innermost", vec![]);
    for _ in 0..6 {
        deep = DescriptorProto { nested_type: vec![deep], ..message(&"M".repeat(90), vec![]) };
    }
    too_long(vec![file("f", vec![deep])]);
}

#[test]
fn descriptors_that_would_make_the_pool_panic_are_refused() {
    let with_syntax = |syntax: &str| FileDescriptorProto { syntax: Some(syntax.into()), ..file("f", vec![]) };
    assert_refused(vec![with_syntax("editions")], "syntax \"editions\" is unknown");
    let entry = |fields| DescriptorProto {
        options: Some(MessageOptions { map_entry: Some(true), ..Default::default() }),
        ..message("Entry", fields)
    };
    for fields in [
        vec![],
        vec![field("key", 1, Type::String)],
        vec![field("key", 1, Type::Double), field("value", 2, Type::Bool)],
        vec![field("key", 1, Type::String), repeated(field("value", 2, Type::Message), ".Entry")],
    ] {
        assert_refused(vec![file("f", vec![entry(fields)])], "map entry \"Entry\" is not made of a key and a value");
    }
    for name in ["", "a.b", "1", "a b"] {
        assert_refused(vec![file("f", vec![message(name, vec![])])], "is no name");
    }
    let untyped = FieldDescriptorProto { r#type: None, ..field("f", 1, Type::Bool) };
    assert_refused(vec![file("f", vec![message("M", vec![untyped])])], "field \"f\" has no type");
    let lost = FieldDescriptorProto { type_name: Some(".Lost".into()), ..field("f", 1, Type::Message) };
    assert_refused(vec![file("f", vec![message("M", vec![lost])])], "Lost");
    assert_refused(vec![file("f", vec![message("M", vec![]), message("M", vec![])])], "M");
}

#[test]
fn a_file_that_imports_itself_publicly_is_refused_and_a_ladder_of_public_imports_is_not_climbed() {
    let importing = |name: String, imports: Vec<String>| FileDescriptorProto {
        public_dependency: (0..imports.len() as i32).collect(),
        dependency: imports,
        ..file(&name, vec![])
    };
    assert_refused(vec![importing("a".into(), vec!["a".into()])], "a imports itself");
    let rungs = 80;
    let mut files = vec![file("0", vec![message("M", vec![])]), file("x0", vec![])];
    for rung in 1..rungs {
        let below = vec![(rung - 1).to_string(), format!("x{}", rung - 1)];
        files.push(importing(rung.to_string(), below.clone()));
        files.push(importing(format!("x{rung}"), below));
    }
    schema(files).unwrap().message("M").unwrap();
}

#[test]
fn too_large_and_too_deep_descriptors_are_refused() {
    let large = vec![0; MAX_BYTES + 1];
    assert!(matches!(Schema::of(&large), Err(Error::LimitExceeded { .. })));
    let mut deep = message("M", vec![]);
    for _ in 0..200 {
        deep = DescriptorProto { nested_type: vec![deep], ..message("M", vec![]) };
    }
    assert_refused(vec![file("f", vec![deep])], "recursion limit");
    let flood =
        DescriptorProto { nested_type: vec![DescriptorProto::default(); MAX_BYTES / 3], ..message("M", vec![]) };
    assert_refused(vec![file("f", vec![flood])], "is no name");
    assert!(schema(vec![]).unwrap().message("M").is_err());
}

/// The descriptors of stored records with some of their bytes changed.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>());
    prop::collection::vec(change, 1..4).prop_map(|changes| {
        let mut bytes = STORAGE_DESCRIPTORS.to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

/// The descriptors of stored records with the descriptors of some fields changed.
fn rewired() -> impl Strategy<Value = Vec<u8>> {
    let change =
        (any::<prop::sample::Index>(), any::<prop::sample::Index>(), -1i32..20, 0i32..5, any::<bool>(), -1i32..9);
    prop::collection::vec(change, 1..6).prop_map(|changes| {
        let mut set = FileDescriptorSet::decode(STORAGE_DESCRIPTORS).unwrap();
        for (message, at, of, label, entry, oneof) in changes {
            let mut messages: Vec<_> = set.file.iter_mut().flat_map(|file| &mut file.message_type).collect();
            let count = messages.len();
            let message = &mut messages[message.index(count)];
            message.options.get_or_insert_default().map_entry = Some(entry);
            if !message.field.is_empty() {
                let at = at.index(message.field.len());
                let field = &mut message.field[at];
                (field.r#type, field.label, field.oneof_index) = (Some(of), Some(label), Some(oneof));
            }
        }
        set.encode_to_vec()
    })
}

proptest! {
    #[test]
    fn damaged_descriptors_and_records_never_panic(set in prop_oneof![mutated(), rewired()], record in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(schema) = Schema::of(&set) {
            let names: Vec<String> = schema.0.all_messages().map(|message| message.full_name().to_owned()).collect();
            for name in names {
                let json = schema.message(&name).unwrap().json(&record);
                prop_assert!(serde_json::from_str::<Value>(&json).is_ok(), "{}", json);
            }
        }
    }
}
