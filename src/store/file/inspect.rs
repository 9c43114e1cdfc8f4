//! A file shown by what it says of itself: its descriptors, and the keyspaces that its manifest names.
//!
//! What a reader has to know beforehand is the layout of keys, whose version the manifest names too; no schema of records.

use std::path::Path;

use prost::Message;

use super::engine_config::keyspaces_of;
use super::open::naming;
use super::paths::required_path;
use crate::control::Control;
use crate::envelope::{self, Head};
use crate::error::Reason;
use crate::keys::{self, Keyspace, Slot, SyncId};
use crate::large_stack::on_large_stack;
use crate::proto::api::{InspectPage, InspectRequest, InspectedRecord, RecordKeyspace};
use crate::reflect::{raw_json, RecordType, Schema};
use crate::store::{OpenOptions, Store};
use crate::{quoted, Error, Result};

/// The most records of a page.
const PAGE_RECORDS: usize = 1_000;
/// A page that has as much is not added to.
const PAGE_BYTES: usize = 1 << 20;
/// More keyspaces than a byte has.
const MAX_KEYSPACES: usize = 256;
/// More bytes than a name among the descriptors may have.
const MAX_RECORD_TYPE: usize = 512;
/// Keyspaces below this one are the file's, in slot 0; those from it on are in the slots of syncs.
const FIRST_OF_SYNC: u32 = Keyspace::ResourceType as u32;
const SESSION: u32 = Keyspace::Session as u32;

/// A keyspace as the file names it and, unless its values are raw, the message that the file's descriptors have for it.
type DescribedKeyspace = (RecordKeyspace, Option<RecordType>);

/// The encoded `FileDescriptorSet` of the file at `path`, which may be another engine's; empty if it has none. Reads the
/// head alone.
pub fn inspect_schema(path: &Path) -> Result<Vec<u8>> {
    let descriptors = envelope::read_head(path)?.descriptors;
    envelope::verify_descriptors(&descriptors).map_err(|error| in_file(path, error))?;
    Ok(descriptors)
}

/// A walk through all that a file holds, page after page.
pub struct Inspection {
    store: Store,
    spans: Vec<Span>,
    /// The span that the next page starts in, and the last key of the page before if that is in the span.
    position: (usize, Option<Vec<u8>>),
}

/// The records of one keyspace that belong to one sync, or to the file.
struct Span {
    prefix: Vec<u8>,
    /// Empty for what belongs to the file, or where keys name the sync.
    sync_id: String,
    keyspace: u32,
    record_type: String,
    /// `None` for raw values.
    shown_as: Option<RecordType>,
}

impl Inspection {
    /// Unpacks the file and opens it read-only.
    pub fn open(request: &InspectRequest, control: &Control<'_>) -> Result<Inspection> {
        let open = request.open.clone().unwrap_or_default();
        let path = &required_path("path", &open.path, &open.path_bytes)?;
        let options = OpenOptions { read_only: true, encoding: None, ..OpenOptions::of(&open)? };
        let (store, head) = Store::open_with_head(path, options, control)?;
        let keyspaces =
            head.map_or(Ok(Vec::new()), |head| on_large_stack(path, || described_keyspaces(path, &head)))?;
        let spans = store.spans(request, keyspaces).map_err(|error| in_file(path, error))?;
        Ok(Inspection { store, spans, position: (0, None) })
    }

    /// The next page, an encoded `c1z.v1.InspectPage`; `None` behind the last. A page that fails can be asked for again.
    pub fn next_page(&mut self) -> Result<Option<Vec<u8>>> {
        let path = self.store.path.clone();
        on_large_stack(&path, || self.page())
    }

    fn page(&mut self) -> Result<Option<Vec<u8>>> {
        let reader = self.store.engine.ended();
        let (mut at, mut after) = self.position.clone();
        let (mut page, mut bytes) = (InspectPage::default(), 0);
        while let Some(span) = self.spans.get(at) {
            let mut entries = reader.scan(&span.prefix, after.as_deref());
            while let Some((key, value)) = entries.next()? {
                let record = span.record(key, value);
                bytes += record.encoded_len();
                page.list.push(record);
                if page.list.len() == PAGE_RECORDS || bytes >= PAGE_BYTES {
                    self.position = (at, Some(key.to_vec()));
                    return Ok(Some(page.encode_to_vec()));
                }
            }
            (at, after) = (at + 1, None);
        }
        self.position = (at, None);
        Ok(Some(page.encode_to_vec()).filter(|page| !page.is_empty()))
    }
}

impl Span {
    fn of((keyspace, shown_as): &DescribedKeyspace, prefix: Vec<u8>, sync: Option<SyncId>) -> Span {
        Span {
            prefix,
            sync_id: sync.map(|id| id.to_string()).unwrap_or_default(),
            keyspace: keyspace.keyspace,
            record_type: keyspace.record_type.clone(),
            shown_as: shown_as.clone(),
        }
    }

    fn record(&self, key: &[u8], value: &[u8]) -> InspectedRecord {
        InspectedRecord {
            sync_id: if self.sync_id.is_empty() { sync_of(self.keyspace, key) } else { self.sync_id.clone() },
            record_type: self.record_type.clone(),
            key: key.to_vec(),
            json: self.shown_as.as_ref().map_or_else(|| raw_json(value), |record_type| record_type.json(value)),
        }
    }
}

/// The sync that a key of slot 0 is about; empty if it is about the file.
fn sync_of(keyspace: u32, key: &[u8]) -> String {
    match keyspace {
        SESSION => keys::first_element(keys::tuple_of(key)),
        _ => keys::sync_of(key).map(|id| id.to_string()),
    }
    .unwrap_or_default()
}

/// The keyspaces that a file names and, but for raw values, the messages that its descriptors have for them.
fn described_keyspaces(path: &Path, head: &Head) -> Result<Vec<DescribedKeyspace>> {
    let keyspaces = keyspaces_of(head.manifest.engine_config.as_ref()).filter(|_| !head.descriptors.is_empty());
    let keyspaces = keyspaces.ok_or_else(|| Error::Unsupported {
        path: path.to_path_buf(),
        reason: Reason::NoDescriptors,
        detail: "its manifest does not say what its records are".into(),
    })?;
    let described = || -> Result<_> {
        let keyspaces = keyspaces.map_err(|error| Error::corruption("manifest engine_config", error))?;
        if keyspaces.len() > MAX_KEYSPACES || keyspaces.iter().any(|keyspace| u8::try_from(keyspace.keyspace).is_err())
        {
            return Err(Error::corruption("manifest engine_config", "it names keyspaces that no key can have"));
        }
        if keyspaces.iter().any(|keyspace| keyspace.record_type.len() > MAX_RECORD_TYPE) {
            let detail = format!("it has a record_type of more than {MAX_RECORD_TYPE} bytes");
            return Err(Error::corruption("manifest engine_config", detail));
        }
        let schema = Schema::of(&head.descriptors)?;
        let with_message = |keyspace: RecordKeyspace| {
            let message = (!keyspace.raw).then(|| schema.message(&keyspace.record_type)).transpose()?;
            Ok((keyspace, message))
        };
        keyspaces.into_iter().map(with_message).collect()
    };
    described().map_err(|error| in_file(path, error))
}

impl Store {
    /// What a request asks for: what belongs to the file first, then sync after sync.
    fn spans(&self, request: &InspectRequest, keyspaces: Vec<DescribedKeyspace>) -> Result<Vec<Span>> {
        let is_named = |name: &String| keyspaces.iter().any(|(keyspace, _)| keyspace.record_type == *name);
        if let Some(unknown) = request.record_types.iter().find(|name| !is_named(name)) {
            return Err(Error::not_found("record type", unknown));
        }
        let wanted = |name: &String| request.record_types.is_empty() || request.record_types.contains(name);
        let keyspaces: Vec<_> = keyspaces.into_iter().filter(|(keyspace, _)| wanted(&keyspace.record_type)).collect();
        let reader = self.engine.snapshot();
        let (runs, only) = match request.sync_id.as_str() {
            "" => (reader.sync_runs()?, None),
            id => {
                let run = self.run_by_id(&reader, id)?;
                (vec![run.clone()], Some(run.id))
            }
        };
        let of_file = keyspaces.iter().filter(|(keyspace, _)| keyspace.keyspace < FIRST_OF_SYNC);
        let mut spans: Vec<Span> = of_file
            .filter_map(|keyspace| Some(Span::of(keyspace, prefix_in_file(keyspace.0.keyspace, only)?, None)))
            .collect();
        for run in &runs {
            let of_syncs = keyspaces.iter().filter(|(keyspace, _)| keyspace.keyspace >= FIRST_OF_SYNC);
            spans.extend(of_syncs.map(|keyspace| {
                let prefix = keys::keyspace_start(run.slot, keyspace.0.keyspace as u8);
                Span::of(keyspace, prefix, Some(run.id))
            }));
        }
        Ok(spans)
    }
}

/// What the keys of a keyspace of slot 0 start with, those about one sync if `only` names it; `None` if none is about one.
fn prefix_in_file(keyspace: u32, only: Option<SyncId>) -> Option<Vec<u8>> {
    const META: u32 = Keyspace::Meta as u32;
    let start = keys::keyspace_start(Slot::FILE, keyspace as u8);
    match (only, keyspace) {
        (None, _) => Some(start),
        (Some(_), META) => None,
        (Some(id), SESSION) => Some(keys::sessions_of(&id.to_string())),
        (Some(id), _) => Some([&start[..], id.as_bytes()].concat()),
    }
}

/// Says which file descriptors or records belong to.
fn in_file(path: &Path, error: Error) -> Error {
    match error {
        Error::LimitExceeded { place, what, limit, setting } => {
            Error::LimitExceeded { place: format!("{}: {place}", quoted::path(path)), what, limit, setting }
        }
        other => naming(path, other),
    }
}
