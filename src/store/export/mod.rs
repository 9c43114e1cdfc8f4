//! Exporting: the stored rows of one table, as they were at one moment, a few at a time.
//!
//! Called by `columns`, which makes columns of them. An export holds its moment in the engine and knows where it is; it
//! borrows nothing, so that it may be handed from thread to thread and left open for as long as one likes.

mod part;
mod rows;
mod walk;

pub use part::PartBounds;
pub use rows::{Export, ExportedRow, NotTaken, Taken};
