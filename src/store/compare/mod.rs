//! Comparing: which records were added, removed and changed between two syncs, of two files or of one open store.
//!
//! Called by `capi` and the command. Both syncs are walked at once, page by page; a page says what differs in the stored
//! records that it came by. How the records of two databases are walked, and what of them need not be read, is the
//! engine's business.

mod fields;
mod files;
mod page;
mod syncs;
mod walk;

pub use files::FileComparison;
pub use syncs::Comparison;
