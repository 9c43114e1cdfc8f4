//! Rows on standard output, one after the other as they come.

mod json;
mod separated;
mod table;

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use clap::ValueEnum;

use crate::failure::Failure;
use crate::terminal::{self, Paint};

pub use json::{object, Shown};
use separated::Separated;
use table::Table;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns, for people
    Table,
    /// One array of objects
    Json,
    /// One object in each line
    Ndjson,
    /// RFC 4180, with a heading
    Csv,
}

impl Format {
    /// What suits standard output.
    pub fn of_standard_output() -> Format {
        match io::stdout().is_terminal() {
            true => Format::Table,
            false => Format::Ndjson,
        }
    }
}

/// Standard output, to be written to in large pieces.
pub type Out = BufWriter<StdoutLock<'static>>;

/// Standard output.
pub fn out() -> Out {
    BufWriter::with_capacity(64 << 10, io::stdout().lock())
}

/// How standard output is coloured.
pub fn paint() -> Paint {
    Paint::of(terminal::is_coloured(&io::stdout()))
}

/// Rows of one kind on their way out.
pub struct Output {
    out: Out,
    rows: Rows,
    count: u64,
}

enum Rows {
    Table(Table),
    Json,
    Ndjson,
    Csv(Separated),
}

impl Output {
    /// For rows with these columns, which JSON does not have.
    pub fn new(format: Format, columns: &'static [&'static str]) -> Output {
        let rows = match format {
            Format::Table => Rows::Table(Table::new(columns, paint())),
            Format::Json => Rows::Json,
            Format::Ndjson => Rows::Ndjson,
            Format::Csv => Rows::Csv(Separated::new(columns, io::stdout().is_terminal())),
        };
        Output { out: out(), rows, count: 0 }
    }

    /// Writes a row: by its JSON, or by its cells.
    pub fn row(
        &mut self,
        json: impl FnOnce() -> Result<String, Failure>,
        cells: impl FnOnce() -> Result<Vec<String>, Failure>,
    ) -> Result<(), Failure> {
        let Output { out, rows, count } = self;
        match rows {
            Rows::Table(table) => table.row(cells()?, out)?,
            Rows::Csv(separated) => separated.row(cells()?, out)?,
            Rows::Ndjson => writeln!(out, "{}", json()?)?,
            Rows::Json => {
                let before = if *count == 0 { "[\n" } else { ",\n" };
                write!(out, "{before}{}", json()?)?;
            }
        }
        *count += 1;
        if *count == 1 {
            out.flush()?;
        }
        Ok(())
    }

    /// Writes what is left.
    pub fn finish(mut self) -> Result<(), Failure> {
        let Output { out, rows, count } = &mut self;
        match rows {
            Rows::Table(table) => table.finish(out)?,
            Rows::Csv(separated) => separated.finish(out)?,
            Rows::Ndjson => {}
            Rows::Json if *count == 0 => writeln!(out, "[]")?,
            Rows::Json => writeln!(out, "\n]")?,
        }
        Ok(out.flush()?)
    }
}
