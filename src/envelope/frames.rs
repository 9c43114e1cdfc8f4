//! Writing an indexed payload: one zstd frame for each file, in order, then the index.
//!
//! Small files are compressed in memory by several threads, a few files ahead of the one that is written. A large file
//! is compressed straight into the sink, by zstd's own threads. Which way a file goes depends on its size alone, so
//! that equal files always give equal frames.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh64::Xxh64;
use zstd::stream::write::Encoder;

use super::index::{self, Digest, Frame};
use super::payload::PayloadFile;
use super::progress::Progress;
use super::sink::Sink;
use super::SaveOptions;
use crate::control::Control;
use crate::{Error, Result};

/// Files up to this size are compressed in memory.
const MAX_IN_MEMORY: u64 = 8 << 20;

/// A small file to compress, and where the frame and what it holds go.
type Job<'a> = (&'a PayloadFile, SyncSender<Result<(Vec<u8>, Digest)>>);

/// A small file that is being compressed.
type Pending<'a> = (&'a PayloadFile, Receiver<Result<(Vec<u8>, Digest)>>);

/// Writes frames, index and footer.
pub(super) fn write<W: Write>(
    sink: &mut Sink<'_, W>,
    files: &[PayloadFile],
    manifest_xxh64: u64,
    options: &SaveOptions,
    progress: &mut Progress<'_>,
) -> Result<()> {
    let control = *progress.control;
    let small = files.iter().filter(|file| file.size <= MAX_IN_MEMORY).count();
    let workers = small.min(options.workers() as usize);
    let (jobs, queue) = mpsc::channel();
    let queue = Mutex::new(queue);
    let mut writer = Writer { sink, progress, options, frames: Vec::with_capacity(files.len()) };
    thread::scope(|scope| {
        // Owned here, so that the workers see its end before the scope waits for theirs.
        let jobs = jobs;
        for _ in 0..workers {
            let work = || compress_jobs(&queue, options.level, &control);
            thread::Builder::new().spawn_scoped(scope, work).map_err(writer.sink.error())?;
        }
        writer.write_frames(files, workers + 1, &jobs)
    })?;
    let frames = writer.frames;
    let index = index::encode(frames, sink.written, manifest_xxh64)?;
    sink.put(&index)
}

struct Writer<'w, 's, 'c, W> {
    sink: &'w mut Sink<'s, W>,
    progress: &'w mut Progress<'c>,
    options: &'w SaveOptions,
    frames: Vec<Frame>,
}

impl<W: Write> Writer<'_, '_, '_, W> {
    /// Writes the frames in order, with at most `ahead` small files under way.
    fn write_frames<'a>(&mut self, files: &'a [PayloadFile], ahead: usize, jobs: &Sender<Job<'a>>) -> Result<()> {
        let mut pending: VecDeque<Pending<'a>> = VecDeque::with_capacity(ahead);
        for file in files {
            let large = file.size > MAX_IN_MEMORY;
            while pending.len() >= if large { 1 } else { ahead } {
                self.write_first(&mut pending)?;
            }
            if large {
                self.write_large(file)?;
                continue;
            }
            let (sender, receiver) = mpsc::sync_channel(1);
            jobs.send((file, sender)).map_err(|_| lost_worker())?;
            pending.push_back((file, receiver));
        }
        while !pending.is_empty() {
            self.write_first(&mut pending)?;
        }
        Ok(())
    }

    fn write_first(&mut self, pending: &mut VecDeque<Pending<'_>>) -> Result<()> {
        let Some((file, receiver)) = pending.pop_front() else { return Ok(()) };
        let (bytes, digest) = receiver.recv().map_err(|_| lost_worker())??;
        let offset = self.sink.written;
        self.sink.put(&bytes)?;
        self.add(file, offset, digest);
        self.progress.advance(file.size);
        Ok(())
    }

    fn write_large(&mut self, file: &PayloadFile) -> Result<()> {
        let offset = self.sink.written;
        let place = self.sink.place();
        let failed = |error| Error::io("write", place)(error);
        let mut encoder = encoder(&mut *self.sink, file, self.options.level).map_err(failed)?;
        encoder.multithread(self.options.workers()).map_err(failed)?;
        let control = self.progress.control;
        let digest = compress(file, encoder, control, failed, |bytes| self.progress.advance(bytes))?;
        self.add(file, offset, digest);
        Ok(())
    }

    fn add(&mut self, file: &PayloadFile, offset: u64, digest: Digest) {
        let compressed_size = self.sink.written - offset;
        self.frames.push(Frame { name: file.name.clone(), offset, compressed_size, digest });
    }
}

/// A worker: takes jobs until there are no more.
fn compress_jobs(queue: &Mutex<Receiver<Job<'_>>>, level: i32, control: &Control<'_>) {
    loop {
        let job = queue.lock().recv();
        let Ok((file, outcome)) = job else { return };
        // Nobody waits for the outcome once the writer has failed.
        let _ = outcome.send(compress_in_memory(file, level, control));
    }
}

fn compress_in_memory(file: &PayloadFile, level: i32, control: &Control<'_>) -> Result<(Vec<u8>, Digest)> {
    let mut bytes = Vec::new();
    let failed = |error| Error::io("compress", &file.path)(error);
    let encoder = encoder(&mut bytes, file, level).map_err(failed)?;
    let digest = compress(file, encoder, control, failed, |_| ())?;
    Ok((bytes, digest))
}

/// An encoder of one frame that says how much it holds and ends with a checksum.
fn encoder<W: Write>(out: W, file: &PayloadFile, level: i32) -> io::Result<Encoder<'static, W>> {
    let mut encoder = Encoder::new(out, level)?;
    encoder.set_pledged_src_size(Some(file.size))?;
    encoder.include_contentsize(true)?;
    encoder.include_checksum(true)?;
    Ok(encoder)
}

/// Passes a file through its encoder; `failed` explains an error of the encoder's output.
fn compress<W: Write>(
    file: &PayloadFile,
    mut encoder: Encoder<'_, W>,
    control: &Control<'_>,
    failed: impl Fn(io::Error) -> Error,
    mut done: impl FnMut(u64),
) -> Result<Digest> {
    let mut xxh64 = Xxh64::new(0);
    let mut sha256 = Sha256::new();
    file.read(control, |bytes| {
        xxh64.update(bytes);
        sha256.update(bytes);
        encoder.write_all(bytes).map_err(&failed)?;
        done(bytes.len() as u64);
        Ok(())
    })?;
    encoder.finish().map_err(failed)?;
    Ok(Digest { size: file.size, xxh64: xxh64.digest(), sha256: sha256.finalize().into() })
}

fn lost_worker() -> Error {
    Error::Internal("a thread that compresses has ended".into())
}
