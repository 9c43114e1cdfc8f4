//! The table `grants`.

use super::times::discovered;
use crate::columns::annotations::Annotations;
use crate::columns::batch::Row;
use crate::columns::column::{Column, Type};
use crate::engine::{Grant, Kind};
use crate::proto::wire::{fields, Malformed};
use crate::store::NotTaken;
use crate::translate::grant_sources;

pub const COLUMNS: &[Column] = &[
    Column::always("sync_id", Type::Repeated),
    Column::always("entitlement_resource_type_id", Type::Repeated),
    Column::always("entitlement_resource_id", Type::Repeated),
    Column::always("entitlement_id", Type::Repeated),
    Column::always("principal_resource_type_id", Type::Repeated),
    Column::always("principal_resource_id", Type::Text),
    Column::always("grant_id", Type::Text),
    Column::always("is_direct", Type::Flag),
    Column::always("sources", Type::Sources),
    Column::always("needs_expansion", Type::Flag),
    Column::or_null("discovered_at", Type::Time),
    Column::or_null("annotations", Type::Json),
];

/// Makes a row of a stored record. `id` is empty.
pub fn append(
    mut row: Row<'_>,
    sync: &str,
    stored: &[u8],
    annotations: &mut Annotations,
    id: &mut Vec<u8>,
) -> Result<(), NotTaken> {
    let grant = Grant::parse(stored)?;
    let (entitlement, principal) = (grant.identity.entitlement, grant.identity.principal);
    let Rest { has_sources, is_annotated } = Rest::of(stored)?;
    let sources = if has_sources { grant_sources(stored)? } else { Vec::new() };
    // Sources are in the order of their ids.
    let own = sources.binary_search_by(|(id, _)| (*id).cmp(entitlement.id));
    let is_direct = sources.is_empty() || own.is_ok_and(|own| sources[own].1);

    row.text(sync);
    row.text(entitlement.resource.resource_type);
    row.text(entitlement.resource.resource);
    row.text(entitlement.id);
    row.text(principal.resource_type);
    row.text(principal.resource);
    match grant.external_id {
        "" => {
            for part in [entitlement.id, ":", principal.resource_type, ":", principal.resource] {
                id.extend_from_slice(part.as_bytes());
            }
            row.text(std::str::from_utf8(id).map_err(|_| Malformed::Utf8 { number: 3 })?);
        }
        given => row.text(given),
    }
    row.flag(is_direct);
    row.sources(sources);
    row.flag(grant.needs_expansion);
    row.time(discovered(Kind::Grant, stored)?);
    row.json(|json| if is_annotated { annotations.write_of_grant(stored, json) } else { Ok(false) })?;
    row.end();
    Ok(())
}

/// What else a stored grant has.
struct Rest {
    has_sources: bool,
    is_annotated: bool,
}

impl Rest {
    fn of(stored: &[u8]) -> Result<Rest, Malformed> {
        let mut rest = Rest { has_sources: false, is_annotated: false };
        for field in fields(stored) {
            match field?.number {
                6 | 8 => rest.is_annotated = true,
                9 => rest.has_sources = true,
                _ => {}
            }
        }
        Ok(rest)
    }
}
