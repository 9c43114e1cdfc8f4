//! Comparing two syncs of an open store.

use super::walk::Walk;
use crate::engine::{ComparedSync, Reader};
use crate::keys::{Slot, SyncId};
use crate::proto::api::CompareSyncsRequest;
use crate::store::Store;
use crate::{Error, Result};

/// A walk through two syncs of a store and where it is. It holds no snapshot: what is written behind its position shows
/// up in it.
#[derive(Debug)]
pub struct Comparison {
    syncs: [(SyncId, Slot); 2],
    walk: Walk,
}

impl Store {
    /// Starts a comparison of two syncs, finished or not. A bad request fails here.
    pub fn compare_syncs(&self, request: &CompareSyncsRequest) -> Result<Comparison> {
        let walk = Walk::new(request.options.clone())?;
        let reader = self.engine.snapshot();
        let sync = |name: &str, id: &str| match id {
            "" => Err(Error::invalid(format!("{name} is empty"))),
            id => self.run_by_id(&reader, id).map(|run| (run.id, run.slot)),
        };
        let before = sync("before_sync_id", &request.before_sync_id)?;
        Ok(Comparison { syncs: [before, sync("after_sync_id", &request.after_sync_id)?], walk })
    }

    /// The next page, an encoded `c1z.v1.ComparePage`; `None` behind the last. A page that fails can be asked for again.
    /// Fails with `NotFound` once one of the syncs was dropped.
    pub fn compare_next(&self, comparison: &mut Comparison) -> Result<Option<Vec<u8>>> {
        let Comparison { syncs, walk } = comparison;
        let reader = self.engine.reader(walk.kinds())?;
        syncs.iter().try_for_each(|sync| check_present(&reader, *sync))?;
        let syncs = syncs.map(|(_, slot)| ComparedSync { reader: &reader, slot, named: &|error| error });
        walk.page(syncs, None)
    }
}

fn check_present(reader: &Reader<'_>, (id, slot): (SyncId, Slot)) -> Result<()> {
    match reader.run(id)?.is_some_and(|run| run.slot == slot) {
        true => Ok(()),
        false => Err(Error::not_found("sync", id.to_string())),
    }
}
