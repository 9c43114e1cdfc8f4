//! The function table for hosts that find the library at run time.

use std::ffi::c_char;

use super::arrow::*;
use super::assets::*;
use super::buffer::*;
use super::cancel::*;
use super::code::Code;
use super::compare::*;
use super::convert::*;
use super::cursor::*;
use super::digests::*;
use super::entitlements::*;
use super::error::*;
use super::expansion::*;
use super::file::*;
use super::grant_records::*;
use super::grants::*;
use super::host::Host;
use super::import::*;
use super::inspect::*;
use super::merge::*;
use super::pages::*;
use super::references::*;
use super::resource_types::*;
use super::resources::*;
use super::sessions::*;
use super::slice::Slice;
use super::source_cache::*;
use super::store::*;
use super::syncs::*;
use super::verify::*;

/// The version of the table that this library gives out; hosts ask for the version that they were built for.
pub const API_VERSION: u32 = 1;

/// A call on a store.
pub type CallFn = unsafe extern "C" fn(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code;

/// A call on a store that takes long.
pub type LongCallFn = unsafe extern "C" fn(
    store: *const StoreHandle,
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code;

/// A call on a store that takes long and reads from another.
pub type FromStoreFn = unsafe extern "C" fn(
    store: *const StoreHandle,
    source: *const StoreHandle,
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code;

/// A call that starts a walk.
pub type ScanFn = unsafe extern "C" fn(
    store: *const StoreHandle,
    request: Slice,
    cursor: *mut *mut Cursor,
    error: *mut *mut ErrorObject,
) -> Code;

/// Every function of the library, under its name without prefix. New functions are only ever appended: a host may call
/// those that lie below `struct_size`.
#[repr(C)]
pub struct Api {
    /// Bytes of this table in the library that gave it out.
    pub struct_size: usize,
    /// `c1z_version`.
    pub version: extern "C" fn() -> *const c_char,
    /// `c1z_buffer_data`.
    pub buffer_data: unsafe extern "C" fn(buffer: *const Buffer) -> Slice,
    /// `c1z_buffer_free`.
    pub buffer_free: unsafe extern "C" fn(buffer: *mut Buffer),
    /// `c1z_error_code`.
    pub error_code: unsafe extern "C" fn(error: *const ErrorObject) -> Code,
    /// `c1z_error_reason`.
    pub error_reason: unsafe extern "C" fn(error: *const ErrorObject) -> *const c_char,
    /// `c1z_error_message`.
    pub error_message: unsafe extern "C" fn(error: *const ErrorObject) -> *const c_char,
    /// `c1z_error_free`.
    pub error_free: unsafe extern "C" fn(error: *mut ErrorObject),
    /// `c1z_cancel_new`.
    pub cancel_new: extern "C" fn() -> *mut Cancel,
    /// `c1z_cancel_set`.
    pub cancel_set: unsafe extern "C" fn(cancel: *const Cancel),
    /// `c1z_cancel_free`.
    pub cancel_free: unsafe extern "C" fn(cancel: *mut Cancel),
    /// `c1z_open`.
    pub open: unsafe extern "C" fn(
        request: Slice,
        control: *const Control,
        store: *mut *mut StoreHandle,
        error: *mut *mut ErrorObject,
    ) -> Code,
    /// `c1z_close`.
    pub close: LongCallFn,
    /// `c1z_save`.
    pub save: LongCallFn,
    /// `c1z_store_free`.
    pub store_free: unsafe extern "C" fn(store: *mut StoreHandle),
    /// `c1z_get_metadata`.
    pub get_metadata: CallFn,
    /// `c1z_start_sync`.
    pub start_sync: CallFn,
    /// `c1z_start_or_resume_sync`.
    pub start_or_resume_sync: CallFn,
    /// `c1z_resume_sync`.
    pub resume_sync: CallFn,
    /// `c1z_set_current_sync`.
    pub set_current_sync: CallFn,
    /// `c1z_get_current_sync`.
    pub get_current_sync: CallFn,
    /// `c1z_checkpoint_sync`.
    pub checkpoint_sync: CallFn,
    /// `c1z_end_sync`.
    pub end_sync: LongCallFn,
    /// `c1z_cleanup`.
    pub cleanup: LongCallFn,
    /// `c1z_get_sync`.
    pub get_sync: CallFn,
    /// `c1z_list_syncs`.
    pub list_syncs: CallFn,
    /// `c1z_get_latest_finished_sync`.
    pub get_latest_finished_sync: CallFn,
    /// `c1z_list_sync_runs`.
    pub list_sync_runs: CallFn,
    /// `c1z_get_latest_sync_run`.
    pub get_latest_sync_run: CallFn,
    /// `c1z_mark_sync_supports_diff`.
    pub mark_sync_supports_diff: CallFn,
    /// `c1z_mark_sync_verified`.
    pub mark_sync_verified: CallFn,
    /// `c1z_clear_sync_verification`.
    pub clear_sync_verification: CallFn,
    /// `c1z_get_stats`.
    pub get_stats: CallFn,
    /// `c1z_recalculate_stats`.
    pub recalculate_stats: LongCallFn,
    /// `c1z_clone_sync`.
    pub clone_sync: LongCallFn,
    /// `c1z_diff_syncs`.
    pub diff_syncs: LongCallFn,
    /// `c1z_put_resource_types`.
    pub put_resource_types: CallFn,
    /// `c1z_list_resource_types`.
    pub list_resource_types: CallFn,
    /// `c1z_get_resource_type`.
    pub get_resource_type: CallFn,
    /// `c1z_put_resources`.
    pub put_resources: CallFn,
    /// `c1z_delete_resource`.
    pub delete_resource: CallFn,
    /// `c1z_list_resources`.
    pub list_resources: CallFn,
    /// `c1z_get_resource`.
    pub get_resource: CallFn,
    /// `c1z_list_resources_by_ids`.
    pub list_resources_by_ids: CallFn,
    /// `c1z_put_entitlements`.
    pub put_entitlements: CallFn,
    /// `c1z_delete_entitlement`.
    pub delete_entitlement: CallFn,
    /// `c1z_list_entitlements`.
    pub list_entitlements: CallFn,
    /// `c1z_get_entitlement`.
    pub get_entitlement: CallFn,
    /// `c1z_list_entitlements_by_ids`.
    pub list_entitlements_by_ids: CallFn,
    /// `c1z_put_grants`.
    pub put_grants: CallFn,
    /// `c1z_delete_grant`.
    pub delete_grant: CallFn,
    /// `c1z_delete_grants`.
    pub delete_grants: CallFn,
    /// `c1z_list_grants`.
    pub list_grants: CallFn,
    /// `c1z_get_grant`.
    pub get_grant: CallFn,
    /// `c1z_list_grants_for_entitlement`.
    pub list_grants_for_entitlement: CallFn,
    /// `c1z_list_grants_for_entitlements`.
    pub list_grants_for_entitlements: CallFn,
    /// `c1z_list_grants_for_principal`.
    pub list_grants_for_principal: CallFn,
    /// `c1z_list_grants_for_resource_type`.
    pub list_grants_for_resource_type: CallFn,
    /// `c1z_put_asset`.
    pub put_asset: CallFn,
    /// `c1z_get_asset`.
    pub get_asset: CallFn,
    /// `c1z_put_expanded_grants`.
    pub put_expanded_grants: CallFn,
    /// `c1z_list_pending_expansion`.
    pub list_pending_expansion: CallFn,
    /// `c1z_list_grants_with_annotations`.
    pub list_grants_with_annotations: CallFn,
    /// `c1z_get_session_values`.
    pub get_session_values: CallFn,
    /// `c1z_set_session_values`.
    pub set_session_values: CallFn,
    /// `c1z_delete_session_values`.
    pub delete_session_values: CallFn,
    /// `c1z_clear_session`.
    pub clear_session: CallFn,
    /// `c1z_list_session_values`.
    pub list_session_values: CallFn,
    /// `c1z_scan_resources`.
    pub scan_resources: ScanFn,
    /// `c1z_scan_entitlements`.
    pub scan_entitlements: ScanFn,
    /// `c1z_scan_grants`.
    pub scan_grants: ScanFn,
    /// `c1z_cursor_next`.
    pub cursor_next:
        unsafe extern "C" fn(cursor: *mut Cursor, response: *mut *mut Buffer, error: *mut *mut ErrorObject) -> Code,
    /// `c1z_cursor_free`.
    pub cursor_free: unsafe extern "C" fn(cursor: *mut Cursor),
    /// `c1z_read_header`.
    pub read_header:
        unsafe extern "C" fn(request: Slice, response: *mut *mut Buffer, error: *mut *mut ErrorObject) -> Code,
    /// `c1z_verify`.
    pub verify: unsafe extern "C" fn(
        request: Slice,
        control: *const Control,
        response: *mut *mut Buffer,
        error: *mut *mut ErrorObject,
    ) -> Code,
    /// `c1z_inspect`.
    pub inspect: unsafe extern "C" fn(
        request: Slice,
        control: *const Control,
        cursor: *mut *mut Cursor,
        error: *mut *mut ErrorObject,
    ) -> Code,
    /// `c1z_inspect_schema`.
    pub inspect_schema:
        unsafe extern "C" fn(request: Slice, response: *mut *mut Buffer, error: *mut *mut ErrorObject) -> Code,
    /// `c1z_merge_files`.
    pub merge_files: unsafe extern "C" fn(
        request: Slice,
        control: *const Control,
        response: *mut *mut Buffer,
        error: *mut *mut ErrorObject,
    ) -> Code,
    /// `c1z_merge_syncs`.
    pub merge_syncs: LongCallFn,
    /// `c1z_put_grant_contributions`.
    pub put_grant_contributions: CallFn,
    /// `c1z_list_grant_principals`.
    pub list_grant_principals: CallFn,
    /// `c1z_list_references`.
    pub list_references: CallFn,
    /// `c1z_find_grant_annotation`.
    pub find_grant_annotation: CallFn,
    /// `c1z_set_entitlement_graph`.
    pub set_entitlement_graph: CallFn,
    /// `c1z_get_entitlement_graph`.
    pub get_entitlement_graph: CallFn,
    /// `c1z_commit_page`.
    pub commit_page: CallFn,
    /// `c1z_get_named_values`.
    pub get_named_values: CallFn,
    /// `c1z_list_named_values`.
    pub list_named_values: CallFn,
    /// `c1z_get_grant_digest`.
    pub get_grant_digest: CallFn,
    /// `c1z_list_grants_in_bucket`.
    pub list_grants_in_bucket: CallFn,
    /// `c1z_get_grant_record`.
    pub get_grant_record: CallFn,
    /// `c1z_list_grant_records_for_entitlement`.
    pub list_grant_records_for_entitlement: CallFn,
    /// `c1z_list_grant_records_for_entitlements`.
    pub list_grant_records_for_entitlements: CallFn,
    /// `c1z_list_grant_records_for_principal`.
    pub list_grant_records_for_principal: CallFn,
    /// `c1z_list_grant_records_for_resource_type`.
    pub list_grant_records_for_resource_type: CallFn,
    /// `c1z_get_source_cache_entry`.
    pub get_source_cache_entry: CallFn,
    /// `c1z_put_source_cache_entry`.
    pub put_source_cache_entry: CallFn,
    /// `c1z_replay_source_cache`.
    pub replay_source_cache: FromStoreFn,
    /// `c1z_delete_source_cache_rows`.
    pub delete_source_cache_rows: LongCallFn,
    /// `c1z_compare_files`.
    pub compare_files: unsafe extern "C" fn(
        request: Slice,
        control: *const Control,
        cursor: *mut *mut Cursor,
        error: *mut *mut ErrorObject,
    ) -> Code,
    /// `c1z_compare_syncs`.
    pub compare_syncs: ScanFn,
    /// `c1z_convert_file`.
    pub convert_file: unsafe extern "C" fn(
        request: Slice,
        control: *const Control,
        response: *mut *mut Buffer,
        error: *mut *mut ErrorObject,
    ) -> Code,
    /// `c1z_export_arrow`.
    pub export_arrow: unsafe extern "C" fn(
        store: *const StoreHandle,
        request: Slice,
        control: *const Control,
        out: *mut ArrowArrayStream,
        error: *mut *mut ErrorObject,
    ) -> Code,
    /// `c1z_export_schema`.
    pub export_schema:
        unsafe extern "C" fn(request: Slice, out: *mut ArrowSchema, error: *mut *mut ErrorObject) -> Code,
    /// `c1z_import_records`.
    pub import_records: LongCallFn,
    /// `c1z_scan_records`.
    pub scan_records: ScanFn,
    /// `c1z_open_with`.
    pub open_with: unsafe extern "C" fn(
        request: Slice,
        host: *const Host,
        control: *const Control,
        store: *mut *mut StoreHandle,
        error: *mut *mut ErrorObject,
    ) -> Code,
}

static API: Api = Api {
    struct_size: std::mem::size_of::<Api>(),
    version: c1z_version,
    buffer_data: c1z_buffer_data,
    buffer_free: c1z_buffer_free,
    error_code: c1z_error_code,
    error_reason: c1z_error_reason,
    error_message: c1z_error_message,
    error_free: c1z_error_free,
    cancel_new: c1z_cancel_new,
    cancel_set: c1z_cancel_set,
    cancel_free: c1z_cancel_free,
    open: c1z_open,
    close: c1z_close,
    save: c1z_save,
    store_free: c1z_store_free,
    get_metadata: c1z_get_metadata,
    start_sync: c1z_start_sync,
    start_or_resume_sync: c1z_start_or_resume_sync,
    resume_sync: c1z_resume_sync,
    set_current_sync: c1z_set_current_sync,
    get_current_sync: c1z_get_current_sync,
    checkpoint_sync: c1z_checkpoint_sync,
    end_sync: c1z_end_sync,
    cleanup: c1z_cleanup,
    get_sync: c1z_get_sync,
    list_syncs: c1z_list_syncs,
    get_latest_finished_sync: c1z_get_latest_finished_sync,
    list_sync_runs: c1z_list_sync_runs,
    get_latest_sync_run: c1z_get_latest_sync_run,
    mark_sync_supports_diff: c1z_mark_sync_supports_diff,
    mark_sync_verified: c1z_mark_sync_verified,
    clear_sync_verification: c1z_clear_sync_verification,
    get_stats: c1z_get_stats,
    recalculate_stats: c1z_recalculate_stats,
    clone_sync: c1z_clone_sync,
    diff_syncs: c1z_diff_syncs,
    put_resource_types: c1z_put_resource_types,
    list_resource_types: c1z_list_resource_types,
    get_resource_type: c1z_get_resource_type,
    put_resources: c1z_put_resources,
    delete_resource: c1z_delete_resource,
    list_resources: c1z_list_resources,
    get_resource: c1z_get_resource,
    list_resources_by_ids: c1z_list_resources_by_ids,
    put_entitlements: c1z_put_entitlements,
    delete_entitlement: c1z_delete_entitlement,
    list_entitlements: c1z_list_entitlements,
    get_entitlement: c1z_get_entitlement,
    list_entitlements_by_ids: c1z_list_entitlements_by_ids,
    put_grants: c1z_put_grants,
    delete_grant: c1z_delete_grant,
    delete_grants: c1z_delete_grants,
    list_grants: c1z_list_grants,
    get_grant: c1z_get_grant,
    list_grants_for_entitlement: c1z_list_grants_for_entitlement,
    list_grants_for_entitlements: c1z_list_grants_for_entitlements,
    list_grants_for_principal: c1z_list_grants_for_principal,
    list_grants_for_resource_type: c1z_list_grants_for_resource_type,
    put_asset: c1z_put_asset,
    get_asset: c1z_get_asset,
    put_expanded_grants: c1z_put_expanded_grants,
    list_pending_expansion: c1z_list_pending_expansion,
    list_grants_with_annotations: c1z_list_grants_with_annotations,
    get_session_values: c1z_get_session_values,
    set_session_values: c1z_set_session_values,
    delete_session_values: c1z_delete_session_values,
    clear_session: c1z_clear_session,
    list_session_values: c1z_list_session_values,
    scan_resources: c1z_scan_resources,
    scan_entitlements: c1z_scan_entitlements,
    scan_grants: c1z_scan_grants,
    cursor_next: c1z_cursor_next,
    cursor_free: c1z_cursor_free,
    read_header: c1z_read_header,
    verify: c1z_verify,
    inspect: c1z_inspect,
    inspect_schema: c1z_inspect_schema,
    merge_files: c1z_merge_files,
    merge_syncs: c1z_merge_syncs,
    put_grant_contributions: c1z_put_grant_contributions,
    list_grant_principals: c1z_list_grant_principals,
    list_references: c1z_list_references,
    find_grant_annotation: c1z_find_grant_annotation,
    set_entitlement_graph: c1z_set_entitlement_graph,
    get_entitlement_graph: c1z_get_entitlement_graph,
    commit_page: c1z_commit_page,
    get_named_values: c1z_get_named_values,
    list_named_values: c1z_list_named_values,
    get_grant_digest: c1z_get_grant_digest,
    list_grants_in_bucket: c1z_list_grants_in_bucket,
    get_grant_record: c1z_get_grant_record,
    list_grant_records_for_entitlement: c1z_list_grant_records_for_entitlement,
    list_grant_records_for_entitlements: c1z_list_grant_records_for_entitlements,
    list_grant_records_for_principal: c1z_list_grant_records_for_principal,
    list_grant_records_for_resource_type: c1z_list_grant_records_for_resource_type,
    get_source_cache_entry: c1z_get_source_cache_entry,
    put_source_cache_entry: c1z_put_source_cache_entry,
    replay_source_cache: c1z_replay_source_cache,
    delete_source_cache_rows: c1z_delete_source_cache_rows,
    compare_files: c1z_compare_files,
    compare_syncs: c1z_compare_syncs,
    convert_file: c1z_convert_file,
    export_arrow: c1z_export_arrow,
    export_schema: c1z_export_schema,
    import_records: c1z_import_records,
    scan_records: c1z_scan_records,
    open_with: c1z_open_with,
};

/// The function table of the version that the host was built for; null for a version that this library does not know.
/// The table lives forever.
#[no_mangle]
pub extern "C" fn c1z_get_api(version: u32) -> *const Api {
    match version {
        API_VERSION => &API,
        _ => std::ptr::null(),
    }
}
