//! Files of text: CSV and JSON.

use std::io::Write;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use c1z::Error;
use serde_json::{Map, Value};

use super::cells::value;
use super::writer::{Counted, Writer};
use crate::failure::Failure;

/// A CSV file that is being written.
pub struct CsvFile {
    writer: csv::Writer<Counted>,
    path: PathBuf,
}

impl CsvFile {
    pub fn new(file: Counted, path: &Path, schema: &SchemaRef) -> Result<CsvFile, Failure> {
        let mut writer = csv::Writer::from_writer(file);
        writer.write_record(schema.fields().iter().map(|field| field.name())).map_err(of_csv(path))?;
        Ok(CsvFile { writer, path: path.to_path_buf() })
    }
}

impl Writer for CsvFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().map(|column| match value(column, row) {
                Value::Null => String::new(),
                Value::String(text) => text,
                other => other.to_string(),
            });
            self.writer.write_record(cells).map_err(of_csv(&self.path))?;
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.writer.get_ref().bytes
    }

    fn finish(self: Box<Self>) -> Result<(), Failure> {
        let CsvFile { writer, path } = *self;
        writer.into_inner().map_err(|error| Error::io("write", &path)(error.into_error()))?.sync(&path)
    }
}

fn of_csv(path: &Path) -> impl FnOnce(csv::Error) -> Failure + '_ {
    move |error| match error.into_kind() {
        csv::ErrorKind::Io(source) => Error::io("write", path)(source).into(),
        other => Error::Internal(format!("{other:?}")).into(),
    }
}

/// A file of JSON objects that is being written.
pub struct JsonFile {
    file: Counted,
    path: PathBuf,
}

impl JsonFile {
    pub fn new(file: Counted, path: &Path) -> JsonFile {
        JsonFile { file, path: path.to_path_buf() }
    }
}

impl Writer for JsonFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let cells = schema.fields().iter().zip(batch.columns());
            let object: Map<String, Value> =
                cells.map(|(field, column)| (field.name().clone(), value(column, row))).collect();
            writeln!(self.file, "{}", Value::Object(object)).map_err(Error::io("write", &self.path))?;
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.file.bytes
    }

    fn finish(self: Box<Self>) -> Result<(), Failure> {
        let JsonFile { file, path } = *self;
        file.sync(&path)
    }
}
