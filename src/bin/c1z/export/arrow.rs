//! Arrow IPC files.

use std::io;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, SchemaRef};
use c1z::Error;

use super::writer::{Counted, Writer};
use crate::failure::Failure;

/// An Arrow IPC file that is being written.
pub struct ArrowFile {
    writer: FileWriter<Counted>,
    path: PathBuf,
}

impl ArrowFile {
    pub fn new(file: Counted, path: &Path, schema: &SchemaRef) -> Result<ArrowFile, Failure> {
        let writer = FileWriter::try_new(file, schema).map_err(|error| of_arrow(error, path))?;
        Ok(ArrowFile { writer, path: path.to_path_buf() })
    }
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
