//! The tables of a file as Arrow columns: schemas, and batches of rows made of stored records.
//!
//! Called by `capi`, which gives batches away through the Arrow C data interface, and by the command, which writes files.
//! What a column means, and which field of a record it comes from, is told in `docs/columns.md`.

mod annotations;
mod batch;
mod batches;
mod cells;
mod column;
mod names;
mod profile;
mod selected;
mod tables;

pub use batches::Batches;
pub use selected::schema;
