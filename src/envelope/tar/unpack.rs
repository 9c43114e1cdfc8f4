//! Unpacking a tar stream, compressed or not.

use std::io::{BufReader, Read};

use super::read::Archive;
use crate::control::Control;
use crate::envelope::head::Head;
use crate::envelope::io::{decode_error, decoder, finish, Budget, Input, Target};
use crate::envelope::io::{Progress, CHUNK};
use crate::envelope::names::Wanted;
use crate::envelope::{Encoding, Limits};
use crate::Result;

/// Unpacks all files and folders of the stream.
pub fn unpack(
    target: &Target<'_>,
    head: &Head,
    encoding: Encoding,
    wanted: Wanted,
    limits: &Limits,
    control: &Control<'_>,
) -> Result<()> {
    read_archive(target.input, head, encoding, limits, |archive| {
        let mut progress = Progress::new(control, 0);
        while let Some(member) = archive.next()? {
            control.check()?;
            if member.is_folder {
                target.create_folder(&member.name)?;
                continue;
            }
            let mut output = wanted(&member.name, member.size).then(|| target.create(&member.name)).transpose()?;
            archive.content(&member, |bytes| {
                control.check()?;
                output.as_mut().map_or(Ok(()), |output| output.put(bytes))?;
                progress.advance(bytes.len() as u64);
                Ok(())
            })?;
        }
        Ok(())
    })
}

/// Gives the payload's tar stream to `with`, which reads it to its end.
pub fn read_archive<T>(
    input: &Input,
    head: &Head,
    encoding: Encoding,
    limits: &Limits,
    with: impl FnOnce(&mut Archive<'_, &mut dyn Read>) -> Result<T>,
) -> Result<T> {
    let section = input.section(head.payload_start, input.len);
    let budget = Budget::new(limits.decoded_bytes(input.len));
    let window_log = limits.window_log();
    let explain = |error| decode_error(input, "payload", head.payload_start, error, window_log);
    if encoding == Encoding::Tar {
        return with(&mut Archive::new(&mut BufReader::with_capacity(CHUNK, section), input, &explain, budget));
    }
    let mut decoder = decoder(section, window_log).map_err(explain)?;
    let result = with(&mut Archive::new(&mut decoder, input, &explain, budget))?;
    match finish(decoder) {
        Some(section) if section.remaining() == 0 => Ok(result),
        _ => Err(input.corrupt("payload: bytes follow the zstd frame")),
    }
}
