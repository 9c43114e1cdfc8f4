//! The batches of an export, one after the other.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::annotations::Annotations;
use super::batch::Batch;
use super::selected::Selected;
use super::tables::grants::LastGrant;
use super::tables::{entitlements, grants, resource_types, resources, syncs};
use crate::control::Control;
use crate::memory::ask_for;
use crate::proto::api::{ExportRequest, Table};
use crate::store::{Export, ExportedRow, NotTaken, Store, Taken};
use crate::Result;

const ROWS: usize = 65_536;
const MAX_ROWS: usize = 1 << 20;
const BYTES: u64 = 16 << 20;

/// Arrow: texts of one array have less than 2 GiB together. Those of a batch have so many, and what the row brings that ends it.
const MAX_BYTES: u64 = 256 << 20;

/// A record that is longer is refused: what its cells take may be many times its bytes, where names of enum values stand for numbers.
const MAX_RECORD_BYTES: usize = 64 << 20;

/// What a record of some size takes on its way into a batch, as many times its bytes.
const COPIES: usize = 4;

/// The rows of a table in batches. It borrows nothing from the store, which every call is given: always the same one.
pub struct Batches {
    table: Table,
    selected: Selected,
    schema: SchemaRef,
    export: Export,
    rows: usize,
    bytes: usize,
    /// Built anew for each batch, and kept in between because its buffers are.
    batch: Batch,
    annotations: Annotations,
    last_grant: LastGrant,
    scratch: Vec<u8>,
}

impl Batches {
    /// Starts an export, which holds this moment of the store until [`Batches::end`]. A bad request fails here.
    pub fn start(store: &Store, request: &ExportRequest) -> Result<Batches> {
        let selected = Selected::of(request)?;
        let export = store.start_export(request)?;
        let bytes = if request.batch_bytes == 0 { BYTES } else { request.batch_bytes.min(MAX_BYTES) };
        Ok(Batches {
            table: request.table(),
            schema: selected.schema(),
            export,
            rows: if request.batch_rows == 0 { ROWS } else { MAX_ROWS.min(request.batch_rows as usize) },
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            batch: Batch::new(selected.columns, &selected.places, selected.schema()),
            annotations: Annotations::default(),
            last_grant: LastGrant::default(),
            scratch: Vec::new(),
            selected,
        })
    }

    /// The schema of every batch.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The sync whose rows they are; "" for the table of syncs.
    pub fn sync_id(&self) -> &str {
        self.export.sync_id()
    }

    /// The next batch, of one row at least; `None` behind the last. A batch that fails can be asked for again. Of the control,
    /// cancelling is looked at.
    pub fn next(&mut self, store: &Store, control: &Control<'_>) -> Result<Option<RecordBatch>> {
        control.check()?;
        if self.export.is_finished() {
            return Ok(None);
        }
        let Batches { table, export, rows, bytes, batch, annotations, last_grant, scratch, .. } = self;
        let sync = export.sync_id().to_owned();
        let filled = store.export_rows(export, control, &mut |row| {
            append(*table, &sync, row, batch, annotations, last_grant, scratch)?;
            match batch.rows() >= *rows || batch.bytes() >= *bytes {
                true => Ok(Taken::Last),
                false => Ok(Taken::More),
            }
        });
        if let Err(error) = filled {
            // It may end within a row.
            self.batch = Batch::new(self.selected.columns, &self.selected.places, self.schema.clone());
            return Err(error);
        }
        match self.batch.rows() {
            0 => Ok(None),
            _ => self.batch.finish().map(Some),
        }
    }

    /// Lets the moment go.
    pub fn end(&self, store: &Store) {
        store.end_export(&self.export);
    }
}

fn append(
    table: Table,
    sync: &str,
    row: ExportedRow<'_>,
    batch: &mut Batch,
    annotations: &mut Annotations,
    last_grant: &mut LastGrant,
    scratch: &mut Vec<u8>,
) -> Result<(), NotTaken> {
    let stored = match row {
        ExportedRow::Sync(run, type_name) => {
            syncs::append(batch.row(), run, type_name);
            return Ok(());
        }
        ExportedRow::Record(stored) => stored,
    };
    if stored.len() > MAX_RECORD_BYTES {
        return Err(too_long());
    }
    ask_for(COPIES * stored.len()).map_err(NotTaken::Other)?;
    scratch.clear();
    let row = batch.row();
    match table {
        Table::ResourceTypes => resource_types::append(row, sync, stored, annotations, scratch),
        Table::Resources => resources::append(row, sync, stored, annotations, scratch),
        Table::Entitlements => entitlements::append(row, sync, stored, annotations, scratch),
        _ => grants::append(row, sync, stored, annotations, last_grant),
    }?;
    match batch.is_too_long() {
        true => Err(too_long()),
        false => Ok(()),
    }
}

fn too_long() -> NotTaken {
    NotTaken::TooLong { what: "its length in bytes", limit: MAX_RECORD_BYTES }
}
