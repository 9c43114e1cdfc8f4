//! Every function that is called on a store, with a request that succeeds on an open sample.

use c1z::capi::api::{Api, CallFn, FromStoreFn, LongCallFn, ScanFn};
use c1z::capi::assets::*;
use c1z::capi::compare::*;
use c1z::capi::cursor::*;
use c1z::capi::digests::*;
use c1z::capi::entitlements::*;
use c1z::capi::expansion::*;
use c1z::capi::file::*;
use c1z::capi::grant_records::*;
use c1z::capi::grants::*;
use c1z::capi::import::*;
use c1z::capi::merge::*;
use c1z::capi::pages::*;
use c1z::capi::references::*;
use c1z::capi::resource_types::*;
use c1z::capi::resources::*;
use c1z::capi::sessions::*;
use c1z::capi::source_cache::*;
use c1z::capi::syncs::*;
use c1z::proto::api::*;
use c1z::proto::connector::{
    AssetServiceGetAssetRequest, EntitlementsServiceListEntitlementsRequest, GrantSources,
    GrantsServiceListGrantsRequest, ResourceTypesServiceListResourceTypesRequest, ResourcesServiceListResourcesRequest,
};
use c1z::proto::reader::*;
use c1z::proto::reader_v3 as v3;
use c1z::proto::storage::{PrincipalRef, ResourceTypeRecord, SyncRunRecord};
use prost::{Message, Name};

use crate::sample::*;
use crate::support::Exported;

/// The sync that is imported, which no sample has.
const IMPORTED: &str = "3Mr6TM8KQScYI7vVlNMMQXZ27Dl";

/// What a function needs of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// That it is open.
    Open,
    /// That it may be written.
    Writable,
    /// That it may be written, and a sync to write to.
    BoundSync,
}

/// A function and how to call it.
pub struct Function {
    pub name: &'static str,
    pub exported: Exported,
    /// Whether it refuses a null pointer for the response.
    pub answers: bool,
    pub needs: Needs,
    /// The full name of its request.
    pub message: String,
    /// Succeeds on an open sample.
    pub request: Vec<u8>,
    /// The numbers of the fields that lead to a string in the request; none if it has no string.
    pub text: &'static [u32],
}

impl Function {
    pub fn is_close(&self) -> bool {
        self.name == "c1z_close"
    }
}

macro_rules! functions {
    ($($kind:ident $needs:ident $name:ident $text:tt $request:expr;)*) => {
        vec![$(Function {
            name: stringify!($name),
            exported: kind::$kind($name).0,
            answers: kind::$kind($name).1,
            needs: Needs::$needs,
            message: full_name(&$request),
            request: $request.encode_to_vec(),
            text: &$text,
        }),*]
    };
}

fn full_name<M: Name>(_: &M) -> String {
    M::full_name()
}

/// The signatures, and whether a response is required.
mod kind {
    use super::*;

    pub fn ask(function: CallFn) -> (Exported, bool) {
        (Exported::Call(function), true)
    }

    pub fn tell(function: CallFn) -> (Exported, bool) {
        (Exported::Call(function), false)
    }

    pub fn ask_long(function: LongCallFn) -> (Exported, bool) {
        (Exported::Long(function), true)
    }

    pub fn tell_long(function: LongCallFn) -> (Exported, bool) {
        (Exported::Long(function), false)
    }

    pub fn ask_from(function: FromStoreFn) -> (Exported, bool) {
        (Exported::From(function), true)
    }

    pub fn scan(function: ScanFn) -> (Exported, bool) {
        (Exported::Scan(function), true)
    }
}

/// All of them.
pub fn all(sample: &Sample) -> Vec<Function> {
    let first = || sample.first.clone();
    let second = || sample.second.clone();
    let session = || SESSION.to_owned();
    let full = || "full".to_owned();
    let id = || Some(resource_id("user", "alice"));
    let resources = || "resources".to_owned();
    let held = || grant(member(), user("alice"));
    let contributions = || {
        let principal =
            PrincipalRef { resource_type_id: "user".into(), resource_id: "bob".into(), ..Default::default() };
        let sources = GrantSources { sources: [("group:admins:member".to_owned(), Default::default())].into() };
        let list = vec![GrantContribution { principal: Some(principal), sources: Some(sources) }];
        PutGrantContributionsRequest { list, entitlement: Some(member()), promised_new: true }
    };
    let verification =
        Verification { generation: "1".into(), coverage: vec!["grants".into()], mode: "connector".into() };
    functions![
        tell_long Open c1z_save [] SaveRequest::default();
        tell_long Open c1z_close [] CloseRequest::default();
        ask Open c1z_get_metadata [] GetMetadataRequest {};
        ask Writable c1z_start_sync [1] StartSyncRequest { sync_type: full(), ..Default::default() };
        ask Writable c1z_start_or_resume_sync [1] StartOrResumeSyncRequest { sync_type: full(), ..Default::default() };
        ask Open c1z_resume_sync [2] ResumeSyncRequest { sync_type: full(), sync_id: first() };
        tell Open c1z_set_current_sync [1] SetCurrentSyncRequest { sync_id: first() };
        ask Open c1z_get_current_sync [] GetCurrentSyncRequest {};
        tell BoundSync c1z_checkpoint_sync [1] CheckpointSyncRequest { sync_token: "{}".into() };
        tell_long BoundSync c1z_end_sync [] EndSyncRequest {};
        ask_long Writable c1z_cleanup [] CleanupRequest { keep: 1 };
        ask Open c1z_get_sync [1] SyncsReaderServiceGetSyncRequest { sync_id: first(), ..Default::default() };
        ask Open c1z_list_syncs [2] SyncsReaderServiceListSyncsRequest::default();
        ask Open c1z_get_latest_finished_sync [2] SyncsReaderServiceGetLatestFinishedSyncRequest::default();
        ask Open c1z_list_sync_runs [2] ListSyncRunsRequest::default();
        ask Open c1z_get_latest_sync_run [1] GetLatestSyncRunRequest::default();
        tell Writable c1z_mark_sync_supports_diff [1] MarkSyncSupportsDiffRequest { sync_id: first() };
        tell Writable c1z_mark_sync_verified [1]
            MarkSyncVerifiedRequest { sync_id: first(), verification: Some(verification.clone()) };
        tell Writable c1z_clear_sync_verification [1] ClearSyncVerificationRequest { sync_id: first() };
        ask Open c1z_get_stats [2] GetStatsRequest { sync_id: second(), ..Default::default() };
        tell_long BoundSync c1z_recalculate_stats [1] RecalculateStatsRequest::default();
        tell_long Open c1z_clone_sync [1]
            CloneSyncRequest { path: sample.beside("clone.c1z").to_str().unwrap().into(), ..Default::default() };
        ask_long Writable c1z_merge_syncs [1]
            MergeSyncsRequest { sync_ids: vec![first(), second()], keep_inputs: true };
        ask_long Writable c1z_diff_syncs [1] DiffSyncsRequest { base_sync_id: first(), applied_sync_id: second() };
        tell BoundSync c1z_put_resource_types [1, 1] resource_types();
        ask Open c1z_list_resource_types [3] ResourceTypesServiceListResourceTypesRequest::default();
        ask Open c1z_get_resource_type [1]
            ResourceTypesReaderServiceGetResourceTypeRequest { resource_type_id: "user".into(), ..Default::default() };
        tell BoundSync c1z_put_resources [1, 3]
            PutResourcesRequest { list: vec![user("carol")], ..Default::default() };
        tell BoundSync c1z_delete_resource [1, 2] DeleteResourceRequest { resource_id: id() };
        ask Open c1z_list_resources [1] ResourcesServiceListResourcesRequest::default();
        ask Open c1z_get_resource [1, 2]
            ResourcesReaderServiceGetResourceRequest { resource_id: id(), ..Default::default() };
        ask Open c1z_list_resources_by_ids [1, 1]
            ResourcesReaderServiceListResourcesByIdsRequest { resource_ids: vec![id().unwrap()], ..Default::default() };
        tell BoundSync c1z_put_entitlements [1, 2]
            PutEntitlementsRequest { list: vec![member()], ..Default::default() };
        tell BoundSync c1z_delete_entitlement [1, 2] DeleteEntitlementRequest { entitlement: Some(member()) };
        ask Open c1z_list_entitlements [3] EntitlementsServiceListEntitlementsRequest::default();
        ask Open c1z_get_entitlement [1]
            EntitlementsReaderServiceGetEntitlementRequest { entitlement_id: member().id, ..Default::default() };
        ask Open c1z_list_entitlements_by_ids [1]
            EntitlementsReaderServiceListEntitlementsByIdsRequest {
                entitlement_ids: vec![member().id], ..Default::default()
            };
        tell BoundSync c1z_put_grants [1, 3] PutGrantsRequest { list: vec![held()], ..Default::default() };
        tell BoundSync c1z_delete_grant [1] DeleteGrantRequest { grant_id: held().id };
        tell BoundSync c1z_delete_grants [1, 3] DeleteGrantsRequest { list: vec![held()] };
        ask Open c1z_list_grants [3] GrantsServiceListGrantsRequest::default();
        ask Open c1z_get_grant [1] GrantsReaderServiceGetGrantRequest { grant_id: held().id, ..Default::default() };
        ask Open c1z_list_grants_for_entitlement [3]
            GrantsReaderServiceListGrantsForEntitlementRequest { entitlement: Some(member()), ..Default::default() };
        ask Open c1z_list_grants_for_entitlements [11]
            GrantsReaderServiceListGrantsForEntitlementsRequest { entitlements: vec![member()], ..Default::default() };
        ask Open c1z_list_grants_for_principal [4]
            GrantsReaderServiceListGrantsForPrincipalRequest { principal_id: id(), ..Default::default() };
        ask Open c1z_list_grants_for_resource_type [1]
            GrantsReaderServiceListGrantsForResourceTypeRequest {
                resource_type_id: "user".into(), ..Default::default()
            };
        tell BoundSync c1z_put_asset [2] PutAssetRequest { asset: asset(), ..Default::default() };
        ask Open c1z_get_asset [1, 1] AssetServiceGetAssetRequest { asset: asset() };
        tell BoundSync c1z_put_expanded_grants [1, 3] PutExpandedGrantsRequest { list: vec![held()], promised_new: true };
        tell BoundSync c1z_put_grant_contributions [2, 2] contributions();
        ask Open c1z_list_grant_principals [3]
            ListGrantPrincipalsRequest { entitlement: Some(member()), ..Default::default() };
        ask Open c1z_list_references [3]
            ListReferencesRequest { kind: ReferenceKind::GrantResources.into(), ..Default::default() };
        ask Open c1z_find_grant_annotation [3]
            FindGrantAnnotationRequest { entitlement: Some(member()), ..Default::default() };
        tell Writable c1z_set_entitlement_graph [1]
            SetEntitlementGraphRequest { sync_id: first(), graph: Some(b"graph".to_vec()) };
        ask Open c1z_get_entitlement_graph [1] GetEntitlementGraphRequest { sync_id: first() };
        ask Open c1z_list_pending_expansion [2] ListPendingExpansionRequest::default();
        ask Open c1z_list_grants_with_annotations [3] ListGrantsWithAnnotationsRequest::default();
        tell BoundSync c1z_commit_page [9]
            CommitPageRequest {
                grants: Some(PutGrantsRequest { list: vec![held()], ..Default::default() }),
                values: [("page".to_owned(), b"1".to_vec())].into(),
                delete_values: vec!["next".into()],
                ..Default::default()
            };
        ask Open c1z_get_named_values [1] GetNamedValuesRequest { names: vec!["page".into()], ..Default::default() };
        ask Open c1z_list_named_values [1] ListNamedValuesRequest::default();
        ask Open c1z_get_grant_digest [1, 2]
            GetGrantDigestRequest { entitlement: Some(member()), level: Some(1), ..Default::default() };
        ask Open c1z_list_grants_in_bucket [5]
            ListGrantsInBucketRequest { entitlement: Some(member()), ..Default::default() };
        ask Open c1z_get_grant_record [1]
            v3::GrantsReaderServiceGetGrantRequest { grant_id: held().id, ..Default::default() };
        ask Open c1z_list_grant_records_for_entitlement [3]
            v3::GrantsReaderServiceListGrantsForEntitlementRequest { entitlement: Some(member()), ..Default::default() };
        ask Open c1z_list_grant_records_for_entitlements [11]
            v3::GrantsReaderServiceListGrantsForEntitlementsRequest {
                entitlements: vec![member()], ..Default::default()
            };
        ask Open c1z_list_grant_records_for_principal [4]
            v3::GrantsReaderServiceListGrantsForPrincipalRequest { principal_id: id(), ..Default::default() };
        ask Open c1z_list_grant_records_for_resource_type [1]
            v3::GrantsReaderServiceListGrantsForResourceTypeRequest {
                resource_type_id: "user".into(), ..Default::default()
            };
        ask Open c1z_get_source_cache_entry [2]
            GetSourceCacheEntryRequest { row_kind: resources(), scope_key: SCOPE.into(), ..Default::default() };
        tell BoundSync c1z_put_source_cache_entry [3]
            PutSourceCacheEntryRequest {
                row_kind: resources(), scope_key: SCOPE.into(), cache_validator: "etag".into(),
            };
        ask_from BoundSync c1z_replay_source_cache [3]
            ReplaySourceCacheRequest { row_kind: resources(), scope_key: SCOPE.into(), source_sync_id: first() };
        ask_long BoundSync c1z_delete_source_cache_rows [2]
            DeleteSourceCacheRowsRequest {
                row_kind: resources(), scope_key: SCOPE.into(), by: SourceCacheRowsBy::ObjectId.into(),
                ids: vec!["alice".into()], ..Default::default()
            };
        ask Open c1z_get_session_values [1]
            GetSessionValuesRequest { sync_id: session(), keys: vec!["key".into()], ..Default::default() };
        tell Writable c1z_set_session_values [1]
            SetSessionValuesRequest {
                sync_id: session(), values: [("key".into(), vec![1])].into(), ..Default::default()
            };
        tell Writable c1z_delete_session_values [1]
            DeleteSessionValuesRequest { sync_id: session(), keys: vec!["key".into()], ..Default::default() };
        tell Writable c1z_clear_session [1] ClearSessionRequest { sync_id: session(), ..Default::default() };
        ask Open c1z_list_session_values [1] ListSessionValuesRequest { sync_id: session(), ..Default::default() };
        scan Open c1z_scan_resources [1] ScanResourcesRequest::default();
        scan Open c1z_scan_entitlements [1] ScanEntitlementsRequest::default();
        scan Open c1z_scan_grants [1] ScanGrantsRequest::default();
        scan Open c1z_scan_records [1] ScanRecordsRequest { sync_id: first(), kind: RecordKind::Grant.into() };
        ask_long Writable c1z_import_records [3]
            ImportRecordsRequest {
                sync_id: IMPORTED.into(), run: Some(SyncRunRecord::default()), end: true, kind: RecordKind::ResourceType.into(),
                list: vec![ResourceTypeRecord { external_id: "user".into(), ..Default::default() }.encode_to_vec()],
                ..Default::default()
            };
        scan Open c1z_compare_syncs [1]
            CompareSyncsRequest { before_sync_id: first(), after_sync_id: second(), ..Default::default() };
    ]
}

#[test]
fn the_functions_of_these_tests_are_all_that_the_library_has() {
    // The others of the function table: those on buffers (2), errors (4), cancel flags (3) and cursors (2), c1z_version,
    // c1z_open, c1z_store_free, c1z_read_header, c1z_verify, c1z_inspect, c1z_inspect_schema, c1z_merge_files,
    // c1z_compare_files, c1z_convert_file, c1z_export_arrow, c1z_export_schema and c1z_open_with.
    let others = 2 + 4 + 3 + 2 + 13;
    let slots = size_of::<Api>() / size_of::<usize>() - 1;
    let mut names: Vec<_> = all(&Sample::new()).iter().map(|function| function.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len() + others, slots);
}

#[test]
fn every_function_succeeds_with_the_request_that_these_tests_have_for_it() {
    for function in all(&Sample::new()) {
        let sample = Sample::new();
        let request = all(&sample).into_iter().find(|same| same.name == function.name).unwrap().request;
        if let Err(failure) = sample.open().send(function.exported, &request) {
            panic!("{}: {failure:?}", function.name);
        }
    }
}
