//! Ids of resources in messages.

use c1z::proto::connector::{Entitlement, ResourceId};

/// The resource that an entitlement is on.
pub fn resource_of(entitlement: &Entitlement) -> Option<&ResourceId> {
    entitlement.resource.as_ref()?.id.as_ref()
}

/// A resource's id.
pub fn resource_id(resource_type: impl Into<String>, resource: impl Into<String>) -> ResourceId {
    ResourceId { resource_type: resource_type.into(), resource: resource.into(), ..ResourceId::default() }
}
