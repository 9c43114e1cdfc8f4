//! Writing a payload as a tar stream of regular files; folders are implied by the names.

use std::io::{self, Write};

use zstd::stream::write::Encoder;

use crate::envelope::io::{PayloadFile, Progress, Sink};
use crate::envelope::SaveOptions;
use crate::{Error, Result};

const BLOCK: u64 = 512;

/// Writes a plain tar stream.
pub fn write<W: Write>(sink: &mut Sink<'_, W>, files: &[PayloadFile], progress: &mut Progress<'_>) -> Result<()> {
    let place = sink.place();
    archive(sink, files, progress, |error| Error::io("write", place)(error))
}

/// Writes a tar stream in one zstd frame.
pub fn write_zstd<W: Write>(
    sink: &mut Sink<'_, W>,
    files: &[PayloadFile],
    options: &SaveOptions<'_>,
    progress: &mut Progress<'_>,
) -> Result<()> {
    let place = sink.place();
    let failed = |error| Error::io("write", place)(error);
    let mut encoder = Encoder::new(sink, options.level).map_err(failed)?;
    encoder.include_checksum(true).map_err(failed)?;
    // With one thread too: zstd gives other bytes without threads of its own than with any number of them.
    encoder.multithread(options.workers()).map_err(failed)?;
    archive(&mut encoder, files, progress, failed)?;
    encoder.finish().map_err(failed)?;
    Ok(())
}

/// The stream is the same for the same files: times, owners and modes are not recorded.
fn archive<W: Write>(
    out: W,
    files: &[PayloadFile],
    progress: &mut Progress<'_>,
    failed: impl Fn(io::Error) -> Error,
) -> Result<()> {
    let mut builder = tar::Builder::new(out);
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(file.size);
        // The builder writes the headers, a long name among them; the content follows piece by piece.
        builder.append_data(&mut header, &file.name, io::empty()).map_err(&failed)?;
        let control = progress.control;
        file.read(control, |bytes| {
            builder.get_mut().write_all(bytes).map_err(&failed)?;
            progress.advance(bytes.len() as u64);
            Ok(())
        })?;
        let padding = file.size.next_multiple_of(BLOCK) - file.size;
        builder.get_mut().write_all(&[0; BLOCK as usize][..padding as usize]).map_err(&failed)?;
    }
    builder.finish().map_err(failed)
}
