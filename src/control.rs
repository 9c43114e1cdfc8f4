//! Watching and stopping a long operation.

use crate::{Error, Result};

/// Lets the caller of a long operation watch and stop it.
///
/// The cancel function is asked from any thread that works on the operation, the progress function is called on the
/// thread that called the operation only.
#[derive(Clone, Copy)]
pub struct Control<'a> {
    cancelled: &'a (dyn Fn() -> bool + Sync),
    progress: &'a (dyn Fn(u64, u64) + Sync),
}

impl<'a> Control<'a> {
    /// Asks `cancelled` often, and tells `progress` what is done and of how much, in units of the operation.
    pub fn new(cancelled: &'a (dyn Fn() -> bool + Sync), progress: &'a (dyn Fn(u64, u64) + Sync)) -> Self {
        Control { cancelled, progress }
    }

    /// For callers that neither watch nor stop.
    pub fn none() -> Control<'static> {
        Control { cancelled: &|| false, progress: &|_, _| () }
    }

    /// For a thread that works on the operation beside the caller's.
    pub fn beside(&self) -> Control<'a> {
        Control { cancelled: self.cancelled, progress: &|_, _| () }
    }

    /// Fails with [`Error::Cancelled`] once the caller wants the operation to stop.
    pub fn check(&self) -> Result<()> {
        if (self.cancelled)() {
            return Err(Error::Cancelled);
        }
        Ok(())
    }

    /// Tells the caller that `done` of `total` is done.
    pub fn report(&self, done: u64, total: u64) {
        (self.progress)(done, total);
    }
}

impl std::fmt::Debug for Control<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Control")
    }
}
