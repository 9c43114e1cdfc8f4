//! Drives the safe API.

use std::path::Path;

use c1z::control::Control;
use c1z::store::{Encoded, OpenOptions, ScanRequest, Store};
use c1z::Error;
use prost::Message;

use super::driver::*;

pub struct StoreDriver(Store);

fn told<T>(result: c1z::Result<T>) -> Answer<T> {
    result.map_err(|error: Error| Failure { code: error.code() as i32, reason: error.reason().name().to_owned() })
}

/// What the safe API answers with, as a message.
trait Answered<M> {
    fn message(self) -> M;
}

impl<M> Answered<M> for M {
    fn message(self) -> M {
        self
    }
}

impl<M: Message + Default> Answered<M> for Encoded<M> {
    fn message(self) -> M {
        self.decode().expect("a response decodes")
    }
}

macro_rules! asks {
    ($($name:ident: $request:ty => $response:ty;)*) => {$(
        fn $name(&self, request: &$request) -> Answer<$response> {
            told(self.0.$name(request)).map(Answered::<$response>::message)
        }
    )*};
}

macro_rules! puts_bytes {
    ($($name:ident: $request:ty;)*) => {$(
        fn $name(&self, request: &$request) -> Answer<()> {
            told(self.0.$name(&request.encode_to_vec()))
        }
    )*};
}

macro_rules! asks_bytes {
    ($($name:ident: $request:ty => $response:ty;)*) => {$(
        fn $name(&self, request: &$request) -> Answer<$response> {
            told(self.0.$name(&request.encode_to_vec())).map(Answered::<$response>::message)
        }
    )*};
}

macro_rules! takes_long {
    ($($name:ident: $request:ty => $response:ty;)*) => {$(
        fn $name(&self, request: &$request) -> Answer<$response> {
            told(self.0.$name(request, &Control::none()))
        }
    )*};
}

macro_rules! takes_message {
    ($($name:ident: $request:ty;)*) => {$(
        fn $name(&self, request: &$request) -> Answer<()> {
            told(self.0.$name(request.clone()))
        }
    )*};
}

impl StoreDriver {
    fn walk<R: Message + Default + Page>(&self, request: ScanRequest) -> Answer<Vec<R::Row>> {
        let mut scan = told(self.0.scan(&request))?;
        let mut rows = Vec::new();
        while let Some(page) = told(self.0.scan_next(&mut scan))? {
            rows.extend(R::decode(&page[..]).expect("a page decodes").into_rows().0);
        }
        Ok(rows)
    }
}

impl Driver for StoreDriver {
    const NAME: &'static str = "store";

    fn open(request: &OpenRequest) -> Answer<Self> {
        let options = told(OpenOptions::of(request))?;
        told(Store::open(Path::new(&request.path), options, &Control::none())).map(StoreDriver)
    }

    fn close(self, request: &CloseRequest) -> Answer<()> {
        if !request.discard {
            told(self.0.save(&Control::none()))?;
        }
        told(self.0.close())
    }

    fn save(&self, _: &SaveRequest) -> Answer<()> {
        told(self.0.save(&Control::none()).map(drop))
    }

    fn get_metadata(&self, _: &GetMetadataRequest) -> Answer<GetMetadataResponse> {
        told(self.0.metadata())
    }

    fn get_current_sync(&self, _: &GetCurrentSyncRequest) -> Answer<GetCurrentSyncResponse> {
        told(self.0.get_current_sync())
    }

    fn end_sync(&self, _: &EndSyncRequest) -> Answer<()> {
        told(self.0.end_sync(&Control::none()))
    }

    fn scan_resources(&self, request: &ScanResourcesRequest) -> Answer<Vec<Resource>> {
        self.walk::<ListResourcesResponse>(ScanRequest::Resources(request.clone()))
    }

    fn scan_entitlements(&self, request: &ScanEntitlementsRequest) -> Answer<Vec<Entitlement>> {
        self.walk::<ListEntitlementsResponse>(ScanRequest::Entitlements(request.clone()))
    }

    fn scan_grants(&self, request: &ScanGrantsRequest) -> Answer<Vec<Grant>> {
        self.walk::<ListGrantsResponse>(ScanRequest::Grants(request.clone()))
    }

    takes_long! {
        cleanup: CleanupRequest => CleanupResponse;
        diff_syncs: DiffSyncsRequest => DiffSyncsResponse;
        clone_sync: CloneSyncRequest => ();
        recalculate_stats: RecalculateStatsRequest => ();
    }

    takes_message! {
        mark_sync_verified: MarkSyncVerifiedRequest;
    }

    puts_bytes! {
        put_resource_types: PutResourceTypesRequest;
        put_resources: PutResourcesRequest;
        put_entitlements: PutEntitlementsRequest;
        put_grants: PutGrantsRequest;
        put_expanded_grants: PutExpandedGrantsRequest;
        put_grant_contributions: PutGrantContributionsRequest;
        put_asset: PutAssetRequest;
        delete_grants: DeleteGrantsRequest;
    }

    asks_bytes! {
        list_grants_for_entitlements: ForEntitlementsRequest => ForEntitlementsResponse;
    }

    asks! {
        start_sync: StartSyncRequest => BoundSyncResponse;
        start_or_resume_sync: StartOrResumeSyncRequest => BoundSyncResponse;
        resume_sync: ResumeSyncRequest => BoundSyncResponse;
        set_current_sync: SetCurrentSyncRequest => ();
        checkpoint_sync: CheckpointSyncRequest => ();
        mark_sync_supports_diff: MarkSyncSupportsDiffRequest => ();
        clear_sync_verification: ClearSyncVerificationRequest => ();
        delete_grant: DeleteGrantRequest => ();
        delete_entitlement: DeleteEntitlementRequest => ();
        delete_resource: DeleteResourceRequest => ();
        set_session_values: SetSessionValuesRequest => ();
        delete_session_values: DeleteSessionValuesRequest => ();
        clear_session: ClearSessionRequest => ();
        get_session_values: GetSessionValuesRequest => GetSessionValuesResponse;
        list_session_values: ListSessionValuesRequest => ListSessionValuesResponse;
        get_sync: GetSyncRequest => GetSyncResponse;
        list_syncs: ListSyncsRequest => ListSyncsResponse;
        get_latest_finished_sync: GetLatestSyncRequest => GetLatestSyncResponse;
        list_sync_runs: ListSyncRunsRequest => ListSyncRunsResponse;
        get_latest_sync_run: GetLatestSyncRunRequest => GetLatestSyncRunResponse;
        get_stats: GetStatsRequest => GetStatsResponse;
        list_resource_types: ListResourceTypesRequest => ListResourceTypesResponse;
        get_resource_type: GetResourceTypeRequest => GetResourceTypeResponse;
        list_resources: ListResourcesRequest => ListResourcesResponse;
        get_resource: GetResourceRequest => GetResourceResponse;
        list_resources_by_ids: ResourcesByIdsRequest => ResourcesByIdsResponse;
        list_entitlements: ListEntitlementsRequest => ListEntitlementsResponse;
        get_entitlement: GetEntitlementRequest => GetEntitlementResponse;
        list_entitlements_by_ids: EntitlementsByIdsRequest => EntitlementsByIdsResponse;
        list_grants: ListGrantsRequest => ListGrantsResponse;
        get_grant: GetGrantRequest => GetGrantResponse;
        list_grants_for_entitlement: ForEntitlementRequest => ForEntitlementResponse;
        list_grants_for_principal: ForPrincipalRequest => ForPrincipalResponse;
        list_grants_for_resource_type: ForResourceTypeRequest => ForResourceTypeResponse;
        list_grant_principals: ListGrantPrincipalsRequest => ListGrantPrincipalsResponse;
        list_pending_expansion: ListPendingExpansionRequest => ListPendingExpansionResponse;
        list_grants_with_annotations: ListGrantsWithAnnotationsRequest => ListGrantsWithAnnotationsResponse;
        get_asset: AssetServiceGetAssetRequest => GetAssetResponse;
    }
}
