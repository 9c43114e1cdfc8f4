//! Writing an indexed payload: one zstd frame for each file, in order, then the index.
//!
//! A frame that a [`Source`] has already is copied. Files are compressed in memory, each by one of several threads if they
//! are worth them, a few files ahead of the one that is written. A huge file is compressed straight into the sink, by
//! zstd's own threads: their buffers take 40 MiB and more, and they wait for one another where it ends. Which way a file
//! is compressed depends on its size alone, so that equal files always give equal frames.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh64::{xxh64, Xxh64};
use zstd::stream::write::Encoder;
use zstd::zstd_safe::CParameter;

use super::index::{self, Digest, Frame};
use super::source::{Failure, Source, StoredFrame};
use crate::control::Control;
use crate::envelope::hashing::Hashing;
use crate::envelope::io::{PayloadFile, Progress, Sink};
use crate::envelope::SaveOptions;
use crate::{Error, Result};

/// Files up to this size are compressed in memory: SSTs of a bulk load are.
const MAX_IN_MEMORY: u64 = 20 << 20;
/// The most bytes of files, before compression, whose frames are in memory or on their way there; one file may have more.
const MAX_UNDER_WAY: u64 = 128 << 20;
/// Bytes of files in memory that are worth a second thread.
const PARALLEL_BYTES: u64 = 1 << 20;
/// Files below this size are compressed with tables of 192 KiB at most. Those of zstd's default level take up to 768 KiB,
/// which takes longer to get than such a file to compress. Text becomes 1 to 2 % larger for it.
const SMALL_FILE: u64 = 512 << 10;
const COPY_BUFFER: usize = 1 << 20;

/// The frames that were written.
#[derive(Debug, Default)]
pub struct Written {
    pub frames: Vec<StoredFrame>,
    /// How many of them were copied.
    pub copied: usize,
}

/// How a file becomes a frame.
enum Plan<'a> {
    /// The source has its frame.
    Copy(&'a StoredFrame),
    /// In memory, unless it turns out to hold the bytes of a frame of the source.
    InMemory(Option<&'a StoredFrame>),
    /// Straight into the sink, with the same exception.
    Streamed(Option<&'a StoredFrame>),
}

/// What a file that is compressed in memory came to.
enum Outcome {
    Unchanged,
    Compressed(Vec<u8>, Digest),
}

/// A file to compress in memory, and where the outcome goes.
struct Job<'a> {
    file: &'a PayloadFile,
    candidate: Option<&'a StoredFrame>,
    outcome: SyncSender<Result<Outcome>>,
}

/// A file whose frame will be there soon.
struct Pending<'a> {
    file: &'a PayloadFile,
    candidate: Option<&'a StoredFrame>,
    outcome: Receiver<Result<Outcome>>,
}

/// Writes frames, index and footer.
pub fn write<W: Write>(
    sink: &mut Sink<'_, W>,
    files: &[PayloadFile],
    manifest_xxh64: u64,
    options: &SaveOptions<'_>,
    progress: &mut Progress<'_>,
) -> Result<Written, Failure> {
    let control = *progress.control;
    let plans: Vec<_> = files.iter().map(|file| (file, plan(options.source, file))).collect();
    let in_memory: Vec<_> = plans.iter().filter(|(_, plan)| matches!(plan, Plan::InMemory(_))).collect();
    let workers = match in_memory.iter().map(|(file, _)| file.size).sum::<u64>() {
        ..PARALLEL_BYTES => 0,
        _ if options.workers() == 1 => 0,
        _ => in_memory.len().min(options.workers() as usize),
    };
    let (jobs, queue) = mpsc::channel();
    let queue = Mutex::new(queue);
    let mut writer = Writer { sink, progress, options, written: Written::default() };
    thread::scope(|scope| {
        // Owned here, so that the workers see its end before the scope waits for theirs.
        let jobs = jobs;
        for _ in 0..workers {
            let work = || do_jobs(&queue, options.level, &control);
            thread::Builder::new().spawn_scoped(scope, work).map_err(writer.sink.error())?;
        }
        writer.write_frames(&plans, workers + 1, |job| match workers {
            0 => {
                finish(&job, options.level, &control);
                Ok(())
            }
            _ => jobs.send(job).map_err(|_| lost_worker()),
        })
    })?;
    let written = writer.written;
    let frames = written.frames.iter().map(|stored| stored.frame.clone()).collect();
    sink.put(&index::encode(frames, sink.written, manifest_xxh64)?)?;
    Ok(written)
}

fn plan<'a>(source: Option<&'a Source>, file: &PayloadFile) -> Plan<'a> {
    match source.and_then(|source| source.candidate(file)) {
        Some(stored) if stored.is(file) => Plan::Copy(stored),
        candidate if file.size > MAX_IN_MEMORY => Plan::Streamed(candidate),
        candidate => Plan::InMemory(candidate),
    }
}

struct Writer<'w, 's, 'c, W> {
    sink: &'w mut Sink<'s, W>,
    progress: &'w mut Progress<'c>,
    options: &'w SaveOptions<'w>,
    written: Written,
}

impl<W: Write> Writer<'_, '_, '_, W> {
    /// Writes the frames in order, with at most `ahead` files under way.
    fn write_frames<'a>(
        &mut self,
        plans: &[(&'a PayloadFile, Plan<'a>)],
        ahead: usize,
        start: impl Fn(Job<'a>) -> Result<()>,
    ) -> Result<(), Failure> {
        let mut pending: VecDeque<Pending<'a>> = VecDeque::with_capacity(ahead);
        for (file, plan) in plans {
            let room = if matches!(plan, Plan::Streamed(_)) { 1 } else { ahead };
            let is_full = |pending: &VecDeque<Pending<'_>>| {
                let bytes: u64 = pending.iter().map(|pending| pending.file.size).sum();
                pending.len() >= room || !pending.is_empty() && bytes + file.size > MAX_UNDER_WAY
            };
            while is_full(&pending) {
                self.write_first(&mut pending)?;
            }
            let (sender, outcome) = mpsc::sync_channel(1);
            let candidate = match *plan {
                Plan::Streamed(candidate) => {
                    self.write_huge(file, candidate)?;
                    continue;
                }
                Plan::InMemory(candidate) => {
                    start(Job { file, candidate, outcome: sender })?;
                    candidate
                }
                Plan::Copy(stored) => {
                    sender.send(Ok(Outcome::Unchanged)).map_err(|_| lost_worker())?;
                    Some(stored)
                }
            };
            pending.push_back(Pending { file, candidate, outcome });
        }
        while !pending.is_empty() {
            self.write_first(&mut pending)?;
        }
        Ok(())
    }

    fn write_first(&mut self, pending: &mut VecDeque<Pending<'_>>) -> Result<(), Failure> {
        let Some(Pending { file, candidate, outcome }) = pending.pop_front() else { return Ok(()) };
        match (outcome.recv().map_err(|_| lost_worker())??, candidate) {
            (Outcome::Compressed(bytes, digest), _) => {
                let offset = self.sink.written;
                self.sink.put(&bytes)?;
                self.progress.advance(file.size);
                self.add(file, offset, digest, xxh64(&bytes, 0));
                Ok(())
            }
            (Outcome::Unchanged, Some(stored)) => self.copy(file, stored),
            (Outcome::Unchanged, None) => Err(lost_worker().into()),
        }
    }

    fn write_huge(&mut self, file: &PayloadFile, candidate: Option<&StoredFrame>) -> Result<(), Failure> {
        let control = self.progress.control;
        if let Some(stored) = candidate {
            if digest(file, control, |_| Ok(()))? == stored.frame.digest {
                return self.copy(file, stored);
            }
        }
        let offset = self.sink.written;
        let place = self.sink.place();
        let failed = |error| Error::io("write", place)(error);
        let mut encoder = encoder(Hashing::new(&mut *self.sink), file, self.options.level).map_err(failed)?;
        encoder.multithread(self.options.workers()).map_err(failed)?;
        let digest = digest(file, control, |bytes| {
            encoder.write_all(bytes).map_err(failed)?;
            self.progress.advance(bytes.len() as u64);
            Ok(())
        })?;
        let compressed_xxh64 = encoder.finish().map_err(failed)?.xxh64();
        self.add(file, offset, digest, compressed_xxh64);
        Ok(())
    }

    /// Copies a frame of the source and checks on the way that it is what it was when it was read or written.
    fn copy(&mut self, file: &PayloadFile, stored: &StoredFrame) -> Result<(), Failure> {
        let source = self.options.source.ok_or(Failure::SourceChanged)?;
        let offset = self.sink.written;
        let mut section = Hashing::new(source.section(&stored.frame));
        let mut buffer = vec![0; COPY_BUFFER.min(usize::try_from(stored.frame.compressed_size).unwrap_or(COPY_BUFFER))];
        loop {
            self.progress.control.check()?;
            // What cannot be read any more can still be compressed anew.
            match section.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => self.sink.put(&buffer[..read])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Failure::SourceChanged),
            }
        }
        let compressed_xxh64 = section.xxh64();
        if stored.frame.compressed_xxh64 != Some(compressed_xxh64) || section.inner.remaining() > 0 {
            return Err(Failure::SourceChanged);
        }
        self.progress.advance(file.size);
        self.written.copied += 1;
        self.add(file, offset, stored.frame.digest, compressed_xxh64);
        Ok(())
    }

    fn add(&mut self, file: &PayloadFile, offset: u64, digest: Digest, compressed_xxh64: u64) {
        let (compressed_size, compressed_xxh64) = (self.sink.written - offset, Some(compressed_xxh64));
        let frame = Frame { name: file.name.clone(), offset, compressed_size, compressed_xxh64, digest };
        self.written.frames.push(StoredFrame { frame, identity: file.identity });
    }
}

/// A worker: takes jobs until there are no more.
fn do_jobs(queue: &Mutex<Receiver<Job<'_>>>, level: i32, control: &Control<'_>) {
    loop {
        let job = queue.lock().recv();
        let Ok(job) = job else { return };
        finish(&job, level, control);
    }
}

fn finish(job: &Job<'_>, level: i32, control: &Control<'_>) {
    // Nobody waits for the outcome once the writer has failed.
    let _ = job.outcome.send(do_job(job, level, control));
}

fn do_job(job: &Job<'_>, level: i32, control: &Control<'_>) -> Result<Outcome> {
    let file = job.file;
    if let Some(stored) = job.candidate {
        if digest(file, control, |_| Ok(()))? == stored.frame.digest {
            return Ok(Outcome::Unchanged);
        }
    }
    let failed = |error| Error::io("compress", file.place())(error);
    let mut encoder = encoder(Vec::new(), file, level).map_err(failed)?;
    let digest = digest(file, control, |bytes| encoder.write_all(bytes).map_err(failed))?;
    Ok(Outcome::Compressed(encoder.finish().map_err(failed)?, digest))
}

/// An encoder of one frame that says how much it holds and ends with a checksum.
fn encoder<W: Write>(out: W, file: &PayloadFile, level: i32) -> io::Result<Encoder<'static, W>> {
    let mut encoder = Encoder::new(out, level)?;
    encoder.set_pledged_src_size(Some(file.size))?;
    encoder.include_contentsize(true)?;
    encoder.include_checksum(true)?;
    if level == zstd::DEFAULT_COMPRESSION_LEVEL && file.size < SMALL_FILE {
        encoder.set_parameter(CParameter::HashLog(15))?;
        encoder.set_parameter(CParameter::ChainLog(14))?;
    }
    Ok(encoder)
}

/// What the index records of a file, whose bytes are passed on.
fn digest(file: &PayloadFile, control: &Control<'_>, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<Digest> {
    let mut xxh64 = Xxh64::new(0);
    let mut sha256 = Sha256::new();
    file.read(control, |bytes| {
        xxh64.update(bytes);
        sha256.update(bytes);
        each(bytes)
    })?;
    Ok(Digest { size: file.size, xxh64: xxh64.digest(), sha256: sha256.finalize().into() })
}

fn lost_worker() -> Error {
    Error::Internal("a thread that compresses has ended".into())
}
