//! Tables as files: where they go, and how each format is written.

mod arrow;
mod cells;
mod destination;
mod format;
mod parquet;
mod text;
mod writer;

use c1z::columns::Batches;
use c1z::control::Control;
use c1z::proto::api::ExportRequest;
use c1z::store::Store;

pub use destination::Destination;
pub use format::Format;

use crate::failure::Failure;

/// A file that has so many bytes is followed by another.
const FILE_BYTES: u64 = 512 << 20;

/// Writes a table, in files that are numbered from 0; a table without rows is a file without rows. Tells `watch` of rows that were written.
pub fn table(
    store: &Store,
    request: &ExportRequest,
    destination: &Destination,
    name: &str,
    format: Format,
    watch: &mut dyn FnMut(u64),
) -> Result<(), Failure> {
    let mut batches = Batches::start(store, request)?;
    let schema = batches.schema().clone();
    let create = |number: u32| {
        let path = destination.file(format!("{name}-{number:05}.{}", format.extension()));
        format.create(&path, name, &schema)
    };
    let (mut number, mut writer, mut is_full) = (0, create(0)?, false);
    while let Some(batch) = batches.next(store, &Control::none())? {
        if is_full {
            writer.finish()?;
            number += 1;
            writer = create(number)?;
        }
        writer.write(&batch)?;
        is_full = writer.bytes() >= FILE_BYTES;
        watch(batch.num_rows() as u64);
    }
    writer.finish()?;
    batches.end(store);
    Ok(())
}
