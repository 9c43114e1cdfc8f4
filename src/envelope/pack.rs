//! Writing a file: head, then the payload in the encoding asked for.

use std::io::Write;
use std::path::Path;

use super::header::encode_head;
use super::payload::{self, PayloadFile};
use super::progress::Progress;
use super::sink::Sink;
use super::{frames, manifest, tar_write, Encoding, SaveOptions};
use crate::control::Control;
use crate::proto::manifest::C1zManifestV3;
use crate::Result;

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
