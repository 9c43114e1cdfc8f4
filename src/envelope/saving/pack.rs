//! Writing a file: head, then the payload in the encoding asked for.

use std::io::Write;
use std::path::Path;

use crate::control::Control;
use crate::envelope::head::{encode_head, manifest};
use crate::envelope::indexed::{write_frames, Failure, Written};
use crate::envelope::io::Progress;
use crate::envelope::io::Sink;
use crate::envelope::io::{Payload, PayloadFile};
use crate::envelope::{tar, Encoding, SaveOptions};
use crate::proto::manifest::C1zManifestV3;
use crate::{Error, Result};

/// A file that is about to be written: all that can be refused has been checked.
pub(super) struct Packing<'a> {
    head: Vec<u8>,
    manifest_xxh64: u64,
    encoding: Encoding,
    files: Vec<PayloadFile>,
    options: SaveOptions<'a>,
}

impl<'a> Packing<'a> {
    pub fn new(
        manifest: C1zManifestV3,
        encoding: Encoding,
        payload: Payload,
        options: &SaveOptions<'a>,
    ) -> Result<Packing<'a>> {
        options.check()?;
        let (head, manifest_xxh64) = encode_head(&manifest::encode(manifest, encoding)?)?;
        Ok(Packing { head, manifest_xxh64, encoding, files: payload.into_files(), options: *options })
    }

    /// The same, but for the source: every frame is compressed.
    pub(super) fn without_source(self) -> Packing<'a> {
        Packing { options: SaveOptions { source: None, ..self.options }, ..self }
    }

    /// Writes the whole file to `out`, whose errors name `place`.
    pub fn write(&self, out: impl Write, place: &Path, control: &Control<'_>) -> Result<Written, Failure> {
        let mut sink = Sink { out, written: 0, place };
        sink.put(&self.head)?;
        let total = self.files.iter().map(|file| file.size).sum();
        let mut progress = Progress::new(control, total);
        let mut written = Written::default();
        match self.encoding {
            Encoding::IndexedZstd => {
                written =
                    write_frames::write(&mut sink, &self.files, self.manifest_xxh64, &self.options, &mut progress)?;
            }
            Encoding::Tar => tar::write::write(&mut sink, &self.files, &mut progress)?,
            Encoding::TarZstd => tar::write::write_zstd(&mut sink, &self.files, &self.options, &mut progress)?,
        }
        sink.out.flush().map_err(sink.error())?;
        Ok(written)
    }
}

/// Writes a file to any sink, in one pass: `manifest` with payload encoding and descriptors filled in, and the payload.
/// Errors of the sink name `place`.
///
/// Fails if the source of the options was changed: what has been written is worthless then.
pub fn write(
    out: &mut impl Write,
    place: &Path,
    manifest: C1zManifestV3,
    encoding: Encoding,
    payload: Payload,
    options: &SaveOptions<'_>,
    control: &Control<'_>,
) -> Result<()> {
    match Packing::new(manifest, encoding, payload, options)?.write(out, place, control) {
        Ok(_) => Ok(()),
        Err(Failure::Error(error)) => Err(error),
        Err(Failure::SourceChanged) => {
            Err(Error::FailedPrecondition("the file to copy frames from has changed".into()))
        }
    }
}
