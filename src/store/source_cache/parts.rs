//! Changes of the rows of a scope, which may be too many for one commit.

use super::Scope;
use crate::engine::{Durability, Reader, Records, Rows, Writer};
use crate::store::sync::Bound;
use crate::Result;

/// Bytes of deletions that are committed together.
const COMMIT_BYTES: usize = 4 << 20;

/// Changes of the bound sync on behalf of a scope, under the barrier. Few become part of it in one step.
pub struct Parts<'w> {
    pub writer: Writer<'w>,
    pub bound: Bound,
    /// Whether any of them is part of the sync.
    pub made: bool,
}

impl<'w> Parts<'w> {
    pub fn new((writer, bound): (Writer<'w>, Bound)) -> Parts<'w> {
        Parts { writer, bound, made: false }
    }

    /// What the sync held of rows of the scope's kind when this was called.
    pub fn reader(&mut self, scope: &Scope<'_>) -> Result<Reader<'w>> {
        self.writer.reader(&[scope.kind()])
    }

    /// Deletes a row with the next commit. Whether there was one.
    pub fn delete(&mut self, scope: &Scope<'_>, key: &[u8]) -> Result<bool> {
        let deleted = self.writer.delete_for(scope.key, scope.kind(), self.bound.slot, key)?;
        if self.writer.collected() >= COMMIT_BYTES {
            self.commit(Durability::Buffered)?;
        }
        Ok(deleted)
    }

    /// Puts rows, behind what was deleted.
    pub fn put(&mut self, scope: &Scope<'_>, records: &Records) -> Result<()> {
        self.writer.put(self.bound.slot, self.bound.open, Rows::Records(scope.kind(), records))?;
        self.made = true;
        Ok(())
    }

    pub fn commit(&mut self, durability: Durability) -> Result<()> {
        self.writer.commit(durability)?;
        self.made = true;
        Ok(())
    }
}
