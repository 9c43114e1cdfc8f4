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
use crate::engine::{Kind, Reader, SyncRun, Writer};
use crate::keys::Slot;
use crate::proto::storage::SyncType;
use crate::store::Store;
use crate::{Error, Result};

/// Looking a record up in the base takes as long as reading so many.
const LOOKUP: u64 = 4;

/// A sync that is merged.
struct Input {
    run: SyncRun,
    token: String,
    /// How many records it holds, as far as that is known without counting them.
    records: i64,
}

impl Input {
    /// The sync of a run, which must have ended and be of a type that can be merged.
    fn of(reader: &Reader<'_>, run: SyncRun, control: &Control<'_>) -> Result<Input> {
        if run.record.ended_at.is_none() {
            return Err(Error::FailedPrecondition(format!("sync {} has not ended", run.id)));
        }
        rank(run.record.r#type())
            .ok_or_else(|| Error::FailedPrecondition(format!("sync {} is of a type that has no merge", run.id)))?;
        let records = match reader.stats(run.id)? {
            Some(stats) => {
                let counts = [stats.resource_types, stats.resources, stats.entitlements, stats.grants, stats.assets];
                // They may be whatever somebody has stored.
                counts.into_iter().fold(0, i64::saturating_add)
            }
            None => {
                let counts = reader.count(run.slot, control)?;
                Kind::ALL.into_iter().map(|kind| counts.total(kind)).sum()
            }
        };
        Ok(Input { token: reader.token(run.id)?, records, run })
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
    total(partials).saturating_mul(LOOKUP) < base.records.unsigned_abs()
}

/// The number of records of these inputs.
fn total(inputs: &[Input]) -> u64 {
    inputs.iter().fold(0, |sum: u64, input| sum.saturating_add(input.records.unsigned_abs()))
}

/// Puts a slot in order whose records were replaced: where what they left behind is much, or they lie under many layers,
/// its tables are rewritten.
fn tidy(store: &Store, writer: &Writer<'_>, slot: Slot, dead_bytes: u64, control: &Control<'_>) -> Result<()> {
    /// The part of the database, in hundredths, that may take space for nothing.
    const MOST_DEAD: u64 = 15;
    store.add_dead_bytes(dead_bytes);
    let dead = store.dead_bytes();
    if dead.saturating_mul(100) > store.engine.size_on_disk()?.saturating_mul(MOST_DEAD) || writer.has_many_layers()? {
        writer.reclaim(&[slot], control)?;
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
