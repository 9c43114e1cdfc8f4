//! Which sync writes go to.

use crate::engine::{SyncRun, Writer};
use crate::keys::{Slot, SyncId};
use crate::store::Store;
use crate::{Error, Result};

/// The bound sync.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    pub id: SyncId,
    pub slot: Slot,
    /// Whether the sync has not ended: what is put into it is loaded in bulk.
    pub open: bool,
    /// Bound because a caller asked for it, not because the file was opened.
    pub by_caller: bool,
}

/// Whether a sync is bound.
#[derive(Clone, Copy, Debug, Default)]
pub enum Binding {
    #[default]
    Unbound,
    /// The sync that was bound has ended.
    Sealed,
    Bound(Bound),
}

impl Binding {
    pub fn at_open(run: &SyncRun) -> Binding {
        Binding::of(run, false)
    }

    pub fn by_caller(run: &SyncRun) -> Binding {
        Binding::of(run, true)
    }

    fn of(run: &SyncRun, by_caller: bool) -> Binding {
        Binding::Bound(Bound { id: run.id, slot: run.slot, open: run.record.ended_at.is_none(), by_caller })
    }

    pub fn bound(&self) -> Option<Bound> {
        match self {
            Binding::Bound(bound) => Some(*bound),
            _ => None,
        }
    }
}

impl Store {
    /// The bound sync, or why there is none.
    pub(in crate::store) fn bound(&self) -> Result<Bound> {
        match *self.binding.lock() {
            Binding::Bound(bound) => Ok(bound),
            Binding::Sealed => Err(Error::Sealed),
            Binding::Unbound => Err(Error::NoCurrentSync),
        }
    }

    /// The barrier, on a store that may be written.
    pub(in crate::store) fn writer(&self) -> Result<Writer<'_>> {
        match self.options.read_only {
            true => Err(Error::ReadOnly { path: self.path.clone() }),
            false => Ok(self.engine.writer()),
        }
    }

    /// The barrier and the sync to write to. The binding is read under the barrier: a writer that waited while the sync
    /// was ended must not write behind the end.
    pub(in crate::store) fn bound_writer(&self) -> Result<(Writer<'_>, Bound)> {
        let writer = self.writer()?;
        let bound = self.bound()?;
        Ok((writer, bound))
    }

    /// As [`Store::bound_writer`], for who changes records.
    pub(in crate::store) fn changing_writer(&self) -> Result<(Writer<'_>, Bound)> {
        let (mut writer, bound) = self.bound_writer()?;
        if !bound.open {
            writer.mark_stats_stale(bound.id, bound.slot)?;
        }
        Ok((writer, bound))
    }
}
