//! A source as it was when it was opened, read in few and large pieces.
//!
//! A request to wherever the bytes lie takes as long as half a megabyte of them. So what stands at the start and at the end of
//! a file is read when it is opened, and who goes from frame to frame has those behind read along.

use std::collections::VecDeque;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::byte_source::{ByteSource, SourceFailure};
use crate::error::{Code, SourceCause};
use crate::memory::with_capacity;
use crate::{quoted, Error, Result};

/// Bytes at the start of a file: magic and manifest.
const HEAD_BYTES: u64 = 64 << 10;
/// Bytes at its end: the small files of the database, index and footer.
const TAIL_BYTES: u64 = 256 << 10;
/// Pieces that were read ahead and are remembered.
const RECENT: usize = 2;
/// What one read takes at most, whatever memory there is: no less than the first, no more than the second.
const PIECE_BYTES: (u64, u64) = (256 << 10, 8 << 20);

/// What is known of a source, and what of it is in memory: head and tail, and a few pieces.
pub struct Ranges {
    source: Arc<dyn ByteSource>,
    /// For messages.
    name: String,
    size: u64,
    identity: Vec<u8>,
    piece_bytes: u64,
    /// Whether it has ever been read.
    was_read: bool,
    ends: Mutex<Vec<Piece>>,
    recent: Mutex<VecDeque<Arc<Ahead>>>,
}

/// Some bytes of a source.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Where they start.
    pub start: u64,
    pub bytes: Arc<Vec<u8>>,
}

/// A piece that is read, or has been, for more than one who wants it.
struct Ahead {
    start: u64,
    end: u64,
    /// Locked by who reads it; `None` if that failed.
    bytes: Mutex<Option<Arc<Vec<u8>>>>,
}

impl Ranges {
    /// Reads both ends of a source. A piece takes at most a thirty-second part of `memory`.
    pub fn open(source: Arc<dyn ByteSource>, path: &Path, memory: u64) -> Result<Ranges> {
        let (least, most) = PIECE_BYTES;
        let mut ranges = Ranges {
            name: quoted::path(path),
            size: source.size(),
            identity: source.identity(),
            source,
            piece_bytes: (memory / 32).clamp(least, most),
            was_read: false,
            ends: Mutex::default(),
            recent: Mutex::default(),
        };
        let size = ranges.size;
        let ends = match size <= HEAD_BYTES + TAIL_BYTES {
            true => vec![(0, size)],
            false => vec![(size - TAIL_BYTES, size), (0, HEAD_BYTES)],
        };
        for (start, end) in ends.into_iter().filter(|(start, end)| start < end) {
            let bytes = ranges.read(start, end)?;
            ranges.was_read = true;
            ranges.ends.get_mut().push(Piece { start, bytes });
        }
        Ok(ranges)
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The most that one read takes.
    pub fn piece_bytes(&self) -> u64 {
        self.piece_bytes
    }

    /// Fills `buffer` with what lies at `offset`, which is known to lie in the file.
    pub fn read_exact(&self, mut offset: u64, mut buffer: &mut [u8]) -> Result<()> {
        while !buffer.is_empty() {
            let end = offset + buffer.len() as u64;
            let piece = self.piece(offset, end, end)?;
            let bytes = piece.from(offset);
            let len = bytes.len().min(buffer.len());
            buffer[..len].copy_from_slice(&bytes[..len]);
            (offset, buffer) = (offset + len as u64, &mut buffer[len..]);
        }
        Ok(())
    }

    /// A piece that has the byte at `start`, and those up to `end` if that is not too far. If it has to be read, it is read up
    /// to `until`, as far as that is not too far either: somebody will want what lies there.
    pub fn piece(&self, start: u64, end: u64, until: u64) -> Result<Piece> {
        if let Some(known) = self.ends.lock().iter().find(|piece| (piece.start..piece.end()).contains(&start)) {
            return Ok(known.clone());
        }
        let far = start.saturating_add(self.piece_bytes);
        let (end, until) = (end.min(far), until.min(far));
        loop {
            let mut recent = self.recent.lock();
            let Some(known) = recent.iter().find(|ahead| ahead.start <= start && end <= ahead.end).cloned() else {
                if until <= end {
                    drop(recent);
                    return Ok(Piece { start, bytes: self.read(start, end)? });
                }
                let ahead = Arc::new(Ahead { start, end: until, bytes: Mutex::default() });
                // Nobody knows of it yet.
                let mut reading = ahead.bytes.lock();
                if recent.len() == RECENT {
                    recent.pop_front();
                }
                recent.push_back(ahead.clone());
                drop(recent);
                let read = self.read(start, until);
                *reading = read.as_ref().ok().cloned();
                drop(reading);
                return match read {
                    Ok(bytes) => Ok(Piece { start, bytes }),
                    Err(error) => {
                        self.forget(&ahead);
                        Err(error)
                    }
                };
            };
            drop(recent);
            // Waits for who reads it.
            let bytes = known.bytes.lock().clone();
            match bytes {
                Some(bytes) => return Ok(Piece { start: known.start, bytes }),
                None => self.forget(&known),
            }
        }
    }

    /// Keeps none of the bytes from `start` to `end` any longer, and what came with them: somebody has found them wrong. Who wants
    /// them next asks the source.
    pub fn forget_bytes(&self, start: u64, end: u64) {
        self.ends.lock().retain(|piece| piece.end() <= start || end <= piece.start);
        self.recent.lock().retain(|ahead| ahead.end <= start || end <= ahead.start);
    }

    fn forget(&self, ahead: &Arc<Ahead>) {
        self.recent.lock().retain(|known| !Arc::ptr_eq(known, ahead));
    }

    /// Asks the source once.
    fn read(&self, start: u64, end: u64) -> Result<Arc<Vec<u8>>> {
        let len = usize::try_from(end - start).map_err(|_| Error::OutOfMemory { bytes: usize::MAX })?;
        let mut bytes = with_capacity(len)?;
        bytes.resize(len, 0);
        let read = self.source.read_at(start, &mut bytes);
        if self.source.identity() != self.identity {
            return Err(self.failed(SourceCause::Changed, "the source is another than it was when it was opened"));
        }
        match read {
            Ok(read) if read == len => Ok(Arc::new(bytes)),
            Ok(read) => {
                let message = format!("the source gave {read} of {len} bytes at {start}");
                Err(self.failed(SourceCause::Failed(Code::Unavailable), &message))
            }
            Err(SourceFailure { code: Code::Aborted, message }) => Err(self.failed(SourceCause::Changed, &message)),
            Err(SourceFailure { code, message }) => {
                // What is missing behind the first read is a failure of the store, and neither the file nor a record.
                let code = match code {
                    Code::NotFound if self.was_read => Code::FailedPrecondition,
                    Code::Ok => Code::Unknown,
                    code => code,
                };
                let message = format!("{len} bytes at {start}: {message}");
                Err(self.failed(SourceCause::Failed(code), &message))
            }
        }
    }

    fn failed(&self, cause: SourceCause, message: &str) -> Error {
        Error::Source { cause, message: quoted::line(format!("{}: {message}", self.name)) }
    }
}

impl Piece {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// Its bytes from `offset` on, which it has.
    pub fn from(&self, offset: u64) -> &[u8] {
        let at = offset.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.bytes.get(at..)).unwrap_or_default()
    }
}

impl fmt::Debug for Ranges {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ranges").field("name", &self.name).field("size", &self.size).finish_non_exhaustive()
    }
}
