//! The table `grants`.

use std::str::from_utf8;

use super::times::{discovered, of_timestamp};
use crate::columns::annotations::Annotations;
use crate::columns::batch::Row;
use crate::columns::column::{Column, Type};
use crate::engine::{Grant, Kind};
use crate::proto::plain_grant::{LastEntitlement, PlainGrant};
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

/// What a row takes over from the one before: grants of one entitlement follow one another.
#[derive(Default)]
pub struct LastGrant {
    /// Resource type, resource and id of the entitlement.
    entitlement: LastEntitlement<[String; 3]>,
    /// Memory for the id of a grant.
    id: String,
}

/// Makes a row of a stored record.
pub fn append(
    row: Row<'_>,
    sync: &str,
    stored: &[u8],
    annotations: &mut Annotations,
    last: &mut LastGrant,
) -> Result<(), NotTaken> {
    match last.entitlement.in_record(stored) {
        Some(plain) => append_plain(row, sync, &plain, last),
        None => append_any(row, sync, stored, annotations, last),
    }
}

/// A grant of the same entitlement as the one before, with nothing else that a column shows but its time.
fn append_plain(mut row: Row<'_>, sync: &str, plain: &PlainGrant<'_>, last: &mut LastGrant) -> Result<(), NotTaken> {
    let LastGrant { entitlement, id } = last;
    let text = |bytes, number| from_utf8(bytes).map_err(|_| Malformed::Utf8 { number });
    let principal = [text(plain.resource_type, 4)?, text(plain.resource, 4)?];
    identity(&mut row, sync, entitlement.made.each_ref().map(String::as_str), principal, text(plain.id, 2)?, id);
    row.flag(true);
    row.sources([]);
    row.flag(false);
    row.time(of_timestamp(plain.discovered_at)?);
    row.json(|_| Ok(false))?;
    row.end();
    Ok(())
}

fn append_any(
    mut row: Row<'_>,
    sync: &str,
    stored: &[u8],
    annotations: &mut Annotations,
    last: &mut LastGrant,
) -> Result<(), NotTaken> {
    let grant = Grant::parse(stored)?;
    let (of, to) = (grant.identity.entitlement, grant.identity.principal);
    let entitlement = [of.resource.resource_type, of.resource.resource, of.id];
    let Rest { has_sources, is_annotated } = Rest::of(stored)?;
    let sources = if has_sources { grant_sources(stored)? } else { Vec::new() };
    // Sources are in the order of their ids.
    let own = sources.binary_search_by(|(id, _)| (*id).cmp(of.id));
    let is_direct = sources.is_empty() || own.is_ok_and(|own| sources[own].1);

    last.entitlement.set(grant.entitlement_field);
    for (kept, part) in last.entitlement.made.iter_mut().zip(entitlement) {
        kept.clear();
        kept.push_str(part);
    }
    let principal = [to.resource_type, to.resource];
    identity(&mut row, sync, entitlement, principal, grant.external_id, &mut last.id);
    row.flag(is_direct);
    row.sources(sources);
    row.flag(grant.needs_expansion);
    row.time(discovered(Kind::Grant, stored)?);
    row.json(|json| if is_annotated { annotations.write_of_grant(stored, json) } else { Ok(false) })?;
    row.end();
    Ok(())
}

/// The columns up to the id of a grant: the one that it was given, or else the one that follows from what it is.
fn identity(row: &mut Row<'_>, sync: &str, entitlement: [&str; 3], principal: [&str; 2], given: &str, id: &mut String) {
    let parts = [sync].into_iter().chain(entitlement).chain(principal);
    parts.for_each(|part| row.text(part));
    match given {
        "" => {
            id.clear();
            for part in [entitlement[2], ":", principal[0], ":", principal[1]] {
                id.push_str(part);
            }
            row.text(id);
        }
        given => row.text(given),
    }
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
