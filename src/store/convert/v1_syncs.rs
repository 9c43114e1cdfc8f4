//! What a file of format v1 tells of its syncs.

use std::path::Path;

use super::read_syncs;
use crate::control::Control;
use crate::envelope::Limits;
use crate::process;
use crate::proto::manifest::SyncRunSummary;
use crate::store::file::{absolute, WorkingFolder};
use crate::Result;

/// The syncs of a file of format v1 with their statistics, in the order of the file. Its database, which alone knows them, is
/// unpacked below `tmp_dir`, or the system's temporary folder, under the limits of an open; no record is read. The first sync
/// that cannot be read fails the call.
///
/// Progress is in bytes of the database.
pub fn read_v1_syncs(path: &Path, tmp_dir: Option<&Path>, control: &Control<'_>) -> Result<Vec<SyncRunSummary>> {
    process::enter()?;
    let path = absolute(path)?;
    read_syncs(&path, &WorkingFolder::create(tmp_dir)?, &Limits::of_request(0, 0), control)
}
