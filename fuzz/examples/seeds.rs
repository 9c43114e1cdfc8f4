//! Writes the seed inputs of every fuzz target, from any small `.c1z` file of ours: `seeds FILE FOLDER`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use c1z::control::Control;
use c1z::envelope::{list, read_head, save, unpack, Encoding, Limits, Payload, SaveOptions};
use c1z::keys::{grant, tuple_of, BatchToken, EntitlementRef, GrantRef, Listing, ResourceRef, Slot, SyncId};
use c1z::proto::connector::{Entitlement, Grant, GrantExpandable, GrantSources, Resource, ResourceId, ResourceType};
use c1z::proto::manifest::{IndexedFrameIndex, PayloadEncoding};
use c1z::translate::{entitlement_to_record, grant_to_record, resource_to_record, resource_type_to_record};
use c1z::translate::{Stamp, Timestamp};
use libc1z_fuzz::{head, Parts};
use prost::Message;
use tempfile::TempDir;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// Where the inputs of the targets go.
struct Seeds(PathBuf);

impl Seeds {
    fn put(&self, target: &str, name: &str, bytes: &[u8]) -> Result {
        let folder = self.0.join(target);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(name), bytes)?)
    }
}

fn main() -> Result {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file, folder] = arguments.as_slice() else { return Err("usage: seeds FILE FOLDER".into()) };
    let seeds = Seeds(folder.into());
    of_files(Path::new(file), &seeds)?;
    of_keys(&seeds)?;
    of_records(&seeds)
}

/// The file's payload in every encoding, each behind the shortest head that there is.
fn of_files(file: &Path, seeds: &Seeds) -> Result {
    let folder = TempDir::new()?;
    let head_of_file = unpack(file, folder.path(), &Limits::default(), &Control::none())?;
    // Without descriptors: they are most of a head, and nothing decodes them.
    seeds.put("head", "manifest", &head_of_file.manifest.encode_to_vec())?;
    seeds.put("head", "whole", &head(PayloadEncoding::Tar))?;
    seeds.put("head", "v1", b"C1ZF\0")?;
    for encoding in [Encoding::IndexedZstd, Encoding::Tar, Encoding::TarZstd] {
        let place = TempDir::new()?;
        let packed = place.path().join("packed.c1z");
        let (manifest, options) = (head_of_file.manifest.clone(), SaveOptions { threads: 1, ..Default::default() });
        save(&packed, manifest, encoding, Payload::below(folder.path())?, &options, &Control::none())?;
        let start = read_head(&packed)?.payload_start as usize;
        let bytes = fs::read(&packed)?;
        match encoding {
            Encoding::IndexedZstd => of_indexed(&packed, &bytes, start, seeds)?,
            Encoding::Tar => seeds.put("unpack_tar", "payload", &bytes[start..])?,
            Encoding::TarZstd => seeds.put("unpack_tar_zstd", "payload", &bytes[start..])?,
        }
    }
    Ok(())
}

fn of_indexed(packed: &Path, bytes: &[u8], start: usize, seeds: &Seeds) -> Result {
    let frames_len: usize =
        list(packed)?.iter().filter_map(|entry| entry.stored).map(|stored| stored.size as usize).sum();
    let footer = bytes.len() - 28;
    let mut index = IndexedFrameIndex::decode(&bytes[start + frames_len..footer])?;
    let moved = head(PayloadEncoding::IndexedZstd).len() as i64 - start as i64;
    index.entries.iter_mut().for_each(|entry| entry.frame_offset += moved);
    index.manifest_xxh64 = 0;
    let index = index.encode_to_vec();
    seeds.put("index", "index", &index)?;
    seeds.put("index", "footer", &bytes[footer..])?;
    let parts = Parts { frames: &bytes[start..start + frames_len], index: &index };
    seeds.put("unpack_indexed", "payload", &parts.to_bytes())
}

fn of_keys(seeds: &Seeds) -> Result {
    let resource = ResourceRef::new("group", "g1");
    for (name, id) in [("derived", "group:g1:member"), ("whole", "owner"), ("escaped", "a\0b\u{1}c")] {
        let grant_ref =
            GrantRef { entitlement: EntitlementRef { resource, id }, principal: ResourceRef::new("user", "alice") };
        let key = grant(Slot(1), grant_ref);
        seeds.put("tuple", name, tuple_of(&key))?;
        seeds.put("identity", name, ["group", "g1", id, "user", "alice"].join("\n").as_bytes())?;
        let token = Listing::Grants.token(b"prefix", &[b"filter"], &[b"prefix", tuple_of(&key)].concat());
        seeds.put("token", name, token.as_bytes())?;
    }
    let batch = BatchToken { index: 1, inner: "inner".into() };
    seeds.put("token", "batch", batch.encode(["a", "b"].into_iter()).as_bytes())?;
    let sync = SyncId::from_bytes(*b"\x06\x69\xF7\xEF\xB5\xA1\xCD\x34\xB5\xF9\x9D\x11\x54\xFB\x68\x53\x34\x5C\x97\x35");
    seeds.put("identity", "sync", sync.to_string().as_bytes())
}

/// A message of each noun and the record that it becomes, behind the byte that chooses the noun.
fn of_records(seeds: &Seeds) -> Result {
    let stamp = Stamp { discovered_at: Timestamp { seconds: 1, nanos: 2 }, source_scope_key: "scope" };
    let resource_type = ResourceType {
        id: "user".into(),
        display_name: "User".into(),
        traits: vec![1, 99],
        description: "who".into(),
        ..Default::default()
    };
    let id = |kind: &str, id: &str| {
        Some(ResourceId { resource_type: kind.into(), resource: id.into(), baton_resource: true })
    };
    let resource = Resource {
        id: id("user", "alice"),
        parent_resource_id: id("org", "o"),
        display_name: "Alice".into(),
        description: "someone".into(),
        ..Default::default()
    };
    let entitlement = Entitlement {
        resource: Some(Resource { id: id("group", "g1"), ..Default::default() }),
        id: "group:g1:member".into(),
        grantable_to: vec![resource_type.clone()],
        purpose: 2,
        slug: "member".into(),
        ..Default::default()
    };
    let expandable = GrantExpandable { entitlement_ids: vec!["group:g2:member".into()], ..Default::default() };
    let grant = Grant {
        id: "gr-1".into(),
        entitlement: Some(entitlement.clone()),
        principal: Some(resource.clone()),
        sources: Some(GrantSources { sources: [("group:g2:member".to_owned(), Default::default())].into() }),
        annotations: vec![prost_types::Any {
            type_url: "type.googleapis.com/c1.connector.v2.GrantExpandable".into(),
            value: expandable.encode_to_vec(),
        }],
    };
    let messages =
        [resource_type.encode_to_vec(), resource.encode_to_vec(), entitlement.encode_to_vec(), grant.encode_to_vec()];
    let mut records = [const { Vec::new() }; 4];
    resource_type_to_record(&messages[0], &stamp, &mut records[0])?;
    resource_to_record(&messages[1], &stamp, &mut records[1])?;
    entitlement_to_record(&messages[2], &stamp, &mut records[2])?;
    grant_to_record(&messages[3], &stamp, &mut records[3])?;
    for (number, (message, record)) in (0u8..).zip(messages.iter().zip(&records)) {
        seeds.put("translate", &format!("message-{number}"), &[&[number], message.as_slice()].concat())?;
        seeds.put("translate", &format!("record-{number}"), &[&[number], record.as_slice()].concat())?;
        seeds.put("wire", &format!("message-{number}"), message)?;
    }
    let expanded = [&[129], records[3].as_slice(), messages[3].as_slice()].concat();
    seeds.put("translate", "expanded", &expanded)
}
