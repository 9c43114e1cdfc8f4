//! The table `resource_types`.

use super::times::discovered;
use crate::columns::annotations::Annotations;
use crate::columns::batch::Row;
use crate::columns::column::{Column, Type};
use crate::columns::names::trait_name;
use crate::engine::Kind;
use crate::proto::wire::{fields, values};
use crate::store::NotTaken;
use crate::translate::{push_values, resource_type_from_record};

pub const COLUMNS: &[Column] = &[
    Column::always("sync_id", Type::Repeated),
    Column::always("resource_type_id", Type::Text),
    Column::or_null("display_name", Type::Text),
    Column::or_null("description", Type::Text),
    Column::always("traits", Type::Texts),
    Column::always("sourced_externally", Type::Flag),
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
    resource_type_from_record(stored, shown)?;
    let (mut id, mut display_name, mut description, mut externally) = ("", "", "", false);
    let mut traits = Vec::new();
    for field in fields(shown) {
        let field = field?;
        match field.number {
            1 => id = field.str()?,
            2 => display_name = field.str()?,
            3 => push_values(&mut traits, &field)?,
            5 => description = field.str()?,
            6 => externally = field.bool()?,
            _ => {}
        }
    }
    row.text(sync);
    row.text(id);
    row.given(display_name);
    row.given(description);
    let traits: Vec<_> = traits.into_iter().map(trait_name).collect();
    row.texts(traits.iter().map(|name| &**name));
    row.flag(externally);
    row.time(discovered(Kind::ResourceType, stored)?);
    row.json(|json| annotations.write(values(shown, 4), json))?;
    row.end();
    Ok(())
}
