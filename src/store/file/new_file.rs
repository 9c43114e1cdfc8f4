//! A file that is made in one call, from its first record to its name.

use super::open::Store;
use crate::control::Control;
use crate::{Error, Result};

/// Has `fill` put into `target`, a store of no file yet, what the new file is to hold, and saves it. If anything fails there is
/// no file.
pub fn save_as_new<T>(target: Store, control: &Control<'_>, fill: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
    let filled = fill(&target).and_then(|filled| {
        target.mark_dirty();
        target.save(control).map_err(|error| {
            if !target.is_dirty() {
                // It is there, and would be in the way of the next attempt: the folder could not be synced.
                let _ = std::fs::remove_file(&target.path);
            }
            unwrapped(error)
        })?;
        Ok(filled)
    });
    // What comes of it says more than a folder that could not be removed.
    let _ = target.close();
    filled
}

/// What kept the file from being written. Nobody may have put one in its place meanwhile.
fn unwrapped(error: Error) -> Error {
    match error {
        Error::ArtifactUnusable(cause) => *cause,
        Error::Conflict { path } => Error::AlreadyExists(path),
        other => other,
    }
}
