//! Which file a save may put its own in the place of.

use std::path::Path;

use crate::envelope::Identity;
use crate::{Error, Result};

/// Which file a save may put its own in the place of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replace {
    /// Any, or none.
    #[default]
    Any,
    /// This one as it was, or none: where it is gone nothing is lost.
    Only(Identity),
    /// None.
    Nothing,
}

impl Replace {
    /// Fails with a conflict if `occupant`, which is what `path` leads to, must stay.
    pub(in crate::envelope) fn check(self, path: &Path, occupant: Option<Identity>) -> Result<()> {
        match (self, occupant) {
            (Replace::Any, _) | (_, None) => Ok(()),
            (Replace::Only(expected), Some(occupant)) if expected == occupant => Ok(()),
            (Replace::Only(_) | Replace::Nothing, Some(_)) => Err(Error::Conflict { path: path.to_path_buf() }),
        }
    }
}
