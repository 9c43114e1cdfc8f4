//! The formats that tables are written in.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, SchemaRef};
use c1z::Error;
use clap::ValueEnum;

use super::parquet::ParquetFile;
use super::text::{CsvFile, JsonFile};
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

/// A file that rows are written to.
pub trait Writer {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure>;

    /// About how many bytes it has.
    fn bytes(&self) -> u64;

    /// Writes what is left; the file is on the disk then.
    fn finish(self: Box<Self>) -> Result<(), Failure>;
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
        let file = Counted { file: BufWriter::with_capacity(1 << 20, file), bytes: 0 };
        Ok(match self {
            Format::Parquet => Box::new(ParquetFile::new(file, path, table, schema)?),
            Format::Arrow => {
                let writer = FileWriter::try_new(file, schema).map_err(|error| of_arrow(error, path))?;
                Box::new(ArrowFile { writer, path: path.to_path_buf() })
            }
            Format::Csv => Box::new(CsvFile::new(file, path, schema)?),
            Format::Ndjson => Box::new(JsonFile::new(file, path)),
        })
    }
}

/// A file that knows how much was written to it.
pub struct Counted {
    file: BufWriter<File>,
    pub bytes: u64,
}

impl Counted {
    /// Writes what is buffered, and waits until the file is on the disk.
    pub fn sync(mut self, path: &Path) -> Result<(), Failure> {
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        Ok(synced.map_err(Error::io("write", path))?)
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

struct ArrowFile {
    writer: FileWriter<Counted>,
    path: PathBuf,
}

impl Writer for ArrowFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        self.writer.write(batch).map_err(|error| of_arrow(error, &self.path))
    }

    fn bytes(&self) -> u64 {
        self.writer.get_ref().bytes
    }

    fn finish(self: Box<Self>) -> Result<(), Failure> {
        let ArrowFile { writer, path } = *self;
        writer.into_inner().map_err(|error| of_arrow(error, &path))?.sync(&path)
    }
}

fn of_arrow(error: ArrowError, path: &Path) -> Failure {
    let source = match error {
        ArrowError::IoError(_, source) => source,
        other => io::Error::other(other),
    };
    Error::io("write", path)(source).into()
}
