//! What is driven: every operation and every read of an open file, in messages and codes.

use c1z::error::Code;
pub use c1z::proto::api::*;
pub use c1z::proto::connector::*;
pub use c1z::proto::reader::*;

pub use EntitlementsReaderServiceGetEntitlementRequest as GetEntitlementRequest;
pub use EntitlementsReaderServiceGetEntitlementResponse as GetEntitlementResponse;
pub use EntitlementsReaderServiceListEntitlementsByIdsRequest as EntitlementsByIdsRequest;
pub use EntitlementsReaderServiceListEntitlementsByIdsResponse as EntitlementsByIdsResponse;
pub use EntitlementsServiceListEntitlementsRequest as ListEntitlementsRequest;
pub use EntitlementsServiceListEntitlementsResponse as ListEntitlementsResponse;
pub use GrantsReaderServiceGetGrantRequest as GetGrantRequest;
pub use GrantsReaderServiceGetGrantResponse as GetGrantResponse;
pub use GrantsReaderServiceListGrantsForEntitlementRequest as ForEntitlementRequest;
pub use GrantsReaderServiceListGrantsForEntitlementResponse as ForEntitlementResponse;
pub use GrantsReaderServiceListGrantsForEntitlementsRequest as ForEntitlementsRequest;
pub use GrantsReaderServiceListGrantsForEntitlementsResponse as ForEntitlementsResponse;
pub use GrantsReaderServiceListGrantsForPrincipalRequest as ForPrincipalRequest;
pub use GrantsReaderServiceListGrantsForPrincipalResponse as ForPrincipalResponse;
pub use GrantsReaderServiceListGrantsForResourceTypeRequest as ForResourceTypeRequest;
pub use GrantsReaderServiceListGrantsForResourceTypeResponse as ForResourceTypeResponse;
pub use GrantsServiceListGrantsRequest as ListGrantsRequest;
pub use GrantsServiceListGrantsResponse as ListGrantsResponse;
pub use ResourceTypesReaderServiceGetResourceTypeRequest as GetResourceTypeRequest;
pub use ResourceTypesReaderServiceGetResourceTypeResponse as GetResourceTypeResponse;
pub use ResourceTypesServiceListResourceTypesRequest as ListResourceTypesRequest;
pub use ResourceTypesServiceListResourceTypesResponse as ListResourceTypesResponse;
pub use ResourcesReaderServiceGetResourceRequest as GetResourceRequest;
pub use ResourcesReaderServiceGetResourceResponse as GetResourceResponse;
pub use ResourcesReaderServiceListResourcesByIdsRequest as ResourcesByIdsRequest;
pub use ResourcesReaderServiceListResourcesByIdsResponse as ResourcesByIdsResponse;
pub use ResourcesServiceListResourcesRequest as ListResourcesRequest;
pub use ResourcesServiceListResourcesResponse as ListResourcesResponse;
pub use SyncsReaderServiceGetLatestFinishedSyncRequest as GetLatestSyncRequest;
pub use SyncsReaderServiceGetLatestFinishedSyncResponse as GetLatestSyncResponse;
pub use SyncsReaderServiceGetSyncRequest as GetSyncRequest;
pub use SyncsReaderServiceGetSyncResponse as GetSyncResponse;
pub use SyncsReaderServiceListSyncsRequest as ListSyncsRequest;
pub use SyncsReaderServiceListSyncsResponse as ListSyncsResponse;

/// Why a call failed, as far as a caller may rely on it: the text is free.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub code: i32,
    pub reason: String,
}

impl Failure {
    pub fn is_not_found(&self) -> bool {
        self.code == Code::NotFound as i32
    }
}

pub type Answer<T> = Result<T, Failure>;

pub fn failure<T>(code: Code, reason: &str) -> Answer<T> {
    Err(Failure { code: code as i32, reason: reason.to_owned() })
}

/// An open file. Dropping it gives up what was not saved.
pub trait Driver: Sized {
    const NAME: &'static str;

    fn open(request: &OpenRequest) -> Answer<Self>;
    fn close(self, request: &CloseRequest) -> Answer<()>;
    fn save(&self, request: &SaveRequest) -> Answer<()>;
    fn get_metadata(&self, request: &GetMetadataRequest) -> Answer<GetMetadataResponse>;

    fn start_sync(&self, request: &StartSyncRequest) -> Answer<BoundSyncResponse>;
    fn start_or_resume_sync(&self, request: &StartOrResumeSyncRequest) -> Answer<BoundSyncResponse>;
    fn resume_sync(&self, request: &ResumeSyncRequest) -> Answer<BoundSyncResponse>;
    fn set_current_sync(&self, request: &SetCurrentSyncRequest) -> Answer<()>;
    fn get_current_sync(&self, request: &GetCurrentSyncRequest) -> Answer<GetCurrentSyncResponse>;
    fn checkpoint_sync(&self, request: &CheckpointSyncRequest) -> Answer<()>;
    fn end_sync(&self, request: &EndSyncRequest) -> Answer<()>;
    fn cleanup(&self, request: &CleanupRequest) -> Answer<CleanupResponse>;
    fn diff_syncs(&self, request: &DiffSyncsRequest) -> Answer<DiffSyncsResponse>;
    fn clone_sync(&self, request: &CloneSyncRequest) -> Answer<()>;
    fn mark_sync_supports_diff(&self, request: &MarkSyncSupportsDiffRequest) -> Answer<()>;
    fn mark_sync_verified(&self, request: &MarkSyncVerifiedRequest) -> Answer<()>;
    fn clear_sync_verification(&self, request: &ClearSyncVerificationRequest) -> Answer<()>;
    fn recalculate_stats(&self, request: &RecalculateStatsRequest) -> Answer<()>;

    fn put_resource_types(&self, request: &PutResourceTypesRequest) -> Answer<()>;
    fn put_resources(&self, request: &PutResourcesRequest) -> Answer<()>;
    fn put_entitlements(&self, request: &PutEntitlementsRequest) -> Answer<()>;
    fn put_grants(&self, request: &PutGrantsRequest) -> Answer<()>;
    fn put_expanded_grants(&self, request: &PutExpandedGrantsRequest) -> Answer<()>;
    fn put_grant_contributions(&self, request: &PutGrantContributionsRequest) -> Answer<()>;
    fn put_asset(&self, request: &PutAssetRequest) -> Answer<()>;
    fn delete_grant(&self, request: &DeleteGrantRequest) -> Answer<()>;
    fn delete_grants(&self, request: &DeleteGrantsRequest) -> Answer<()>;
    fn delete_entitlement(&self, request: &DeleteEntitlementRequest) -> Answer<()>;
    fn delete_resource(&self, request: &DeleteResourceRequest) -> Answer<()>;

    fn set_session_values(&self, request: &SetSessionValuesRequest) -> Answer<()>;
    fn delete_session_values(&self, request: &DeleteSessionValuesRequest) -> Answer<()>;
    fn clear_session(&self, request: &ClearSessionRequest) -> Answer<()>;
    fn get_session_values(&self, request: &GetSessionValuesRequest) -> Answer<GetSessionValuesResponse>;
    fn list_session_values(&self, request: &ListSessionValuesRequest) -> Answer<ListSessionValuesResponse>;

    fn get_sync(&self, request: &GetSyncRequest) -> Answer<GetSyncResponse>;
    fn list_syncs(&self, request: &ListSyncsRequest) -> Answer<ListSyncsResponse>;
    fn get_latest_finished_sync(&self, request: &GetLatestSyncRequest) -> Answer<GetLatestSyncResponse>;
    fn list_sync_runs(&self, request: &ListSyncRunsRequest) -> Answer<ListSyncRunsResponse>;
    fn get_latest_sync_run(&self, request: &GetLatestSyncRunRequest) -> Answer<GetLatestSyncRunResponse>;
    fn get_stats(&self, request: &GetStatsRequest) -> Answer<GetStatsResponse>;

    fn list_resource_types(&self, request: &ListResourceTypesRequest) -> Answer<ListResourceTypesResponse>;
    fn get_resource_type(&self, request: &GetResourceTypeRequest) -> Answer<GetResourceTypeResponse>;
    fn list_resources(&self, request: &ListResourcesRequest) -> Answer<ListResourcesResponse>;
    fn get_resource(&self, request: &GetResourceRequest) -> Answer<GetResourceResponse>;
    fn list_resources_by_ids(&self, request: &ResourcesByIdsRequest) -> Answer<ResourcesByIdsResponse>;
    fn list_entitlements(&self, request: &ListEntitlementsRequest) -> Answer<ListEntitlementsResponse>;
    fn get_entitlement(&self, request: &GetEntitlementRequest) -> Answer<GetEntitlementResponse>;
    fn list_entitlements_by_ids(&self, request: &EntitlementsByIdsRequest) -> Answer<EntitlementsByIdsResponse>;
    fn list_grants(&self, request: &ListGrantsRequest) -> Answer<ListGrantsResponse>;
    fn get_grant(&self, request: &GetGrantRequest) -> Answer<GetGrantResponse>;
    fn list_grants_for_entitlement(&self, request: &ForEntitlementRequest) -> Answer<ForEntitlementResponse>;
    fn list_grants_for_entitlements(&self, request: &ForEntitlementsRequest) -> Answer<ForEntitlementsResponse>;
    fn list_grants_for_principal(&self, request: &ForPrincipalRequest) -> Answer<ForPrincipalResponse>;
    fn list_grants_for_resource_type(&self, request: &ForResourceTypeRequest) -> Answer<ForResourceTypeResponse>;
    fn list_grant_principals(&self, request: &ListGrantPrincipalsRequest) -> Answer<ListGrantPrincipalsResponse>;
    fn list_pending_expansion(&self, request: &ListPendingExpansionRequest) -> Answer<ListPendingExpansionResponse>;
    fn list_grants_with_annotations(
        &self,
        request: &ListGrantsWithAnnotationsRequest,
    ) -> Answer<ListGrantsWithAnnotationsResponse>;
    fn get_asset(&self, request: &AssetServiceGetAssetRequest) -> Answer<GetAssetResponse>;

    /// All pages of a walk, joined.
    fn scan_resources(&self, request: &ScanResourcesRequest) -> Answer<Vec<Resource>>;
    fn scan_entitlements(&self, request: &ScanEntitlementsRequest) -> Answer<Vec<Entitlement>>;
    fn scan_grants(&self, request: &ScanGrantsRequest) -> Answer<Vec<Grant>>;
}

/// A list response taken apart.
pub trait Page {
    type Row;

    /// The rows and the token of the page that follows.
    fn into_rows(self) -> (Vec<Self::Row>, String);
}

macro_rules! pages {
    ($($response:ty: $list:ident of $row:ty;)*) => {$(
        impl Page for $response {
            type Row = $row;

            fn into_rows(self) -> (Vec<$row>, String) {
                (self.$list, self.next_page_token)
            }
        }
    )*};
}

pages! {
    ListSyncsResponse: syncs of c1z::proto::reader::SyncRun;
    ListSyncRunsResponse: list of c1z::proto::api::SyncRun;
    ListResourceTypesResponse: list of ResourceType;
    ListResourcesResponse: list of Resource;
    ListEntitlementsResponse: list of Entitlement;
    ListGrantsResponse: list of Grant;
    ForEntitlementResponse: list of Grant;
    ForEntitlementsResponse: list of Grant;
    ForPrincipalResponse: list of Grant;
    ForResourceTypeResponse: list of Grant;
    ListGrantPrincipalsResponse: list of ResourceId;
    ListPendingExpansionResponse: list of PendingExpansion;
    ListGrantsWithAnnotationsResponse: list of GrantWithAnnotation;
    ListSessionValuesResponse: list of SessionValue;
}
