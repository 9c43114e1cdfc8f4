//! A message that is written from its end to its start.

use crate::proto::wire::{put_fields, put_head, put_present_fixed64, put_present_varint, Malformed};

/// Each method writes in front of what has been written.
pub struct Backwards {
    /// What has been written stands at its end, from `start`.
    buffer: Vec<u8>,
    start: usize,
    /// Memory for what is being written.
    field: Vec<u8>,
}

impl Backwards {
    pub fn with_capacity(bytes: usize) -> Self {
        Backwards { buffer: vec![0; bytes], start: bytes, field: Vec::with_capacity(16) }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    pub fn len(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// The fields of `message` with the number `first` and all above, as they stand.
    pub fn fields(&mut self, message: &[u8], first: u32) -> Result<(), Malformed> {
        self.field.clear();
        put_fields(&mut self.field, message, first..=u32::MAX)?;
        self.flush();
        Ok(())
    }

    /// A string, bytes or message field.
    pub fn message(&mut self, number: u32, value: &[u8]) {
        self.bytes_in_front(value);
        self.head(number, value.len());
    }

    /// What stands before the value of a string, bytes or message field of that length.
    pub fn head(&mut self, number: u32, length: usize) {
        self.field.clear();
        put_head(&mut self.field, number, length);
        self.flush();
    }

    pub fn varint(&mut self, number: u32, value: u64) {
        self.field.clear();
        put_present_varint(&mut self.field, number, value);
        self.flush();
    }

    pub fn fixed64(&mut self, number: u32, value: u64) {
        self.field.clear();
        put_present_fixed64(&mut self.field, number, value);
        self.flush();
    }

    fn flush(&mut self) {
        let field = std::mem::take(&mut self.field);
        self.bytes_in_front(&field);
        self.field = field;
    }

    fn bytes_in_front(&mut self, bytes: &[u8]) {
        if self.start < bytes.len() {
            let more = self.buffer.len() + bytes.len();
            let mut larger = vec![0; more + self.buffer.len()];
            larger[more + self.start..].copy_from_slice(&self.buffer[self.start..]);
            (self.buffer, self.start) = (larger, more + self.start);
        }
        let start = self.start - bytes.len();
        self.buffer[start..self.start].copy_from_slice(bytes);
        self.start = start;
    }
}
