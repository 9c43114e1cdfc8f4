//! Syncs that come from elsewhere: records as they are stored, put into a slot that nothing maps to before all of them are there.
//!
//! Called by `capi`, through [`Store::import_records`](super::Store::import_records). `request` reads a step of an import, `record`
//! says whether a stranger's record is one that can be stored, `run` reads what the sync is, `batch` makes a step's records
//! ready before the barrier is taken, and `under_way` is what is known of an import between its steps.

mod batch;
mod record;
mod request;
mod run;
mod under_way;

pub use under_way::Import;
