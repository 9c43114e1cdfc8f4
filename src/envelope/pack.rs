//! Writing a file: head, then the payload in the encoding asked for.

use std::io::{self, Write};
use std::path::Path;

use super::header::encode_head;
use super::payload::{self, PayloadFile};
use super::{frames, manifest, tar_write, Encoding};
use crate::control::Control;
use crate::proto::manifest::C1zManifestV3;
use crate::{Error, Result};

/// How hard a save works.
#[derive(Clone, Copy, Debug)]
pub struct SaveOptions {
    /// Threads that compress; 0 means one for each processor. The bytes that are written do not depend on it.
    pub threads: usize,
    /// zstd compression level.
    pub level: i32,
    /// Refuse to replace a file that is there.
    pub exclusive: bool,
}

impl Default for SaveOptions {
    /// One thread for each processor, zstd's default level.
    fn default() -> Self {
        SaveOptions { threads: 0, level: zstd::DEFAULT_COMPRESSION_LEVEL, exclusive: false }
    }
}

impl SaveOptions {
    /// The number of threads that `threads` stands for.
    pub(super) fn workers(&self) -> u32 {
        const MOST: usize = 64;
        let threads = match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        threads.min(MOST) as u32
    }

    fn check(&self) -> Result<()> {
        let range = zstd::compression_level_range();
        if !range.contains(&self.level) {
            return Err(Error::invalid(format!("zstd level {} is not in {range:?}", self.level)));
        }
        Ok(())
    }
}

/// A file that is about to be written: all that can be refused has been checked.
pub(super) struct Packing {
    head: Vec<u8>,
    manifest_xxh64: u64,
    encoding: Encoding,
    files: Vec<PayloadFile>,
    options: SaveOptions,
}

impl Packing {
    pub(super) fn new(
        manifest: C1zManifestV3,
        encoding: Encoding,
        directory: &Path,
        options: &SaveOptions,
    ) -> Result<Packing> {
        options.check()?;
        let (head, manifest_xxh64) = encode_head(&manifest::encode(manifest, encoding)?)?;
        let files = payload::files(directory)?;
        Ok(Packing { head, manifest_xxh64, encoding, files, options: *options })
    }

    /// Writes the whole file to `out`, whose errors name `place`.
    pub(super) fn write(&self, out: impl Write, place: &Path, control: &Control<'_>) -> Result<()> {
        let mut sink = Sink { out, written: 0, place };
        sink.put(&self.head)?;
        let total = self.files.iter().map(|file| file.size).sum();
        let mut progress = Progress::new(control, total);
        match self.encoding {
            Encoding::IndexedZstd => {
                frames::write(&mut sink, &self.files, self.manifest_xxh64, &self.options, &mut progress)?
            }
            Encoding::Tar => tar_write::write(&mut sink, &self.files, &mut progress)?,
            Encoding::TarZstd => tar_write::write_zstd(&mut sink, &self.files, &self.options, &mut progress)?,
        }
        sink.out.flush().map_err(sink.error())
    }
}

/// Writes a file to any sink, in one pass: `manifest` with payload encoding and descriptors filled in, and the regular
/// files below `directory`. Errors of the sink name `place`.
pub fn write(
    out: &mut impl Write,
    place: &Path,
    manifest: C1zManifestV3,
    encoding: Encoding,
    directory: &Path,
    options: &SaveOptions,
    control: &Control<'_>,
) -> Result<()> {
    Packing::new(manifest, encoding, directory, options)?.write(out, place, control)
}

/// Where the file's bytes go, counted.
pub(super) struct Sink<'a, W> {
    out: W,
    pub(super) written: u64,
    place: &'a Path,
}

impl<'a, W: Write> Sink<'a, W> {
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.write_all(bytes).map_err(self.error())
    }

    pub(super) fn place(&self) -> &'a Path {
        self.place
    }

    /// Names the place of a failed write.
    pub(super) fn error(&self) -> impl FnOnce(io::Error) -> Error + 'a {
        Error::io("write", self.place)
    }
}

impl<W: Write> Write for Sink<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Counts bytes of payload files and tells the caller.
pub(super) struct Progress<'a> {
    pub(super) control: &'a Control<'a>,
    done: u64,
    total: u64,
}

impl<'a> Progress<'a> {
    pub(super) fn new(control: &'a Control<'a>, total: u64) -> Progress<'a> {
        control.report(0, total);
        Progress { control, done: 0, total }
    }

    pub(super) fn advance(&mut self, bytes: u64) {
        self.done += bytes;
        self.control.report(self.done, self.total);
    }
}
