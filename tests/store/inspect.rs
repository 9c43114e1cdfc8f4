//! Files that explain themselves: their records are shown by their own descriptors, and their manifests are the same
//! bytes for the same content.

use std::path::{Path, PathBuf};

use c1z::control::Control;
use c1z::engine::Kind;
use c1z::envelope::Encoding;
use c1z::keys::Keyspace;
use c1z::proto::manifest::C1zManifestV3;
use c1z::proto::Profile;
use c1z::store::{inspect_schema, Inspection};
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{Any, DescriptorProto, FieldDescriptorProto, FileDescriptorSet, Timestamp};
use serde_json::{json, Value};

use crate::damage::damaged;
use crate::fixture::*;

const SYNC: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOv";
const UNFINISHED: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOw";

fn walk(path: &Path, request: InspectRequest) -> c1z::Result<Inspection> {
    let open = Some(OpenRequest { path: path.to_str().unwrap().into(), ..OpenRequest::default() });
    Inspection::open(&InspectRequest { open, ..request }, &Control::none())
}

fn pages(mut walk: Inspection) -> Vec<Vec<InspectedRecord>> {
    let next = || walk.next_page().unwrap().map(|page| InspectPage::decode(&page[..]).unwrap().list);
    std::iter::from_fn(next).collect()
}

/// Everything that a file holds: sync, type and JSON without times, which must be there.
fn shown(path: &Path, request: InspectRequest) -> Vec<(String, String, Value)> {
    let records = pages(walk(path, request).unwrap()).concat();
    let untimed = |record: InspectedRecord| {
        let mut json: Value = serde_json::from_str(&record.json).unwrap();
        for time in ["discoveredAt", "startedAt", "endedAt", "writtenAt"] {
            if let Some(value) = json.as_object_mut().unwrap().remove(time) {
                assert!(value.as_str().unwrap().ends_with('Z'), "{time} is {value}");
            }
        }
        (record.sync_id, record.record_type, json)
    };
    records.into_iter().map(untimed).collect()
}

/// The records of one type, of all syncs.
fn shown_of(path: &Path, record_type: &str) -> Vec<Value> {
    let request = InspectRequest { record_types: vec![record_type.into()], ..InspectRequest::default() };
    shown(path, request).into_iter().map(|(_, _, json)| json).collect()
}

fn any(name: &str, message: &impl Message) -> Any {
    Any { type_url: format!("type.googleapis.com/{name}"), value: message.encode_to_vec() }
}

/// A resource with something in every place.
fn alice() -> Resource {
    let inner = any("google.protobuf.Timestamp", &Timestamp { seconds: 1, nanos: 0 });
    let text = prost_types::value::Kind::StringValue("admin".into());
    let profile = prost_types::Struct { fields: [("role".to_owned(), prost_types::Value { kind: Some(text) })].into() };
    Resource {
        id: Some(ResourceId { baton_resource: true, ..id(("user", "alice")) }),
        parent_resource_id: Some(id(("org", "acme"))),
        display_name: "Alice".into(),
        annotations: vec![
            any("google.protobuf.Any", &inner),
            Any { type_url: "type.googleapis.com/acme.Unheard".into(), value: b"\0\x01".to_vec() },
        ],
        profile: Some(Profile { encoded: profile.encode_to_vec() }),
        created_at: Some(Timestamp { seconds: 1_600_000_000, nanos: 5 }),
        ..resource(("user", "alice"))
    }
}

/// A file, framed as a tar stream, with some of everything in one finished sync, and an unfinished sync.
fn everything(fixture: &Fixture) -> PathBuf {
    let path = fixture.path();
    let options = OpenOptions { threads: 1, encoding: Some(Encoding::Tar), ..OpenOptions::default() };
    let store = Store::open(&path, options, &Control::none()).unwrap();
    start_as(&store, "full", SYNC);
    put_resource_types(&store, &["user"]);
    put_resources(&store, &[alice(), resource(("group", "g"))]);
    put_entitlements(&store, &[entitlement(("group", "g"), "group:g:member")]);
    let sources = [("e".to_owned(), grant_sources::GrantSource { is_direct: true })].into();
    let held = Grant { sources: Some(GrantSources { sources }), ..membership("g", "alice") };
    put_grants(&store, &[expandable(held)]);
    put_asset(&store, "icon", b"\x89PNG");
    checkpoint(&store, "{\"at\":1}");
    set_session(&store, SYNC, &[("k", b"\xff")]);
    set_session(&store, "elsewhere", &[("k", b"v")]);
    end(&store);
    start_as(&store, "partial", UNFINISHED);
    put_resource_types(&store, &["role"]);
    close(store);
    path
}

fn manifest_bytes(path: &Path) -> Vec<u8> {
    let file = std::fs::read(path).unwrap();
    let length = u32::from_be_bytes(*file[5..].first_chunk().unwrap()) as usize;
    file[9..9 + length].to_vec()
}

type Change = fn(&mut C1zManifestV3);

/// Changes the manifest of a file whose payload does not mind.
fn rewrite_manifest(path: &Path, change: impl FnOnce(&mut C1zManifestV3)) {
    let old = manifest_bytes(path);
    let mut manifest = C1zManifestV3::decode(&old[..]).unwrap();
    change(&mut manifest);
    let new = manifest.encode_to_vec();
    let payload = std::fs::read(path).unwrap().split_off(9 + old.len());
    let head = [&b"C1Z3\0"[..], &(new.len() as u32).to_be_bytes(), &new].concat();
    std::fs::write(path, [head, payload].concat()).unwrap();
}

fn rewrite_descriptors(path: &Path, change: impl FnOnce(&mut FileDescriptorSet)) {
    rewrite_manifest(path, |manifest| change(manifest.descriptors.as_mut().unwrap()));
}

fn message<'s>(set: &'s mut FileDescriptorSet, name: &str) -> &'s mut DescriptorProto {
    set.file.iter_mut().flat_map(|file| &mut file.message_type).find(|message| message.name() == name).unwrap()
}

#[test]
fn every_stored_value_is_shown_with_all_that_is_in_it() {
    let fixture = Fixture::new();
    let path = everything(&fixture);
    let record = |sync: &str, name: &str, json| (sync.to_owned(), format!("c1.storage.v3.{name}Record"), json);
    let raw = |sync: &str, name: &str, json| (sync.to_owned(), name.to_owned(), json);
    let slot = |slot: &str| json!([{"number": 1000, "varint": slot}]);
    let run = |id, of, at| json!({"syncId": id, "type": of, "@unknown": slot(at)});
    let inner = json!({"@type": "type.googleapis.com/google.protobuf.Timestamp", "value": "1970-01-01T00:00:01Z"});
    let annotations = json!([
        {"@type": "type.googleapis.com/google.protobuf.Any", "value": inner},
        {"@type": "type.googleapis.com/acme.Unheard", "value": "AAE="},
    ]);
    let alice = json!({
        "resourceTypeId": "user", "resourceId": "alice", "displayName": "Alice",
        "parent": {"resourceTypeId": "org", "resourceId": "acme"}, "annotations": annotations,
        "profile": {"role": "admin"}, "createdAt": "2020-09-13T12:26:40.000000005Z",
        // ResourceId.baton_resource, in field 1 of what the schema has no place for
        "@unknown": [{"number": 1000, "bytes": "CgIYAQ=="}],
    });
    let stats = json!({
        "syncId": SYNC, "resourceTypes": "1", "resources": "2", "entitlements": "1", "grants": "1", "assets": "1",
        "resourcesByResourceType": {"group": "1", "user": "1"}, "grantsByEntitlementResourceType": {"group": "1"},
        "entitlementsByResourceType": {"group": "1"},
    });
    let grant = json!({
        "entitlement": {"resourceTypeId": "group", "resourceId": "g", "entitlementId": "group:g:member"},
        "principal": {"resourceTypeId": "user", "resourceId": "alice"},
        "expansion": {"entitlementIds": ["group:g:member"]}, "needsExpansion": true,
        "sources": {"e": {"isDirect": true}},
    });
    let of_group = json!({"resourceTypeId": "group", "resourceId": "g"});
    let expected = vec![
        raw("", "metadata", json!({"@bytes": "AAAAAQ=="})),
        raw("", "metadata", json!({"@bytes": "AAAAAw=="})),
        record(SYNC, "SyncRun", run(SYNC, "SYNC_TYPE_FULL", "1")),
        record(UNFINISHED, "SyncRun", run(UNFINISHED, "SYNC_TYPE_PARTIAL", "2")),
        raw(SYNC, "sync_token", json!({"@text": "{\"at\":1}"})),
        record(SYNC, "SyncStats", stats),
        record(SYNC, "ResourceType", json!({"externalId": "user"})),
        record(SYNC, "Resource", of_group.clone()),
        record(SYNC, "Resource", alice),
        record(SYNC, "Entitlement", json!({"externalId": "group:g:member", "resource": of_group})),
        record(SYNC, "Grant", grant),
        record(SYNC, "Asset", json!({"externalId": "icon", "contentType": "image/png", "data": "iVBORw=="})),
        record(UNFINISHED, "ResourceType", json!({"externalId": "role"})),
    ];
    let of = |list: &[(String, String, Value)], kind: &str| -> Vec<_> {
        list.iter().filter(|(_, name, _)| name == kind).cloned().collect()
    };
    let sessions = |list: &[(String, String, Value)]| of(list, "session_value");
    let mut all = shown(&path, InspectRequest::default());
    // Starting a sync drops the sessions of all but unfinished ones.
    assert_eq!(sessions(&all), []);
    // Of the sync that has ended and its one entitlement, in version 1.
    let digests = of(&all, "grant_digest");
    assert_eq!(digests.len(), 2);
    assert!(digests
        .iter()
        .all(|(sync, _, json)| sync == SYNC && json["@bytes"].as_str().unwrap().starts_with("AQAAAA")));
    all.retain(|(_, name, _)| !["session_value", "grant_digest"].contains(&name.as_str()));
    assert_eq!(all.len(), expected.len());
    for (shown, expected) in all.into_iter().zip(expected) {
        assert_eq!(shown, expected);
    }
}

#[test]
fn session_values_are_shown_under_the_sync_that_they_name() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start_as(&store, "full", SYNC);
    set_session(&store, SYNC, &[("k", b"\xff")]);
    set_session(&store, "elsewhere", &[("k", b"v")]);
    close(store);
    let of = |sync_id: &str| {
        let record_types = vec!["session_value".into()];
        shown(&fixture.path(), InspectRequest { sync_id: sync_id.into(), record_types, ..InspectRequest::default() })
    };
    let here = (SYNC.to_owned(), "session_value".to_owned(), json!({"@bytes": "/w=="}));
    let elsewhere = ("elsewhere".to_owned(), "session_value".to_owned(), json!({"@text": "v"}));
    assert_eq!(of(""), [here.clone(), elsewhere]);
    assert_eq!(of(SYNC), [here]);
}

#[test]
fn every_key_but_those_of_indexes_is_shown() {
    let fixture = Fixture::new();
    let path = everything(&fixture);
    let mut shown: Vec<_> = pages(walk(&path, InspectRequest::default()).unwrap()).concat();
    shown.sort_by(|a, b| a.key.cmp(&b.key));
    let store = fixture.open_read_only();
    let stored = dump(Path::new(&store.metadata().unwrap().database_path));
    let indexes = Keyspace::ResourceByParent as u8;
    let keys: Vec<_> = stored.iter().map(|(key, _)| key).filter(|key| key[4] < indexes).collect();
    assert_eq!(shown.iter().map(|record| &record.key).collect::<Vec<_>>(), keys);
}

#[test]
fn only_the_descriptors_in_the_file_say_what_is_in_a_record() {
    let fixture = Fixture::new();
    let path = everything(&fixture);
    rewrite_descriptors(&path, |set| {
        let resource = message(set, "ResourceRecord");
        let name = resource.field.iter_mut().find(|field| field.name() == "display_name").unwrap();
        (name.name, name.json_name) = (Some("called".into()), Some("called".into()));
        resource.field.push(FieldDescriptorProto {
            name: Some("kept".into()),
            json_name: Some("kept".into()),
            number: Some(1000),
            label: Some(Label::Optional.into()),
            r#type: Some(Type::Bytes.into()),
            ..Default::default()
        });
        message(set, "ResourceTypeRecord").field.clear();
    });
    let alice = &shown_of(&path, "c1.storage.v3.ResourceRecord")[1];
    assert_eq!(alice["called"], json!("Alice"));
    assert_eq!(alice["kept"], json!("CgIYAQ=="));
    assert_eq!((&alice["displayName"], &alice["@unknown"]), (&Value::Null, &Value::Null));
    let user = &shown_of(&path, "c1.storage.v3.ResourceTypeRecord")[0];
    assert_eq!(user["@unknown"][0], json!({"number": 2, "bytes": "dXNlcg=="}));
}

#[test]
fn a_file_that_does_not_describe_itself_opens_and_cannot_be_inspected() {
    let without: [Change; 2] = [|manifest| manifest.descriptors = None, |manifest| manifest.engine_config = None];
    for without in without {
        let fixture = Fixture::new();
        let path = everything(&fixture);
        rewrite_manifest(&path, without);
        let refused = (Code::FailedPrecondition, "NO_DESCRIPTORS");
        assert_eq!(why(walk(&path, InspectRequest::default())), refused);
        select(&fixture.open_read_only(), SYNC);
    }
}

#[test]
fn a_set_that_lacks_an_import_is_damage_and_names_what_is_missing() {
    let fixture = Fixture::new();
    let path = everything(&fixture);
    rewrite_descriptors(&path, |set| set.file.retain(|file| !file.name().ends_with("refs.proto")));
    for refused in [
        open(&path, true).err().unwrap(),
        open(&path, false).err().unwrap(),
        walk(&path, InspectRequest::default()).err().unwrap(),
        inspect_schema(&path).unwrap_err(),
    ] {
        assert_eq!((refused.code(), refused.reason().name()), CORRUPTION);
        let message = refused.to_string();
        for part in [path.to_str().unwrap(), "records.proto imports c1/storage/v3/refs.proto"] {
            assert!(message.contains(part), "{message}");
        }
    }
}

#[test]
fn descriptors_that_nobody_should_believe_keep_a_file_from_being_inspected_and_from_nothing_else() {
    let hostile: [(Change, (Code, &str)); 4] = [
        (
            |manifest| {
                let file = &mut manifest.descriptors.as_mut().unwrap().file[0];
                file.source_code_info = Some(Default::default());
                let locations = &mut file.source_code_info.as_mut().unwrap().location;
                locations.resize(200_000, Default::default());
            },
            (Code::ResourceExhausted, "LIMIT_EXCEEDED"),
        ),
        (
            |manifest| message(manifest.descriptors.as_mut().unwrap(), "GrantRecord").name = Some("Grant".into()),
            CORRUPTION,
        ),
        (|manifest| manifest.engine_config.as_mut().unwrap().value = vec![0xff], CORRUPTION),
        (
            |manifest| {
                let keyspaces = vec![RecordKeyspace { keyspace: 300, ..RecordKeyspace::default() }];
                manifest.engine_config.as_mut().unwrap().value = EngineConfig { keyspaces }.encode_to_vec();
            },
            CORRUPTION,
        ),
    ];
    for (change, refused) in hostile {
        let fixture = Fixture::new();
        let path = everything(&fixture);
        rewrite_manifest(&path, change);
        let error = walk(&path, InspectRequest::default()).err().unwrap();
        assert_eq!((error.code(), error.reason().name()), refused, "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        select(&fixture.open_read_only(), SYNC);
    }
}

#[test]
fn a_request_may_ask_for_one_sync_and_for_some_types() {
    let fixture = Fixture::new();
    let path = everything(&fixture);
    let all = shown(&path, InspectRequest::default());
    let one = shown(&path, InspectRequest { sync_id: UNFINISHED.into(), ..InspectRequest::default() });
    let expected: Vec<_> = all.iter().filter(|(sync, _, _)| sync == UNFINISHED).cloned().collect();
    assert_eq!((one.len(), one), (2, expected));
    let types = ["c1.storage.v3.GrantRecord", "sync_token"];
    let request = InspectRequest { record_types: types.map(str::to_owned).into(), ..InspectRequest::default() };
    let expected: Vec<_> = all.iter().filter(|(_, name, _)| types.contains(&name.as_str())).cloned().collect();
    assert_eq!((shown(&path, request), expected.len()), (expected, 2));
    let unknown = |request| why(walk(&path, request));
    assert_eq!(unknown(InspectRequest { sync_id: "none".into(), ..Default::default() }), NOT_FOUND);
    assert_eq!(unknown(InspectRequest { record_types: vec!["grant".into()], ..Default::default() }), NOT_FOUND);
}

#[test]
fn pages_follow_each_other_without_gap_or_overlap() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start_as(&store, "full", SYNC);
    let ids: Vec<String> = (0..2_500).map(|number| format!("{number:04}")).collect();
    put_resources(&store, &ids.iter().map(|id| resource(("user", id))).collect::<Vec<_>>());
    let large = vec![b'x'; 250 << 10];
    ["a", "b", "c", "d", "e"].iter().for_each(|id| put_asset(&store, id, &large));
    end(&store);
    close(store);
    let request = InspectRequest { record_types: vec!["c1.storage.v3.ResourceRecord".into()], ..Default::default() };
    let pages_of = |request| pages(walk(&fixture.path(), request).unwrap());
    let resources = pages_of(request);
    assert_eq!(resources.iter().map(Vec::len).collect::<Vec<_>>(), [1_000, 1_000, 500]);
    let id = |record: &InspectedRecord| serde_json::from_str::<Value>(&record.json).unwrap()["resourceId"].clone();
    assert_eq!(resources.concat().iter().map(id).collect::<Vec<_>>(), ids);
    let request = InspectRequest { record_types: vec!["c1.storage.v3.AssetRecord".into()], ..Default::default() };
    assert_eq!(pages_of(request).iter().map(Vec::len).collect::<Vec<_>>(), [4, 1], "a page is bounded by bytes too");
}

#[test]
fn names_in_a_file_that_would_make_every_record_long_keep_it_from_being_inspected() {
    let fixture = Fixture::new();
    let path = everything(&fixture);
    let long = "n".repeat(200_000);
    rewrite_descriptors(&path, |set| {
        message(set, "ResourceRecord").field[0].json_name = Some(long.clone());
    });
    let refused = walk(&path, InspectRequest::default()).err().unwrap();
    assert_eq!((refused.code(), refused.reason().name()), CORRUPTION);
    assert!(refused.to_string().contains("longer than 512 bytes") && refused.to_string().len() < 500, "{refused}");
    select(&fixture.open_read_only(), SYNC);
}

#[test]
fn a_long_record_is_shown_in_part_and_says_so() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start_as(&store, "full", SYNC);
    put_asset(&store, "icon", &vec![b'x'; 5 << 20]);
    checkpoint(&store, &"t".repeat(5 << 20));
    end(&store);
    close(store);
    let asset = &shown_of(&fixture.path(), "c1.storage.v3.AssetRecord")[0];
    assert_eq!((&asset["externalId"], &asset["contentType"]), (&json!("icon"), &json!("image/png")));
    assert_eq!(asset["data"].as_str().unwrap().len(), 64 << 10);
    assert!(asset["@cut"][0].as_str().unwrap().contains("field 4: 5242880 bytes"), "{}", asset["@cut"]);
    let token = &shown_of(&fixture.path(), "sync_token")[0];
    assert!(token["@cut"][0].as_str().unwrap().contains("5242880 bytes"), "{}", token["@cut"]);
}

#[test]
fn a_damaged_record_is_shown_as_such_among_the_others() {
    let fixture = damaged(Kind::ResourceType);
    let types = shown_of(&fixture.path(), "c1.storage.v3.ResourceTypeRecord");
    assert_eq!(types[0], json!({"externalId": "other"}));
    assert!(types[1]["@error"].is_string(), "{types:?}");
    assert_eq!(types[1]["@bytes"], json!("Cv8="));
}

#[test]
fn two_saves_of_the_same_content_have_the_same_manifest_bytes() {
    let fixture = Fixture::new();
    let path = everything(&fixture);
    let first = manifest_bytes(&path);
    let store = fixture.open();
    set_session(&store, UNFINISHED, &[("what no manifest says", b"")]);
    assert!(store.is_dirty());
    let clones = ["one.c1z", "two.c1z"].map(|name| fixture.beside(name));
    for clone in &clones {
        let path = clone.to_str().unwrap().into();
        let request = CloneSyncRequest { path, sync_id: SYNC.into(), ..CloneSyncRequest::default() };
        store.clone_sync(&request, &Control::none()).unwrap();
    }
    close(store);
    assert_eq!(manifest_bytes(&path), first);
    assert_eq!(manifest_bytes(&clones[0]), manifest_bytes(&clones[1]));
}

#[test]
fn the_order_in_which_records_came_does_not_show_in_the_manifest() {
    let written = |reverse: bool| {
        let fixture = Fixture::new();
        let store = fixture.open();
        start_as(&store, "full", SYNC);
        let mut types: Vec<String> = (0..20).map(|number| format!("type{number}")).collect();
        if reverse {
            types.reverse();
        }
        for name in &types {
            put_resource_types(&store, &[name]);
            put_resources(&store, &[resource((name, "a")), resource((name, "b"))]);
            put_entitlements(&store, &[entitlement((name, "a"), "e")]);
            put_grants(&store, &[grant(entitlement((name, "a"), "e"), (name, "b"))]);
        }
        end(&store);
        close(store);
        // What differs: when it was written.
        let mut manifest = C1zManifestV3::decode(&manifest_bytes(&fixture.path())[..]).unwrap();
        for run in &mut manifest.sync_runs {
            assert!(run.started_at.take().is_some() && run.ended_at.take().is_some());
            assert!(run.stats.as_mut().unwrap().written_at.take().is_some());
        }
        manifest.encode_to_vec()
    };
    assert_eq!(written(false), written(true));
}
