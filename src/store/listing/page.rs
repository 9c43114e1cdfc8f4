//! Pages: which rows a list response has, and the token of the page that follows.

use prost::Message;

use super::response::Response;
use super::translating_thread::TranslatingThread;
use crate::engine::{covered_grant, Reader};
use crate::keys::{self, Keyspace, Listing, Slot};
use crate::store::Encoded;
use crate::threads::Workers;
use crate::translate::Shape;
use crate::{Error, Result};

/// SDK: the most rows of a page, and how many there are if the request does not say.
const MAX_PAGE_SIZE: u32 = 10_000;

/// A page that has read that many bytes of records gets no further row. Ten thousand rows of the usual size stay below.
pub const PAGE_BYTES: usize = 8 << 20;

/// A page with more rows is worth a second thread, and it is read to be read once: its blocks would only drive those of
/// lookups from the cache.
pub(super) const MANY_ROWS: usize = 1000;

/// The number of rows that a request for `size` of them gets.
pub fn page_size(size: u32) -> usize {
    match size {
        0 => MAX_PAGE_SIZE as usize,
        size => size.min(MAX_PAGE_SIZE) as usize,
    }
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub listing: Listing,
    /// What the token is checked against: every row's key starts with it.
    pub prefix: Vec<u8>,
    /// The parts of the prefix that are scanned, in key order, each without the prefix; `None` for all of it.
    pub parts: Option<Vec<Vec<u8>>>,
    /// What else the token is checked against: which of the rows are asked for.
    pub filter: Vec<u8>,
    pub token: String,
    /// The most rows of the page.
    pub size: usize,
    /// The page ends with the row that brings the records of all rows to so many bytes: it has one row at least.
    pub bytes: usize,
}

impl Query {
    pub fn new(listing: Listing, prefix: Vec<u8>, token: &str, size: u32) -> Query {
        let (token, size) = (token.to_owned(), page_size(size));
        Query { listing, prefix, parts: None, filter: Vec::new(), token, size, bytes: PAGE_BYTES }
    }

    /// What the token is checked against beside the prefix: each part with the prefix.
    fn checked(&self) -> Vec<&[u8]> {
        let parts = self.parts.iter().flatten().flat_map(|part| [&self.prefix[..], part]);
        parts.chain((!self.filter.is_empty()).then_some(&self.filter[..])).collect()
    }

    /// Calls `row` with each entry of the page, which returns the bytes of the record that became a row, if one did.
    /// Returns the number of rows and the token of the page that follows, empty after the last.
    pub fn rows(
        &self,
        reader: &Reader<'_>,
        mut row: impl FnMut(&[u8], &[u8]) -> Result<Option<usize>>,
    ) -> Result<(usize, String)> {
        let after = self.listing.after(&self.prefix, &self.checked(), &self.token)?;
        let whole = [Vec::new()];
        let parts = self.parts.as_deref().unwrap_or(&whole);
        let (mut rows, mut bytes) = (0, 0);
        // Who goes on with a listing most likely reads all of it.
        let mut long = after.is_some();
        for (index, part) in parts.iter().enumerate() {
            let part = &[&self.prefix[..], part].concat();
            // A token inside or behind this part: go on there, or leave the part out.
            let inside = after.as_deref().filter(|after| after.starts_with(part));
            if inside.is_none() && after.as_deref().is_some_and(|after| after > &part[..]) {
                continue;
            }
            let mut entries = match long {
                true => reader.scan_many(part, inside),
                false => reader.scan(part, inside),
            };
            while let Some((key, value)) = entries.next()? {
                if let Some(size) = row(key, value)? {
                    (rows, bytes) = (rows + 1, bytes + size);
                }
                if rows == self.size || bytes >= self.bytes {
                    let last = key.to_vec();
                    let more = entries.has_more()? || index + 1 < parts.len();
                    let token = match more {
                        true => self.listing.token(&self.prefix, &self.checked(), &last),
                        false => String::new(),
                    };
                    return Ok((rows, token));
                }
                if rows == MANY_ROWS && !long {
                    let last = key.to_vec();
                    entries = reader.scan_many(part, Some(&last));
                    long = true;
                }
            }
        }
        Ok((rows, String::new()))
    }
}

/// Where the rows of a page are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Each entry is a record of that keyspace.
    Records(Keyspace),
    /// Each entry of an index leads to a record in the slot. One without a record is passed over.
    Index { index: Keyspace, slot: Slot, records: Keyspace },
}

/// The rows of a page and the token of the page that follows.
pub fn page(
    reader: &Reader<'_>,
    query: &Query,
    source: Source,
    shape: Shape,
    workers: &Workers,
) -> Result<(Response, String)> {
    let mut response = Response::new(shape);
    let (_, next) = collect(reader, query, source, workers, &mut response)?;
    Ok((response, next))
}

/// Appends the rows of a page; returns how many they are and the token of the page that follows.
pub fn collect(
    reader: &Reader<'_>,
    query: &Query,
    source: Source,
    workers: &Workers,
    response: &mut Response,
) -> Result<(usize, String)> {
    match source {
        Source::Records(keyspace) => collect_records(reader, query, keyspace, workers, response),
        Source::Index { index, slot, records } => {
            let mut covered = Vec::new();
            query.rows(reader, |key, value| {
                covered.clear();
                // What an entry holds is no whole record.
                if response.shape() != Shape::GrantRecord
                    && covered_grant(index, keys::tuple_of(key), value, &mut covered)
                {
                    return response.row(records, key, &covered).map(Some);
                }
                let Some(tuple) = keys::record_of_entry(index, keys::tuple_of(key)) else { return Ok(None) };
                let key = keys::record(slot, records, &tuple);
                match reader.get(&key)? {
                    Some(stored) => response.row(records, &key, &stored).map(Some),
                    None => Ok(None),
                }
            })
        }
    }
}

/// The first rows are translated as they come; if there are many, a second thread translates those that follow.
fn collect_records(
    reader: &Reader<'_>,
    query: &Query,
    keyspace: Keyspace,
    workers: &Workers,
    response: &mut Response,
) -> Result<(usize, String)> {
    std::thread::scope(|scope| {
        let mut translator = None;
        let mut rows = 0;
        let outcome = query.rows(reader, |key, stored| {
            rows += 1;
            if rows == MANY_ROWS {
                let worker = workers.claim();
                translator = worker.and_then(|worker| TranslatingThread::start(worker, scope, response, keyspace));
            }
            match &mut translator {
                None => response.row(keyspace, key, stored).map(Some),
                Some(translator) => match translator.row(key, stored)? {
                    true => Ok(Some(stored.len())),
                    false => Err(Error::Internal("a row could not be translated".into())),
                },
            }
        });
        if let Some(translator) = translator {
            *response = translator.finish()?;
        }
        outcome
    })
}

/// The record at `key` as the only row; `None` if there is none.
pub fn one(reader: &Reader<'_>, keyspace: Keyspace, key: &[u8], shape: Shape) -> Result<Option<Response>> {
    let Some(stored) = reader.get(key)? else { return Ok(None) };
    let mut response = Response::new(shape);
    response.row(keyspace, key, &stored)?;
    Ok(Some(response))
}

/// [`one`] as a finished response: every get response has its record in field 1, as a list response has its rows.
pub fn single<M: Message + Default>(
    reader: &Reader<'_>,
    keyspace: Keyspace,
    key: &[u8],
    shape: Shape,
) -> Result<Option<Encoded<M>>> {
    Ok(one(reader, keyspace, key, shape)?.map(|response| response.finish("")))
}
