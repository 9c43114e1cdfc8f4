//! `google.protobuf.Any`: copied as bytes, only its type is looked at.

use crate::proto::wire::{fields, put_message, values, Malformed};

/// The two fields of an `Any`.
#[derive(Default)]
pub(super) struct Any<'a> {
    type_url: &'a str,
    pub value: &'a [u8],
}

impl<'a> Any<'a> {
    pub fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut any = Self::default();
        for field in fields(message) {
            let field = field?;
            match field.number {
                1 => any.type_url = field.str()?,
                2 => any.value = field.bytes()?,
                _ => {}
            }
        }
        Ok(any)
    }

    /// The message's full name: what follows the last slash of the type URL.
    pub fn type_name(&self) -> &'a str {
        self.type_url.rsplit('/').next().unwrap_or_default()
    }
}

/// Copies the annotations in field `from` of `message` into field `to`, each checked to be an `Any`.
pub(super) fn put_annotations(out: &mut Vec<u8>, to: u32, message: &[u8], from: u32) -> Result<(), Malformed> {
    for annotation in values(message, from) {
        let annotation = annotation?;
        Any::parse(annotation)?;
        put_message(out, to, annotation);
    }
    Ok(())
}
