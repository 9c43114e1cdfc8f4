//! Threads that are asked for before RocksDB starts them: it ends the process when the system refuses one.

use std::path::Path;
use std::thread::{scope, Builder};

use parking_lot::Mutex;

use crate::{Error, Result};

/// RocksDB starts its threads with the stack that the system gives by default, which takes addresses.
const STACK_BYTES: usize = 8 << 20;

/// Fails if so many threads cannot be had now, for what is done with the file at `path`.
pub(crate) fn ask_for_threads(count: usize, path: &Path) -> Result<()> {
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
