//! Bulk load: records on their way to the database, past the memtable.
//!
//! What is put into an open sync is appended to sorted runs, in memory up to a budget and in unnamed files beyond it, and
//! reaches the database when somebody reads its kind, at a checkpoint, or at the end of the sync. Runs are merged then:
//! of several changes of one record the last counts, so an index entry is written exactly for the record that stays.
//! Many rows become SSTs that are ingested in one atomic step, few become one batch.
//!
//! Rows that are pending are lost with the process, as they would be in the database: nobody reads the working copy of a
//! process that died.

mod buffer;
mod change;
mod entitlements;
mod fill;
mod flush;
mod merge;
mod pending;
mod sink;
mod sorted_runs;
mod spill;
mod stored;

pub(super) use change::Change;
pub(super) use fill::{Fill, Filled};
pub(super) use flush::Target;
pub(super) use pending::{Pending, PendingKinds};
pub(super) use sink::{ingest, Sink, Ssts};
pub(super) use sorted_runs::{SortedRuns, Staging};
