//! The stored records of one call, one behind the other in a single allocation.

use crate::memory::{reserve, with_capacity};
use crate::Result as CallResult;

/// A list of stored records.
#[derive(Debug, Default)]
pub struct Records {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Records {
    /// Empty, with room for so many records of so many bytes in all.
    pub fn with_capacity(records: usize, bytes: usize) -> CallResult<Records> {
        Ok(Records { bytes: with_capacity(bytes)?, ends: with_capacity(records)? })
    }

    /// The one record.
    pub fn of(record: &[u8]) -> CallResult<Records> {
        let mut records = Records::with_capacity(1, record.len())?;
        records.add(record)?;
        Ok(records)
    }

    /// Appends a record.
    pub fn add(&mut self, record: &[u8]) -> CallResult<()> {
        self.reserve(record.len())?;
        self.bytes.extend_from_slice(record);
        self.ends.push(self.bytes.len());
        Ok(())
    }

    /// Makes room for a record of about so many bytes.
    pub fn reserve(&mut self, bytes: usize) -> CallResult<()> {
        reserve(&mut self.bytes, bytes)?;
        reserve(&mut self.ends, 1)
    }

    /// Appends the record that `write` appends to the buffer; nothing of it stays if `write` fails.
    pub fn push<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let start = self.bytes.len();
        let written = write(&mut self.bytes);
        match written {
            Ok(()) => self.ends.push(self.bytes.len()),
            Err(_) => self.bytes.truncate(start),
        }
        written
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all records.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The records in the order in which they were appended.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let start = |index: usize| index.checked_sub(1).map_or(0, |previous| self.ends[previous]);
        self.ends.iter().enumerate().map(move |(index, &end)| &self.bytes[start(index)..end])
    }
}
