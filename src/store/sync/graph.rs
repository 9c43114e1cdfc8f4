//! What an expander keeps of its work on a sync, to find it again: opaque bytes.

use crate::engine::{Durability, Reader};
use crate::keys::SyncId;
use crate::proto::api::{GetEntitlementGraphRequest, GetEntitlementGraphResponse, SetEntitlementGraphRequest};
use crate::store::Store;
use crate::Result;

impl Store {
    /// Sets or removes the graph of a sync, also of one that has ended.
    pub fn set_entitlement_graph(&self, request: &SetEntitlementGraphRequest) -> Result<()> {
        let mut writer = self.writer()?;
        let id = self.named_or_shown(&self.engine.snapshot(), &request.sync_id)?;
        writer.set_entitlement_graph(id, request.graph.as_deref());
        writer.commit(Durability::Synced)?;
        self.mark_dirty();
        Ok(())
    }

    /// The graph of a sync.
    pub fn get_entitlement_graph(&self, request: &GetEntitlementGraphRequest) -> Result<GetEntitlementGraphResponse> {
        let reader = self.engine.snapshot();
        let id = self.named_or_shown(&reader, &request.sync_id)?;
        Ok(GetEntitlementGraphResponse { graph: reader.entitlement_graph(id)? })
    }

    fn named_or_shown(&self, reader: &Reader<'_>, id: &str) -> Result<SyncId> {
        match id {
            "" => self.default_sync(reader).map(|(id, _)| id),
            id => self.run_by_id(reader, id).map(|run| run.id),
        }
    }
}
