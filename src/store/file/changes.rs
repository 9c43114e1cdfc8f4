//! Whether the file is behind the database.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the changes since the file was opened, and how many of them the file has.
#[derive(Debug, Default)]
pub struct Changes {
    made: AtomicU64,
    saved: AtomicU64,
}

impl Changes {
    /// Notes one more.
    pub fn made(&self) {
        self.made.fetch_add(1, Ordering::AcqRel);
    }

    /// How many there are; taken under the barrier, the number that a checkpoint holds.
    pub fn count(&self) -> u64 {
        self.made.load(Ordering::Acquire)
    }

    /// The file has the first `count` of them.
    pub fn saved(&self, count: u64) {
        self.saved.store(count, Ordering::Release);
    }

    /// Whether the file lacks any.
    pub fn unsaved(&self) -> bool {
        self.saved.load(Ordering::Acquire) != self.count()
    }
}
