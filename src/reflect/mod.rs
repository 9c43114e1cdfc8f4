//! Records shown by the descriptors that a file carries, never by the compiled-in ones: what a reader does that has no
//! schema of ours.
//!
//! Descriptors are taken for hostile: what they may cost is bounded before they are decoded, and only as much of them as
//! it takes to show a record reaches the descriptor pool.

mod fields;
mod json;
mod prune;
mod well_known;

#[cfg(test)]
mod tests;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use prost_types::FileDescriptorSet;

use crate::quoted::Quoted;
use crate::{Error, Result};

/// The most bytes of descriptors: ten times those of today's schema. Decoded, they take hundreds of times as much.
const MAX_BYTES: usize = 256 << 10;

const PLACE: &str = "manifest descriptors";

/// The messages that a file's descriptors describe.
#[derive(Clone, Debug)]
pub struct Schema(DescriptorPool);

impl Schema {
    /// Reads an encoded `FileDescriptorSet`. Fails if it is not closed, too large, or describes what cannot be.
    pub fn of(set: &[u8]) -> Result<Schema> {
        if set.len() > MAX_BYTES {
            let what = format!("their size of {} bytes", set.len());
            return Err(Error::LimitExceeded { place: PLACE.into(), what, limit: MAX_BYTES as u64, setting: None });
        }
        crate::envelope::verify_descriptors(set)?;
        let set = FileDescriptorSet::decode(set).map_err(|error| Error::corruption(PLACE, error))?;
        let pruned = prune::prune(set).map_err(|detail| Error::corruption(PLACE, detail))?;
        let pool = DescriptorPool::from_file_descriptor_set(pruned).map_err(|error| Error::corruption(PLACE, error))?;
        Ok(Schema(pool))
    }

    /// The message with that full name.
    pub fn message(&self, full_name: &str) -> Result<RecordType> {
        let missing = || Error::corruption(PLACE, format!("message {} is not among them", Quoted::new(full_name)));
        self.0.get_message_by_name(full_name).map(RecordType).ok_or_else(missing)
    }
}

/// A message that records are values of.
#[derive(Clone, Debug)]
pub struct RecordType(MessageDescriptor);

impl RecordType {
    /// A record as protobuf JSON; see `docs/format.md`, "Self-description", for what is added to it.
    ///
    /// Bytes that are no such message are shown too, as they are and with what is wrong about them.
    pub fn json(&self, record: &[u8]) -> String {
        let json = match DynamicMessage::decode(self.0.clone(), record) {
            Ok(message) => serde_json::to_string(&json::Shown::record(&message)),
            Err(error) => Ok(json::damaged(record, &error)),
        };
        json.unwrap_or_else(|error| json::damaged(record, &error))
    }
}

/// A value that is no message: text as it is, other bytes as base64.
pub fn raw_json(value: &[u8]) -> String {
    json::raw(value)
}
