//! A file with two finished syncs and some of everything in them.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use c1z::capi::assets::c1z_put_asset;
use c1z::capi::entitlements::c1z_put_entitlements;
use c1z::capi::grants::c1z_put_grants;
use c1z::capi::pages::c1z_commit_page;
use c1z::capi::resource_types::c1z_put_resource_types;
use c1z::capi::resources::c1z_put_resources;
use c1z::capi::sessions::c1z_set_session_values;
use c1z::capi::source_cache::c1z_put_source_cache_entry;
use c1z::capi::syncs::{c1z_end_sync, c1z_start_sync};
use c1z::proto::api::{
    BoundSyncResponse, CommitPageRequest, EndSyncRequest, OpenRequest, PutAssetRequest, PutEntitlementsRequest,
    PutGrantsRequest, PutResourceTypesRequest, PutResourcesRequest, PutSourceCacheEntryRequest,
    SetSessionValuesRequest, StartSyncRequest,
};
use c1z::proto::connector::{AssetRef, Entitlement, Grant, GrantExpandable, Resource, ResourceId, ResourceType};
use prost::Message;
use prost_types::Any;
use tempfile::TempDir;

use crate::support::Handle;

/// The name under which session values of the sample are kept.
pub const SESSION: &str = "session";

/// The scope of all resources of the sample.
pub const SCOPE: &str = "people";

/// The file, and the ids of its syncs.
pub struct Sample {
    folder: TempDir,
    pub path: PathBuf,
    pub first: String,
    pub second: String,
}

impl Sample {
    pub fn new() -> Sample {
        static FILE: LazyLock<(Vec<u8>, String, String)> = LazyLock::new(write_file);
        let (bytes, first, second) = &*FILE;
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("sample.c1z");
        std::fs::write(&path, bytes).unwrap();
        Sample { folder, path, first: first.clone(), second: second.clone() }
    }

    /// A path in the sample's folder.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn open(&self) -> Handle {
        Handle::open(&open_request(&self.path)).unwrap()
    }

    pub fn open_read_only(&self) -> Handle {
        Handle::open(&OpenRequest { read_only: true, ..open_request(&self.path) }).unwrap()
    }
}

/// How a test opens a file: with little memory, as many are open at a time.
pub fn open_request(path: &Path) -> OpenRequest {
    OpenRequest {
        path: path.to_str().unwrap().to_owned(),
        threads: 2,
        memory_budget_bytes: 8 << 20,
        ..OpenRequest::default()
    }
}

/// Starts a full sync and returns its id.
pub fn start_sync(store: &Handle) -> String {
    let request = StartSyncRequest { sync_type: "full".into(), ..StartSyncRequest::default() };
    store.ask::<BoundSyncResponse>(c1z_start_sync, &request).sync_id
}

pub fn end_sync(store: &Handle) {
    store.call_long(c1z_end_sync, &EndSyncRequest {}, None).unwrap();
}

/// The bytes of the file and the ids of its syncs.
fn write_file() -> (Vec<u8>, String, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sample.c1z");
    let store = Handle::open(&open_request(&path)).unwrap();
    let first = write_sync(&store, &["alice"]);
    let second = write_sync(&store, &["alice", "bob"]);
    let values = [("key".to_owned(), b"value".to_vec())].into();
    let session = SetSessionValuesRequest { sync_id: SESSION.into(), prefix: String::new(), values };
    store.call(c1z_set_session_values, &session).unwrap();
    store.close().unwrap();
    (std::fs::read(&path).unwrap(), first, second)
}

fn write_sync(store: &Handle, users: &[&str]) -> String {
    let id = start_sync(store);
    store.call(c1z_put_resource_types, &resource_types()).unwrap();
    let mut all = vec![group(), role()];
    all.extend(users.iter().map(|id| user(id)));
    store.call(c1z_put_resources, &PutResourcesRequest { list: all, source_scope_key: SCOPE.into() }).unwrap();
    let entry = PutSourceCacheEntryRequest {
        row_kind: "resources".into(),
        scope_key: SCOPE.into(),
        cache_validator: "etag".into(),
    };
    store.call(c1z_put_source_cache_entry, &entry).unwrap();
    let list = vec![member(), assigned()];
    store.call(c1z_put_entitlements, &PutEntitlementsRequest { list, ..Default::default() }).unwrap();
    store.call(c1z_put_grants, &PutGrantsRequest { list: grants(users), ..Default::default() }).unwrap();
    let icon = PutAssetRequest { asset: asset(), content_type: "image/png".into(), data: vec![1, 2, 3] };
    store.call(c1z_put_asset, &icon).unwrap();
    let values = ["page 1", "page 2"].map(|name| (name.to_owned(), b"seen".to_vec())).into();
    store.call(c1z_commit_page, &CommitPageRequest { values, ..Default::default() }).unwrap();
    end_sync(store);
    id
}

/// Users are members of the group and hold the role; group and role hand the role on.
fn grants(users: &[&str]) -> Vec<Grant> {
    let held = users.iter().flat_map(|id| [grant(member(), user(id)), grant(assigned(), user(id))]);
    let handed_on = [group(), role()].map(|principal| expandable(grant(assigned(), principal)));
    held.chain(handed_on).collect()
}

pub fn resource_types() -> PutResourceTypesRequest {
    let one = |id: &str| ResourceType { id: id.into(), display_name: id.to_uppercase(), ..Default::default() };
    PutResourceTypesRequest { list: ["user", "group", "role"].map(one).into() }
}

pub fn resource_id(resource_type: &str, resource: &str) -> ResourceId {
    ResourceId { resource_type: resource_type.into(), resource: resource.into(), baton_resource: false }
}

pub fn resource(resource_type: &str, id: &str) -> Resource {
    Resource { id: Some(resource_id(resource_type, id)), display_name: id.to_uppercase(), ..Default::default() }
}

pub fn user(id: &str) -> Resource {
    resource("user", id)
}

pub fn group() -> Resource {
    resource("group", "sudo")
}

pub fn role() -> Resource {
    resource("role", "administrator")
}

pub fn asset() -> Option<AssetRef> {
    Some(AssetRef { id: "icon".into() })
}

fn entitlement(on: Resource, slug: &str) -> Entitlement {
    let id = on.id.as_ref().map(|id| format!("{}:{}:{slug}", id.resource_type, id.resource)).unwrap();
    Entitlement { id, resource: Some(on), slug: slug.into(), ..Default::default() }
}

pub fn member() -> Entitlement {
    entitlement(group(), "member")
}

pub fn assigned() -> Entitlement {
    entitlement(role(), "assigned")
}

pub fn grant(entitlement: Entitlement, principal: Resource) -> Grant {
    let id = principal.id.as_ref().map(|id| format!("{}:{}:{}", entitlement.id, id.resource_type, id.resource));
    Grant { id: id.unwrap(), entitlement: Some(entitlement), principal: Some(principal), ..Default::default() }
}

fn expandable(grant: Grant) -> Grant {
    let annotation = GrantExpandable { entitlement_ids: vec![member().id], ..Default::default() };
    let type_url = "type.googleapis.com/c1.connector.v2.GrantExpandable".to_owned();
    Grant { annotations: vec![Any { type_url, value: annotation.encode_to_vec() }], ..grant }
}
