//! The syncs of a file: starting, resuming and ending one, which of them stay, what is counted of them, and what compares
//! or copies whole ones. Sessions belong to a sync too.
//!
//! Called by `capi`, through the methods of [`Store`](super::Store); the other rooms ask for the binding.

mod binding;
mod clone;
mod difference;
mod graph;
mod lifecycle;
mod retention;
mod sessions;
pub mod stats;
mod sync_runs;
mod token_stats;

pub use binding::{Binding, Bound};
pub use retention::{select_syncs_to_delete, RetentionCandidate};
pub use sync_runs::newest_first;
pub use token_stats::add_timings;
