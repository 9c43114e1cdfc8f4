//! The syncs that the database tells of.

use std::collections::HashSet;

use super::database::{Database, Row, Table, Unreadable};
use super::losses::Losses;
use super::rows::Translator;
use crate::control::Control;
use crate::keys::SyncId;
use crate::proto::api::LossKind;
use crate::proto::storage::{SyncRunRecord, SyncType};
use crate::quoted::Quoted;
use crate::{Error, Result};

/// The table of syncs.
pub const TABLE: &str = "v1_sync_runs";

const ID: usize = 0;
const STARTED_AT: usize = 1;
const ENDED_AT: usize = 2;
const TOKEN: usize = 3;
const TYPE: usize = 4;
const PARENT: usize = 5;
const LINKED: usize = 6;
const SUPPORTS_DIFF: usize = 7;
const BACKFILLED: usize = 8;
const STATS: usize = 9;
const GENERATION: usize = 10;
const COVERAGE: usize = 11;
const MODE: usize = 12;

const REQUIRED: [&str; 4] = ["sync_id", "started_at", "ended_at", "sync_token"];
const NEWER: [&str; 9] = [
    "sync_type",
    "parent_sync_id",
    "linked_sync_id",
    "supports_diff",
    "grants_backfilled",
    "stats",
    "ingest_invariant_generation",
    "ingest_invariant_coverage",
    "ingest_invariant_mode",
];

/// The most bytes of all runs but their tokens, which are in memory together.
const MAX_BYTES: usize = 64 << 20;

/// A sync.
pub struct Run {
    pub id: SyncId,
    pub record: SyncRunRecord,
    /// Whether what grants expand stands beside them.
    pub expansion_beside: bool,
    /// The number of its row.
    row: i64,
}

/// What is long of a sync.
#[derive(Default)]
pub struct Texts {
    pub token: String,
    /// SDK: JSON of a `c1.reader.v2.SyncStats`.
    pub stats: String,
}

/// The columns that the table may have.
pub fn known_columns() -> Vec<&'static str> {
    [&["id"][..], &REQUIRED, &NEWER].concat()
}

fn table(database: &Database) -> Result<Table<'_>> {
    let table = database.table(TABLE, &REQUIRED, &NEWER)?;
    table.ok_or_else(|| database.damaged(format!("its database has no table {TABLE}")))
}

/// The columns that are not the format's.
pub fn unknown_columns(database: &Database) -> Result<Vec<String>> {
    Ok(table(database)?.unknown_columns(&known_columns()).map(str::to_owned).collect())
}

/// All syncs that can be read, in the order of their rows.
pub fn read(
    database: &Database,
    translator: &mut Translator,
    losses: &mut Losses,
    control: &Control<'_>,
) -> Result<Vec<Run>> {
    let (mut runs, mut seen, mut bytes) = (Vec::new(), HashSet::new(), 0);
    let table = table(database)?;
    let has_types = table.has(NEWER[0]);
    table.scan(i64::MIN..=i64::MAX, control, |row| {
        let run = run(row, has_types, translator, losses).and_then(|run| match seen.insert(run.id) {
            true => Ok(run),
            false => Err(Unreadable("an earlier row has the same sync".into())),
        });
        match run {
            Ok(run) => {
                bytes += size_of::<Run>() + run.record.parent_sync_id.len();
                bytes += run.record.ingest_invariant_coverage.iter().map(String::len).sum::<usize>();
                if bytes > MAX_BYTES {
                    return Err(Error::LimitExceeded {
                        place: crate::quoted::path(database.path()),
                        what: format!("{bytes} bytes of sync runs"),
                        limit: MAX_BYTES as u64,
                        setting: None,
                    });
                }
                runs.push(run);
                Ok(())
            }
            Err(unreadable) => losses.unreadable(row, unreadable, |what| database.damaged(what)),
        }
    })?;
    Ok(runs)
}

fn run(row: &Row<'_>, has_types: bool, translator: &mut Translator, losses: &mut Losses) -> Result<Run, Unreadable> {
    let id = SyncId::parse(row.text(ID)?).map_err(|error| Unreadable(error.to_string()))?;
    let started_at = translator.time(row, STARTED_AT)?;
    let ended_at = match row.bytes(ENDED_AT)? {
        None | Some([]) => None,
        Some(_) => Some(translator.time(row, ENDED_AT)?),
    };
    row.text(TOKEN)?;
    row.text(STATS)?;
    let mut record = SyncRunRecord {
        // SDK: a file without types has full syncs only.
        r#type: if has_types { sync_type(row, losses)?.into() } else { SyncType::Full.into() },
        parent_sync_id: row.text(PARENT)?.to_owned(),
        started_at: Some(started_at),
        ended_at,
        supports_diff: row.flag(SUPPORTS_DIFF),
        ..SyncRunRecord::default()
    };
    verification(row, &mut record, losses)?;
    let linked = row.text(LINKED)?;
    if !linked.is_empty() {
        losses.add(LossKind::LinkedSync, TABLE, || format!("{}: linked to {}", row.called(), Quoted::new(linked)));
    }
    Ok(Run { id, record, expansion_beside: row.flag(BACKFILLED), row: row.id })
}

fn sync_type(row: &Row<'_>, losses: &mut Losses) -> Result<SyncType, Unreadable> {
    Ok(match row.text(TYPE)? {
        "full" => SyncType::Full,
        "partial" => SyncType::Partial,
        "resources_only" => SyncType::ResourcesOnly,
        #[allow(deprecated)]
        "partial_upserts" => SyncType::PartialUpserts,
        #[allow(deprecated)]
        "partial_deletions" => SyncType::PartialDeletions,
        other => {
            losses.add(LossKind::SyncType, TABLE, || format!("{}: type {}", row.called(), Quoted::new(other)));
            SyncType::Unspecified
        }
    })
}

/// SDK: what says that a sync passed its checks counts as a whole, and of a sync that has ended alone.
fn verification(row: &Row<'_>, record: &mut SyncRunRecord, losses: &mut Losses) -> Result<(), Unreadable> {
    let (generation, coverage, mode) = (row.text(GENERATION)?, row.text(COVERAGE)?, row.text(MODE)?);
    if generation.is_empty() {
        return Ok(());
    }
    match serde_json::from_str::<Vec<String>>(coverage) {
        Ok(coverage) if record.ended_at.is_some() && !coverage.is_empty() && !mode.is_empty() => {
            record.ingest_invariant_generation = generation.to_owned();
            record.ingest_invariant_coverage = coverage;
            record.ingest_invariant_mode = mode.to_owned();
        }
        _ => losses
            .add(LossKind::Verification, TABLE, || format!("{}: generation {}", row.called(), Quoted::new(generation))),
    }
    Ok(())
}

/// The token and the statistics of a run.
pub fn texts(database: &Database, run: &Run, control: &Control<'_>) -> Result<Texts> {
    let mut texts = Texts::default();
    table(database)?.scan(run.row..=run.row, control, |row| {
        let text = |column| row.text(column).map_err(|Unreadable(why)| database.damaged(why));
        texts = Texts { token: text(TOKEN)?.to_owned(), stats: text(STATS)?.to_owned() };
        Ok(())
    })?;
    Ok(texts)
}
