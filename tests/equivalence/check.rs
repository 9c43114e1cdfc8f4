//! Compares every read of a file with the reference.

use std::collections::BTreeSet;
use std::fmt::Debug;

use c1z::error::Code;
use c1z::proto::c1z_v1::SyncDetails;
use c1z::proto::{api, reader};
use prost::Message;
use prost_types::{Any, Timestamp};

use super::driver::*;
use super::model::Model;
use super::operation::*;
use super::rows::{id_of, Rows};

#[path = "check_grants.rs"]
mod grants;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Noun {
    ResourceTypes,
    Resources,
    Entitlements,
    Grants,
    Assets,
    Sessions,
    Syncs,
}

impl Noun {
    pub const ALL: [Noun; 7] = [
        Noun::ResourceTypes,
        Noun::Resources,
        Noun::Entitlements,
        Noun::Grants,
        Noun::Assets,
        Noun::Sessions,
        Noun::Syncs,
    ];
}

/// Compares what is shown by default, and of every other sync what it holds.
pub fn everything<D: Driver>(file: &D, model: &Model, sizes: &[u32]) {
    nouns(file, model, &Noun::ALL, sizes);
    let unknown = CHOSEN_SYNC.to_owned();
    for sync in BTreeSet::from_iter(model.history.iter().chain([&unknown])) {
        let view = View::new(file, model, sync, &sizes[..1]);
        [Noun::ResourceTypes, Noun::Resources, Noun::Entitlements, Noun::Grants]
            .iter()
            .for_each(|&noun| view.check(noun));
    }
}

/// Compares the reads of some nouns with lists in pages of the given sizes.
pub fn nouns<D: Driver>(file: &D, model: &Model, nouns: &[Noun], sizes: &[u32]) {
    let view = View::new(file, model, "", sizes);
    nouns.iter().for_each(|&noun| view.check(noun));
}

/// The reads of one sync, named by an annotation unless it is the one that is shown by default.
struct View<'a, D> {
    file: &'a D,
    model: &'a Model,
    sync: &'a str,
    annotations: Vec<Any>,
    sizes: &'a [u32],
}

/// Times are the store's own: the reference has no clock, and of them says only whether a sync has ended.
fn timeless<R>(mut run: R, times: impl FnOnce(&mut R) -> [&mut Option<Timestamp>; 2]) -> R {
    let [started_at, ended_at] = times(&mut run);
    *started_at = None;
    *ended_at = ended_at.map(|_| Timestamp::default());
    run
}

fn timeless_sync(run: reader::SyncRun) -> reader::SyncRun {
    timeless(run, |run| [&mut run.started_at, &mut run.ended_at])
}

fn timeless_run(run: api::SyncRun) -> api::SyncRun {
    timeless(run, |run| [&mut run.started_at, &mut run.ended_at])
}

impl<'a, D: Driver> View<'a, D> {
    fn new(file: &'a D, model: &'a Model, sync: &'a str, sizes: &'a [u32]) -> Self {
        let type_url = "type.googleapis.com/c1.c1z.v1.SyncDetails".to_owned();
        let details = SyncDetails { id: sync.to_owned() };
        let annotation = (!sync.is_empty()).then(|| Any { type_url, value: details.encode_to_vec() });
        View { file, model, sync, annotations: annotation.into_iter().collect(), sizes }
    }

    fn check(&self, noun: Noun) {
        match noun {
            Noun::ResourceTypes => self.resource_types(),
            Noun::Resources => self.resources(),
            Noun::Entitlements => self.entitlements(),
            Noun::Grants => self.grants(),
            Noun::Assets => self.assets(),
            Noun::Sessions => self.sessions(),
            Noun::Syncs => self.syncs(),
        }
    }

    fn rows(&self) -> Answer<&'a Rows> {
        self.model.view("", &self.annotations)
    }

    /// The rows, or those of a file that has none: what to ask for must come from somewhere.
    fn known(&self) -> Rows {
        self.rows().cloned().unwrap_or_default()
    }

    fn annotations(&self) -> Vec<Any> {
        self.annotations.clone()
    }

    /// Reads a list in pages of every size and compares the pages, joined.
    fn list<P: Page<Row: PartialEq + Debug>>(
        &self,
        what: impl Debug,
        expected: &Answer<Vec<P::Row>>,
        read: impl Fn(u32, String) -> Answer<P>,
    ) {
        for &size in self.sizes {
            let joined = join(size, &read);
            assert!(
                joined == *expected,
                "{what:?} of {:?} in pages of {size}:\n{joined:#?}\nexpected:\n{expected:#?}",
                self.sync
            );
        }
    }

    fn same<T: PartialEq + Debug>(&self, what: impl Debug, answer: Answer<T>, expected: Answer<T>) {
        assert!(answer == expected, "{what:?} of {:?}:\n{answer:#?}\nexpected:\n{expected:#?}", self.sync);
    }

    fn resource_types(&self) {
        let all = self.rows().map(|rows| rows.resource_types.values().cloned().collect());
        self.list("resource types", &all, |page_size, page_token| {
            let active_sync_id = self.sync.to_owned();
            let request = ListResourceTypesRequest { page_size, page_token, active_sync_id, ..Default::default() };
            self.file.list_resource_types(&request)
        });
        for id in TYPES.iter().chain(&["", "ab"]) {
            let request = GetResourceTypeRequest { resource_type_id: (*id).into(), annotations: self.annotations() };
            let found = self.rows().and_then(|rows| rows.resource_types.get(*id).cloned().map_or_else(missing, Ok));
            let expected = found.map(|row| GetResourceTypeResponse { resource_type: Some(row) });
            self.same(&request, self.file.get_resource_type(&request), expected);
        }
    }

    fn resources(&self) {
        let known = self.known();
        let parents = known.resources.values().filter_map(|row| row.parent_resource_id.clone());
        let parents: BTreeSet<_> = parents.map(|id| (id.resource_type, id.resource)).collect();
        let absent = [None, Some(ResourceId::default()), Some(resource_id(("b", ":"))), Some(resource_id(("a", "")))];
        for parent in parents.iter().map(|key| Some(id_of(key))).chain(absent) {
            for of_type in TYPES.iter().chain(&[""]) {
                let expected = self.rows().map(|rows| rows.list_resources(of_type, parent.as_ref()));
                self.list(("resources", of_type, &parent), &expected, |page_size, page_token| {
                    self.file.list_resources(&ListResourcesRequest {
                        resource_type_id: (*of_type).into(),
                        parent_resource_id: parent.clone(),
                        page_size,
                        page_token,
                        annotations: self.annotations(),
                        ..Default::default()
                    })
                });
            }
        }
        let mut ids: Vec<ResourceId> = known.resources.keys().map(id_of).collect();
        ids.extend([("a", "a"), ("", ""), ("a", "a\0\0"), ("a:b", "a"), ("a", "b:a")].map(resource_id));
        for id in &ids {
            let request = GetResourceRequest { resource_id: Some(id.clone()), annotations: self.annotations() };
            let key = (id.resource_type.clone(), id.resource.clone());
            let found = self.rows().and_then(|rows| rows.resources.get(&key).cloned().map_or_else(missing, Ok));
            let expected = found.map(|row| GetResourceResponse { resource: Some(row) });
            self.same(&request, self.file.get_resource(&request), expected);
        }
        let expected = self.rows().map(|rows| ResourcesByIdsResponse {
            list: ids
                .iter()
                .filter_map(|id| rows.resources.get(&(id.resource_type.clone(), id.resource.clone())))
                .cloned()
                .collect(),
        });
        let request = ResourcesByIdsRequest { resource_ids: ids, annotations: self.annotations() };
        self.same(&request, self.file.list_resources_by_ids(&request), expected);
        for resource_type_id in TYPES.map(str::to_owned).into_iter().chain([String::new()]) {
            let request = ScanResourcesRequest { sync_id: self.sync.to_owned(), resource_type_id };
            let expected = self.scanned().map(|rows| rows.list_resources(&request.resource_type_id, None));
            self.same(&request, self.file.scan_resources(&request), expected);
        }
    }

    /// What a scan walks: a sync that the file does not hold is not found.
    fn scanned(&self) -> Answer<&'a Rows> {
        if !self.sync.is_empty() {
            self.model.sync(self.sync)?;
        }
        self.rows()
    }

    fn entitlements(&self) {
        let known = self.known();
        let resources = known.entitlements.keys().map(|key| id_of(&key.resource)).map(Some).collect_set();
        let absent = [None, Some(ResourceId::default()), Some(resource_id(("b", ":"))), Some(resource_id(("a", "")))];
        for on in resources.into_iter().chain(absent) {
            let expected = self.rows().map(|rows| rows.list_entitlements(on.as_ref()));
            self.list(("entitlements", &on), &expected, |page_size, page_token| {
                self.file.list_entitlements(&ListEntitlementsRequest {
                    resource: on.clone().map(|id| Resource { id: Some(id), ..Default::default() }),
                    page_size,
                    page_token,
                    annotations: self.annotations(),
                    ..Default::default()
                })
            });
        }
        let ids = entitlement_ids(&known);
        for id in &ids {
            let request = GetEntitlementRequest { entitlement_id: id.clone(), annotations: self.annotations() };
            let expected = self.rows().and_then(|rows| rows.get_entitlement(id));
            let expected = expected.map(|row| GetEntitlementResponse { entitlement: Some(row) });
            self.same(&request, self.file.get_entitlement(&request), expected);
        }
        // An id that several have fails the call, so that one is asked for with all the others and without.
        let unique =
            |id: &&String| known.get_entitlement(id).is_ok() || known.entitlements.keys().all(|key| key.id() != **id);
        for asked in [ids.iter().filter(unique).cloned().collect(), Vec::from_iter(ids.clone())] {
            let request = EntitlementsByIdsRequest { entitlement_ids: asked, annotations: self.annotations() };
            let expected = self.rows().and_then(|rows| by_ids(rows, &request.entitlement_ids));
            self.same(&request, self.file.list_entitlements_by_ids(&request), expected);
        }
        let request = ScanEntitlementsRequest { sync_id: self.sync.to_owned() };
        let expected = self.scanned().map(|rows| rows.list_entitlements(None));
        self.same(&request, self.file.scan_entitlements(&request), expected);
    }

    fn assets(&self) {
        for id in ASSETS.iter().chain(&["absent"]) {
            let request = AssetServiceGetAssetRequest { asset: Some(AssetRef { id: (*id).into() }) };
            let bound = self.model.bound_view();
            let expected = bound.and_then(|rows| rows.assets.get(*id).cloned().map_or_else(missing, Ok));
            self.same(&request, self.file.get_asset(&request), expected);
        }
    }

    fn sessions(&self) {
        let sessions = self.model.sessions();
        let syncs: BTreeSet<&str> = sessions
            .keys()
            .map(|(sync, _)| sync.as_str())
            .chain(SESSION_SYNCS)
            .filter(|sync| !sync.is_empty())
            .collect();
        for sync_id in syncs.into_iter().map(str::to_owned) {
            for prefix in SESSION_PREFIXES.map(str::to_owned) {
                let mut page_token = String::new();
                for expected in sessions.pages(&sync_id, &prefix) {
                    let (sync_id, prefix) = (sync_id.clone(), prefix.clone());
                    let answer =
                        self.file.list_session_values(&ListSessionValuesRequest { sync_id, prefix, page_token });
                    assert!(answer == Ok(expected.clone()), "session values below differ");
                    page_token = expected.next_page_token;
                }
                let (sync_id, keys) = (sync_id.clone(), SESSION_KEYS.map(str::to_owned).to_vec());
                let request = GetSessionValuesRequest { sync_id, prefix, keys };
                assert!(self.file.get_session_values(&request) == sessions.get(&request), "{request:?} differs");
            }
        }
        let unnamed = self.file.get_session_values(&GetSessionValuesRequest::default());
        self.same("session of no sync", unnamed, failure(Code::InvalidArgument, "INVALID_ARGUMENT"));
    }

    fn syncs(&self) {
        let (file, model) = (self.file, self.model);
        let current = file.get_current_sync(&GetCurrentSyncRequest {});
        self.same("current sync", current, Ok(model.current_sync()));
        let metadata = file.get_metadata(&GetMetadataRequest {}).unwrap();
        assert_eq!(metadata.current_sync_id, model.current_sync().sync_id);
        assert_eq!(metadata.read_only, model.is_read_only());
        if let Some(dirty) = model.dirty() {
            assert_eq!(metadata.dirty, dirty, "dirty");
        }
        self.list("syncs", &Ok(model.list_syncs()), |page_size, page_token| {
            let request = ListSyncsRequest { page_size, page_token, ..Default::default() };
            let mut page = file.list_syncs(&request)?;
            page.syncs = page.syncs.into_iter().map(timeless_sync).collect();
            Ok::<ListSyncsResponse, _>(page)
        });
        self.list("sync runs", &Ok(model.list_sync_runs()), |page_size, page_token| {
            let mut page = file.list_sync_runs(&ListSyncRunsRequest { page_size, page_token })?;
            page.list = page.list.into_iter().map(timeless_run).collect();
            Ok::<ListSyncRunsResponse, _>(page)
        });
        for sync_id in model.history.iter().cloned().chain(["", NO_KSUID, CHOSEN_SYNC].map(str::to_owned)) {
            let request = GetSyncRequest { sync_id, ..Default::default() };
            let answer = file.get_sync(&request).map(|response| timeless_sync(response.sync.unwrap()));
            self.same(&request, answer, model.get_sync(&request.sync_id));
            for sync_type in ["", "full", "partial", "none"] {
                let request = GetStatsRequest { sync_type: sync_type.into(), sync_id: request.sync_id.clone() };
                let answer = file.get_stats(&request).map(|response| response.stats.unwrap());
                self.same(&request, answer, model.get_stats(sync_type, &request.sync_id));
            }
        }
        for sync_type in ["", "full", "partial", "resources_only", "none"].map(str::to_owned) {
            let request = GetLatestSyncRequest { sync_type: sync_type.clone(), ..Default::default() };
            let answer = file.get_latest_finished_sync(&request).map(|response| response.sync.map(timeless_sync));
            self.same(&request, answer, Ok(model.latest_finished_sync(&sync_type)));
            let request = GetLatestSyncRunRequest { sync_type };
            let answer = file.get_latest_sync_run(&request).map(|response| response.sync.map(timeless_run));
            self.same(&request, answer, model.latest_sync_run(&request.sync_type));
        }
    }
}

/// Reads page after page. None but the last may be short, and there is an end.
fn join<P: Page>(size: u32, read: impl Fn(u32, String) -> Answer<P>) -> Answer<Vec<P::Row>> {
    let (mut joined, mut token) = (Vec::new(), String::new());
    loop {
        let (rows, next) = read(size, token.clone())?.into_rows();
        let limit = if size == 0 || size > 10_000 { 10_000 } else { size as usize };
        assert!(rows.len() <= limit, "a page of {} rows", rows.len());
        assert!(rows.len() == limit || next.is_empty(), "a short page that is not the last");
        assert!(next.is_empty() || next != token, "a token that leads to itself");
        joined.extend(rows);
        if next.is_empty() {
            return Ok(joined);
        }
        token = next;
    }
}

fn missing<T>() -> Answer<T> {
    failure(Code::NotFound, "NOT_FOUND")
}

fn by_ids(rows: &Rows, ids: &[String]) -> Answer<EntitlementsByIdsResponse> {
    let mut list = Vec::new();
    for id in ids.iter().filter(|id| !id.is_empty()) {
        match rows.get_entitlement(id) {
            Ok(row) => list.push(row),
            Err(missing) if missing.is_not_found() => {}
            Err(ambiguous) => return Err(ambiguous),
        }
    }
    Ok(EntitlementsByIdsResponse { list })
}

/// Every id that an entitlement has, in a record or in a grant, and some that none has.
fn entitlement_ids(known: &Rows) -> BTreeSet<String> {
    let stored = known.entitlements.keys().map(|key| key.id());
    let held = known.grants.keys().map(|key| key.0.id());
    stored.chain(held).chain(["".to_owned(), "absent".to_owned(), "a:b:absent".to_owned()]).collect()
}

/// Messages have no order: a set of them is a list without repetitions.
trait CollectSet<T>: Iterator<Item = T> + Sized {
    fn collect_set(self) -> Vec<T>;
}

impl<T: PartialEq, I: Iterator<Item = T>> CollectSet<T> for I {
    fn collect_set(self) -> Vec<T> {
        let mut set = Vec::new();
        self.for_each(|item| {
            if !set.contains(&item) {
                set.push(item)
            }
        });
        set
    }
}
