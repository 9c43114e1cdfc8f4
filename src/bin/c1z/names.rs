//! What people call things: display names, looked up when they are shown.

use std::collections::HashMap;

use c1z::error::{Code, Reason};
use c1z::proto::connector::{Resource, ResourceId};
use c1z::proto::reader::{
    EntitlementsReaderServiceGetEntitlementRequest, EntitlementsReaderServiceGetEntitlementResponse,
    ResourcesReaderServiceGetResourceRequest, ResourcesReaderServiceGetResourceResponse,
};
use c1z::store::Store;

use crate::failure::Failure;
use crate::pages::decoded;
use crate::resource_ids::resource_of;

/// Bytes of ids and names that are remembered. With more, all are forgotten: most rows name few things.
const REMEMBERED: usize = 4 << 20;

/// What is looked up. Ids are not joined: two of them can be one text.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Wanted {
    /// The name of the resource of a type, with an id.
    Resource(String, String),
    /// The name of the entitlement on such a resource, with an id.
    EntitlementOn(String, String, String),
}

/// Looks names up, each once.
pub struct Names<'s> {
    store: &'s Store,
    known: HashMap<Wanted, String>,
    bytes: usize,
}

impl<'s> Names<'s> {
    pub fn of(store: &'s Store) -> Names<'s> {
        Names { store, known: HashMap::new(), bytes: 0 }
    }

    /// The display name of a resource; empty if it has none, or no row.
    pub fn resource(&mut self, id: &ResourceId) -> Result<String, Failure> {
        let wanted = Wanted::Resource(id.resource_type.clone(), id.resource.clone());
        let size = id.resource_type.len() + id.resource.len();
        self.once(wanted, size, |store| Ok(resource(store, id)?.map(|resource| resource.display_name)))
    }

    /// The display name of an entitlement on a resource; empty if it has none, or no row.
    pub fn entitlement(&mut self, id: &str, on: &ResourceId) -> Result<String, Failure> {
        let wanted = Wanted::EntitlementOn(on.resource_type.clone(), on.resource.clone(), id.to_owned());
        let size = on.resource_type.len() + on.resource.len() + id.len();
        self.once(wanted, size, |store| {
            let Some(response) = store.get_entitlement_on(on, id)? else { return Ok(None) };
            let response: EntitlementsReaderServiceGetEntitlementResponse = decoded(&response.into_bytes())?;
            Ok(response.entitlement.map(|entitlement| entitlement.display_name))
        })
    }

    fn once(
        &mut self,
        wanted: Wanted,
        size: usize,
        look_up: impl FnOnce(&Store) -> Result<Option<String>, Failure>,
    ) -> Result<String, Failure> {
        if let Some(name) = self.known.get(&wanted) {
            return Ok(name.clone());
        }
        let name = look_up(self.store)?.unwrap_or_default();
        self.bytes += size + name.len() + size_of::<(Wanted, String)>();
        if self.bytes > REMEMBERED {
            self.known.clear();
            self.bytes = 0;
        }
        self.known.insert(wanted, name.clone());
        Ok(name)
    }

    /// The resource that the one entitlement with a bare id is on; `None` if there is none, or more than one.
    pub fn resource_of_entitlement(&self, id: &str) -> Result<Option<ResourceId>, Failure> {
        let request =
            EntitlementsReaderServiceGetEntitlementRequest { entitlement_id: id.to_owned(), annotations: Vec::new() };
        match self.store.get_entitlement(&request) {
            Ok(response) => {
                let response: EntitlementsReaderServiceGetEntitlementResponse = decoded(&response.into_bytes())?;
                Ok(response.entitlement.as_ref().and_then(resource_of).cloned())
            }
            Err(error) if matches!(error.reason(), Reason::NotFound | Reason::AmbiguousId) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The resource with an id, if there is a row of it.
pub fn resource(store: &Store, id: &ResourceId) -> Result<Option<Resource>, Failure> {
    let request = ResourcesReaderServiceGetResourceRequest { resource_id: Some(id.clone()), annotations: Vec::new() };
    match store.get_resource(&request) {
        Ok(response) => {
            let response: ResourcesReaderServiceGetResourceResponse = decoded(&response.into_bytes())?;
            Ok(response.resource)
        }
        Err(error) if error.code() == Code::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
