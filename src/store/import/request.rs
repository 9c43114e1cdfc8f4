//! A `c1z.v1.ImportRecordsRequest`, read where it lies.

use std::borrow::Cow;

use prost::Message;

use crate::engine::Kind;
use crate::keys::SyncId;
use crate::proto::api::UnreadableRows;
use crate::proto::first_unreadable;
use crate::proto::storage::SyncStatsRecord;
use crate::proto::wire::{fields, merge, values, Malformed};
use crate::reflect::check_cost;
use crate::store::record_kind::kind_of;
use crate::store::records::{check_elements, malformed_request};
use crate::{quoted, Error, Result};

const REQUEST: &str = "c1z.v1.ImportRecordsRequest";
const STATS: &str = "c1.storage.v3.SyncStatsRecord";
const LIST: u32 = 1;

/// A step of an import.
pub struct Request<'r> {
    request: &'r [u8],
    /// What the records are, if there are any.
    pub kind: Option<Kind>,
    pub sync_id: SyncId,
    /// An encoded `c1.storage.v3.SyncRunRecord`, if the import starts.
    pub run: Option<Cow<'r, [u8]>>,
    pub stats: Option<SyncStatsRecord>,
    pub entitlement_graph: Option<&'r [u8]>,
    pub end: bool,
    pub abandon: bool,
    /// Whether records that cannot be read are left out.
    pub skip_unreadable: bool,
}

impl<'r> Request<'r> {
    pub fn read(request: &'r [u8]) -> Result<Request<'r>> {
        let parts = Parts::read(request).map_err(|error| malformed_request(REQUEST, request, error))?;
        let Parts { elements, kind, sync_id, run, stats, entitlement_graph, end, abandon, unreadable_rows } = parts;
        check_elements(elements, request.len(), 0)?;
        let read = Request {
            request,
            kind: if elements > 0 { Some(kind_of(kind)?) } else { None },
            sync_id: SyncId::parse(sync_id)?,
            run,
            stats: stats.as_deref().map(read_stats).transpose()?,
            entitlement_graph,
            end,
            abandon,
            skip_unreadable: match UnreadableRows::try_from(unreadable_rows) {
                Ok(rows) => rows == UnreadableRows::Skip,
                Err(_) => return Err(Error::invalid(format!("unreadable_rows {unreadable_rows} is unknown"))),
            },
        };
        match read.abandon && (read.end || read.run.is_some() || elements > 0) {
            true => Err(Error::invalid("abandon stands by itself")),
            false => Ok(read),
        }
    }

    /// The records, each with its place in the call.
    pub fn records(&self) -> impl Iterator<Item = Result<(usize, &'r [u8])>> + '_ {
        values(self.request, LIST).enumerate().map(|(index, record)| {
            let record = record.map_err(|error| malformed_request(REQUEST, self.request, error))?;
            Ok((index, record))
        })
    }
}

#[derive(Default)]
struct Parts<'r> {
    /// How many records there are.
    elements: usize,
    kind: i32,
    sync_id: &'r str,
    run: Option<Cow<'r, [u8]>>,
    stats: Option<Cow<'r, [u8]>>,
    entitlement_graph: Option<&'r [u8]>,
    end: bool,
    abandon: bool,
    unreadable_rows: i32,
}

impl<'r> Parts<'r> {
    fn read(request: &'r [u8]) -> Result<Parts<'r>, Malformed> {
        let mut parts = Parts::default();
        for field in fields(request) {
            let field = field?;
            match field.number {
                LIST => {
                    field.bytes()?;
                    parts.elements += 1;
                }
                2 => parts.kind = field.varint()? as i32,
                3 => parts.sync_id = field.str()?,
                4 => merge(&mut parts.run, field.bytes()?),
                5 => merge(&mut parts.stats, field.bytes()?),
                6 => parts.entitlement_graph = Some(field.bytes()?),
                7 => parts.end = field.bool()?,
                8 => parts.abandon = field.bool()?,
                9 => parts.unreadable_rows = field.varint()? as i32,
                _ => {}
            }
        }
        Ok(parts)
    }
}

fn read_stats(stats: &[u8]) -> Result<SyncStatsRecord> {
    check_cost(STATS, stats)?;
    SyncStatsRecord::decode(stats).map_err(|error| {
        let unreadable = first_unreadable(STATS, stats).unwrap_or_else(|| quoted::line(error));
        Error::invalid(format!("request: stats: {unreadable}"))
    })
}
