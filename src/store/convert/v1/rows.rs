//! Rows that become records.

use super::database::{Database, Row, Table, Unreadable};
use super::local_time::LocalTime;
use crate::engine::{Entitlement, Grant, Kind};
use crate::proto::wire::{fields, put_bytes, put_nested, Malformed};
use crate::proto::{explain, first_unreadable};
use crate::quoted::Quoted;
use crate::store::records::message_of;
use crate::translate::{
    entitlement_to_record, resource_to_record, resource_type_to_record, Expansion, GrantsToRecords, Stamp, Timestamp,
};
use crate::Result;

const DATA: usize = 1;
const DISCOVERED_AT: usize = 2;
/// Of assets.
const CONTENT_TYPE: usize = 3;
/// Of grants.
const ENTITLEMENT_ID: usize = 3;
const RESOURCE: [usize; 2] = [4, 5];
const PRINCIPAL: [usize; 2] = [6, 7];
const EXPANSION: usize = 8;
const NEEDS_EXPANSION: usize = 9;

/// The columns that rows of every kind have to have, in the order of these numbers.
const OF_ALL: [&str; 3] = ["external_id", "data", "discovered_at"];
const OF_ASSETS: [&str; 4] = ["external_id", "data", "discovered_at", "content_type"];
const OF_GRANTS: [&str; 8] = [
    "external_id",
    "data",
    "discovered_at",
    "entitlement_id",
    "resource_type_id",
    "resource_id",
    "principal_resource_type_id",
    "principal_resource_id",
];
/// The column that old SDKs do not write: there, what a grant expands is in its annotations.
const EXPANSION_COLUMN: &str = "expansion";
const NEWER_OF_GRANTS: [&str; 2] = [EXPANSION_COLUMN, "needs_expansion"];
/// What else is there says again what `data` says.
const REPEATED: [&str; 6] =
    ["id", "sync_id", "resource_type_id", "resource_id", "parent_resource_type_id", "parent_resource_id"];

/// The name of the table with the rows of a kind.
pub fn table_name(kind: Kind) -> &'static str {
    match kind {
        Kind::ResourceType => "v1_resource_types",
        Kind::Resource => "v1_resources",
        Kind::Entitlement => "v1_entitlements",
        Kind::Grant => "v1_grants",
        Kind::Asset => "v1_assets",
    }
}

/// The table with the rows of a kind, if there is one.
pub fn table(database: &Database, kind: Kind) -> Result<Option<Table<'_>>> {
    let (required, optional): (&[&str], &[&str]) = match kind {
        Kind::Grant => (&OF_GRANTS, &NEWER_OF_GRANTS),
        Kind::Asset => (&OF_ASSETS, &[]),
        _ => (&OF_ALL, &[]),
    };
    database.table(table_name(kind), required, optional)
}

/// The columns that a table of the format may have.
pub fn known_columns(kind: Kind) -> Vec<&'static str> {
    let more: &[&str] = match kind {
        Kind::Grant => &NEWER_OF_GRANTS,
        _ => &[],
    };
    [&OF_GRANTS[..], &OF_ASSETS, &REPEATED, more].concat()
}

/// Whether the rows of a table of grants say beside each grant what it expands, unless their sync was written by an SDK that
/// did not.
pub fn has_expansion(grants: &Table<'_>) -> bool {
    grants.has(EXPANSION_COLUMN)
}

/// An asset as a row has it.
pub struct Asset<'r> {
    pub id: &'r str,
    pub content_type: &'r str,
    pub data: &'r [u8],
    pub discovered_at: Timestamp,
}

/// Makes records of rows.
pub struct Translator {
    clock: LocalTime,
    grants: GrantsToRecords,
    /// A grant with what its row has beside it.
    whole: Vec<u8>,
    record: Vec<u8>,
}

impl Translator {
    /// For the rows of a file.
    pub fn new() -> Result<Translator> {
        let clock = LocalTime::new()?;
        Ok(Translator { clock, grants: GrantsToRecords::default(), whole: Vec::new(), record: Vec::new() })
    }

    /// The moment in a column.
    pub fn time(&mut self, row: &Row<'_>, column: usize) -> Result<Timestamp, Unreadable> {
        let text = row.bytes(column)?.unwrap_or_default();
        self.clock.read(text).ok_or_else(|| Unreadable(format!("{} is no time", Quoted::new(text))))
    }

    /// The record of a resource type, a resource or an entitlement.
    pub fn record(&mut self, kind: Kind, row: &Row<'_>) -> Result<&[u8], Unreadable> {
        let (data, discovered_at) = (row.bytes(DATA)?.unwrap_or_default(), self.time(row, DISCOVERED_AT)?);
        let stamp = Stamp { discovered_at, source_scope_key: "" };
        self.record.clear();
        let written = match kind {
            Kind::ResourceType => resource_type_to_record(data, &stamp, &mut self.record),
            Kind::Resource => resource_to_record(data, &stamp, &mut self.record),
            _ => entitlement_to_record(data, &stamp, &mut self.record),
        };
        written.map_err(|error| malformed(kind, data, error))?;
        if kind == Kind::Entitlement {
            let read = Entitlement::parse(&self.record).map_err(|error| malformed(kind, data, error))?;
            read.missing().map_or(Ok(()), |part| Err(Unreadable(format!("it has no {part}"))))?;
        }
        Ok(&self.record)
    }

    /// The record of a grant, and whether others may have the same identity: rows of a sync differ in their ids, but for
    /// grants without an id of their own that follows from the identity. `expansion_beside` says that what it expands is in
    /// its row.
    pub fn grant(&mut self, row: &Row<'_>, expansion_beside: bool) -> Result<(&[u8], bool), Unreadable> {
        const KIND: Kind = Kind::Grant;
        let (data, discovered_at) = (row.bytes(DATA)?.unwrap_or_default(), self.time(row, DISCOVERED_AT)?);
        let stamp = Stamp { discovered_at, source_scope_key: "" };
        let expandable = row.bytes(EXPANSION)?.unwrap_or_default();
        let expansion = match (expansion_beside, expandable) {
            (false, []) => Expansion::InAnnotations,
            _ => Expansion::Beside { expandable, pending: row.flag(NEEDS_EXPANSION) },
        };
        let whole = complete(row, data, &mut self.whole)?;
        self.record.clear();
        let written = self.grants.append_stored(whole, expansion, &stamp, &mut self.record);
        written.map_err(|error| match first_unreadable("c1.connector.v2.GrantExpandable", expandable) {
            Some(what) if !expandable.is_empty() => Unreadable(format!("its expansion: {what}")),
            _ => malformed(KIND, data, error),
        })?;
        let read = Grant::parse(&self.record).map_err(|error| malformed(KIND, data, error))?;
        match read.missing() {
            Some(part) => Err(Unreadable(format!("it has no {part}"))),
            None => {
                let has_own_id = !read.external_id.is_empty();
                Ok((&self.record, has_own_id))
            }
        }
    }

    /// An asset.
    pub fn asset<'r>(&mut self, row: &Row<'r>) -> Result<Asset<'r>, Unreadable> {
        let asset = Asset {
            id: row.text(0)?,
            content_type: row.text(CONTENT_TYPE)?,
            data: row.bytes(DATA)?.unwrap_or_default(),
            discovered_at: self.time(row, DISCOVERED_AT)?,
        };
        match asset.id {
            "" => Err(Unreadable("it has no id".into())),
            _ => Ok(asset),
        }
    }
}

/// A grant with its entitlement and its principal. SDK: it may store a grant without them, and makes them anew of the ids in
/// the row (`hydrateGrants`).
fn complete<'w>(row: &Row<'_>, data: &'w [u8], whole: &'w mut Vec<u8>) -> Result<&'w [u8], Unreadable> {
    let (mut has_entitlement, mut has_principal) = (false, false);
    for field in fields(data) {
        match field.map_err(|error| malformed(Kind::Grant, data, error))?.number {
            1 => has_entitlement = true,
            2 => has_principal = true,
            _ => {}
        }
    }
    if has_entitlement && has_principal {
        return Ok(data);
    }
    whole.clear();
    if !has_entitlement {
        let id = row.text(ENTITLEMENT_ID)?;
        let resource = [row.text(RESOURCE[0])?, row.text(RESOURCE[1])?];
        put_nested(whole, 1, |out| {
            put_nested(out, 1, |out| put_nested(out, 1, |out| put_ids(out, resource)));
            put_bytes(out, 2, id.as_bytes());
        });
    }
    if !has_principal {
        let principal = [row.text(PRINCIPAL[0])?, row.text(PRINCIPAL[1])?];
        put_nested(whole, 2, |out| put_nested(out, 1, |out| put_ids(out, principal)));
    }
    whole.extend_from_slice(data);
    Ok(whole)
}

fn put_ids(out: &mut Vec<u8>, [resource_type, resource]: [&str; 2]) {
    put_bytes(out, 1, resource_type.as_bytes());
    put_bytes(out, 2, resource.as_bytes());
}

fn malformed(kind: Kind, data: &[u8], error: Malformed) -> Unreadable {
    Unreadable(explain(message_of(kind), data, error))
}
