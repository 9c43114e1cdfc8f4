//! Syncs: their life and what is known of them.

use super::buffer::Buffer;
use super::call::{ask, ask_long, tell, tell_long};
use super::cancel::Control;
use super::code::Code;
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::StoreHandle;
use crate::proto::api::{
    CheckpointSyncRequest, CleanupRequest, ClearSyncVerificationRequest, CloneSyncRequest, DiffSyncsRequest,
    EndSyncRequest, GetCurrentSyncRequest, GetEntitlementGraphRequest, GetLatestSyncRunRequest, GetStatsRequest,
    ListSyncRunsRequest, MarkSyncSupportsDiffRequest, MarkSyncVerifiedRequest, RecalculateStatsRequest,
    ResumeSyncRequest, SetCurrentSyncRequest, SetEntitlementGraphRequest, StartOrResumeSyncRequest, StartSyncRequest,
};
use crate::proto::reader::{
    SyncsReaderServiceGetLatestFinishedSyncRequest as GetLatestRequest, SyncsReaderServiceGetSyncRequest as GetRequest,
    SyncsReaderServiceListSyncsRequest as ListRequest,
};

/// Starts a sync and binds it; older ones stay. While a sync that a caller started or resumed is open, the same type
/// gets that one again.
///
/// `request` holds a `c1z.v1.StartSyncRequest`, the response a `c1z.v1.BoundSyncResponse`.
///
/// Fails with `C1Z_INVALID_ARGUMENT` when the type is unknown or a sync that is not partial is given a parent,
/// `C1Z_FAILED_PRECONDITION` when a sync of another type is open.
#[no_mangle]
pub unsafe extern "C" fn c1z_start_sync(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, request: StartSyncRequest| store.start_sync(&request)) }
}

/// Resumes the sync with an id, ended or not; without an id the latest unfinished one of the type that started within a
/// week, or starts a new one.
///
/// `request` holds a `c1z.v1.StartOrResumeSyncRequest`, the response a `c1z.v1.BoundSyncResponse`.
///
/// Fails with `C1Z_NOT_FOUND` when there is no sync with that id.
#[no_mangle]
pub unsafe extern "C" fn c1z_start_or_resume_sync(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: StartOrResumeSyncRequest| {
            store.start_or_resume_sync(&request)
        })
    }
}

/// Binds a sync for writing, also one that has ended.
///
/// `request` holds a `c1z.v1.ResumeSyncRequest`, the response a `c1z.v1.BoundSyncResponse`.
///
/// Fails with `C1Z_NOT_FOUND` when there is no sync with that id.
#[no_mangle]
pub unsafe extern "C" fn c1z_resume_sync(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, request: ResumeSyncRequest| store.resume_sync(&request)) }
}

/// Binds a sync; on a read-only store it decides what reads are shown.
///
/// `request` holds a `c1z.v1.SetCurrentSyncRequest`; the response is empty.
///
/// Fails with `C1Z_NOT_FOUND` when there is no sync with that id.
#[no_mangle]
pub unsafe extern "C" fn c1z_set_current_sync(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell(store, request, response, error, |store, request: SetCurrentSyncRequest| store.set_current_sync(&request))
    }
}

/// The bound sync and the token of its last checkpoint, both empty when none is bound.
///
/// `request` holds a `c1z.v1.GetCurrentSyncRequest`, the response a `c1z.v1.GetCurrentSyncResponse`.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_current_sync(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, _: GetCurrentSyncRequest| store.get_current_sync()) }
}

/// Stores the token of the bound sync, as one step with every record put before. The file changes when it is saved: until
/// then nothing survives the end of the process.
///
/// `request` holds a `c1z.v1.CheckpointSyncRequest`; the response is empty.
#[no_mangle]
pub unsafe extern "C" fn c1z_checkpoint_sync(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell(store, request, response, error, |store, request: CheckpointSyncRequest| store.checkpoint_sync(&request))
    }
}

/// Ends the bound sync: takes statistics, marks it as complete, unbinds it. When it fails the sync stays bound and
/// unended.
///
/// `request` holds a `c1z.v1.EndSyncRequest`; the response is empty.
#[no_mangle]
pub unsafe extern "C" fn c1z_end_sync(
    store: *const StoreHandle,
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell_long(store, request, control, response, error, |store, _: EndSyncRequest, control| store.end_sync(control))
    }
}

/// Drops old syncs by the SDK's retention policy and gives their space back.
///
/// `request` holds a `c1z.v1.CleanupRequest`, the response a `c1z.v1.CleanupResponse`.
#[no_mangle]
pub unsafe extern "C" fn c1z_cleanup(
    store: *const StoreHandle,
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask_long(store, request, control, response, error, |store, request: CleanupRequest, control| {
            store.cleanup(&request, control)
        })
    }
}

/// Reads one sync with its statistics.
///
/// `request` holds a `c1.reader.v2.SyncsReaderServiceGetSyncRequest`, the response the matching response.
///
/// Fails with `C1Z_NOT_FOUND` when there is none.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_sync(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, request: GetRequest| store.get_sync(&request)) }
}

/// Lists all syncs, unfinished ones included, ordered by id.
///
/// `request` holds a `c1.reader.v2.SyncsReaderServiceListSyncsRequest`, the response the matching response.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_syncs(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, request: ListRequest| store.list_syncs(&request)) }
}

/// The sync of a type, or of any, that ended last; an empty response when there is none.
///
/// `request` holds a `c1.reader.v2.SyncsReaderServiceGetLatestFinishedSyncRequest`, the response the matching response.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_latest_finished_sync(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: GetLatestRequest| {
            store.get_latest_finished_sync(&request)
        })
    }
}

/// Lists all syncs with everything that is known of them.
///
/// `request` holds a `c1z.v1.ListSyncRunsRequest`, the response a `c1z.v1.ListSyncRunsResponse`.
#[no_mangle]
pub unsafe extern "C" fn c1z_list_sync_runs(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: ListSyncRunsRequest| store.list_sync_runs(&request))
    }
}

/// The sync of a type, or of any, that ended last, with everything that is known of it; an empty response when there is
/// none.
///
/// `request` holds a `c1z.v1.GetLatestSyncRunRequest`, the response a `c1z.v1.GetLatestSyncRunResponse`.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_latest_sync_run(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: GetLatestSyncRunRequest| {
            store.get_latest_sync_run(&request)
        })
    }
}

/// Marks a sync, ended or not, as one whose collection was complete.
///
/// `request` holds a `c1z.v1.MarkSyncSupportsDiffRequest`; the response is empty.
#[no_mangle]
pub unsafe extern "C" fn c1z_mark_sync_supports_diff(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell(store, request, response, error, |store, request: MarkSyncSupportsDiffRequest| {
            store.mark_sync_supports_diff(&request)
        })
    }
}

/// Records that a sync which has ended passed its checks.
///
/// `request` holds a `c1z.v1.MarkSyncVerifiedRequest`; the response is empty.
#[no_mangle]
pub unsafe extern "C" fn c1z_mark_sync_verified(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell(store, request, response, error, |store, request: MarkSyncVerifiedRequest| {
            store.mark_sync_verified(request)
        })
    }
}

/// Takes the mark of `c1z_mark_sync_verified` away.
///
/// `request` holds a `c1z.v1.ClearSyncVerificationRequest`; the response is empty.
#[no_mangle]
pub unsafe extern "C" fn c1z_clear_sync_verification(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell(store, request, response, error, |store, request: ClearSyncVerificationRequest| {
            store.clear_sync_verification(&request)
        })
    }
}

/// Statistics of a sync; without an id, of the newest finished one of the type.
///
/// `request` holds a `c1z.v1.GetStatsRequest`, the response a `c1z.v1.GetStatsResponse`.
///
/// Fails with `C1Z_NOT_FOUND` when there is no such sync, `C1Z_INVALID_ARGUMENT` when it is of another type.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_stats(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe { ask(store, request, response, error, |store, request: GetStatsRequest| store.get_stats(&request)) }
}

/// Counts the records of a sync, or of the bound one, anew and stores the result.
///
/// `request` holds a `c1z.v1.RecalculateStatsRequest`; the response is empty.
#[no_mangle]
pub unsafe extern "C" fn c1z_recalculate_stats(
    store: *const StoreHandle,
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell_long(store, request, control, response, error, |store, request: RecalculateStatsRequest, control| {
            store.recalculate_stats(&request, control)
        })
    }
}

/// Writes a finished sync into a new file; the store itself does not change.
///
/// `request` holds a `c1z.v1.CloneSyncRequest`; the response is empty.
///
/// Fails with `C1Z_ALREADY_EXISTS` when the path exists, `C1Z_NOT_FOUND` when there is no such sync,
/// `C1Z_FAILED_PRECONDITION` when it has not ended, and as `c1z_open` does where no file can be saved.
#[no_mangle]
pub unsafe extern "C" fn c1z_clone_sync(
    store: *const StoreHandle,
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell_long(store, request, control, response, error, |store, request: CloneSyncRequest, control| {
            store.clone_sync(&request, control)
        })
    }
}

/// Makes a new partial sync of the records that the applied sync holds and the base does not. Changed and deleted
/// records leave no trace.
///
/// `request` holds a `c1z.v1.DiffSyncsRequest`, the response a `c1z.v1.DiffSyncsResponse`.
#[no_mangle]
pub unsafe extern "C" fn c1z_diff_syncs(
    store: *const StoreHandle,
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask_long(store, request, control, response, error, |store, request: DiffSyncsRequest, control| {
            store.diff_syncs(&request, control)
        })
    }
}

/// Sets what an expander keeps of its work on a sync, or removes it. The bytes are not looked at; clones have them, merges
/// do not.
///
/// `request` holds a `c1z.v1.SetEntitlementGraphRequest`; the response is empty.
///
/// Fails with `C1Z_NOT_FOUND` when there is no sync with that id, `C1Z_FAILED_PRECONDITION` when there is none at all.
#[no_mangle]
pub unsafe extern "C" fn c1z_set_entitlement_graph(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        tell(store, request, response, error, |store, request: SetEntitlementGraphRequest| {
            store.set_entitlement_graph(&request)
        })
    }
}

/// Gives what `c1z_set_entitlement_graph` set.
///
/// `request` holds a `c1z.v1.GetEntitlementGraphRequest`, the response a `c1z.v1.GetEntitlementGraphResponse`.
#[no_mangle]
pub unsafe extern "C" fn c1z_get_entitlement_graph(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
) -> Code {
    unsafe {
        ask(store, request, response, error, |store, request: GetEntitlementGraphRequest| {
            store.get_entitlement_graph(&request)
        })
    }
}
