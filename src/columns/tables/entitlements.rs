//! The table `entitlements`.

use super::times::discovered;
use crate::columns::annotations::Annotations;
use crate::columns::batch::Row;
use crate::columns::column::{Column, Type};
use crate::columns::names::purpose_name;
use crate::engine::{Entitlement, Kind};
use crate::proto::wire::{fields, values, Malformed};
use crate::store::NotTaken;
use crate::translate::entitlement_from_record;

pub const COLUMNS: &[Column] = &[
    Column::always("sync_id", Type::Repeated),
    Column::always("resource_type_id", Type::Repeated),
    Column::always("resource_id", Type::Text),
    Column::always("entitlement_id", Type::Text),
    Column::or_null("display_name", Type::Text),
    Column::or_null("description", Type::Text),
    Column::or_null("purpose", Type::Repeated),
    Column::or_null("slug", Type::Repeated),
    Column::always("grantable_to", Type::Texts),
    Column::or_null("discovered_at", Type::Time),
    Column::or_null("annotations", Type::Json),
];

/// Makes a row of a stored record. `shown` is empty.
pub fn append(
    mut row: Row<'_>,
    sync: &str,
    stored: &[u8],
    annotations: &mut Annotations,
    shown: &mut Vec<u8>,
) -> Result<(), NotTaken> {
    let identity = Entitlement::parse(stored)?.identity;
    entitlement_from_record(stored, shown)?;
    let (mut display_name, mut description, mut purpose, mut slug) = ("", "", 0, "");
    let mut grantable_to = Vec::new();
    for field in fields(shown) {
        let field = field?;
        match field.number {
            3 => display_name = field.str()?,
            4 => description = field.str()?,
            5 => grantable_to.push(id_of(field.bytes()?)?),
            7 => purpose = field.varint()? as i32,
            8 => slug = field.str()?,
            _ => {}
        }
    }
    row.text(sync);
    row.text(identity.resource.resource_type);
    row.text(identity.resource.resource);
    row.text(identity.id);
    row.given(display_name);
    row.given(description);
    row.given(&purpose_name(purpose));
    row.given(slug);
    row.texts(grantable_to);
    row.time(discovered(Kind::Entitlement, stored)?);
    row.json(|json| annotations.write(values(shown, 6), json))?;
    row.end();
    Ok(())
}

/// The id of a resource type.
fn id_of(resource_type: &[u8]) -> Result<&str, Malformed> {
    let mut id = "";
    for field in fields(resource_type) {
        let field = field?;
        if field.number == 1 {
            id = field.str()?;
        }
    }
    Ok(id)
}
