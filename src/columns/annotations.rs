//! Annotations as JSON: a list of `google.protobuf.Any`, each as protobuf JSON has it.

use crate::memory::ask_for;
use crate::proto::wire::{fields, put_message, values, Malformed};
use crate::reflect::append_any;
use crate::store::NotTaken;
use crate::translate::append_grant_annotations;

/// What the annotations of one record may come to.
const MAX_JSON_BYTES: usize = 64 << 20;

/// What the JSON of an annotation may take, as many times its bytes: where names of enum values stand for numbers.
const EXPANSION: usize = 64;

/// JSON that is longer is not kept for the next record.
const KEPT_BYTES: usize = 64 << 10;

/// Annotations of one record after another. Records that follow one another often have the same ones.
#[derive(Default)]
pub struct Annotations {
    last: Vec<u8>,
    json_of_last: String,
    next: Vec<u8>,
}

impl Annotations {
    /// Appends a list of encoded annotations to `json`; `false` if there are none.
    pub fn write<'a>(
        &mut self,
        annotations: impl Iterator<Item = Result<&'a [u8], Malformed>>,
        json: &mut String,
    ) -> Result<bool, NotTaken> {
        self.next.clear();
        for annotation in annotations {
            put_message(&mut self.next, 1, annotation?);
        }
        self.append(json)
    }

    /// The same, of a stored grant.
    pub fn write_of_grant(&mut self, stored: &[u8], json: &mut String) -> Result<bool, NotTaken> {
        self.next.clear();
        append_grant_annotations(stored, 1, &mut self.next)?;
        self.append(json)
    }

    fn append(&mut self, json: &mut String) -> Result<bool, NotTaken> {
        let Annotations { last, json_of_last, next } = self;
        if next == last && (next.is_empty() || !json_of_last.is_empty()) {
            json.push_str(json_of_last);
            return Ok(!last.is_empty());
        }
        // Forgotten first: it may fail in the middle.
        last.clear();
        json_of_last.clear();
        let start = json.len();
        for annotation in values(next, 1) {
            json.push(if json.len() == start { '[' } else { ',' });
            let (type_url, value) = parts(annotation?)?;
            // The text may grow to twice its size.
            ask_for(2 * (json.len() + EXPANSION * value.len() + 6 * type_url.len())).map_err(NotTaken::Other)?;
            append_any(type_url, value, json);
            if json.len() - start > MAX_JSON_BYTES {
                return Err(NotTaken::TooLong { what: "the length of its annotations as JSON", limit: MAX_JSON_BYTES });
            }
        }
        if json.len() > start {
            json.push(']');
        }
        std::mem::swap(last, next);
        if json.len() - start <= KEPT_BYTES {
            json_of_last.push_str(&json[start..]);
        }
        Ok(!last.is_empty())
    }
}

/// Name of the message, and its bytes, of an annotation.
pub fn any(annotation: &[u8]) -> Result<(&str, &[u8]), Malformed> {
    let (type_url, value) = parts(annotation)?;
    Ok((type_url.rsplit('/').next().unwrap_or_default(), value))
}

fn parts(annotation: &[u8]) -> Result<(&str, &[u8]), Malformed> {
    let (mut type_url, mut value) = ("", &[][..]);
    for field in fields(annotation) {
        let field = field?;
        match field.number {
            1 => type_url = field.str()?,
            2 => value = field.bytes()?,
            _ => {}
        }
    }
    Ok((type_url, value))
}
