//! How much of a record is shown: enough for every record that people look at, and little enough for a page to be one.
//!
//! A record is cut twice. Its bytes are, before they are decoded: a message of empty messages decodes to a hundred times
//! its size. Its JSON is, while it is written: names of fields and of enum values are the descriptors', and may be longer
//! than all that the record holds. What is cut says so, under [`CUT`].

use std::cell::Cell;
use std::io::{self, Write};

use crate::proto::wire::{self, Malformed, Value};

/// The key of a note that says what is left out.
pub(super) const CUT: &str = "@cut";

/// A record that is longer is shown in part.
pub(super) const RECORD_BYTES: usize = 256 << 10;

/// What is shown of a field that is longer, in a record that is shown in part.
const FIELD_BYTES: usize = 48 << 10;

/// JSON that is longer is not added to.
const JSON_BYTES: usize = 1 << 20;

/// Fields that are named when they are cut.
const NOTES: usize = 16;

/// As many bytes of `value` as are shown of what is no message; a note if that is not all of them.
pub(super) fn beginning(value: &[u8]) -> (&[u8], Option<String>) {
    match value.len() <= RECORD_BYTES {
        true => (value, None),
        false => {
            (&value[..FIELD_BYTES], Some(format!("{} bytes, of which the first {FIELD_BYTES} are shown", value.len())))
        }
    }
}

/// The note on elements that are not shown because the record's JSON has become too long.
pub(super) fn left_out(all: usize, shown: usize, of: &str) -> String {
    format!("{all} {of}, of which the first {shown} are shown")
}

/// A long record without most of what its long fields hold, and a note for each field that is left out or cut.
/// `beginning_of` tells of which fields a part can be shown.
pub(super) fn shortened(
    record: &[u8],
    beginning_of: impl Fn(u32) -> Option<Text>,
) -> Result<(Vec<u8>, Vec<String>), Malformed> {
    let (mut kept, mut notes) = (Vec::new(), Vec::new());
    for field in wire::fields(record) {
        let field = field?;
        if field.raw.len() <= FIELD_BYTES && kept.len() + field.raw.len() <= RECORD_BYTES {
            kept.extend_from_slice(field.raw);
            continue;
        }
        if notes.len() == NOTES {
            notes.push("more fields are not shown".to_owned());
            break;
        }
        let (number, bytes) = (field.number, field.raw.len());
        match (field.value, beginning_of(number)) {
            (Value::Bytes(value), Some(text)) if kept.len() + FIELD_BYTES <= RECORD_BYTES => {
                let shown = text.beginning(value);
                wire::put_bytes(&mut kept, number, shown);
                let (all, shown) = (value.len(), shown.len());
                notes.push(format!("field {number}: {all} bytes, of which the first {shown} are shown"));
            }
            _ => notes.push(format!("field {number}: {bytes} bytes are not shown")),
        }
    }
    Ok((kept, notes))
}

/// What the bytes of a field are, of which a part can be shown.
#[derive(Clone, Copy)]
pub(super) enum Text {
    /// Any bytes.
    Bytes,
    /// UTF-8, which ends with a whole character.
    Utf8,
}

impl Text {
    fn beginning(self, value: &[u8]) -> &[u8] {
        let within = &value[..value.len().min(FIELD_BYTES)];
        match (self, std::str::from_utf8(within)) {
            // What is no UTF-8 further in front is shown as damage.
            (Text::Utf8, Err(error)) if error.error_len().is_none() => &within[..error.valid_up_to()],
            _ => within,
        }
    }
}

/// What is left of the room for the JSON of one record.
pub(super) struct Room {
    written: Cell<usize>,
    bytes: usize,
}

impl Default for Room {
    fn default() -> Room {
        Room { written: Cell::new(0), bytes: JSON_BYTES }
    }
}

impl Room {
    /// Room for all there is.
    pub(super) fn boundless() -> Room {
        Room { written: Cell::new(0), bytes: usize::MAX }
    }

    /// Whether nothing more is to be begun. What was begun is finished: notes and closing brackets always fit.
    pub(super) fn is_full(&self) -> bool {
        self.written.get() >= self.bytes
    }

    /// Text that counts against the room.
    pub(super) fn text(&self) -> Counted<'_> {
        Counted { room: self, bytes: Vec::new() }
    }
}

/// Text under construction.
pub(super) struct Counted<'r> {
    room: &'r Room,
    bytes: Vec<u8>,
}

impl Counted<'_> {
    pub(super) fn into_text(self) -> String {
        // JSON is UTF-8.
        String::from_utf8(self.bytes).unwrap_or_default()
    }
}

impl Write for &mut Counted<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(text);
        self.room.written.set(self.bytes.len());
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
