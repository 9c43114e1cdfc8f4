//! Annotations as JSON: a list of `google.protobuf.Any`, each as protobuf JSON has it.

use crate::proto::wire::{fields, put_message, values, Malformed};
use crate::reflect::append_any;
use crate::translate::append_grant_annotations;

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
    ) -> Result<bool, Malformed> {
        self.next.clear();
        for annotation in annotations {
            put_message(&mut self.next, 1, annotation?);
        }
        self.append(json)
    }

    /// The same, of a stored grant.
    pub fn write_of_grant(&mut self, stored: &[u8], json: &mut String) -> Result<bool, Malformed> {
        self.next.clear();
        append_grant_annotations(stored, 1, &mut self.next)?;
        self.append(json)
    }

    fn append(&mut self, json: &mut String) -> Result<bool, Malformed> {
        let Annotations { last, json_of_last, next } = self;
        if next != last {
            // Forgotten first: it may fail in the middle.
            last.clear();
            json_of_last.clear();
            for annotation in values(next, 1) {
                json_of_last.push(if json_of_last.is_empty() { '[' } else { ',' });
                let (type_url, value) = parts(annotation?)?;
                append_any(type_url, value, json_of_last);
            }
            json_of_last.push(']');
            std::mem::swap(last, next);
        }
        json.push_str(json_of_last);
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
