//! Watching and stopping a long call.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use crate::control::Control as CoreControl;

/// A flag that stops the calls it was given to. It may be set from any thread and at any time.
pub struct Cancel(Arc<AtomicBool>);

/// Called with what is done, of how much, and the caller's own pointer. The units are those of the call.
pub type ProgressFn = Option<unsafe extern "C" fn(done: u64, total: u64, userdata: *mut c_void)>;

/// How a caller watches and stops a long call. A null pointer to it, or in it, means that the caller does not.
///
/// The progress function is called on the thread of the call and must not call into the same store.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Control {
    /// Stops the call with `C1Z_CANCELLED` soon after it is set; may be null.
    pub cancel: *const Cancel,
    /// Told of progress; may be null.
    pub progress: ProgressFn,
    /// Given to `progress` as it is.
    pub userdata: *mut c_void,
}

/// A flag that is not set. Free it with `c1z_cancel_free`.
#[no_mangle]
pub extern "C" fn c1z_cancel_new() -> *mut Cancel {
    Box::into_raw(Box::new(Cancel(Arc::default())))
}

/// Sets the flag, for good. A null pointer is nothing to do.
#[no_mangle]
pub unsafe extern "C" fn c1z_cancel_set(cancel: *const Cancel) {
    if let Some(cancel) = unsafe { cancel.as_ref() } {
        cancel.0.store(true, Ordering::Release);
    }
}

/// Frees the flag. A call that it was given to may still be running if that call has reported progress: it has the flag's
/// state by then, goes on, and stops if the flag was set before it was freed.
#[no_mangle]
pub unsafe extern "C" fn c1z_cancel_free(cancel: *mut Cancel) {
    if !cancel.is_null() {
        drop(unsafe { Box::from_raw(cancel) });
    }
}

/// Whether a caller wants something to stop that goes on behind its call.
pub(super) struct Flag(Option<Arc<AtomicBool>>);

impl Flag {
    pub fn is_set(&self) -> bool {
        self.0.as_ref().is_some_and(|flag| flag.load(Ordering::Acquire))
    }
}

/// The flag of `control`, which may be freed before.
///
/// # Safety
/// `control` is null or valid, and so is the flag in it.
pub(super) unsafe fn flag(control: *const Control) -> Flag {
    let cancel = unsafe { control.as_ref().and_then(|control| control.cancel.as_ref()) };
    Flag(cancel.map(|cancel| Arc::clone(&cancel.0)))
}

/// The caller's pointer on its way back to the caller.
struct Userdata(*mut c_void);

impl Userdata {
    fn get(&self) -> *mut c_void {
        self.0
    }
}

// SAFETY: the library never looks at it; that `progress` is called on the caller's thread only is `CoreControl`'s promise.
unsafe impl Sync for Userdata {}

/// Calls `body` with what `control` asks for.
///
/// # Safety
/// `control` is null or valid, and so is what it points at, until `body` returns.
pub(super) unsafe fn controlled<T>(control: *const Control, body: impl FnOnce(&CoreControl<'_>) -> T) -> T {
    let Some(control) = (unsafe { control.as_ref() }) else { return body(&CoreControl::none()) };
    // Cloned, so that freeing the flag during the call does no harm.
    let flag = unsafe { flag(control) };
    let (progress, userdata) = (control.progress, Userdata(control.userdata));
    let userdata = &userdata;
    let cancelled = move || flag.is_set();
    let report = move |done, total| {
        if let Some(progress) = progress {
            // SAFETY: the caller gave function and pointer for each other.
            unsafe { progress(done, total, userdata.get()) }
        }
    };
    body(&CoreControl::new(&cancelled, &report))
}
