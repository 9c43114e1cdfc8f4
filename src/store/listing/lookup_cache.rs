//! What lookups have found out about the database and need not find out again before it changes.

use parking_lot::Mutex;

use crate::engine::Reader;
use crate::keys::{Slot, SyncId};

/// Facts about one state of the database.
#[derive(Clone, Copy, Default)]
pub struct Facts {
    /// The sync that is shown when none is named or bound. Only of a finished one: which unfinished one is shown depends
    /// on the time.
    pub shown: Option<(SyncId, Slot)>,
    /// A sync without a grant that is found by its id through the index only.
    pub without_ids: Option<Slot>,
}

/// The facts that are known.
#[derive(Default)]
pub struct LookupCache {
    facts: Mutex<(u64, Facts)>,
}

impl LookupCache {
    /// What is known of the state that `reader` shows.
    pub fn of(&self, reader: &Reader<'_>) -> Facts {
        let (state, facts) = *self.facts.lock();
        match reader.state() == Some(state) {
            true => facts,
            false => Facts::default(),
        }
    }

    /// Adds what was found out with `reader`.
    pub fn learn(&self, reader: &Reader<'_>, learn: impl FnOnce(&mut Facts)) {
        let Some(of) = reader.state() else { return };
        let mut known = self.facts.lock();
        if known.0 != of {
            *known = (of, Facts::default());
        }
        learn(&mut known.1);
    }
}
