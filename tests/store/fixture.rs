//! Files, syncs and records to try things on.

use std::path::{Path, PathBuf};

use c1z::control::Control;
use c1z::engine::{Durability, Engine, EngineOptions, Reader, Writer};
use c1z::envelope::{self, Encoding, Limits, Payload, SaveOptions};
pub use c1z::error::Code;
pub use c1z::proto::api::*;
pub use c1z::proto::connector::*;
use c1z::proto::manifest::C1zManifestV3;
use c1z::proto::reader::*;
use c1z::proto::storage::PrincipalRef;
use c1z::store::Encoded;
pub use c1z::store::{OpenOptions, Store};
use prost::Message;
use prost_types::Any;
use tempfile::TempDir;

pub const OPTIONS: EngineOptions =
    EngineOptions { memory_budget: 16 << 20, threads: 1, durable: false, compress_blocks: false };

pub struct Fixture {
    folder: TempDir,
}

impl Fixture {
    pub fn new() -> Fixture {
        Fixture { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> PathBuf {
        self.beside("file.c1z")
    }

    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn open(&self) -> Store {
        open(&self.path(), false).unwrap()
    }

    pub fn open_read_only(&self) -> Store {
        open(&self.path(), true).unwrap()
    }

    /// Saves and closes, and opens again.
    pub fn reopen(&self, store: Store) -> Store {
        close(store);
        self.open()
    }
}

pub fn open(path: &Path, read_only: bool) -> c1z::Result<Store> {
    Store::open(path, OpenOptions { read_only, threads: 1, ..OpenOptions::default() }, &Control::none())
}

pub fn save(store: &Store) {
    store.save(&Control::none()).unwrap();
}

pub fn close(store: Store) {
    save(&store);
    store.close().unwrap();
}

/// Changes the files of a saved file's payload, and its manifest.
pub fn repack(path: &Path, change: impl FnOnce(&Path, &mut C1zManifestV3)) {
    let folder = tempfile::tempdir().unwrap();
    let mut head = envelope::unpack(path, folder.path(), &Limits::default(), &Control::none()).unwrap();
    change(folder.path(), &mut head.manifest);
    pack(path, head.manifest, folder.path());
}

fn pack(path: &Path, manifest: C1zManifestV3, folder: &Path) {
    let encoding = Encoding::try_from(manifest.payload_encoding()).unwrap();
    let (payload, options) = (Payload::below(folder).unwrap(), SaveOptions { threads: 1, ..SaveOptions::default() });
    envelope::save(path, manifest, encoding, payload, &options, &Control::none()).unwrap();
}

/// Changes the database of a saved file behind the store's back.
pub fn tamper(path: &Path, change: impl FnOnce(&mut Writer<'_>, &Reader<'_>)) {
    let folder = tempfile::tempdir().unwrap();
    let [database, checkpoint] = ["database", "checkpoint"].map(|name| folder.path().join(name));
    std::fs::create_dir(&database).unwrap();
    let head = envelope::unpack(path, &database, &Limits::default(), &Control::none()).unwrap();
    let engine = Engine::open(&database, &OPTIONS).unwrap();
    let mut writer = engine.writer();
    change(&mut writer, &engine.ended());
    writer.commit(Durability::Synced).unwrap();
    writer.checkpoint().unwrap().place_in(&checkpoint).unwrap();
    pack(path, head.manifest, &checkpoint);
}

/// Every key and value of a database. One that a store has open may replace a table between its manifest and its files are
/// read: it is opened again then.
pub fn dump(database: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    const TRIES: usize = 10;
    let mut opened = (0..TRIES).map(|_| Engine::open_read_only(database, &OPTIONS, None));
    let engine = opened.find(|opened| opened.is_ok()).expect("no try succeeded").unwrap();
    let reader = engine.snapshot();
    let mut entries = reader.scan(b"", None);
    let mut all = Vec::new();
    while let Some((key, value)) = entries.next().unwrap() {
        all.push((key.to_vec(), value.to_vec()));
    }
    all
}

pub fn start(store: &Store, sync_type: &str) -> String {
    start_as(store, sync_type, "")
}

pub fn start_as(store: &Store, sync_type: &str, id: &str) -> String {
    let request = StartSyncRequest { sync_type: sync_type.into(), sync_id: id.into(), ..Default::default() };
    let bound = store.start_sync(&request).unwrap();
    assert!(bound.started);
    bound.sync_id
}

pub fn end(store: &Store) {
    store.end_sync(&Control::none()).unwrap();
}

pub fn select(store: &Store, sync: &str) {
    store.set_current_sync(&SetCurrentSyncRequest { sync_id: sync.into() }).unwrap();
}

pub fn resume(store: &Store, sync: &str) -> c1z::Result<BoundSyncResponse> {
    store.resume_sync(&ResumeSyncRequest { sync_type: "full".into(), sync_id: sync.into() })
}

pub fn checkpoint(store: &Store, token: &str) {
    store.checkpoint_sync(&CheckpointSyncRequest { sync_token: token.into() }).unwrap();
}

pub fn current(store: &Store) -> (String, String) {
    let current = store.get_current_sync().unwrap();
    (current.sync_id, current.sync_token)
}

pub fn id((resource_type, resource): (&str, &str)) -> ResourceId {
    ResourceId { resource_type: resource_type.into(), resource: resource.into(), baton_resource: false }
}

pub fn resource(of: (&str, &str)) -> Resource {
    Resource { id: Some(id(of)), ..Resource::default() }
}

pub fn child(of: (&str, &str), parent: (&str, &str)) -> Resource {
    Resource { parent_resource_id: Some(id(parent)), ..resource(of) }
}

pub fn entitlement(on: (&str, &str), id: &str) -> Entitlement {
    Entitlement { resource: Some(resource(on)), id: id.into(), ..Entitlement::default() }
}

pub fn grant(entitlement: Entitlement, principal: (&str, &str)) -> Grant {
    Grant { entitlement: Some(entitlement), principal: Some(resource(principal)), ..Grant::default() }
}

/// "member" of a group, held by a user.
pub fn membership(group: &str, user: &str) -> Grant {
    grant(entitlement(("group", group), &format!("group:{group}:member")), ("user", user))
}

pub fn expandable(mut grant: Grant) -> Grant {
    let expandable = GrantExpandable { entitlement_ids: vec!["group:g:member".into()], ..Default::default() };
    grant.annotations.push(Any {
        type_url: "type.googleapis.com/c1.connector.v2.GrantExpandable".into(),
        value: expandable.encode_to_vec(),
    });
    grant
}

pub fn try_put_resource_types(store: &Store, ids: &[&str]) -> c1z::Result<()> {
    let list = ids.iter().map(|id| ResourceType { id: (*id).into(), ..Default::default() }).collect();
    store.put_resource_types(&PutResourceTypesRequest { list }.encode_to_vec())
}

pub fn put_resource_types(store: &Store, ids: &[&str]) {
    try_put_resource_types(store, ids).unwrap();
}

pub fn try_put_resources(store: &Store, list: &[Resource]) -> c1z::Result<()> {
    store.put_resources(&PutResourcesRequest { list: list.to_vec(), ..Default::default() }.encode_to_vec())
}

pub fn put_resources(store: &Store, list: &[Resource]) {
    try_put_resources(store, list).unwrap();
}

pub fn try_put_entitlements(store: &Store, list: &[Entitlement]) -> c1z::Result<()> {
    store.put_entitlements(&PutEntitlementsRequest { list: list.to_vec(), ..Default::default() }.encode_to_vec())
}

pub fn put_entitlements(store: &Store, list: &[Entitlement]) {
    try_put_entitlements(store, list).unwrap();
}

pub fn try_put_grants(store: &Store, list: &[Grant]) -> c1z::Result<()> {
    store.put_grants(&PutGrantsRequest { list: list.to_vec(), ..Default::default() }.encode_to_vec())
}

pub fn put_grants(store: &Store, list: &[Grant]) {
    try_put_grants(store, list).unwrap();
}

/// Memberships of that many users in that many groups, a group a call: some 200 bytes each.
pub fn put_memberships(store: &Store, groups: usize, users: usize) {
    for group in 0..groups {
        let name = format!("group-with-a-rather-long-name-{group:06}");
        let member = |user| membership(&name, &format!("user-with-a-rather-long-name-{user:06}"));
        put_grants(store, &(0..users).map(member).collect::<Vec<_>>());
    }
}

pub fn try_put_expanded(store: &Store, list: &[Grant]) -> c1z::Result<()> {
    store.put_expanded_grants(&PutExpandedGrantsRequest { list: list.to_vec(), promised_new: false }.encode_to_vec())
}

/// Members of that group that expansion found, each through one other group.
pub fn contributions(group: &str, users: &[&str], promised_new: bool) -> PutGrantContributionsRequest {
    let contribution = |user: &&str| GrantContribution {
        principal: Some(PrincipalRef {
            resource_type_id: "user".into(),
            resource_id: (*user).into(),
            ..PrincipalRef::default()
        }),
        sources: Some(GrantSources { sources: [("group:inner:member".to_owned(), Default::default())].into() }),
    };
    PutGrantContributionsRequest {
        list: users.iter().map(contribution).collect(),
        entitlement: membership(group, "").entitlement,
        promised_new,
    }
}

pub fn try_put_contributions(store: &Store, group: &str, users: &[&str], promised_new: bool) -> c1z::Result<()> {
    store.put_grant_contributions(&contributions(group, users, promised_new).encode_to_vec())
}

pub fn try_delete_grants(store: &Store, list: Vec<Grant>) -> c1z::Result<()> {
    store.delete_grants(&DeleteGrantsRequest { list }.encode_to_vec())
}

pub fn try_put_asset(store: &Store, id: &str, data: &[u8]) -> c1z::Result<()> {
    let asset = Some(AssetRef { id: id.into() });
    let request = PutAssetRequest { asset, content_type: "image/png".into(), data: data.to_vec() };
    store.put_asset(&request.encode_to_vec())
}

pub fn put_asset(store: &Store, id: &str, data: &[u8]) {
    try_put_asset(store, id, data).unwrap();
}

pub fn try_set_session(store: &Store, sync: &str, values: &[(&str, &[u8])]) -> c1z::Result<()> {
    let values = values.iter().map(|(key, value)| ((*key).to_owned(), value.to_vec())).collect();
    let request = SetSessionValuesRequest { sync_id: sync.into(), prefix: String::new(), values };
    store.set_session_values(&request)
}

pub fn set_session(store: &Store, sync: &str, values: &[(&str, &[u8])]) {
    try_set_session(store, sync, values).unwrap();
}

pub fn session(store: &Store, sync: &str) -> Vec<SessionValue> {
    let request = ListSessionValuesRequest { sync_id: sync.into(), ..Default::default() };
    store.list_session_values(&request).unwrap().list
}

/// Calls that take bytes, with messages.
pub trait Messages {
    fn list_grants_of_several(
        &self,
        request: &GrantsReaderServiceListGrantsForEntitlementsRequest,
    ) -> c1z::Result<Encoded<GrantsReaderServiceListGrantsForEntitlementsResponse>>;
}

impl Messages for Store {
    fn list_grants_of_several(
        &self,
        request: &GrantsReaderServiceListGrantsForEntitlementsRequest,
    ) -> c1z::Result<Encoded<GrantsReaderServiceListGrantsForEntitlementsResponse>> {
        self.list_grants_for_entitlements(&request.encode_to_vec())
    }
}

pub fn resources(store: &Store) -> Vec<Resource> {
    store.list_resources(&Default::default()).unwrap().decode().unwrap().list
}

pub fn children(store: &Store, parent: (&str, &str)) -> Vec<ResourceId> {
    let request = ResourcesServiceListResourcesRequest { parent_resource_id: Some(id(parent)), ..Default::default() };
    let list = store.list_resources(&request).unwrap().decode().unwrap().list;
    list.into_iter().filter_map(|resource| resource.id).collect()
}

pub fn entitlements(store: &Store) -> Vec<Entitlement> {
    store.list_entitlements(&Default::default()).unwrap().decode().unwrap().list
}

pub fn grants(store: &Store) -> Vec<Grant> {
    store.list_grants(&Default::default()).unwrap().decode().unwrap().list
}

pub fn pending(store: &Store) -> Vec<PendingExpansion> {
    store.list_pending_expansion(&Default::default()).unwrap().decode().unwrap().list
}

pub fn get_grant(store: &Store, id: &str) -> c1z::Result<Grant> {
    let request = GrantsReaderServiceGetGrantRequest { grant_id: id.into(), annotations: Vec::new() };
    Ok(store.get_grant(&request)?.decode().unwrap().grant.unwrap())
}

pub fn get_entitlement(store: &Store, id: &str) -> c1z::Result<Entitlement> {
    let request = EntitlementsReaderServiceGetEntitlementRequest { entitlement_id: id.into(), annotations: Vec::new() };
    Ok(store.get_entitlement(&request)?.decode().unwrap().entitlement.unwrap())
}

pub fn get_sync(store: &Store, id: &str) -> c1z::proto::reader::SyncRun {
    let request = SyncsReaderServiceGetSyncRequest { sync_id: id.into(), annotations: Vec::new() };
    store.get_sync(&request).unwrap().sync.unwrap()
}

/// The code and the reason of a failure.
pub fn why<T>(result: c1z::Result<T>) -> (Code, &'static str) {
    let error = result.err().expect("it fails");
    (error.code(), error.reason().name())
}

pub const NOT_FOUND: (Code, &str) = (Code::NotFound, "NOT_FOUND");
pub const INVALID: (Code, &str) = (Code::InvalidArgument, "INVALID_ARGUMENT");
pub const NO_CURRENT_SYNC: (Code, &str) = (Code::FailedPrecondition, "NO_CURRENT_SYNC");
pub const CORRUPTION: (Code, &str) = (Code::DataLoss, "CORRUPTION");
