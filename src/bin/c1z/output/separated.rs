//! Rows as comma-separated values.

use std::io::Write;

use c1z::quoted;

use super::Out;
use crate::failure::Failure;

/// Values as they are, but on a terminal.
pub struct Separated {
    columns: &'static [&'static str],
    has_heading: bool,
    is_terminal: bool,
}

impl Separated {
    pub fn new(columns: &'static [&'static str], is_terminal: bool) -> Separated {
        Separated { columns, has_heading: false, is_terminal }
    }

    pub fn row(&mut self, cells: Vec<String>, out: &mut Out) -> Result<(), Failure> {
        self.heading(out)?;
        match self.is_terminal {
            true => write(cells.iter().map(quoted::line), out),
            false => write(cells, out),
        }
    }

    pub fn finish(&mut self, out: &mut Out) -> Result<(), Failure> {
        self.heading(out)
    }

    fn heading(&mut self, out: &mut Out) -> Result<(), Failure> {
        match std::mem::replace(&mut self.has_heading, true) {
            true => Ok(()),
            false => write(self.columns.iter().map(|name| name.replace(' ', "_")), out),
        }
    }
}

fn write(cells: impl IntoIterator<Item = String>, out: &mut Out) -> Result<(), Failure> {
    // Straight into `out` it would flush that with each row.
    let mut row = csv::Writer::from_writer(Vec::new());
    row.write_record(cells)?;
    let row = row.into_inner().map_err(|error| Failure::Output(error.into_error()))?;
    Ok(out.write_all(&row)?)
}
