//! References to other records.

use crate::keys::{EntitlementRef, ResourceRef};
use crate::proto::wire::{fields, Malformed};

/// The reference of a message that has none.
pub const NOBODY: ResourceRef<'static> = ResourceRef { resource_type: "", resource: "" };

/// Reads type and id of a reference into `resource`, keeping what an earlier occurrence set.
pub fn read_ref<'a>(message: &'a [u8], resource: &mut ResourceRef<'a>) -> Result<(), Malformed> {
    for field in fields(message) {
        let field = field?;
        match field.number {
            1 => resource.resource_type = field.str()?,
            2 => resource.resource = field.str()?,
            _ => {}
        }
    }
    Ok(())
}

/// Like [`read_ref`], of an entitlement.
pub fn read_entitlement_ref<'a>(message: &'a [u8], entitlement: &mut EntitlementRef<'a>) -> Result<(), Malformed> {
    for field in fields(message) {
        let field = field?;
        match field.number {
            1 => entitlement.resource.resource_type = field.str()?,
            2 => entitlement.resource.resource = field.str()?,
            3 => entitlement.id = field.str()?,
            _ => {}
        }
    }
    Ok(())
}

/// The first of two named parts that is empty.
pub fn missing_part(resource: ResourceRef<'_>, names: [&'static str; 2]) -> Option<&'static str> {
    match (resource.resource_type, resource.resource) {
        ("", _) => Some(names[0]),
        (_, "") => Some(names[1]),
        _ => None,
    }
}
