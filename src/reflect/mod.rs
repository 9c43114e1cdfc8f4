//! Records shown by the descriptors that a file carries, never by the compiled-in ones: what a reader does that has no
//! schema of ours.
//!
//! The library's own descriptors say what a request takes once it is decoded ([`check_cost`]), and show annotations where records are
//! exported ([`append_any`]).
//!
//! Descriptors of files are taken for hostile: what they may cost is bounded before they are decoded, and only as much
//! of them as it takes to show a record reaches the descriptor pool.

mod annotation;
mod cost;
mod fields;
mod json;
mod prune;
mod room;
mod well_known;

#[cfg(test)]
mod tests;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor};
use prost_types::FileDescriptorSet;

pub use self::annotation::{append_any, append_text};
pub use self::cost::check_cost;
use self::room::{Room, Text, RECORD_BYTES};
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
    /// A record as protobuf JSON; see `docs/format.md`, "Self-description", for what is added to it, and for what is left
    /// out of a long one.
    ///
    /// Bytes that are no such message are shown too, as they are and with what is wrong about them.
    pub fn json(&self, record: &[u8]) -> String {
        if record.len() <= RECORD_BYTES {
            return self.shown(record, record, &[]);
        }
        match room::shortened(record, |number| self.text(number)) {
            Ok((kept, cut)) => self.shown(record, &kept, &cut),
            Err(error) => json::damaged(record, &error),
        }
    }

    /// `record` by what is kept of it.
    fn shown(&self, record: &[u8], kept: &[u8], cut: &[String]) -> String {
        let message = match DynamicMessage::decode(self.0.clone(), kept) {
            Ok(message) => message,
            Err(error) => return json::damaged(record, &error),
        };
        let room = Room::default();
        let mut text = room.text();
        match serde_json::to_writer(&mut text, &json::Shown::record(&message, &room, cut)) {
            Ok(()) => text.into_text(),
            Err(error) => json::damaged(record, &error),
        }
    }

    /// What the bytes of a field are, if a part of them can be shown.
    fn text(&self, number: u32) -> Option<Text> {
        match self.0.get_field(number)?.kind() {
            Kind::Bytes => Some(Text::Bytes),
            Kind::String => Some(Text::Utf8),
            _ => None,
        }
    }
}

/// A value that is no message: text as it is, other bytes as base64.
pub fn raw_json(value: &[u8]) -> String {
    json::raw(value)
}
