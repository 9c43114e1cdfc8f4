//! The formats that tables are written in.

use std::fs::File;
use std::path::Path;

use arrow_schema::SchemaRef;
use c1z::Error;
use clap::ValueEnum;

use super::arrow::ArrowFile;
use super::parquet::ParquetFile;
use super::text::{CsvFile, JsonFile};
use super::writer::{Counted, Writer};
use crate::failure::Failure;

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Parquet, compressed with zstd
    Parquet,
    /// Arrow IPC files
    Arrow,
    /// CSV with a line of names; lists are JSON
    Csv,
    /// JSON, one object a line
    Ndjson,
}

impl Format {
    pub fn extension(self) -> &'static str {
        match self {
            Format::Parquet => "parquet",
            Format::Arrow => "arrow",
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
        }
    }

    /// A new file for rows of a table.
    pub fn create(self, path: &Path, table: &str, schema: &SchemaRef) -> Result<Box<dyn Writer>, Failure> {
        let file = File::create_new(path).map_err(Error::io("create", path))?;
        let file = Counted::new(file);
        Ok(match self {
            Format::Parquet => Box::new(ParquetFile::new(file, path, table, schema)?),
            Format::Arrow => Box::new(ArrowFile::new(file, path, schema)?),
            Format::Csv => Box::new(CsvFile::new(file, path, schema)?),
            Format::Ndjson => Box::new(JsonFile::new(file, path)),
        })
    }
}
