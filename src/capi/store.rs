//! The handle behind `c1z_store`.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::control::Control;
use crate::proto::api::{CloseRequest, SaveRequest};
use crate::store::Store;
use crate::{process, Error, Result};

/// An open file, or one that was open: a closed handle stays valid until it is freed.
pub struct StoreHandle(pub(super) Arc<Shared>);

/// What a handle and its cursors have in common.
pub(super) struct Shared {
    /// Read by every call for as long as it runs, so that closing waits for it.
    store: RwLock<Option<Store>>,
    poisoned: AtomicBool,
    cursors: AtomicUsize,
}

impl StoreHandle {
    /// A handle on the heap, owned by whoever holds the pointer.
    pub(super) fn give(store: Store) -> *mut StoreHandle {
        let shared =
            Shared { store: RwLock::new(Some(store)), poisoned: AtomicBool::new(false), cursors: AtomicUsize::new(0) };
        Box::into_raw(Box::new(StoreHandle(Arc::new(shared))))
    }
}

impl Shared {
    /// Calls `body` with the store, unless it is closed or an earlier call panicked in it.
    pub fn with<T>(&self, body: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
        self.check(self.store.read().as_ref()).and_then(body)
    }

    /// Calls `body` with the store, unless it is closed: for what has to be given back, also behind a panic.
    pub fn with_any(&self, body: impl FnOnce(&Store)) {
        if let Some(store) = &*self.store.read() {
            body(store);
        }
    }

    fn check<'s>(&self, store: Option<&'s Store>) -> Result<&'s Store> {
        let store = store.ok_or(Error::Closed)?;
        match self.poisoned.load(Ordering::Acquire) {
            true => Err(Error::Poisoned),
            false => Ok(store),
        }
    }

    /// As [`Shared::with`], for who runs in another store's already: who waits to close this one is not waited for, because
    /// he may wait for a call that waits for the other.
    pub fn with_too<T>(&self, body: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
        self.check(self.store.read_recursive().as_ref()).and_then(body)
    }

    /// From now on every call but closing fails.
    pub fn poison(&self) {
        self.poisoned.store(true, Ordering::Release);
    }

    /// Saves, unless the request says to discard, and closes. A save that fails leaves the store open. Closing a closed
    /// store does nothing.
    ///
    /// A poisoned store is closed without saving; what was not saved is then an error.
    pub fn close(&self, request: &CloseRequest, control: &Control<'_>) -> Result<()> {
        let &CloseRequest { discard, overwrite } = request;
        let mut slot = self.store.write();
        let Some(store) = slot.take() else { return Ok(()) };
        let refused = match self.cursors.load(Ordering::Acquire) {
            0 if discard || self.poisoned.load(Ordering::Acquire) => None,
            0 => store.abandon_import().and_then(|()| store.save_as(&SaveRequest { overwrite }, control)).err(),
            open => Some(Error::FailedPrecondition(format!("cursors are open: {open} (free them first)"))),
        };
        if let Some(error) = refused {
            *slot = Some(store);
            return Err(error);
        }
        let lost = !discard && store.is_dirty();
        let closed = store.close();
        match lost {
            true => Err(Error::ArtifactUnusable(Box::new(Error::Poisoned))),
            false => closed,
        }
    }

    pub fn cursor_opened(&self) {
        self.cursors.fetch_add(1, Ordering::AcqRel);
    }

    pub fn cursor_freed(&self) {
        self.cursors.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Frees a handle. An open store is closed without saving: close it first, and look at the result. Cursors of the store
/// may be freed before or after.
#[no_mangle]
pub unsafe extern "C" fn c1z_store_free(store: *mut StoreHandle) {
    // In a forked process the store is its parent's: its folder, its locks, the threads that closing it waits for.
    if !store.is_null() && !process::is_forked() {
        let handle = unsafe { Box::from_raw(store) };
        // Dropping a database may panic no more than any other call.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            drop(handle.0.store.write().take());
        }));
    }
}
