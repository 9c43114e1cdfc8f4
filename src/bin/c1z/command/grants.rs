//! Grants as rows: which columns they have, and what stands in them.

use std::ops::ControlFlow;

use c1z::proto::connector::{Grant, ResourceId};
use c1z::store::Encoded;
use prost::Message;

use crate::failure::Failure;
use crate::names::Names;
use crate::output::{Format, Output, Shown};
use crate::pages::{decoded, walk};
use crate::resource_ids::resource_of;
use crate::via::via;

/// A column of a grant.
#[derive(Clone, Copy)]
pub enum Column {
    Entitlement,
    EntitlementName,
    ResourceType,
    Resource,
    ResourceName,
    PrincipalType,
    Principal,
    PrincipalName,
    Via,
}

/// Columns and their headings.
pub struct Columns {
    pub headings: &'static [&'static str],
    pub columns: &'static [Column],
}

/// What somebody holds.
pub const HELD: Columns = Columns {
    headings: &["entitlement", "name", "on type", "on", "on name", "via"],
    columns: &[
        Column::Entitlement,
        Column::EntitlementName,
        Column::ResourceType,
        Column::Resource,
        Column::ResourceName,
        Column::Via,
    ],
};

/// Who holds something.
pub const HOLDERS: Columns = Columns {
    headings: &["type", "principal", "name", "via"],
    columns: &[Column::PrincipalType, Column::Principal, Column::PrincipalName, Column::Via],
};

/// Who holds what on a resource.
pub const HOLDERS_OF: Columns = Columns {
    headings: &["entitlement", "type", "principal", "name", "via"],
    columns: &[Column::Entitlement, Column::PrincipalType, Column::Principal, Column::PrincipalName, Column::Via],
};

/// Who holds what.
pub const ALL: Columns = Columns {
    headings: &["entitlement", "on type", "on", "on name", "type", "principal", "name"],
    columns: &[
        Column::Entitlement,
        Column::ResourceType,
        Column::Resource,
        Column::ResourceName,
        Column::PrincipalType,
        Column::Principal,
        Column::PrincipalName,
    ],
};

/// Writes the grants of a listing that `is_wanted`.
pub fn write<M: Message + Default>(
    format: Format,
    columns: &'static Columns,
    mut names: Names<'_>,
    page: impl FnMut(String, u32) -> c1z::Result<Encoded<M>>,
    is_wanted: Option<&dyn Fn(&Grant) -> bool>,
) -> Result<(), Failure> {
    let mut output = Output::new(format, columns.headings);
    let mut shown = Shown::of("c1.connector.v2.Grant");
    walk(page, |row| {
        if let Some(is_wanted) = is_wanted {
            if !is_wanted(&decoded(row)?) {
                return Ok(ControlFlow::Continue(()));
            }
        }
        output.row(|| shown.json(row), || cells(&decoded(row)?, columns.columns, &mut names))?;
        Ok(ControlFlow::Continue(()))
    })?;
    output.finish()
}

fn cells(grant: &Grant, columns: &[Column], names: &mut Names<'_>) -> Result<Vec<String>, Failure> {
    let nothing = ResourceId::default();
    let entitlement = grant.entitlement.as_ref();
    let entitlement_id = entitlement.map(|entitlement| entitlement.id.as_str()).unwrap_or_default();
    let resource = entitlement.and_then(resource_of).unwrap_or(&nothing);
    let principal = principal_of(grant).unwrap_or(&nothing);
    let cell = |column: &Column| {
        Ok(match column {
            Column::Entitlement => entitlement_id.to_owned(),
            Column::EntitlementName => names.entitlement(entitlement_id, resource)?,
            Column::ResourceType => resource.resource_type.clone(),
            Column::Resource => resource.resource.clone(),
            Column::ResourceName => names.resource(resource)?,
            Column::PrincipalType => principal.resource_type.clone(),
            Column::Principal => principal.resource.clone(),
            Column::PrincipalName => names.resource(principal)?,
            Column::Via => via(grant, names)?,
        })
    };
    columns.iter().map(cell).collect()
}

/// Who holds a grant.
pub fn principal_of(grant: &Grant) -> Option<&ResourceId> {
    grant.principal.as_ref()?.id.as_ref()
}
