//! An import between its steps.

use super::batch::{Batch, Order};
use super::request::Request;
use super::run::read_run;
use crate::control::Control;
use crate::engine::{Counts, Durability, Kind, Reader, SyncRun, Writer};
use crate::keys::SyncId;
use crate::proto::api::{ConvertCounts, ConvertedSync, ImportRecordsResponse};
use crate::proto::storage::SyncStatsRecord;
use crate::store::sync::stats;
use crate::store::sync_type::type_name;
use crate::store::Store;
use crate::{Error, Result};

/// What is known of a sync whose records are being imported. They are in the slot of its run, which is not stored yet.
pub struct Import {
    run: SyncRun,
    token: String,
    stats: Option<SyncStatsRecord>,
    entitlement_graph: Option<Vec<u8>>,
    /// By kind: how many records came, and how many of them were left out.
    counts: [ConvertCounts; Kind::ALL.len()],
    grants: Order,
}

impl Store {
    /// Carries out a step of an import, a `c1z.v1.ImportRecordsRequest`. The sync appears when the import ends, in one step;
    /// what is never ended, the next writable open removes.
    ///
    /// A step that is refused for what it asks for leaves the import as it was. After any other failure it can be made again,
    /// unless it starts the import, which it then does not: what came twice is stored once.
    pub fn import_records(&self, request: &[u8], control: &Control<'_>) -> Result<ImportRecordsResponse> {
        let request = Request::read(request)?;
        let batch = request.kind.map(|kind| Batch::read(kind, &request)).transpose()?;
        let mut writer = self.writer()?;
        let mut importing = self.importing.lock();
        if request.abandon {
            abandon(&mut writer, under_way(&mut importing, request.sync_id)?)?;
            *importing = None;
            return Ok(ImportRecordsResponse::default());
        }
        if let Some(run) = &request.run {
            *importing = Some(self.begin_import(&mut writer, importing.as_ref(), request.sync_id, run)?);
        }
        let import = under_way(&mut importing, request.sync_id)?;
        let carried_out = self.carry_out(&request, batch, import, &mut writer, control);
        match &carried_out {
            Ok(_) if request.end => *importing = None,
            Err(_) if request.run.is_some() => {
                writer.give_up_slot(import.run.slot);
                *importing = None;
            }
            _ => {}
        }
        carried_out
    }

    /// Gives up the sync that is being imported, if one is.
    pub fn abandon_import(&self) -> Result<()> {
        if self.importing.lock().is_none() {
            return Ok(());
        }
        let mut writer = self.writer()?;
        let mut importing = self.importing.lock();
        importing.as_ref().map_or(Ok(()), |import| abandon(&mut writer, import))?;
        *importing = None;
        Ok(())
    }

    /// Fails while a sync is being imported. Called under the barrier.
    pub(in crate::store) fn refuse_during_import(&self) -> Result<()> {
        match &*self.importing.lock() {
            None => Ok(()),
            Some(import) => Err(being_imported(import)),
        }
    }

    fn carry_out(
        &self,
        request: &Request<'_>,
        batch: Option<Batch<'_>>,
        import: &mut Import,
        writer: &mut Writer<'_>,
        control: &Control<'_>,
    ) -> Result<ImportRecordsResponse> {
        if let Some(stats) = &request.stats {
            import.stats = Some(stats.clone());
        }
        if let Some(graph) = request.entitlement_graph {
            import.entitlement_graph = Some(graph.to_vec());
        }
        let mut response = ImportRecordsResponse::default();
        if let Some(mut batch) = batch {
            let (kind, rows, skipped) = (batch.kind, batch.rows as i64, batch.skipped());
            response.losses = std::mem::take(&mut batch.losses);
            batch.put(writer, import.run.slot, &mut import.grants)?;
            let counts = &mut import.counts[kind as usize];
            (counts.rows, counts.skipped) = (counts.rows + rows, counts.skipped + skipped);
        }
        if request.end {
            response.sync = Some(self.end_import(writer, import, control)?);
        }
        Ok(response)
    }

    fn begin_import(
        &self,
        writer: &mut Writer<'_>,
        other: Option<&Import>,
        id: SyncId,
        record: &[u8],
    ) -> Result<Import> {
        if let Some(other) = other {
            return Err(being_imported(other));
        }
        check_new(&self.engine.snapshot(), id)?;
        // Read before a slot is taken: what is wrong with it takes nothing.
        let (mut run, token) = read_run(id, record)?;
        run.slot = writer.allocate_slot()?;
        writer.commit(Durability::Synced)?;
        let counts = [ConvertCounts::default(); Kind::ALL.len()];
        Ok(Import { run, token, stats: None, entitlement_graph: None, counts, grants: Order::default() })
    }

    /// Stores the run, which is what makes the sync one of the file.
    fn end_import(&self, writer: &mut Writer<'_>, import: &Import, control: &Control<'_>) -> Result<ConvertedSync> {
        let Import { run, token, .. } = import;
        check_new(&self.engine.snapshot(), run.id)?;
        writer.flush_all_pending(control)?;
        let stored = writer.count(run.slot, control)?;
        let ended = run.record.ended_at.is_some();
        if ended && self.options.grant_digests() {
            writer.complete_digests(run.slot, control)?;
        }
        control.check()?;
        let imported = import.described(&stored);
        writer.put_token(run.id, token);
        if ended {
            writer.put_stats(run.id, &import.measured(stored));
        }
        if let Some(graph) = &import.entitlement_graph {
            writer.set_entitlement_graph(run.id, Some(graph));
        }
        writer.put_sync_run(run);
        writer.commit(Durability::Synced)?;
        self.mark_dirty();
        Ok(imported)
    }
}

impl Import {
    /// The statistics that came with the sync, with the records that there are.
    fn measured(&self, stored: Counts) -> SyncStatsRecord {
        let Some(given) = &self.stats else { return stats::with_token(self.run.id, stored, &self.token) };
        SyncStatsRecord {
            step_durations_ms: given.step_durations_ms.clone(),
            connector_call_stats: given.connector_call_stats.clone(),
            session_store_stats: given.session_store_stats.clone(),
            ingest_quality: given.ingest_quality,
            written_at: given.written_at,
            ..stats::of_counts(self.run.id, stored)
        }
    }

    fn described(&self, stored: &Counts) -> ConvertedSync {
        let counts = Kind::ALL.map(|kind| {
            let ConvertCounts { rows, skipped, .. } = self.counts[kind as usize];
            let records = stored.total(kind);
            Some(ConvertCounts { rows, records, merged: rows - skipped - records, skipped })
        });
        let [resource_types, resources, entitlements, grants, assets] = counts;
        ConvertedSync {
            sync_id: self.run.id.to_string(),
            sync_type: type_name(self.run.record.r#type()).to_owned(),
            ended: self.run.record.ended_at.is_some(),
            resource_types,
            resources,
            entitlements,
            grants,
            assets,
            session_values: None,
        }
    }
}

fn under_way(importing: &mut Option<Import>, id: SyncId) -> Result<&mut Import> {
    match importing {
        Some(import) if import.run.id == id => Ok(import),
        _ => Err(Error::FailedPrecondition(format!("sync {id} is not being imported: start with its run"))),
    }
}

fn being_imported(Import { run, .. }: &Import) -> Error {
    Error::FailedPrecondition(format!("sync {} is being imported: end or abandon that first", run.id))
}

/// Removes what has come of an import.
fn abandon(writer: &mut Writer<'_>, import: &Import) -> Result<()> {
    // What is pending goes where it can be cleared.
    writer.flush_pending(&Kind::ALL)?;
    writer.clear_slot(import.run.slot);
    writer.commit(Durability::Buffered)
}

fn check_new(reader: &Reader<'_>, id: SyncId) -> Result<()> {
    match reader.run(id)? {
        None => Ok(()),
        Some(_) => Err(Error::FailedPrecondition(format!("sync {id} exists already"))),
    }
}
