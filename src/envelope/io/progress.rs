//! Progress of packing and unpacking.

use crate::control::Control;

/// Counts bytes of payload files and tells the caller.
pub struct Progress<'a> {
    pub control: &'a Control<'a>,
    done: u64,
    total: u64,
}

impl<'a> Progress<'a> {
    pub fn new(control: &'a Control<'a>, total: u64) -> Progress<'a> {
        control.report(0, total);
        Progress { control, done: 0, total }
    }

    pub fn advance(&mut self, bytes: u64) {
        self.done += bytes;
        self.control.report(self.done, self.total);
    }
}
