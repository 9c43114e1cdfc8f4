//! Merging: a base and newer partials become one sync, in a new file or in the file that they are in.
//!
//! Called by `capi`. Which records win, and how they get into a slot, is the engine's business; what the sync is that they
//! make up is told here.

mod files;
mod merging;
mod outcome;
mod syncs;
mod token;

pub use files::merge_files;

use crate::control::Control;
use crate::engine::{Counts, Kind, Reader, SyncRun, Writer};
use crate::keys::Slot;
use crate::proto::storage::SyncType;
use crate::store::sync::stats::counts_of;
use crate::store::Store;
use crate::{Error, Result};

/// Looking a record up in the base takes as long as reading so many.
const LOOKUP: u64 = 4;

/// A sync that is merged.
struct Input {
    run: SyncRun,
    token: String,
    counts: Counts,
}

impl Input {
    /// The sync of a run, which must have ended and be of a type that can be merged.
    fn of(reader: &Reader<'_>, run: SyncRun, control: &Control<'_>) -> Result<Input> {
        if run.record.ended_at.is_none() {
            return Err(Error::FailedPrecondition(format!("sync {} has not ended", run.id)));
        }
        rank(run.record.r#type())
            .ok_or_else(|| Error::FailedPrecondition(format!("sync {} is of a type that has no merge", run.id)))?;
        let counts = match reader.exact_stats(run.id)?.and_then(counts_of) {
            Some(counts) => counts,
            None => reader.count(run.slot, control)?,
        };
        Ok(Input { token: reader.token(run.id)?, counts, run })
    }

    fn records(&self) -> u64 {
        Kind::ALL.into_iter().map(|kind| self.counts.total(kind).unsigned_abs()).sum()
    }
}

/// The greater type of two is that of what they make up.
fn rank(of: SyncType) -> Option<u8> {
    match of {
        SyncType::Partial => Some(0),
        SyncType::ResourcesOnly => Some(1),
        SyncType::Full => Some(2),
        _ => None,
    }
}

/// Whether it costs less to put the partials over the base than to write everything anew.
fn is_overlay_cheaper(inputs: &[Input]) -> bool {
    let [base, partials @ ..] = inputs else { return false };
    total(partials).saturating_mul(LOOKUP) < base.records()
}

/// The number of records of these inputs.
fn total(inputs: &[Input]) -> u64 {
    inputs.iter().map(Input::records).fold(0, u64::saturating_add)
}

/// Puts a slot in order whose records were replaced: where what they left behind is much, or they lie under many layers,
/// its tables are rewritten.
fn tidy(store: &Store, writer: &Writer<'_>, slot: Slot, dead_bytes: u64, control: &Control<'_>) -> Result<()> {
    /// The part of the database, in hundredths, that may take space for nothing.
    const MOST_DEAD: u64 = 15;
    store.add_dead_bytes(dead_bytes);
    let dead = store.dead_bytes();
    if dead.saturating_mul(100) > store.engine.size_on_disk()?.saturating_mul(MOST_DEAD) || writer.has_many_layers()? {
        writer.compact(slot, control)?;
        store.forget_dead_bytes();
    }
    Ok(())
}

fn too_few(inputs: usize) -> Result<()> {
    match inputs < 2 {
        true => Err(Error::invalid(format!("{inputs} inputs: merging takes a base and at least one partial"))),
        false => Ok(()),
    }
}
