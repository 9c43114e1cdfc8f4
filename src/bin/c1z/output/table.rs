//! Rows as a table for people.

use std::io::Write;

use c1z::quoted;
use comfy_table::{presets, ColumnConstraint, Width};

use super::Out;
use crate::failure::Failure;
use crate::terminal::Paint;

/// Rows that are laid out together: the first few, so that they are there at once, and then larger parts.
const FIRST: usize = 40;
const OTHERS: usize = 1000;

/// A table of any length: columns become wider where later rows need it.
pub struct Table {
    columns: &'static [&'static str],
    paint: Paint,
    part: Vec<Vec<String>>,
    /// How wide columns have been.
    widths: Vec<u16>,
}

impl Table {
    pub fn new(columns: &'static [&'static str], paint: Paint) -> Table {
        Table { columns, paint, part: Vec::new(), widths: Vec::new() }
    }

    pub fn row(&mut self, cells: Vec<String>, out: &mut Out) -> Result<(), Failure> {
        self.part.push(cells.iter().map(quoted::line).collect());
        let size = if self.widths.is_empty() { FIRST } else { OTHERS };
        match self.part.len() == size {
            true => self.write(out),
            false => Ok(()),
        }
    }

    pub fn finish(&mut self, out: &mut Out) -> Result<(), Failure> {
        match self.part.is_empty() && !self.widths.is_empty() {
            true => Ok(()),
            false => self.write(out),
        }
    }

    fn write(&mut self, out: &mut Out) -> Result<(), Failure> {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        let is_first = self.widths.is_empty();
        if is_first {
            table.set_header(self.columns.iter().map(|name| name.to_uppercase()));
        }
        table.add_rows(self.part.drain(..));
        table.discover_columns();
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if let Some(width) = self.widths.get(index) {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(*width)));
            }
        }
        let widths = table.column_max_content_widths();
        self.widths.resize(widths.len(), 0);
        for (widest, width) in self.widths.iter_mut().zip(&widths) {
            // The boundary counts the padding.
            *widest = (*widest).max(width.saturating_add(2));
        }
        for (index, line) in table.lines().enumerate() {
            let line = line.trim_end();
            match is_first && index == 0 {
                true => writeln!(out, "{}", self.paint.heading(line))?,
                false => writeln!(out, "{line}")?,
            }
        }
        Ok(out.flush()?)
    }
}
