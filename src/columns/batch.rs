//! A batch under construction, row by row.

use arrow_array::builder::{BooleanBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;

use super::cells::Cells;
use super::column::Column;
use crate::memory::ask_for;
use crate::store::NotTaken;
use crate::{Error, Result};

/// Arrow: the most bytes of the texts of one array.
const MAX_BYTES: usize = i32::MAX as usize;

/// Bytes of a cell beside its text: where it ends.
const CELL: usize = 4;

/// A text of more bytes is not kept for the next row.
const KEPT_BYTES: usize = 1 << 20;

/// A batch under construction.
pub struct Batch {
    schema: SchemaRef,
    columns: &'static [Column],
    /// The cells of each column of the table; `None` for one that nobody asked for.
    cells: Vec<Option<Cells>>,
    places: Vec<usize>,
    rows: usize,
    /// About how many bytes its arrays have.
    bytes: usize,
    /// A column was given what it does not hold.
    mistaken: bool,
    json: String,
}

impl Batch {
    /// Of a table with these columns, of which those at `places` are asked for: `schema` has them in that order.
    pub fn new(columns: &'static [Column], places: &[usize], schema: SchemaRef) -> Batch {
        let mut cells: Vec<_> = columns.iter().map(|_| None).collect();
        for (field, &place) in schema.fields().iter().zip(places) {
            cells[place] = Some(Cells::of(field));
        }
        let places = places.to_vec();
        Batch { schema, columns, cells, places, rows: 0, bytes: 0, mistaken: false, json: String::new() }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Begins a row. Its cells follow in the order of the table's columns, each once.
    pub fn row(&mut self) -> Row<'_> {
        self.rows += 1;
        Row { batch: self, column: 0 }
    }

    /// Whether a row would have brought more bytes than an array may have.
    pub fn is_too_long(&self) -> bool {
        self.bytes > MAX_BYTES
    }

    /// The batch, after which the next one is begun.
    pub fn finish(&mut self) -> Result<RecordBatch> {
        let Batch { schema, cells, places, .. } = self;
        let arrays: Vec<ArrayRef> =
            places.iter().filter_map(|&place| cells[place].as_mut().map(Cells::finish)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let batch = RecordBatch::try_new_with_options(schema.clone(), arrays, &options);
        (self.rows, self.bytes) = (0, 0);
        match std::mem::take(&mut self.mistaken) {
            true => Err(Error::Internal("a column was given what it does not hold".into())),
            false => batch.map_err(|error| Error::Internal(error.to_string())),
        }
    }
}

/// A row under construction.
pub struct Row<'b> {
    batch: &'b mut Batch,
    column: usize,
}

impl Row<'_> {
    /// The cells of the next column, if anybody asked for it.
    fn next(&mut self) -> Option<&mut Cells> {
        let cells = self.batch.cells.get_mut(self.column);
        self.column += 1;
        match cells {
            Some(cells) => cells.as_mut(),
            None => {
                self.batch.mistaken = true;
                None
            }
        }
    }

    /// Whether anybody asked for the next column.
    pub fn wants_next(&self) -> bool {
        matches!(self.batch.cells.get(self.column), Some(Some(_)))
    }

    /// Passes the next column over, which nobody asked for.
    pub fn skip(&mut self) {
        self.batch.mistaken |= self.wants_next();
        self.column += 1;
    }

    /// A text, also an empty one.
    pub fn text(&mut self, text: &str) {
        self.cell(Some(text));
    }

    /// A text, or null if it is empty and the column may be null.
    pub fn given(&mut self, text: &str) {
        self.cell(Some(text).filter(|text| !text.is_empty()));
    }

    fn cell(&mut self, text: Option<&str>) {
        let size = CELL + text.map_or(0, str::len);
        if self.counts_too_many(size) {
            self.column += 1;
            return;
        }
        match self.next() {
            Some(Cells::Text(cells)) => cells.append_option(text),
            Some(Cells::Dictionary(cells)) => cells.append_option(text),
            Some(_) => self.batch.mistaken = true,
            None => return,
        }
        self.batch.bytes += size;
    }

    /// Whether so many bytes more are too many; then they are counted, and the row is not taken.
    fn counts_too_many(&mut self, more: usize) -> bool {
        let are_too_many = self.wants_next() && self.batch.bytes.saturating_add(more) > MAX_BYTES;
        if are_too_many {
            self.batch.bytes = usize::MAX / 2;
        }
        are_too_many
    }

    /// JSON that `write` makes, if anybody asked for it; null if it says that there is none.
    pub fn json(&mut self, write: impl FnOnce(&mut String) -> Result<bool, NotTaken>) -> Result<(), NotTaken> {
        if !self.wants_next() {
            self.skip();
            return Ok(());
        }
        let mut json = std::mem::take(&mut self.batch.json);
        json.clear();
        let is_there = write(&mut json)?;
        if json.len() > KEPT_BYTES {
            // What the column has may grow to twice its size.
            ask_for(2 * self.batch.bytes.saturating_add(json.len())).map_err(NotTaken::Other)?;
        }
        self.cell(Some(&*json).filter(|_| is_there));
        if json.capacity() <= KEPT_BYTES {
            self.batch.json = json;
        }
        Ok(())
    }

    pub fn flag(&mut self, flag: bool) {
        self.flag_or_null(Some(flag));
    }

    pub fn flag_or_null(&mut self, flag: Option<bool>) {
        match self.next() {
            Some(Cells::Flag(cells)) => cells.append_option(flag),
            Some(_) => self.batch.mistaken = true,
            None => return,
        }
        self.batch.bytes += 1;
    }

    /// Microseconds since 1970, or null.
    pub fn time(&mut self, time: Option<i64>) {
        match self.next() {
            Some(Cells::Time(cells)) => cells.append_option(time),
            Some(_) => self.batch.mistaken = true,
            None => return,
        }
        self.batch.bytes += 8;
    }

    pub fn texts<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) {
        let mut bytes = CELL;
        match self.next() {
            Some(Cells::Texts(list)) => {
                for text in texts {
                    list.values().append_value(text);
                    bytes += CELL + text.len();
                }
                list.append(true);
            }
            Some(_) => self.batch.mistaken = true,
            None => return,
        }
        self.batch.bytes += bytes;
    }

    /// The entitlements that a grant comes from, and whether each is direct.
    pub fn sources<'t>(&mut self, sources: impl IntoIterator<Item = (&'t str, bool)>) {
        let (mut bytes, mut mistaken) = (CELL, false);
        match self.next() {
            Some(Cells::Sources(list)) => {
                for (id, is_direct) in sources {
                    let source = list.values();
                    match source.field_builder::<StringBuilder>(0) {
                        Some(ids) => ids.append_value(id),
                        None => mistaken = true,
                    }
                    match source.field_builder::<BooleanBuilder>(1) {
                        Some(direct) => direct.append_value(is_direct),
                        None => mistaken = true,
                    }
                    source.append(true);
                    bytes += CELL + id.len() + 1;
                }
                list.append(true);
            }
            Some(_) => mistaken = true,
            None => return,
        }
        self.batch.bytes += bytes;
        self.batch.mistaken |= mistaken;
    }

    /// Ends the row, which has a cell in every column then.
    pub fn end(self) {
        self.batch.mistaken |= self.column != self.batch.columns.len();
    }
}
