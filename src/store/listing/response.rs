//! A list response, assembled byte by byte without building messages.
//!
//! Every list response of the services has its rows in field 1 and the next page's token in field 2.

use prost::Message;

use crate::engine::damaged;
use crate::keys::Keyspace;
use crate::memory::reserve;
use crate::proto::wire;
use crate::store::Encoded;
use crate::translate::{FromRecords, Shape};
use crate::{Error, Result};

/// The most bytes of what one request may name by ids or names.
pub const MAX_ANSWER_BYTES: usize = 256 << 20;

/// A message that is longer than its record is longer by less than that, unless it is that long itself.
const LONG_ROW: usize = 64 << 10;

const ROW: u32 = 1;
const NEXT_PAGE_TOKEN: u32 = 2;

/// A list response under construction.
pub struct Response {
    bytes: Vec<u8>,
    /// Bytes that the length of the last row took.
    length: usize,
    records: FromRecords,
}

impl Response {
    /// Without rows. Records that become rows will have that shape.
    pub fn new(shape: Shape) -> Response {
        Response { bytes: Vec::new(), length: 1, records: FromRecords::new(shape) }
    }

    /// What its rows are.
    pub fn shape(&self) -> Shape {
        self.records.shape()
    }

    /// Its rows so far; behind them others can be appended to either.
    pub fn take(&mut self) -> Response {
        let empty = Response::new(self.records.shape());
        std::mem::replace(self, empty)
    }

    /// Appends the stored record at `key` as a row. Returns the bytes of the record.
    pub fn row(&mut self, keyspace: Keyspace, key: &[u8], stored: &[u8]) -> Result<usize> {
        let Response { bytes, length, records } = self;
        // A message is seldom longer than that, and many pages are one row.
        reserve(bytes, stored.len() + stored.len().min(LONG_ROW) + 64)?;
        wire::put_nested_like(bytes, ROW, length, |out| records.append(stored, out))
            .map_err(|error| damaged(keyspace, key, error))?;
        Ok(stored.len())
    }

    /// Fails if the rows take more than a response may that has no second page.
    pub fn bounded(&self) -> Result<()> {
        match self.bytes.len() > MAX_ANSWER_BYTES {
            false => Ok(()),
            true => Err(Error::LimitExceeded {
                place: "response".into(),
                what: "the size of all records that the request names".into(),
                limit: MAX_ANSWER_BYTES as u64,
                setting: None,
            }),
        }
    }

    /// Bytes of the rows so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Appends a row that `write` appends.
    pub fn row_with(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        wire::put_nested(&mut self.bytes, ROW, write)
    }

    /// The rows alone: a list response whose token is empty.
    pub fn into_rows(self) -> Vec<u8> {
        self.bytes
    }

    pub fn finish<M: Message + Default>(mut self, next_page_token: &str) -> Encoded<M> {
        wire::put_bytes(&mut self.bytes, NEXT_PAGE_TOKEN, next_page_token.as_bytes());
        Encoded::from_bytes(self.bytes)
    }
}
