//! Frames of a file that is kept open, for a save to copy instead of compressing the same bytes again.

use std::collections::HashMap;

use super::index::Frame;
use crate::envelope::io::{Identity, PayloadFile};
use crate::envelope::io::{Input, Section};
use crate::Error;

/// The frames of an indexed file, each with the unpacked or packed file that holds its bytes.
///
/// The file is held open: it does not matter what its path names later. If it is changed in place, the frames that
/// differ from what was read are noticed when they are copied.
#[derive(Debug)]
pub struct Source {
    input: Input,
    frames: HashMap<String, StoredFrame>,
}

/// A frame as it lies in a file.
#[derive(Clone, Debug)]
pub struct StoredFrame {
    /// The hash of its own bytes is known.
    pub frame: Frame,
    /// The file that holds the decoded bytes, or will when it is asked for, if its identity can be trusted.
    pub identity: Option<Identity>,
}

impl StoredFrame {
    /// Whether `file`, which has the frame's name and size, is known to hold its bytes without a look at them.
    pub fn is(&self, file: &PayloadFile) -> bool {
        self.identity.is_some() && self.identity == file.identity
    }
}

impl Source {
    pub(in crate::envelope) fn new(input: Input, frames: Vec<StoredFrame>) -> Source {
        Source { input, frames: frames.into_iter().map(|stored| (stored.frame.name.clone(), stored)).collect() }
    }

    /// The frame that may hold the bytes of `file`: it has the same name and size.
    pub(super) fn candidate(&self, file: &PayloadFile) -> Option<&StoredFrame> {
        self.frames.get(&file.name).filter(|stored| stored.frame.digest.size == file.size)
    }

    /// The bytes of a frame, as they are now.
    pub(in crate::envelope) fn section(&self, frame: &Frame) -> Section<'_> {
        self.input.section(frame.offset, frame.offset + frame.compressed_size)
    }
}

/// Why a payload was not written.
#[derive(Debug)]
pub enum Failure {
    /// A frame that was copied is not what it was: what has been written is worthless, and the source as well.
    SourceChanged,
    /// Anything else.
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Error(error)
    }
}
