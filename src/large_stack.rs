//! Work that needs more stack than a host's thread has to have.

use std::path::Path;
use std::thread::{self, Builder};

use crate::{Error, Result};

/// Enough for descriptors and records that nest as deep as their decoder permits, in a build without optimisation too:
/// it takes less than a quarter of it.
const STACK_BYTES: usize = 4 << 20;

/// Does `work`, which is about the file at `path`, on a thread of its own and waits for it. A panic of `work` goes on here.
pub(crate) fn on_large_stack<T: Send>(path: &Path, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = Builder::new().name("c1z-deep".into()).stack_size(STACK_BYTES).spawn_scoped(scope, work);
        let thread = thread.map_err(Error::io("start a thread for", path))?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
