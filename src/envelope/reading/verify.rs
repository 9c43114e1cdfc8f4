//! Looking for all that is wrong with a file, where [`unpack`](super::unpack()) stops at the first.

use std::path::Path;

use parking_lot::Mutex;

use crate::control::Control;
use crate::envelope::head::{head_from, manifest_bytes, verify_descriptors};
use crate::envelope::indexed::{index, Read, Work};
use crate::envelope::io::Input;
use crate::envelope::io::{Output, Target};
use crate::envelope::names::Wanted;
use crate::envelope::tar::read_archive;
use crate::envelope::{names, Encoding, Head, Limits};
use crate::error::Reason;
use crate::findings::Findings;
use crate::proto::api::{Fault, FaultKind};
use crate::{Error, Result};

/// A file whose head could be read.
#[derive(Debug)]
pub struct Examination {
    input: Input,
    head: Head,
    encoding: Encoding,
}

/// A file of a payload that was examined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadEntry {
    /// Slash-separated path below the payload's directory.
    pub name: String,
    /// Bytes that it has according to the payload.
    pub size: u64,
}

/// Looks at what stands before the payload. `None` if that is damaged so that the payload cannot be looked at.
///
/// Fails for a file that cannot be read at all, and with `FORMAT_V1` for one of format v1.
pub fn examine(path: &Path, findings: &mut Findings) -> Result<Option<Examination>> {
    let input = Input::open(path)?;
    let Some(manifest) = found(findings, FaultKind::Header, manifest_bytes(&input))? else { return Ok(None) };
    let Some(head) = found(findings, FaultKind::Manifest, head_from(&input, &manifest))? else { return Ok(None) };
    if let Err(error) = verify_descriptors(&head.descriptors) {
        findings.add(Fault::of(FaultKind::Manifest, error.to_string()));
    }
    let encoding = Encoding::of_manifest(path, head.manifest.payload_encoding);
    let Some(encoding) = found(findings, FaultKind::Manifest, encoding)? else { return Ok(None) };
    Ok(Some(Examination { input, head, encoding }))
}

/// Turns the damage that `result` tells of into a fault.
fn found<T>(findings: &mut Findings, kind: FaultKind, result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error @ Error::Unsupported { reason: Reason::FormatV1, .. }) => Err(error),
        Err(Error::Corruption { detail, .. } | Error::Unsupported { detail, .. }) => {
            findings.add(Fault::of(kind, detail));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl Examination {
    /// What stands before the payload.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// How the payload lies in the file.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Reads the whole payload and compares it with its checksums. What can be read of its files is placed into an empty
    /// directory, damaged files too, if they are wanted there.
    ///
    /// Returns the files, in the order in which they are stored; `None` if there is no telling which they are. Progress
    /// is in bytes of the file.
    pub fn payload(
        &self,
        into: Option<(&Path, Wanted)>,
        limits: &Limits,
        control: &Control<'_>,
        findings: &mut Findings,
    ) -> Result<Option<Vec<PayloadEntry>>> {
        let target = into.map(|(root, wanted)| (Target { input: &self.input, root }, wanted));
        let total = self.input.len;
        control.report(self.head.payload_start, total);
        let entries = match self.encoding {
            Encoding::IndexedZstd => self.frames(target, limits, control, findings),
            Encoding::Tar | Encoding::TarZstd => self.archive(target, limits, control, findings).map(Some),
        }?;
        control.report(total, total);
        Ok(entries)
    }

    fn report(&self, control: &Control<'_>) {
        let done = self.head.payload_start + self.input.streamed();
        control.report(done.min(self.input.len), self.input.len);
    }

    fn frames(
        &self,
        target: Option<(Target<'_>, Wanted)>,
        limits: &Limits,
        control: &Control<'_>,
        findings: &mut Findings,
    ) -> Result<Option<Vec<PayloadEntry>>> {
        let read = index::read_complaining(&self.input, &self.head, &mut |kind, name, detail| {
            findings.add(Fault::of(kind, detail).in_file(name));
            Ok(())
        });
        let Some(frames) = found(findings, FaultKind::Index, read)? else { return Ok(None) };
        limits.check_declared(&self.input.path, self.input.len, frames.iter().map(|frame| frame.digest.size))?;
        for frame in &frames {
            if let Err(why) = names::check(&frame.name) {
                findings.add(Fault::of(FaultKind::PayloadName, why).in_file(&frame.name));
            }
        }
        let work = Work { input: &self.input, frames: &frames, limits, control };
        let damaged = Mutex::new(findings);
        work.run(
            |_| self.report(control),
            |reading| {
                let mut output = create(target, &reading.frame.name, reading.frame.digest.size)?;
                let read = reading.read(&mut |bytes| output.as_mut().map_or(Ok(()), |output| output.put(bytes)))?;
                if let Read::Damaged(damage) = read {
                    damaged.lock().add(Fault::of(damage.kind, damage.detail).in_file(&reading.frame.name));
                }
                Ok(())
            },
        )?;
        let entry = |frame: index::Frame| PayloadEntry { name: frame.name, size: frame.digest.size };
        Ok(Some(frames.into_iter().map(entry).collect()))
    }

    /// A tar stream has no checksums of what is in it, and nothing can be found behind a damaged header.
    fn archive(
        &self,
        target: Option<(Target<'_>, Wanted)>,
        limits: &Limits,
        control: &Control<'_>,
        findings: &mut Findings,
    ) -> Result<Vec<PayloadEntry>> {
        let mut entries: Vec<PayloadEntry> = Vec::new();
        let read = read_archive(&self.input, &self.head, self.encoding, limits, |archive| {
            while let Some(member) = archive.next()? {
                control.check()?;
                let mut output = match member.is_folder {
                    true => None,
                    false => create(target, &member.name, member.size)?,
                };
                archive.content(&member, |bytes| {
                    control.check()?;
                    self.report(control);
                    output.as_mut().map_or(Ok(()), |output| output.put(bytes))
                })?;
                if !member.is_folder {
                    entries.push(PayloadEntry { name: member.name, size: member.size });
                }
            }
            Ok(())
        });
        found(findings, FaultKind::Tar, read)?;
        let mut names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        if let Some(name) = names::clash(&mut names) {
            let sentence = "the name occurs twice, or as file and as folder";
            findings.add(Fault::of(FaultKind::PayloadName, sentence).in_file(name));
        }
        Ok(entries)
    }
}

/// A file to unpack to; `None` if it is not wanted, or if its name does not permit it, which is found elsewhere.
fn create(target: Option<(Target<'_>, Wanted)>, name: &str, size: u64) -> Result<Option<Output>> {
    let target = target.filter(|(_, wanted)| names::check(name).is_ok() && wanted(name, size));
    let Some((target, _)) = target else { return Ok(None) };
    match target.create(name) {
        Err(Error::Corruption { .. }) => Ok(None),
        created => created.map(Some),
    }
}
