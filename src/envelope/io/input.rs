//! The file that is read, by ranges that are known to lie in it: one of the system's, or a source that a host brings.

use std::fmt::Display;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use super::byte_source::ByteSource;
use super::ranges::{Piece, Ranges};
use crate::envelope::Identity;
use crate::memory::with_capacity;
use crate::{files, quoted, Error, Result};

/// An open file, and its length and identity at that time.
#[derive(Debug)]
pub struct Input {
    bytes: Bytes,
    /// What a source is called stands for its path.
    pub path: PathBuf,
    pub len: u64,
    /// Which file of the system it is; none if it is a source.
    pub identity: Option<Identity>,
    streamed: AtomicU64,
}

#[derive(Clone, Debug)]
enum Bytes {
    File(Arc<File>),
    Source(Arc<Ranges>),
}

impl Input {
    /// Opens the file that a request names.
    pub fn open(path: &Path) -> Result<Input> {
        if path.as_os_str().is_empty() {
            return Err(Error::invalid("path is empty"));
        }
        // Opening something else may do something: a pipe waits for somebody who writes to it.
        check_regular(&fs::metadata(path).map_err(Error::io_of_named("open", path))?, path)?;
        Input::of(files::open(path).map_err(Error::io_of_named("open", path))?, path)
    }

    /// A file that is open already.
    pub fn of(file: File, path: &Path) -> Result<Input> {
        let metadata = file.metadata().map_err(Error::io("stat", path))?;
        check_regular(&metadata, path)?;
        let identity = Some(Identity::of(&metadata));
        let (bytes, path) = (Bytes::File(Arc::new(file)), path.to_path_buf());
        Ok(Input { bytes, path, len: metadata.len(), identity, streamed: AtomicU64::new(0) })
    }

    /// A source, whose start and end are read. Whoever reads more takes at most a small part of `memory` for it.
    pub fn of_source(source: Arc<dyn ByteSource>, name: &Path, memory: u64) -> Result<Input> {
        let ranges = Ranges::open(source, name, memory)?;
        let (len, path) = (ranges.size(), name.to_path_buf());
        Ok(Input { bytes: Bytes::Source(Arc::new(ranges)), path, len, identity: None, streamed: AtomicU64::new(0) })
    }

    /// Whether every read of it may be a request to somewhere else.
    pub fn is_source(&self) -> bool {
        matches!(self.bytes, Bytes::Source(_))
    }

    /// The most that it pays to read of a source at once.
    pub fn piece_bytes(&self) -> Option<u64> {
        match &self.bytes {
            Bytes::File(_) => None,
            Bytes::Source(ranges) => Some(ranges.piece_bytes()),
        }
    }

    /// A name for the file as it is now, which no other file of this system has, nor this one when it is changed; none for a
    /// source.
    pub fn version(&self) -> io::Result<String> {
        let Bytes::File(file) = &self.bytes else { return Err(io::ErrorKind::Unsupported.into()) };
        let now = file.metadata()?;
        let (modified, changed) = ((now.mtime(), now.mtime_nsec()), (now.ctime(), now.ctime_nsec()));
        let times = format!("{}.{}-{}.{}", modified.0, modified.1, changed.0, changed.1);
        Ok(format!("{}-{}-{}-{times}", now.dev(), now.ino(), now.len()))
    }

    /// The same file once more.
    pub fn again(&self) -> Input {
        let (bytes, path) = (self.bytes.clone(), self.path.clone());
        Input { bytes, path, len: self.len, identity: self.identity, streamed: AtomicU64::new(0) }
    }

    /// The bytes of one range. Nothing is allocated before the range is known to lie in the file.
    pub fn range(&self, start: u64, len: u64, what: &str) -> Result<Vec<u8>> {
        if start.checked_add(len).is_none_or(|end| end > self.len) {
            return Err(self.truncated(what));
        }
        let len = usize::try_from(len).map_err(|_| self.corrupt(format!("{what} does not fit into memory")))?;
        let mut bytes = with_capacity(len)?;
        bytes.resize(len, 0);
        match &self.bytes {
            Bytes::File(file) => {
                file.read_exact_at(&mut bytes, start).map_err(|error| self.read_error(what, error))?;
            }
            Bytes::Source(ranges) => ranges.read_exact(start, &mut bytes)?,
        }
        Ok(bytes)
    }

    /// The bytes from `start` to `end` turned out to be wrong: a source is asked for them anew by whoever reads them next.
    pub fn forget(&self, start: u64, end: u64) {
        if let Bytes::Source(ranges) = &self.bytes {
            ranges.forget_bytes(start, end);
        }
    }

    /// Reads from `start` up to, not including, `end`.
    pub fn section(&self, start: u64, end: u64) -> Section<'_> {
        self.section_of(start, end, end)
    }

    /// As [`Input::section`]; somebody will read what follows up to `until`, so a source may be asked for that at once.
    pub fn section_of(&self, start: u64, end: u64, until: u64) -> Section<'_> {
        Section { input: self, at: start, end, until, piece: None }
    }

    /// Bytes that sections have given out so far.
    pub(in crate::envelope) fn streamed(&self) -> u64 {
        self.streamed.load(Ordering::Relaxed)
    }

    /// A corruption of this file.
    pub fn corrupt(&self, detail: impl Display) -> Error {
        Error::corrupt_file(&self.path, detail)
    }

    /// The file ends within `what`.
    pub fn truncated(&self, what: &str) -> Error {
        self.corrupt(format!("truncated {what}"))
    }

    /// What a failed read or decode of `what` means: the system's error, or bytes that are wrong.
    pub(super) fn read_error(&self, what: &str, error: io::Error) -> Error {
        if error.raw_os_error().is_some() {
            return Error::io("read", &self.path)(error);
        }
        let error = match error.downcast::<Error>() {
            Ok(of_source) => return of_source,
            Err(error) => error,
        };
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.truncated(what),
            _ => self.corrupt(format!("{what}: {error}")),
        }
    }
}

/// Fails, and says what it is, for anything but a file.
pub fn check_regular(file: &Metadata, path: &Path) -> Result<()> {
    let is = match file.file_type() {
        of_type if of_type.is_file() => return Ok(()),
        of_type if of_type.is_dir() => "a folder",
        of_type if of_type.is_fifo() => "a pipe",
        of_type if of_type.is_socket() => "a socket",
        of_type if of_type.is_char_device() || of_type.is_block_device() => "a device",
        _ => "something else",
    };
    Err(Error::invalid(format!("{}: not a regular file but {is}", quoted::path(path))))
}

/// Part of a file as a stream. Any number may read one file at a time.
#[derive(Debug)]
pub struct Section<'a> {
    input: &'a Input,
    at: u64,
    end: u64,
    until: u64,
    /// Of a source, what was read last.
    piece: Option<Piece>,
}

impl Section<'_> {
    /// Bytes not read yet.
    pub fn remaining(&self) -> u64 {
        self.end.saturating_sub(self.at)
    }
}

impl Section<'_> {
    fn read_piece(&mut self, ranges: &Ranges, buffer: &mut [u8]) -> Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let piece = match self.piece.take().filter(|piece| !piece.from(self.at).is_empty()) {
            Some(piece) => piece,
            None => ranges.piece(self.at, self.end, self.until)?,
        };
        let bytes = piece.from(self.at);
        let len = bytes.len().min(buffer.len());
        buffer[..len].copy_from_slice(&bytes[..len]);
        self.piece = Some(piece);
        Ok(len)
    }
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.remaining()).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = match &self.input.bytes {
            Bytes::File(file) => file.read_at(&mut buffer[..wanted], self.at)?,
            Bytes::Source(ranges) => self.read_piece(ranges, &mut buffer[..wanted]).map_err(io::Error::other)?,
        };
        self.at += read as u64;
        self.input.streamed.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
