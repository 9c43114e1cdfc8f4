//! Stores with a workload in them.

use std::path::Path;

use c1z::control::Control;
use c1z::proto::api::StartSyncRequest;
use c1z::store::{OpenOptions, Store};
use c1z::Result;

use super::messages;
use super::workload::Workload;

/// Rows a request: what a connector's pages are made of.
pub const PAGE: usize = 10_000;

/// Starts a full sync.
pub fn start(store: &Store) -> Result<()> {
    let request = StartSyncRequest { sync_type: "full".into(), ..StartSyncRequest::default() };
    store.start_sync(&request).map(|_| ())
}

/// Puts a workload, page after page: types, users, groups, entitlements and then grants. `put` is told how many records
/// each page had.
pub fn load(store: &Store, workload: Workload, put: &dyn Fn(u64)) -> Result<()> {
    store.put_resource_types(&messages::resource_types())?;
    let users = (0..workload.users).map(messages::described_user);
    pages(users, put, |list| store.put_resources(&messages::resources(list)))?;
    let firsts = workload.entitlements().filter(|held| held.entitlement == 0);
    let groups = firsts.map(|held| messages::described_group(held.resource));
    pages(groups, put, |list| store.put_resources(&messages::resources(list)))?;
    let entitlements = workload.entitlements().map(messages::described_entitlement);
    pages(entitlements, put, |list| store.put_entitlements(&messages::entitlements(list)))?;
    let grants = workload.rows().map(messages::grant);
    pages(grants, put, |list| store.put_grants(&messages::grants(list)))
}

fn pages<T>(
    rows: impl Iterator<Item = T>,
    put: &dyn Fn(u64),
    mut write: impl FnMut(Vec<T>) -> Result<()>,
) -> Result<()> {
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let page: Vec<T> = rows.by_ref().take(PAGE).collect();
        let count = page.len() as u64;
        write(page)?;
        put(count);
    }
    Ok(())
}

/// An empty store that is never saved.
pub fn scratch(folder: &Path) -> Result<Store> {
    open(&folder.join("scratch.c1z"), false)
}

/// Opens with the library's defaults, its working copy beside the file.
pub fn open(path: &Path, read_only: bool) -> Result<Store> {
    let tmp_dir = path.parent().map(Path::to_path_buf);
    Store::open(path, OpenOptions { read_only, tmp_dir, ..OpenOptions::default() }, &Control::none())
}

/// Writes a file that holds a workload as one ended sync.
pub fn save_workload(path: &Path, workload: Workload) -> Result<()> {
    let store = open(path, false)?;
    start(&store)?;
    load(&store, workload, &|_| ())?;
    store.end_sync(&Control::none())?;
    store.save(&Control::none())?;
    store.close()
}
