//! Threads: those that a store may use, and those that RocksDB will.
//!
//! RocksDB ends the process when the system refuses it a thread, so the system is asked first.

use std::panic::resume_unwind;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
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

/// How many things wait for who uses them.
const WAITING: usize = 2;

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

impl Workers {
    /// Has a worker make what the caller uses meanwhile, in the order in which it is made; without a worker the caller makes
    /// and uses one after the other. Whichever fails, the other is stopped.
    pub fn hand_over<B: Send, R: Send>(
        &self,
        name: &str,
        make: impl FnOnce(&mut dyn FnMut(B) -> Result<()>) -> Result<R> + Send,
        mut with: impl FnMut(B) -> Result<()>,
    ) -> Result<R> {
        let Some(worker) = self.claim() else { return make(&mut with) };
        let make = Mutex::new(Some(make));
        scope(|scope| {
            let (send, receive) = sync_channel(WAITING);
            let make = &make;
            let work = move || {
                let make = make.lock().take();
                make.map(|make| make(&mut |thing| send.send(thing).map_err(|_| Error::Cancelled)))
            };
            let Some(thread) = worker.spawn_scoped(scope, name, work) else {
                let make = make.lock().take().ok_or_else(|| Error::Internal("nothing is left to make".into()))?;
                return make(&mut with);
            };
            let used = receive.iter().try_for_each(&mut with);
            // Who makes more finds nobody who wants it.
            drop(receive);
            let made = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
            used?;
            made.ok_or_else(|| Error::Internal("nothing was made".into()))?
        })
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
    fn what_is_handed_over_comes_in_order_with_and_without_a_worker_and_a_failure_of_either_ends_both() {
        for workers in [Workers::of_threads(2), Workers::of_threads(1)] {
            let make = |sink: &mut dyn FnMut(u32) -> Result<()>| (0..100).try_for_each(sink).map(|()| "made");
            let mut used = Vec::new();
            let made = workers.hand_over("make", make, |thing| {
                used.push(thing);
                Ok(())
            });
            assert_eq!((made.unwrap(), used), ("made", (0..100).collect()));
            let failed = workers.hand_over("make", make, |thing| match thing {
                7 => Err(Error::Closed),
                _ => Ok(()),
            });
            assert!(matches!(failed, Err(Error::Closed)), "{failed:?}");
            let broken = |sink: &mut dyn FnMut(u32) -> Result<()>| sink(1).and(Err::<(), _>(Error::Sealed));
            let failed = workers.hand_over("make", broken, |_| Ok(()));
            assert!(matches!(failed, Err(Error::Sealed)), "{failed:?}");
        }
    }

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
