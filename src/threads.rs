//! Threads: those that a store may use, and those that RocksDB will.
//!
//! RocksDB ends the process when the system refuses it a thread, so the system is asked first.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread::{scope, Builder, JoinHandle, Scope, ScopedJoinHandle};

use parking_lot::Mutex;

use crate::{Error, Result};

/// RocksDB starts its threads with the stack that the system gives by default, which takes addresses.
const STACK_BYTES: usize = 8 << 20;

/// Fails if so many threads cannot be had now, for what is done with the file at `path`.
pub fn ask_for_threads(count: usize, path: &Path) -> Result<()> {
    let gate = Mutex::new(());
    scope(|scope| {
        // Nobody ends before all have started.
        let closed = gate.lock();
        let started = (0..count).try_for_each(|_| {
            let thread = Builder::new().stack_size(STACK_BYTES);
            thread.spawn_scoped(scope, || drop(gate.lock())).map(drop)
        });
        drop(closed);
        started.map_err(Error::io("start a thread for", path))
    })
}

/// The threads that may work for the calls on one store, besides those that make the calls: whoever wants one asks for it
/// and does without where there is none.
#[derive(Clone, Debug)]
pub struct Workers(Arc<AtomicUsize>);

/// The right to one thread, until it is dropped.
#[derive(Debug)]
pub struct Worker(Arc<AtomicUsize>);

impl Workers {
    /// As many as the store may use threads; none if it may use one, which is its caller's.
    pub fn of_threads(threads: usize) -> Workers {
        Workers(Arc::new(AtomicUsize::new(if threads > 1 { threads } else { 0 })))
    }

    /// A worker, if one is free.
    pub fn claim(&self) -> Option<Worker> {
        let taken = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |free| free.checked_sub(1));
        taken.ok().map(|_| Worker(self.0.clone()))
    }

    /// All that are free.
    pub fn claim_all(&self) -> Vec<Worker> {
        std::iter::from_fn(|| self.claim()).collect()
    }
}

impl Worker {
    /// Starts its thread, which gives it back at its end; `None` if the system has none to spare.
    pub fn spawn<T: Send + 'static>(
        self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<JoinHandle<T>> {
        Builder::new().name(name.into()).spawn(move || self.done_after(work)).ok()
    }

    /// [`Worker::spawn`] of a thread that ends within `scope`.
    pub fn spawn_scoped<'scope, T: Send + 'scope>(
        self,
        scope: &'scope Scope<'scope, '_>,
        name: &str,
        work: impl FnOnce() -> T + Send + 'scope,
    ) -> Option<ScopedJoinHandle<'scope, T>> {
        Builder::new().name(name.into()).spawn_scoped(scope, move || self.done_after(work)).ok()
    }

    fn done_after<T>(self, work: impl FnOnce() -> T) -> T {
        work()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_is_done_is_free_again() {
        let workers = Workers::of_threads(2);
        let (first, second) = (workers.claim().unwrap(), workers.claim().unwrap());
        assert!(workers.claim().is_none());
        assert_eq!(first.spawn("first", || 7).unwrap().join().unwrap(), 7);
        let panicked = second.spawn("second", || panic!("work that fails")).unwrap();
        panicked.join().unwrap_err();
        assert_eq!(workers.claim_all().len(), 2);
        assert!(Workers::of_threads(1).claim().is_none());
    }
}
