//! What every exported function does, once: guard against panics, check pointers, decode the request, call, and turn the
//! result into a buffer or an error.

use std::panic::{catch_unwind, AssertUnwindSafe};

use prost::{Message, Name};

use super::buffer::Buffer;
use super::cancel::{controlled, Control};
use super::code::{Code, C1Z_OK};
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::{Shared, StoreHandle};
use crate::control::Control as CoreControl;
use crate::memory::{ask_for, with_capacity};
use crate::proto::first_unreadable;
use crate::reflect::check_cost;
use crate::store::{Encoded, Store};
use crate::{process, quoted, Error, Result};

/// What a request's bytes become.
pub(super) trait Request<'r>: Sized {
    fn read(bytes: &'r [u8]) -> Result<Self>;
}

/// A request that is read where it lies.
pub(super) struct Raw<'r>(pub &'r [u8]);

impl<'r> Request<'r> for Raw<'r> {
    fn read(bytes: &'r [u8]) -> Result<Self> {
        Ok(Raw(bytes))
    }
}

impl<M: Message + Name + Default> Request<'_> for M {
    fn read(bytes: &[u8]) -> Result<M> {
        check_cost(&M::full_name(), bytes)?;
        // prost: it copies bytes twice, and cannot fail.
        ask_for(2 * bytes.len())?;
        M::decode(bytes).map_err(|error| {
            let unreadable = first_unreadable(&M::full_name(), bytes);
            Error::invalid(format!(
                "request {}: {}",
                M::NAME,
                unreadable.unwrap_or_else(|| quoted::line(error).to_string())
            ))
        })
    }
}

/// What becomes the bytes of a response.
pub(super) trait Response {
    fn write(self) -> Result<Vec<u8>>;
}

impl<M: Message + Default> Response for Encoded<M> {
    fn write(self) -> Result<Vec<u8>> {
        Ok(self.into_bytes())
    }
}

impl<M: Message> Response for M {
    fn write(self) -> Result<Vec<u8>> {
        let mut bytes = with_capacity(self.encoded_len())?;
        self.encode(&mut bytes).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(bytes)
    }
}

/// A call that answers.
///
/// # Safety
/// `store` is null or a handle that is not freed; `request` is as `Slice::bytes` wants it; `response` and `error` are
/// null or writable.
pub(super) unsafe fn ask<'r, Q: Request<'r>, A: Response>(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
    body: impl FnOnce(&Store, Q) -> Result<A>,
) -> Code {
    unsafe {
        none_yet(response);
        on_store(store, error, |shared| {
            if response.is_null() {
                return Err(Error::invalid("response is null"));
            }
            let request = Q::read(request.bytes()?)?;
            let answer = shared.with(|store| body(store, request))?;
            *response = Buffer::give(answer.write()?);
            Ok(())
        })
    }
}

/// A call whose response is empty; a caller that does not want it passes a null pointer.
///
/// # Safety
/// As [`ask`].
pub(super) unsafe fn tell<'r, Q: Request<'r>>(
    store: *const StoreHandle,
    request: Slice,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
    body: impl FnOnce(&Store, Q) -> Result<()>,
) -> Code {
    unsafe {
        none_yet(response);
        on_store(store, error, |shared| {
            let request = Q::read(request.bytes()?)?;
            shared.with(|store| body(store, request))?;
            if !response.is_null() {
                *response = Buffer::give(Vec::new());
            }
            Ok(())
        })
    }
}

/// [`ask`] for a call that takes long.
///
/// # Safety
/// As [`ask`]; `control` is null or valid.
pub(super) unsafe fn ask_long<'r, Q: Request<'r>, A: Response>(
    store: *const StoreHandle,
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
    body: impl FnOnce(&Store, Q, &CoreControl<'_>) -> Result<A>,
) -> Code {
    unsafe {
        controlled(control, |control| {
            ask(store, request, response, error, |store, request| body(store, request, control))
        })
    }
}

/// [`tell`] for a call that takes long.
///
/// # Safety
/// As [`ask_long`].
pub(super) unsafe fn tell_long<'r, Q: Request<'r>>(
    store: *const StoreHandle,
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
    body: impl FnOnce(&Store, Q, &CoreControl<'_>) -> Result<()>,
) -> Code {
    unsafe {
        controlled(control, |control| {
            tell(store, request, response, error, |store, request| body(store, request, control))
        })
    }
}

/// Runs `body` on what `store` points at; a panic poisons it.
///
/// # Safety
/// `store` is null or a handle that is not freed; `error` is null or writable.
pub(super) unsafe fn on_store(
    store: *const StoreHandle,
    error: *mut *mut ErrorObject,
    body: impl FnOnce(&Shared) -> Result<()>,
) -> Code {
    unsafe {
        guard(error, || match store.as_ref() {
            None => Err(Error::invalid("store is null")),
            Some(handle) => process::check().and_then(|()| poisoning(&handle.0, || body(&handle.0))),
        })
    }
}

/// Poisons `shared` if `body` panics.
pub(super) fn poisoning<T>(shared: &Shared, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        shared.poison();
        std::panic::resume_unwind(panic)
    })
}

/// A call that answers and needs no store.
///
/// # Safety
/// `request` is as `Slice::bytes` wants it; `control` is as `controlled` wants it; `response` and `error` are null or
/// writable.
pub(super) unsafe fn ask_of_file<Q: for<'r> Request<'r>, A: Response>(
    request: Slice,
    control: *const Control,
    response: *mut *mut Buffer,
    error: *mut *mut ErrorObject,
    body: impl FnOnce(&Q, &CoreControl<'_>) -> Result<A>,
) -> Code {
    unsafe {
        none_yet(response);
        guard(error, || {
            if response.is_null() {
                return Err(Error::invalid("response is null"));
            }
            let request = Q::read(request.bytes()?)?;
            let answer = controlled(control, |control| body(&request, control))?;
            *response = Buffer::give(answer.write()?);
            Ok(())
        })
    }
}

/// A call that needs no store and gives a handle, called `noun` where there is no place for it.
///
/// # Safety
/// `request` is as `Slice::bytes` wants it; `control` is as `controlled` wants it; `handle` and `error` are null or writable.
pub(super) unsafe fn open_handle<Q: for<'r> Request<'r>, H>(
    noun: &str,
    request: Slice,
    control: *const Control,
    handle: *mut *mut H,
    error: *mut *mut ErrorObject,
    body: impl FnOnce(&Q, &CoreControl<'_>) -> Result<*mut H>,
) -> Code {
    unsafe {
        none_yet(handle);
        guard(error, || {
            if handle.is_null() {
                return Err(Error::invalid(format!("{noun} is null")));
            }
            let request = Q::read(request.bytes()?)?;
            *handle = controlled(control, |control| body(&request, control))?;
            Ok(())
        })
    }
}

/// Has nothing at `output` until the call succeeds: a caller may free what is there after any call, also twice with one
/// variable.
///
/// # Safety
/// `output` is null or writable.
pub(super) unsafe fn none_yet<T>(output: *mut *mut T) {
    if !output.is_null() {
        unsafe { *output = std::ptr::null_mut() };
    }
}

/// Runs `body`; neither its error nor its panic goes further than the caller's `error`.
///
/// # Safety
/// `error` is null or writable.
pub(super) unsafe fn guard(error: *mut *mut ErrorObject, body: impl FnOnce() -> Result<()>) -> Code {
    let failed = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return C1Z_OK,
        Ok(Err(failed)) => failed,
        Err(panic) => Error::Internal(panic_message(&*panic)),
    };
    if !error.is_null() {
        unsafe { *error = ErrorObject::give(&failed) };
    }
    failed.code().number()
}

pub(super) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;
    use std::ptr::{null, null_mut};

    use tempfile::TempDir;

    use super::*;
    use crate::capi::code::*;
    use crate::capi::cursor::{c1z_cursor_free, c1z_cursor_next, c1z_scan_resources};
    use crate::capi::error::{c1z_error_free, c1z_error_message, c1z_error_reason};
    use crate::capi::file::{c1z_close, c1z_get_metadata};
    use crate::capi::store::c1z_store_free;
    use crate::capi::syncs::c1z_start_sync;
    use crate::proto::api::{CloseRequest, StartSyncRequest};
    use crate::store::OpenOptions;

    /// A new store and the folder of its file.
    struct Opened(*mut StoreHandle, TempDir);

    impl Drop for Opened {
        fn drop(&mut self) {
            unsafe { c1z_store_free(self.0) }
        }
    }

    /// What a call came to: its code, and the reason and message of its error.
    type Outcome = (Code, String, String);

    fn outcome(call: impl FnOnce(*mut *mut ErrorObject) -> Code) -> Outcome {
        let mut error = null_mut();
        let code = call(&mut error);
        let text = |text| unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned();
        let (reason, message) = unsafe { (text(c1z_error_reason(error)), text(c1z_error_message(error))) };
        unsafe { c1z_error_free(error) };
        (code, reason, message)
    }

    fn opened() -> Opened {
        let folder = TempDir::new().unwrap();
        let store = Store::open(&folder.path().join("test.c1z"), OpenOptions::default(), &CoreControl::none()).unwrap();
        Opened(StoreHandle::give(store), folder)
    }

    fn start_sync(store: &Opened) {
        let request = StartSyncRequest { sync_type: "full".into(), ..Default::default() }.encode_to_vec();
        let mut response = null_mut();
        let code = unsafe { c1z_start_sync(store.0, Slice::of(&request), &mut response, null_mut()) };
        assert_eq!(code, C1Z_OK);
        unsafe { crate::capi::buffer::c1z_buffer_free(response) };
    }

    fn panic_in(store: &Opened) -> Outcome {
        outcome(|error| unsafe {
            tell(store.0, Slice::EMPTY, null_mut(), error, |_, Raw(_)| panic!("what {}", "happened"))
        })
    }

    fn close(store: &Opened, discard: bool) -> Outcome {
        let request = CloseRequest { discard, ..Default::default() }.encode_to_vec();
        outcome(|error| unsafe { c1z_close(store.0, Slice::of(&request), null(), null_mut(), error) })
    }

    #[test]
    fn a_panic_becomes_an_error_that_says_what_happened() {
        let outcome = panic_in(&opened());
        assert_eq!(outcome, (C1Z_INTERNAL, "INTERNAL".into(), "internal error: what happened".into()));
    }

    #[test]
    fn after_a_panic_every_call_but_close_is_refused_as_poisoned() {
        let store = opened();
        panic_in(&store);
        let mut response = null_mut();
        let (code, reason, _) =
            outcome(|error| unsafe { c1z_get_metadata(store.0, Slice::EMPTY, &mut response, error) });
        assert_eq!((code, reason.as_str(), response), (C1Z_INTERNAL, "POISONED", null_mut()));
        assert_eq!(close(&store, false).0, C1Z_OK);
    }

    #[test]
    fn a_cursor_of_a_poisoned_store_is_refused_too_and_keeps_it_open_until_it_is_freed() {
        let store = opened();
        start_sync(&store);
        let (mut cursor, mut response) = (null_mut(), null_mut());
        let code = unsafe { c1z_scan_resources(store.0, Slice::EMPTY, &mut cursor, null_mut()) };
        assert_eq!(code, C1Z_OK);
        panic_in(&store);
        let next = outcome(|error| unsafe { c1z_cursor_next(cursor, &mut response, error) });
        assert_eq!(next.1, "POISONED");
        assert_eq!(close(&store, true).0, C1Z_FAILED_PRECONDITION);
        unsafe { c1z_cursor_free(cursor) };
        assert_eq!(close(&store, true).0, C1Z_OK);
    }

    #[test]
    fn a_poisoned_store_is_closed_without_saving_and_says_so() {
        let store = opened();
        start_sync(&store);
        panic_in(&store);
        let (code, reason, message) = close(&store, false);
        assert_eq!((code, reason.as_str()), (C1Z_INTERNAL, "ARTIFACT_UNUSABLE"));
        assert!(message.contains("poisoned"), "{message}");
        assert!(!store.1.path().join("test.c1z").exists());
        assert_eq!(close(&store, false).0, C1Z_OK, "it is closed by now");
    }

    #[test]
    fn giving_up_what_a_poisoned_store_holds_succeeds() {
        let store = opened();
        start_sync(&store);
        panic_in(&store);
        assert_eq!(close(&store, true).0, C1Z_OK);
    }

    #[test]
    fn a_panic_in_a_call_without_a_store_is_an_error_too() {
        let (code, reason, _) = outcome(|error| unsafe { guard(error, || panic!("no store")) });
        assert_eq!((code, reason.as_str()), (C1Z_INTERNAL, "INTERNAL"));
    }
}
