//! What every exported function does, once: guard against panics, check pointers, decode the request, call, and turn the
//! result into a buffer or an error.

use std::panic::{catch_unwind, AssertUnwindSafe};

use prost::Message;

use super::buffer::Buffer;
use super::cancel::{controlled, Control};
use super::code::{Code, C1Z_OK};
use super::error::ErrorObject;
use super::slice::Slice;
use super::store::{Shared, StoreHandle};
use crate::control::Control as CoreControl;
use crate::store::{Encoded, Store};
use crate::{Error, Result};

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

impl<M: Message + Default> Request<'_> for M {
    fn read(bytes: &[u8]) -> Result<M> {
        let name = std::any::type_name::<M>().rsplit("::").next().unwrap_or_default();
        M::decode(bytes).map_err(|error| Error::invalid(format!("request {name}: {error}")))
    }
}

/// What becomes the bytes of a response.
pub(super) trait Response {
    fn write(self) -> Vec<u8>;
}

impl<M: Message + Default> Response for Encoded<M> {
    fn write(self) -> Vec<u8> {
        self.into_bytes()
    }
}

impl<M: Message> Response for M {
    fn write(self) -> Vec<u8> {
        self.encode_to_vec()
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
        on_store(store, error, |shared| {
            if response.is_null() {
                return Err(Error::invalid("response is null"));
            }
            let request = Q::read(request.bytes()?)?;
            let answer = shared.with(|store| body(store, request))?;
            *response = Buffer::give(answer.write());
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
            Some(handle) => poisoning(&handle.0, || body(&handle.0)),
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

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}
