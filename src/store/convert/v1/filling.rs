//! Sync after sync put into slots.

use std::fs;
use std::path::Path;

use super::database::{Database, Row, Table};
use super::losses::Losses;
use super::rows::{self, Translator};
use super::runs::{self, Run};
use super::sessions;
use super::spans::Spans;
use super::DATABASE;
use crate::control::Control;
use crate::engine::{Counts, Durability, Engine, Kind, Records, Rows, SyncRun, Writer};
use crate::envelope::{unpack_v1, Identity};
use crate::keys::Slot;
use crate::proto::api::{ConvertCounts, ConvertFileResponse, ConvertedSync, LossKind};
use crate::store::convert::Conversion;
use crate::store::records::with_asset_record;
use crate::store::sync::{add_timings, stats};
use crate::store::sync_type::type_name;
use crate::Result;

/// Records are handed on when they are so many, or so many bytes.
const BATCH_RECORDS: usize = 1024;
const BATCH_BYTES: usize = 1 << 20;

/// Puts all syncs of a file of format v1 into `engine`, which holds none. Returns what became of them, and which file it was.
/// Progress is in bytes of the database that is unpacked, then in rows.
pub fn fill(
    engine: &Engine,
    conversion: &Conversion<'_>,
    control: &Control<'_>,
) -> Result<(ConvertFileResponse, Identity)> {
    let folder = conversion.work.create_folder("v1")?;
    let filled = fill_by_way_of(&folder, engine, conversion, control);
    // It goes with the working folder at the latest.
    let _ = fs::remove_dir_all(&folder);
    filled
}

fn fill_by_way_of(
    folder: &Path,
    engine: &Engine,
    conversion: &Conversion<'_>,
    control: &Control<'_>,
) -> Result<(ConvertFileResponse, Identity)> {
    let Conversion { path, limits, skip_unreadable, digests, .. } = conversion;
    let identity = unpack_v1(path, folder, DATABASE, limits, control)?;
    let database = Database::open(path, &folder.join(DATABASE))?;
    let mut losses = Losses::new(*skip_unreadable);
    note_unknown(&database, &mut losses)?;
    let mut translator = Translator::new()?;
    let runs = runs::read(&database, &mut translator, &mut losses, control)?;
    let ids: Vec<String> = runs.iter().map(|run| run.id.to_string()).collect();
    let spans = Spans::new(ids.iter().map(String::as_str));
    let total = total(&database)?;
    let mut filling = Filling {
        source: Source { database, translator, losses, spans },
        engine,
        writer: engine.writer(),
        read: 0,
        total,
        digests: *digests,
        control,
    };
    let mut syncs = Vec::new();
    for (place, run) in runs.iter().enumerate() {
        syncs.push(filling.sync(place, run)?);
    }
    if runs.is_empty() {
        Kind::ALL.into_iter().try_for_each(|kind| filling.source.note_strays(kind, control))?;
    }
    let Filling { source: Source { database, mut losses, mut spans, .. }, mut writer, .. } = filling;
    let values = sessions::copy(&database, &ids, &mut spans, &mut losses, &mut writer, control)?;
    for (sync, values) in syncs.iter_mut().zip(values) {
        sync.session_values = Some(values);
    }
    Ok((ConvertFileResponse { syncs, losses: losses.list() }, identity))
}

/// Notes tables and columns that the format does not have.
fn note_unknown(database: &Database, losses: &mut Losses) -> Result<()> {
    let known = Kind::ALL.map(rows::table_name);
    for table in database.tables()? {
        if !known.contains(&table.as_str()) && ![runs::TABLE, sessions::TABLE].contains(&table.as_str()) {
            losses.add(LossKind::Table, "", || table);
        }
    }
    let mut note = |table: &str, columns: Vec<String>| {
        columns.into_iter().for_each(|column| losses.add(LossKind::Column, table, || column));
    };
    note(runs::TABLE, runs::unknown_columns(database)?);
    for kind in Kind::ALL {
        if let Some(table) = rows::table(database, kind)? {
            let known = rows::known_columns(kind);
            note(table.name, table.unknown_columns(&known).map(str::to_owned).collect());
        }
    }
    if let Some(table) = sessions::table(database)? {
        note(table.name, table.unknown_columns(&sessions::COLUMNS).map(str::to_owned).collect());
    }
    Ok(())
}

/// About how many rows will be read.
fn total(database: &Database) -> Result<u64> {
    let mut total = 0u64;
    for kind in Kind::ALL {
        let rows = rows::table(database, kind)?.map(|table| table.rows()).transpose()?;
        total = total.saturating_add(rows.unwrap_or_default());
    }
    Ok(total)
}

/// Records of one kind on their way from who reads to who writes.
struct Batch {
    records: Records,
    /// Whether several of them may have one identity.
    combined: bool,
    /// The rows that were read for it.
    rows: u64,
}

impl Batch {
    fn new() -> Batch {
        Batch { records: Records::default(), combined: false, rows: 0 }
    }

    fn is_full(&self) -> bool {
        self.records.len() >= BATCH_RECORDS || self.records.size() >= BATCH_BYTES
    }
}

/// What one thread reads at a time.
struct Source {
    database: Database,
    translator: Translator,
    losses: Losses,
    spans: Spans,
}

impl Source {
    /// Gives `sink` the records of the sync at a place. Returns how many rows it has, and how many of them are left out.
    fn records(
        &mut self,
        kind: Kind,
        place: usize,
        run: &Run,
        control: &Control<'_>,
        sink: &mut dyn FnMut(Batch) -> Result<()>,
    ) -> Result<ConvertCounts> {
        let Source { database, translator, losses, spans } = self;
        let mut counts = ConvertCounts::default();
        let Some(table) = rows::table(database, kind)? else { return Ok(counts) };
        let expansion_beside = run.expansion_beside && rows::has_expansion(&table);
        let mut batch = Batch::new();
        rows_of(&table, kind, place, spans, losses, control, |row, losses| {
            batch.rows += 1;
            counts.rows += 1;
            let record = match kind {
                Kind::Grant => translator.grant(row, expansion_beside),
                kind => translator.record(kind, row).map(|record| (record, false)),
            };
            match record {
                Ok((record, combined)) => {
                    batch.records.add(record)?;
                    batch.combined |= combined;
                }
                Err(unreadable) => {
                    counts.skipped += 1;
                    losses.unreadable(row, unreadable, |what| database.damaged(what))?;
                }
            }
            match batch.is_full() {
                true => sink(std::mem::replace(&mut batch, Batch::new())),
                false => Ok(()),
            }
        })?;
        sink(batch)?;
        Ok(counts)
    }

    /// Puts the assets of the sync at a place, each by itself.
    fn assets(
        &mut self,
        place: usize,
        control: &Control<'_>,
        mut put: impl FnMut(Rows<'_>) -> Result<()>,
    ) -> Result<ConvertCounts> {
        const KIND: Kind = Kind::Asset;
        let Source { database, translator, losses, spans } = self;
        let mut counts = ConvertCounts::default();
        let Some(table) = rows::table(database, KIND)? else { return Ok(counts) };
        rows_of(&table, KIND, place, spans, losses, control, |row, losses| {
            counts.rows += 1;
            match translator.asset(row) {
                Ok(asset) => {
                    let rows::Asset { id, content_type, data, discovered_at } = asset;
                    with_asset_record(id, content_type, data, discovered_at, &mut put)
                }
                Err(unreadable) => {
                    counts.skipped += 1;
                    losses.unreadable(row, unreadable, |what| database.damaged(what))
                }
            }
        })?;
        Ok(counts)
    }

    /// Notes the rows of a table where no sync can be read.
    fn note_strays(&mut self, kind: Kind, control: &Control<'_>) -> Result<()> {
        let Source { database, losses, spans, .. } = self;
        match rows::table(database, kind)? {
            Some(table) => rows_of(&table, kind, 0, spans, losses, control, |_, _| Ok(())),
            None => Ok(()),
        }
    }
}

/// Gives `each` the rows of the sync at a place. For the first sync the whole table is read: where the rows of the others are
/// is known then, and those of no sync are noted.
fn rows_of(
    table: &Table<'_>,
    kind: Kind,
    place: usize,
    spans: &mut Spans,
    losses: &mut Losses,
    control: &Control<'_>,
    mut each: impl FnMut(&Row<'_>, &mut Losses) -> Result<()>,
) -> Result<()> {
    table.scan(spans.rows(kind, place), control, |row| {
        match spans.place(row.sync_id()) {
            Some(of) if of == place => return each(row, losses),
            Some(other) if place == 0 => spans.add(kind, other, row.id),
            None if place == 0 => losses.add(LossKind::NoSync, row.table(), || row.called()),
            _ => {}
        }
        Ok(())
    })
}

/// A conversion under way.
struct Filling<'f> {
    source: Source,
    engine: &'f Engine,
    writer: Writer<'f>,
    /// Rows that were read so far.
    read: u64,
    total: u64,
    digests: bool,
    control: &'f Control<'f>,
}

impl Filling<'_> {
    /// Puts a sync into a slot, and then its run: without a run nobody sees the slot.
    fn sync(&mut self, place: usize, run: &Run) -> Result<ConvertedSync> {
        let slot = self.writer.allocate_slot()?;
        self.writer.commit(Durability::Synced)?;
        let mut counts = [ConvertCounts::default(); Kind::ALL.len()];
        for kind in Kind::ALL {
            counts[kind as usize] = match kind {
                Kind::Asset => self.assets(slot, place)?,
                kind => self.records(kind, slot, place, run)?,
            };
        }
        self.writer.flush_all_pending(self.control)?;
        let stored = self.writer.count(slot, self.control)?;
        for kind in Kind::ALL {
            let counts = &mut counts[kind as usize];
            counts.records = stored.total(kind);
            counts.merged = counts.rows - counts.skipped - counts.records;
        }
        if self.digests && run.record.ended_at.is_some() {
            self.writer.complete_digests(slot, self.control)?;
        }
        self.store_run(slot, run, stored)?;
        let [resource_types, resources, entitlements, grants, assets] = counts.map(Some);
        Ok(ConvertedSync {
            sync_id: run.id.to_string(),
            sync_type: type_name(run.record.r#type()).to_owned(),
            ended: run.record.ended_at.is_some(),
            resource_types,
            resources,
            entitlements,
            grants,
            assets,
            session_values: None,
        })
    }

    fn records(&mut self, kind: Kind, slot: Slot, place: usize, run: &Run) -> Result<ConvertCounts> {
        let Filling { source, engine, writer, read, total, control, .. } = self;
        let control = *control;
        let mut combined = false;
        engine.workers().hand_over(
            "c1z-convert",
            |sink| source.records(kind, place, run, control, sink),
            |batch| {
                *read += batch.rows;
                control.report(*read, (*total).max(*read));
                // A grant with an id of its own may have the identity of any other, before it or behind.
                combined |= batch.combined;
                match (batch.records.is_empty(), combined) {
                    (true, _) => Ok(()),
                    (_, true) => writer.put(slot, true, Rows::Combined(&batch.records)),
                    (_, false) => writer.put(slot, true, Rows::Records(kind, &batch.records)),
                }
            },
        )
    }

    fn assets(&mut self, slot: Slot, place: usize) -> Result<ConvertCounts> {
        let Filling { source, writer, control, .. } = self;
        source.assets(place, control, |rows| writer.put(slot, true, rows))
    }

    fn store_run(&mut self, slot: Slot, run: &Run, stored: Counts) -> Result<()> {
        let texts = runs::texts(&self.source.database, run, self.control)?;
        self.writer.put_token(run.id, &texts.token);
        if run.record.ended_at.is_some() {
            let mut stats = stats::with_token(run.id, stored, &texts.token);
            add_timings(&mut stats, &texts.stats);
            self.writer.put_stats(run.id, &stats);
        }
        self.writer.put_sync_run(&SyncRun::new(run.id, slot, run.record.clone()));
        self.writer.commit(Durability::Synced)
    }
}
