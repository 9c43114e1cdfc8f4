//! Comparing: the records of two syncs, those of one identity together.
//!
//! Each kind is walked in both syncs at once, in the order of its keys. Nothing is collected: of each sync one record is
//! in memory. What two files have from a common ancestor is passed over where the tables in question say that nothing else
//! is there.

mod common_tables;
mod pairs;
mod range_deletions;

pub use common_tables::{AreSame, CommonTables, Named};
pub use pairs::{ComparedSync, Pair, Pairs};
