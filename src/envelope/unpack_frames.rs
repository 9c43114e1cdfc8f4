//! Unpacking an indexed payload: several frames at a time.

use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;

use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh64::Xxh64;

use super::decoder::{decode_error, decoder, finish};
use super::hashing::Hashing;
use super::header::Head;
use super::index::{self, Frame};
use super::limits::Budget;
use super::payload::CHUNK;
use super::progress::Progress;
use super::source::StoredFrame;
use super::target::{folder_of, Target};
use super::{names, Limits};
use crate::control::Control;
use crate::{Error, Result};

/// Unpacks all frames and says of each what a later save must know to copy it. Nothing is written before head, index,
/// names and sizes have been checked.
pub(super) fn unpack(
    target: &Target<'_>,
    head: &Head,
    limits: &Limits,
    control: &Control<'_>,
) -> Result<Vec<StoredFrame>> {
    let input = target.input;
    let frames = index::read(input, head)?;
    let mut budget = Budget::new(limits.decoded_bytes(input.len));
    for frame in &frames {
        budget.take(&input.path, frame.digest.size)?;
    }
    for frame in &frames {
        names::check(&frame.name).map_err(|why| input.corrupt(format!("frame {:?}: {why}", frame.name)))?;
    }
    let mut last = None;
    for folder in frames.iter().map(|frame| folder_of(&frame.name)) {
        if let Some(folder) = folder.filter(|_| folder != last) {
            target.create_folder(folder)?;
        }
        last = folder;
    }
    let total = frames.iter().map(|frame| frame.digest.size).sum();
    let work = Work {
        target,
        frames: &frames,
        next: AtomicUsize::new(0),
        failed: AtomicBool::new(false),
        window_log: limits.window_log(),
        control,
    };
    work.run(limits.workers().min(frames.len()), Progress::new(control, total))
}

/// What the workers share.
struct Work<'a> {
    target: &'a Target<'a>,
    frames: &'a [Frame],
    next: AtomicUsize,
    failed: AtomicBool,
    window_log: u32,
    control: &'a Control<'a>,
}

/// What a worker tells.
enum News {
    /// So many bytes of a file are unpacked.
    Bytes(u64),
    /// A file is.
    Unpacked(StoredFrame),
}

impl Work<'_> {
    /// Unpacks all frames; the first failure stops the other workers.
    fn run(&self, workers: usize, mut progress: Progress<'_>) -> Result<Vec<StoredFrame>> {
        let mut outcome = Ok(Vec::with_capacity(self.frames.len()));
        thread::scope(|scope| {
            let (done, news) = mpsc::channel();
            for _ in 0..workers {
                let done = done.clone();
                let spawned = thread::Builder::new().spawn_scoped(scope, move || self.work(&done));
                if let Err(error) = spawned {
                    self.failed.store(true, Ordering::Relaxed);
                    return Err(Error::io("start a thread to unpack", &self.target.input.path)(error));
                }
            }
            drop(done);
            for news in news {
                match (news, &mut outcome) {
                    (Ok(News::Bytes(bytes)), _) => progress.advance(bytes),
                    (Ok(News::Unpacked(frame)), Ok(unpacked)) => unpacked.push(frame),
                    (Err(error), Ok(_)) => outcome = Err(error),
                    (_, Err(_)) => {}
                }
            }
            outcome
        })
    }

    /// Takes frames until there are no more, and tells what is done.
    fn work(&self, done: &Sender<Result<News>>) {
        while let Some(frame) = self.frames.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = self.unpack_frame(frame, done) {
                self.failed.store(true, Ordering::Relaxed);
                // The receiver lives as long as any sender does.
                let _ = done.send(Err(error));
                return;
            }
        }
    }

    fn unpack_frame(&self, frame: &Frame, done: &Sender<Result<News>>) -> Result<()> {
        let input = self.target.input;
        let corrupt = |detail: &str| input.corrupt(format!("frame {:?}: {detail}", frame.name));
        let failed = |error| decode_error(input, &format!("frame {:?}", frame.name), error, self.window_log);
        let section = input.section(frame.offset, frame.offset + frame.compressed_size);
        let mut decoder = decoder(Hashing::new(section), self.window_log).map_err(failed)?;
        let mut output = self.target.create_file(&frame.name)?;
        let mut xxh64 = Xxh64::new(0);
        let mut sha256 = Sha256::new();
        let mut left = frame.digest.size;
        let mut buffer = vec![0; CHUNK];
        loop {
            self.control.check()?;
            if self.failed.load(Ordering::Relaxed) {
                // Another frame's error is the outcome.
                return Ok(());
            }
            let bytes = match decoder.read(&mut buffer).map_err(failed)? {
                0 => break,
                read => &buffer[..read],
            };
            let rest = left.checked_sub(bytes.len() as u64);
            left = rest.ok_or_else(|| corrupt("holds more bytes than raw_size says"))?;
            xxh64.update(bytes);
            sha256.update(bytes);
            output.put(bytes)?;
            let _ = done.send(Ok(News::Bytes(bytes.len() as u64)));
        }
        if left > 0 {
            return Err(corrupt("holds fewer bytes than raw_size says"));
        }
        if xxh64.digest() != frame.digest.xxh64 {
            return Err(corrupt("its bytes differ from raw_xxh64"));
        }
        if sha256.finalize().as_slice() != frame.digest.sha256 {
            return Err(corrupt("its bytes differ from raw_sha256"));
        }
        let section = finish(decoder).filter(|section| section.inner.remaining() == 0);
        let section = section.ok_or_else(|| corrupt("bytes follow the zstd frame"))?;
        let stored =
            StoredFrame { frame: frame.clone(), stored_xxh64: section.xxh64(), identity: Some(output.identity()?) };
        let _ = done.send(Ok(News::Unpacked(stored)));
        Ok(())
    }
}
