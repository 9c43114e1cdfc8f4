//! Looking for all that is wrong with a database, in one pass over its keys.
//!
//! Nothing is kept of the keys that were seen: what records call for and what indexes hold is compared as sums of hashes,
//! and only an index whose sums differ is walked again to name its faults.

mod digests;
mod files;
mod fingerprint;
mod indexes;
mod rows;
mod scopes;
mod slot_zero;
mod syncs;

use std::path::Path;

use rocksdb::DB;

use super::{Counts, EngineOptions, GrantDigest, Kind, Reader, SyncRun};
use crate::control::Control;
use crate::findings::{short_hex, Findings};
use crate::keys::Slot;
use crate::proto::api::{Fault, FaultKind};
use crate::proto::storage::SyncStatsRecord;
use crate::proto::wire::Malformed;
use crate::quoted::Quoted;
use crate::{Error, Result};

use files::Files;
use rows::{Row, Rows};
use slot_zero::SlotZero;
use syncs::Syncs;

/// Whether a record can be shown.
pub type Shown<'v> = &'v dyn Fn(Kind, &[u8]) -> Result<(), Malformed>;

/// What a database is compared with.
pub struct Verify<'v> {
    /// Where it was unpacked to.
    pub directory: &'v Path,
    /// How it is opened.
    pub options: &'v EngineOptions,
    /// Name and size of every file that was unpacked.
    pub files: &'v [(String, u64)],
    /// Whether a record can be shown.
    pub shown: Shown<'v>,
}

/// What was walked of a database.
#[derive(Debug)]
pub struct Verified {
    /// Its syncs by id.
    pub syncs: Vec<VerifiedSync>,
    /// Whether these are all, as far as their runs can be read: no part of what belongs to the file was hidden.
    pub complete: bool,
}

/// What was walked of a sync.
#[derive(Debug)]
pub struct VerifiedSync {
    /// Its run.
    pub run: SyncRun,
    /// Its statistics as they are stored, if they are about it.
    pub stats: Option<SyncStatsRecord>,
    /// Its records.
    pub counts: Counts,
    /// The digest of all its grants as it is stored, if this library can read it.
    pub digest: Option<GrantDigest>,
    /// Its index entries.
    pub index_entries: u64,
    /// Whether all of it could be read.
    pub complete: bool,
}

/// Walks a database. `None` if it cannot be opened or has another layout.
///
/// Progress is in bytes of its tables. Fails only when the machine does, or the caller cancels.
pub fn verify(verify: &Verify<'_>, control: &Control<'_>, findings: &mut Findings) -> Result<Option<Verified>> {
    let Some(db) = open(verify, findings)? else { return Ok(None) };
    let files = Files::of(&db, verify, findings)?;
    let reader = Reader::new(&db);
    let mut rows = Rows::all(&db, &reader, &files, verify.directory, control);
    let Some(zero) = SlotZero::walk(&mut rows, findings)? else { return Ok(None) };
    let complete = zero.complete;
    let mut syncs = Syncs::new(zero, verify.shown);
    syncs.walk(&mut rows, findings)?;
    Ok(Some(Verified { syncs: syncs.finish(&rows, findings)?, complete }))
}

/// Opens the database without what RocksDB checks at once: a table that is missing or damaged hides its own keys only.
fn open(verify: &Verify<'_>, findings: &mut Findings) -> Result<Option<DB>> {
    let mut options = verify.options.reading(None);
    options.set_paranoid_checks(false);
    let opened = DB::list_cf(&options, verify.directory)
        .and_then(|families| Ok((families, DB::open_for_read_only(&options, verify.directory, false)?)));
    match opened {
        Ok((families, db)) => {
            for family in families.iter().filter(|family| *family != rocksdb::DEFAULT_COLUMN_FAMILY_NAME) {
                let sentence = format!("it has a column family {}, which is not looked at", Quoted::new(family));
                findings.add(Fault::of(FaultKind::Database, sentence));
            }
            Ok(Some(db))
        }
        Err(error) => {
            let sentence = format!("the database cannot be opened: {}", damage(verify.directory, error)?);
            findings.add(Fault::of(FaultKind::Database, sentence));
            Ok(None)
        }
    }
}

/// What an error of the engine says of the file; an `Err` if it says something about this machine.
fn damage(directory: &Path, error: impl Into<Error>) -> Result<String> {
    match error.into() {
        Error::Engine { cause, message } if !cause.is_of_machine() => {
            // The working folder means nothing to the caller.
            let message = message.replace(&format!("{}/", directory.display()), "");
            Ok(Error::Engine { cause, message }.to_string())
        }
        error => Err(error),
    }
}

/// Tells of a range that could not be read.
fn report_gap(row: &rows::Gap, findings: &mut Findings) {
    let behind = match &row.resumed_at {
        Some(key) => format!("it goes on at key {}", short_hex(key)),
        None => "nothing behind it can be read".to_owned(),
    };
    let sentence = format!("keys behind this one cannot be read, {behind}: {}", row.error);
    let mut fault = Fault::of(FaultKind::Table, sentence).at_key(&row.after);
    if let Some(file) = &row.file {
        fault = fault.in_file(file);
    }
    findings.add(fault);
}

/// Whether a gap hides keys of `slot`.
fn hides(gap: &rows::Gap, slot: Slot) -> bool {
    let (start, end) = slot.span();
    gap.after < end && gap.resumed_at.as_ref().is_none_or(|key| *key > start)
}
