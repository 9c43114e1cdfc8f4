//! Reading the frames of an indexed payload, several at a time, and comparing them with what the index says of them.

use std::io::Read as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh64::Xxh64;

use super::decoder::{decode_error, decoder, finish};
use super::hashing::Hashing;
use super::index::Frame;
use super::input::Input;
use super::payload::CHUNK;
use super::Limits;
use crate::control::Control;
use crate::proto::api::FaultKind;
use crate::{Error, Result};

/// Frames to read.
pub(super) struct Work<'a> {
    pub(super) input: &'a Input,
    pub(super) frames: &'a [Frame],
    pub(super) limits: &'a Limits,
    pub(super) control: &'a Control<'a>,
}

/// What reading a frame brought.
pub(super) enum Read {
    /// Exactly the bytes that the index says. The hash is that of the frame's own, compressed bytes.
    Whole { stored_xxh64: u64 },
    /// Something else.
    Damaged(Damage),
}

/// What is wrong with a frame.
pub(super) struct Damage {
    pub(super) kind: FaultKind,
    /// Names the frame.
    pub(super) detail: String,
}

/// What the workers share.
struct Shared {
    next: AtomicUsize,
    failed: AtomicBool,
}

/// A frame in the hands of a worker.
pub(super) struct Reading<'w> {
    pub(super) frame: &'w Frame,
    work: &'w Work<'w>,
    shared: &'w Shared,
    done: &'w Sender<Result<u64>>,
}

impl Work<'_> {
    /// Has `each` read every frame, on any of several threads, and tells `advance` the bytes that came out, on this one.
    /// The first failure of `each` stops them all. Gives what `each` gave, in no order.
    pub(super) fn run<T: Send>(
        &self,
        mut advance: impl FnMut(u64),
        each: impl Fn(&Reading<'_>) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let workers = self.limits.workers().min(self.frames.len());
        let results = Mutex::new(Vec::with_capacity(self.frames.len()));
        let each = |reading: &Reading<'_>| each(reading).map(|result| results.lock().push(result));
        let shared = Shared { next: AtomicUsize::new(0), failed: AtomicBool::new(false) };
        let (shared, each) = (&shared, &each);
        let mut outcome = Ok(());
        thread::scope(|scope| {
            let (done, news) = mpsc::channel();
            for _ in 0..workers {
                let done = done.clone();
                let spawned = thread::Builder::new().spawn_scoped(scope, move || self.work(shared, &done, each));
                if let Err(error) = spawned {
                    shared.failed.store(true, Ordering::Release);
                    return Err(Error::io("start a thread to unpack", &self.input.path)(error));
                }
            }
            drop(done);
            for news in news {
                match news {
                    Ok(bytes) => advance(bytes),
                    Err(error) if outcome.is_ok() => outcome = Err(error),
                    Err(_) => {}
                }
            }
            outcome
        })?;
        Ok(results.into_inner())
    }

    /// Takes frames until there are no more.
    fn work(&self, shared: &Shared, done: &Sender<Result<u64>>, each: &impl Fn(&Reading<'_>) -> Result<()>) {
        while let Some(frame) = self.frames.get(shared.next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = each(&Reading { frame, work: self, shared, done }) {
                // Sent before the others are stopped, so that what stops them is not taken for the first failure. The
                // receiver lives as long as any sender does.
                let _ = done.send(Err(error));
                shared.failed.store(true, Ordering::Release);
                return;
            }
        }
    }
}

impl Reading<'_> {
    /// Decodes the frame, passes its bytes on as they come, and compares them with size and hashes. What is wrong with
    /// the frame is no failure of reading it; bytes may have been passed on before it was noticed.
    pub(super) fn read(&self, each: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<Read> {
        let Frame { name, offset, compressed_size, digest } = self.frame;
        let damage =
            |kind, detail: &str| Ok(Read::Damaged(Damage { kind, detail: format!("frame {name:?}: {detail}") }));
        let input = self.work.input;
        let section = input.section(*offset, offset + compressed_size);
        let window_log = self.work.limits.window_log();
        let mut decoder = match decoder(Hashing::new(section), window_log) {
            Ok(decoder) => decoder,
            Err(error) => return self.undecodable(error, window_log),
        };
        let (mut xxh64, mut sha256) = (Xxh64::new(0), Sha256::new());
        let mut left = digest.size;
        let mut buffer = vec![0; CHUNK];
        loop {
            self.go_on()?;
            let bytes = match decoder.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => &buffer[..read],
                Err(error) => return self.undecodable(error, window_log),
            };
            left = match left.checked_sub(bytes.len() as u64) {
                Some(left) => left,
                None => return damage(FaultKind::FrameUndecodable, "holds more bytes than raw_size says"),
            };
            xxh64.update(bytes);
            sha256.update(bytes);
            each(bytes)?;
            let _ = self.done.send(Ok(bytes.len() as u64));
        }
        if left > 0 {
            return damage(FaultKind::FrameUndecodable, "holds fewer bytes than raw_size says");
        }
        if xxh64.digest() != digest.xxh64 {
            return damage(FaultKind::FrameChecksum, "its bytes differ from raw_xxh64");
        }
        if sha256.finalize().as_slice() != digest.sha256 {
            return damage(FaultKind::FrameChecksum, "its bytes differ from raw_sha256");
        }
        match finish(decoder).filter(|section| section.inner.remaining() == 0) {
            Some(section) => Ok(Read::Whole { stored_xxh64: section.xxh64() }),
            None => damage(FaultKind::FrameUndecodable, "bytes follow the zstd frame"),
        }
    }

    /// Fails once the caller cancels or another frame has failed.
    fn go_on(&self) -> Result<()> {
        self.work.control.check()?;
        match self.shared.failed.load(Ordering::Acquire) {
            true => Err(Error::Cancelled),
            false => Ok(()),
        }
    }

    /// What an error of the decoder means: the frame's damage, or that it could not be read.
    fn undecodable(&self, error: std::io::Error, window_log: u32) -> Result<Read> {
        // zstd passes no error code through, only its text.
        let kind = match error.to_string().contains("checksum") {
            true => FaultKind::FrameChecksum,
            false => FaultKind::FrameUndecodable,
        };
        match decode_error(self.work.input, &format!("frame {:?}", self.frame.name), error, window_log) {
            Error::Corruption { detail, .. } => Ok(Read::Damaged(Damage { kind, detail })),
            other => Err(other),
        }
    }
}
