//! Merging: several syncs become one, which holds the newest record of each identity.
//!
//! The inputs come in the order of their age: first the base, then partials. Of the records with one identity the one that
//! was discovered last wins, of several such the one of the newest input; it takes the place of the others as a whole. What
//! is not in an input says nothing: no record is ever deleted.
//!
//! There are two ways to the same result. `Writer::fill_merged` writes all winners into an empty slot, which costs as much
//! as all inputs. `Writer::overlay_merged` puts the winners of the partials over the base where it is, which costs as much
//! as the partials.

mod identities;
mod overlay;
mod parts;
mod span;
mod streaming;

use identities::Identities;
pub use identities::MergeInput;

use super::{Counts, Kind};

/// What became of the records of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Of which the base had none with that identity.
    pub added: i64,
    /// Of which the base had one with other bytes.
    pub replaced: i64,
}

impl Outcome {
    fn count(&mut self, in_base: Option<&[u8]>, winner: &[u8]) {
        match in_base {
            None => self.added += 1,
            Some(stored) if stored != winner => self.replaced += 1,
            Some(_) => {}
        }
    }

    fn add(&mut self, other: Outcome) {
        self.added += other.added;
        self.replaced += other.replaced;
    }
}

/// What a merge came to.
#[derive(Clone, Debug, Default)]
pub struct MergedSlot {
    /// By kind.
    pub outcome: [Outcome; Kind::ALL.len()],
    /// All records of the result.
    pub counts: Counts,
    /// Bytes of keys and values of the base that nothing refers to any more, and which still take their space.
    pub dead_bytes: u64,
}
