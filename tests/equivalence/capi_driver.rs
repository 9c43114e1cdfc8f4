//! Drives the exported C functions as a C host would: bytes in, bytes out, every object freed.

use std::ffi::CStr;
use std::ptr::{null, null_mut};

use c1z::capi::buffer::{c1z_buffer_data, c1z_buffer_free, Buffer};
use c1z::capi::cancel::Control;
use c1z::capi::code::{Code, C1Z_OK};
use c1z::capi::cursor::{
    c1z_cursor_free, c1z_cursor_next, c1z_scan_entitlements, c1z_scan_grants, c1z_scan_resources, Cursor,
};
use c1z::capi::error::{c1z_error_code, c1z_error_free, c1z_error_message, c1z_error_reason, ErrorObject};
use c1z::capi::slice::Slice;
use c1z::capi::store::{c1z_store_free, StoreHandle};
use c1z::capi::{assets, entitlements, expansion, file, grants, resource_types, resources, sessions, syncs};
use prost::Message;

use super::driver::*;

type Call = unsafe extern "C" fn(*const StoreHandle, Slice, *mut *mut Buffer, *mut *mut ErrorObject) -> Code;
type LongCall =
    unsafe extern "C" fn(*const StoreHandle, Slice, *const Control, *mut *mut Buffer, *mut *mut ErrorObject) -> Code;
type OpenCursor = unsafe extern "C" fn(*const StoreHandle, Slice, *mut *mut Cursor, *mut *mut ErrorObject) -> Code;

pub struct CapiDriver(*mut StoreHandle);

impl Drop for CapiDriver {
    fn drop(&mut self) {
        // SAFETY: the handle came from `c1z_open` and is freed here only.
        unsafe { c1z_store_free(self.0) }
    }
}

fn slice(bytes: &[u8]) -> Slice {
    Slice { data: bytes.as_ptr(), len: bytes.len() }
}

/// Takes an error apart and frees it; it must agree with the code that was returned.
fn told(code: Code, error: *mut ErrorObject) -> Answer<()> {
    if code == C1Z_OK {
        assert!(error.is_null(), "an error came with C1Z_OK");
        return Ok(());
    }
    assert!(!error.is_null(), "code {code} came without an error");
    // SAFETY: the library gave the error away; its texts are copied before it is freed.
    unsafe {
        assert_eq!(c1z_error_code(error), code);
        assert!(!CStr::from_ptr(c1z_error_message(error)).to_bytes().is_empty());
        let reason = CStr::from_ptr(c1z_error_reason(error)).to_str().unwrap().to_owned();
        c1z_error_free(error);
        Err(Failure { code, reason })
    }
}

/// Decodes a buffer and frees it.
fn read<M: Message + Default>(buffer: *mut Buffer) -> M {
    assert!(!buffer.is_null(), "C1Z_OK came without a response");
    // SAFETY: the library gave the buffer away; its bytes are decoded before it is freed.
    unsafe {
        let Slice { data, len } = c1z_buffer_data(buffer);
        let bytes = if len == 0 { &[] } else { std::slice::from_raw_parts(data, len) };
        let message = M::decode(bytes).expect("a response decodes");
        c1z_buffer_free(buffer);
        message
    }
}

impl CapiDriver {
    fn call<M: Message + Default>(&self, function: Call, request: &impl Message) -> Answer<M> {
        let (mut response, mut error) = (null_mut(), null_mut());
        let request = request.encode_to_vec();
        // SAFETY: the handle is open or closed, not freed; the request outlives the call.
        let code = unsafe { function(self.0, slice(&request), &mut response, &mut error) };
        told(code, error)?;
        Ok(read(response))
    }

    fn long_call<M: Message + Default>(&self, function: LongCall, request: &impl Message) -> Answer<M> {
        let (mut response, mut error) = (null_mut(), null_mut());
        let request = request.encode_to_vec();
        // SAFETY: as in `call`; a null control means that nobody watches.
        let code = unsafe { function(self.0, slice(&request), null(), &mut response, &mut error) };
        told(code, error)?;
        Ok(read(response))
    }

    fn walk<M: Message + Default + Page>(&self, open: OpenCursor, request: &impl Message) -> Answer<Vec<M::Row>> {
        let (mut cursor, mut error) = (null_mut(), null_mut());
        let request = request.encode_to_vec();
        // SAFETY: as in `call`.
        told(unsafe { open(self.0, slice(&request), &mut cursor, &mut error) }, error)?;
        let mut rows = Vec::new();
        loop {
            let (mut response, mut error) = (null_mut(), null_mut());
            // SAFETY: the cursor is open; it is freed below, once.
            let page = told(unsafe { c1z_cursor_next(cursor, &mut response, &mut error) }, error);
            if page.is_err() || response.is_null() {
                // SAFETY: nobody uses the cursor after this.
                unsafe { c1z_cursor_free(cursor) };
                return page.map(|()| rows);
            }
            rows.extend(read::<M>(response).into_rows().0);
        }
    }
}

macro_rules! calls {
    ($($file:ident::$function:ident as $name:ident: $request:ty => $response:ty;)*) => {$(
        fn $name(&self, request: &$request) -> Answer<$response> {
            self.call($file::$function, request)
        }
    )*};
}

macro_rules! long_calls {
    ($($file:ident::$function:ident as $name:ident: $request:ty => $response:ty;)*) => {$(
        fn $name(&self, request: &$request) -> Answer<$response> {
            self.long_call($file::$function, request)
        }
    )*};
}

impl Driver for CapiDriver {
    const NAME: &'static str = "capi";

    fn open(request: &OpenRequest) -> Answer<Self> {
        let (mut store, mut error) = (null_mut(), null_mut());
        let request = request.encode_to_vec();
        // SAFETY: the request outlives the call; the outputs are writable.
        told(unsafe { file::c1z_open(slice(&request), null(), &mut store, &mut error) }, error)?;
        Ok(CapiDriver(store))
    }

    fn close(self, request: &CloseRequest) -> Answer<()> {
        self.long_call(file::c1z_close, request)
    }

    fn scan_resources(&self, request: &ScanResourcesRequest) -> Answer<Vec<Resource>> {
        self.walk::<ListResourcesResponse>(c1z_scan_resources, request)
    }

    fn scan_entitlements(&self, request: &ScanEntitlementsRequest) -> Answer<Vec<Entitlement>> {
        self.walk::<ListEntitlementsResponse>(c1z_scan_entitlements, request)
    }

    fn scan_grants(&self, request: &ScanGrantsRequest) -> Answer<Vec<Grant>> {
        self.walk::<ListGrantsResponse>(c1z_scan_grants, request)
    }

    long_calls! {
        file::c1z_save as save: SaveRequest => ();
        syncs::c1z_end_sync as end_sync: EndSyncRequest => ();
        syncs::c1z_cleanup as cleanup: CleanupRequest => CleanupResponse;
        syncs::c1z_diff_syncs as diff_syncs: DiffSyncsRequest => DiffSyncsResponse;
        syncs::c1z_clone_sync as clone_sync: CloneSyncRequest => ();
        syncs::c1z_recalculate_stats as recalculate_stats: RecalculateStatsRequest => ();
    }

    calls! {
        file::c1z_get_metadata as get_metadata: GetMetadataRequest => GetMetadataResponse;
        syncs::c1z_start_sync as start_sync: StartSyncRequest => BoundSyncResponse;
        syncs::c1z_start_or_resume_sync as start_or_resume_sync: StartOrResumeSyncRequest => BoundSyncResponse;
        syncs::c1z_resume_sync as resume_sync: ResumeSyncRequest => BoundSyncResponse;
        syncs::c1z_set_current_sync as set_current_sync: SetCurrentSyncRequest => ();
        syncs::c1z_get_current_sync as get_current_sync: GetCurrentSyncRequest => GetCurrentSyncResponse;
        syncs::c1z_checkpoint_sync as checkpoint_sync: CheckpointSyncRequest => ();
        syncs::c1z_mark_sync_supports_diff as mark_sync_supports_diff: MarkSyncSupportsDiffRequest => ();
        syncs::c1z_mark_sync_verified as mark_sync_verified: MarkSyncVerifiedRequest => ();
        syncs::c1z_clear_sync_verification as clear_sync_verification: ClearSyncVerificationRequest => ();
        syncs::c1z_get_sync as get_sync: GetSyncRequest => GetSyncResponse;
        syncs::c1z_list_syncs as list_syncs: ListSyncsRequest => ListSyncsResponse;
        syncs::c1z_get_latest_finished_sync as get_latest_finished_sync: GetLatestSyncRequest => GetLatestSyncResponse;
        syncs::c1z_list_sync_runs as list_sync_runs: ListSyncRunsRequest => ListSyncRunsResponse;
        syncs::c1z_get_latest_sync_run as get_latest_sync_run: GetLatestSyncRunRequest => GetLatestSyncRunResponse;
        syncs::c1z_get_stats as get_stats: GetStatsRequest => GetStatsResponse;
        resource_types::c1z_put_resource_types as put_resource_types: PutResourceTypesRequest => ();
        resource_types::c1z_list_resource_types as list_resource_types: ListResourceTypesRequest => ListResourceTypesResponse;
        resource_types::c1z_get_resource_type as get_resource_type: GetResourceTypeRequest => GetResourceTypeResponse;
        resources::c1z_put_resources as put_resources: PutResourcesRequest => ();
        resources::c1z_delete_resource as delete_resource: DeleteResourceRequest => ();
        resources::c1z_list_resources as list_resources: ListResourcesRequest => ListResourcesResponse;
        resources::c1z_get_resource as get_resource: GetResourceRequest => GetResourceResponse;
        resources::c1z_list_resources_by_ids as list_resources_by_ids: ResourcesByIdsRequest => ResourcesByIdsResponse;
        entitlements::c1z_put_entitlements as put_entitlements: PutEntitlementsRequest => ();
        entitlements::c1z_delete_entitlement as delete_entitlement: DeleteEntitlementRequest => ();
        entitlements::c1z_list_entitlements as list_entitlements: ListEntitlementsRequest => ListEntitlementsResponse;
        entitlements::c1z_get_entitlement as get_entitlement: GetEntitlementRequest => GetEntitlementResponse;
        entitlements::c1z_list_entitlements_by_ids as list_entitlements_by_ids: EntitlementsByIdsRequest => EntitlementsByIdsResponse;
        grants::c1z_put_grants as put_grants: PutGrantsRequest => ();
        grants::c1z_delete_grant as delete_grant: DeleteGrantRequest => ();
        grants::c1z_delete_grants as delete_grants: DeleteGrantsRequest => ();
        grants::c1z_list_grants as list_grants: ListGrantsRequest => ListGrantsResponse;
        grants::c1z_get_grant as get_grant: GetGrantRequest => GetGrantResponse;
        grants::c1z_list_grants_for_entitlement as list_grants_for_entitlement: ForEntitlementRequest => ForEntitlementResponse;
        grants::c1z_list_grants_for_entitlements as list_grants_for_entitlements: ForEntitlementsRequest => ForEntitlementsResponse;
        grants::c1z_list_grants_for_principal as list_grants_for_principal: ForPrincipalRequest => ForPrincipalResponse;
        grants::c1z_list_grants_for_resource_type as list_grants_for_resource_type: ForResourceTypeRequest => ForResourceTypeResponse;
        expansion::c1z_put_expanded_grants as put_expanded_grants: PutExpandedGrantsRequest => ();
        expansion::c1z_put_grant_contributions as put_grant_contributions: PutGrantContributionsRequest => ();
        expansion::c1z_list_grant_principals as list_grant_principals: ListGrantPrincipalsRequest => ListGrantPrincipalsResponse;
        expansion::c1z_list_pending_expansion as list_pending_expansion: ListPendingExpansionRequest => ListPendingExpansionResponse;
        expansion::c1z_list_grants_with_annotations as list_grants_with_annotations: ListGrantsWithAnnotationsRequest => ListGrantsWithAnnotationsResponse;
        assets::c1z_put_asset as put_asset: PutAssetRequest => ();
        assets::c1z_get_asset as get_asset: AssetServiceGetAssetRequest => GetAssetResponse;
        sessions::c1z_set_session_values as set_session_values: SetSessionValuesRequest => ();
        sessions::c1z_delete_session_values as delete_session_values: DeleteSessionValuesRequest => ();
        sessions::c1z_clear_session as clear_session: ClearSessionRequest => ();
        sessions::c1z_get_session_values as get_session_values: GetSessionValuesRequest => GetSessionValuesResponse;
        sessions::c1z_list_session_values as list_session_values: ListSessionValuesRequest => ListSessionValuesResponse;
    }
}
