//! Parquet files.

use std::io;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use c1z::Error;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::WriterProperties;

use super::writer::{Counted, Writer};
use crate::failure::Failure;

/// A row group ends at so many bytes: it is in memory until then.
const ROW_GROUP_BYTES: usize = 64 << 20;

/// A Parquet file that is being written.
pub struct ParquetFile {
    writer: ArrowWriter<Counted>,
    path: PathBuf,
}

impl ParquetFile {
    pub fn new(file: Counted, path: &Path, table: &str, schema: &SchemaRef) -> Result<ParquetFile, Failure> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
            .set_created_by(concat!("libc1z version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_sorting_columns(Some(sorted_by(table, schema)).filter(|columns| !columns.is_empty()))
            .build();
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties));
        Ok(ParquetFile { writer: writer.map_err(|error| of_parquet(error, path))?, path: path.to_path_buf() })
    }
}

impl Writer for ParquetFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        self.writer.write(batch).map_err(|error| of_parquet(error, &self.path))
    }

    fn bytes(&self) -> u64 {
        (self.writer.bytes_written() + self.writer.in_progress_size()) as u64
    }

    fn finish(self: Box<Self>) -> Result<(), Failure> {
        let ParquetFile { writer, path } = *self;
        writer.into_inner().map_err(|error| of_parquet(error, &path))?.sync(&path)
    }
}

/// The columns whose order is that of the rows. Keys tell whether an entitlement's id starts with its resource before they tell the
/// id, so that rows are in the order of types and ids of resources alone.
fn sorted_by(table: &str, schema: &SchemaRef) -> Vec<SortingColumn> {
    let names: &[&str] = match table {
        "grants" => &["entitlement_resource_type_id", "entitlement_resource_id"],
        "resources" | "entitlements" => &["resource_type_id", "resource_id"],
        _ => &[],
    };
    // Columns before lists are leaves at their own places.
    let places = names.iter().filter_map(|name| schema.index_of(name).ok());
    places.map(|place| SortingColumn { column_idx: place as i32, descending: false, nulls_first: false }).collect()
}

fn of_parquet(error: ParquetError, path: &Path) -> Failure {
    let source = match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(source) => *source,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    };
    Error::io("write", path)(source).into()
}
