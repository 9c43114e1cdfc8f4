//! Streams of the Arrow C stream interface, whose functions are our own: a panic is an error, a message may hold any byte, and a
//! stream may outlive its store.

use std::ffi::{c_char, c_int, CStr, CString};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use arrow_array::{Array, StructArray};
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{Schema, SchemaRef};
use parking_lot::Mutex;
use rustix::io::Errno;

use super::arrow_structs::{ArrowArray, ArrowArrayStream, ArrowSchema};
use super::cancel::{controlled, flag, Control, Flag};
use super::error::text;
use super::store::{Shared, StoreHandle};
use crate::columns::{self, Batches};
use crate::control::Control as CoreControl;
use crate::error::Code;
use crate::proto::api::ExportRequest;
use crate::{process, Error, Result};

/// What is behind a stream.
struct Stream {
    shared: Arc<Shared>,
    schema: SchemaRef,
    cancelled: Flag,
    state: Mutex<State>,
}

struct State {
    /// `None` at the end and behind a defect of the library.
    batches: Option<Batches>,
    last_error: CString,
}

/// Streams cross threads as raw pointers, where no compiler looks; and the structs of the one definition are those of the other.
const _: () = {
    const fn crosses_threads<T: Send + Sync>() {}
    crosses_threads::<Stream>();
    assert!(size_of::<ArrowSchema>() == size_of::<FFI_ArrowSchema>());
    assert!(size_of::<ArrowArray>() == size_of::<FFI_ArrowArray>());
};

/// A stream of what the request asks for, which is released by its own function.
///
/// # Safety
/// `control` is null or valid.
pub(super) unsafe fn stream(
    shared: &Shared,
    store: &StoreHandle,
    request: &ExportRequest,
    control: *const Control,
) -> Result<ArrowArrayStream> {
    let batches = unsafe {
        controlled(control, |control| {
            control.check()?;
            shared.with(|store| Batches::start(store, request))
        })
    }?;
    let stream = Box::new(Stream {
        shared: Arc::clone(&store.0),
        schema: Arc::clone(batches.schema()),
        cancelled: unsafe { flag(control) },
        state: Mutex::new(State { batches: Some(batches), last_error: CString::default() }),
    });
    Ok(ArrowArrayStream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        get_last_error: Some(get_last_error),
        release: Some(release),
        private_data: Box::into_raw(stream).cast(),
    })
}

/// The schema that a stream of the request has, which is released by its own function.
pub(super) fn schema(request: &ExportRequest) -> Result<ArrowSchema> {
    exported(&*columns::schema(request)?)
}

fn exported(schema: &Schema) -> Result<ArrowSchema> {
    let schema = FFI_ArrowSchema::try_from(schema).map_err(|error| Error::Internal(error.to_string()))?;
    // SAFETY: both are the struct of the Arrow C data interface, and the one that is read is forgotten.
    Ok(unsafe { std::mem::transmute::<FFI_ArrowSchema, ArrowSchema>(schema) })
}

impl Stream {
    /// # Safety
    /// `stream` was made by [`stream`] and is not released.
    unsafe fn of<'s>(stream: *mut ArrowArrayStream) -> &'s Stream {
        unsafe { &*(*stream).private_data.cast::<Stream>() }
    }

    /// Runs `body`; its error, or its panic, is the last error of the stream, and a panic its end.
    fn guarded(&self, body: impl FnOnce(&mut State) -> Result<()>) -> c_int {
        // The lock may be one that a thread has which this process does not.
        if process::is_forked() {
            return Errno::INVAL.raw_os_error();
        }
        let mut state = self.state.lock();
        let failed = match catch_unwind(AssertUnwindSafe(|| body(&mut state))) {
            Ok(Ok(())) => return 0,
            Ok(Err(failed)) => {
                if let Error::Internal(_) = failed {
                    self.give_back(state.batches.take());
                }
                failed
            }
            Err(panic) => {
                self.shared.poison();
                self.give_back(state.batches.take());
                Error::Internal(super::call::panic_message(&*panic))
            }
        };
        state.last_error = text(&format!("{}: {failed}", failed.reason().name()));
        errno(&failed).raw_os_error()
    }

    /// Lets the moment of a stream go, and its buffers. Dropping them may panic no more than any other call.
    fn give_back(&self, batches: Option<Batches>) {
        let _ = catch_unwind(AssertUnwindSafe(move || {
            if let Some(batches) = batches {
                self.shared.with_any(|store| batches.end(store));
            }
        }));
    }

    fn next(&self, state: &mut State) -> Result<ArrowArray> {
        let Some(batches) = &mut state.batches else { return Ok(ArrowArray::RELEASED) };
        let cancelled = || self.cancelled.is_set();
        let control = CoreControl::new(&cancelled, &|_, _| ());
        let Some(batch) = self.shared.with(|store| batches.next(store, &control))? else {
            self.give_back(state.batches.take());
            return Ok(ArrowArray::RELEASED);
        };
        let array = FFI_ArrowArray::new(&StructArray::from(batch).into_data());
        // SAFETY: both are the struct of the Arrow C data interface, and the one that is read is forgotten.
        Ok(unsafe { std::mem::transmute::<FFI_ArrowArray, ArrowArray>(array) })
    }
}

fn errno(error: &Error) -> Errno {
    match (error, error.code()) {
        (_, Code::Cancelled) => Errno::CANCELED,
        (Error::OutOfMemory { .. }, _) => Errno::NOMEM,
        (Error::LimitExceeded { .. }, _) => Errno::INVAL,
        (_, Code::InvalidArgument | Code::FailedPrecondition | Code::Unavailable) => Errno::INVAL,
        _ => Errno::IO,
    }
}

unsafe extern "C" fn get_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
    unsafe {
        out.write(ArrowSchema::RELEASED);
        let stream = Stream::of(stream);
        stream.guarded(|_| {
            out.write(exported(&stream.schema)?);
            Ok(())
        })
    }
}

unsafe extern "C" fn get_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
    unsafe {
        out.write(ArrowArray::RELEASED);
        let stream = Stream::of(stream);
        stream.guarded(|state| {
            out.write(stream.next(state)?);
            Ok(())
        })
    }
}

unsafe extern "C" fn get_last_error(stream: *mut ArrowArrayStream) -> *const c_char {
    const FORKED: &CStr = c"FORKED: this process was forked from one that had used the library";
    if process::is_forked() {
        return FORKED.as_ptr();
    }
    let state = unsafe { Stream::of(stream) }.state.lock();
    match state.last_error.is_empty() {
        true => std::ptr::null(),
        false => state.last_error.as_ptr(),
    }
}

unsafe extern "C" fn release(stream: *mut ArrowArrayStream) {
    let released = unsafe { std::mem::replace(&mut *stream, ArrowArrayStream::RELEASED) };
    // In a forked process a stream is its parent's, as is the moment that it holds.
    if released.private_data.is_null() || process::is_forked() {
        return;
    }
    let stream = unsafe { Box::from_raw(released.private_data.cast::<Stream>()) };
    let batches = stream.state.lock().batches.take();
    stream.give_back(batches);
}
