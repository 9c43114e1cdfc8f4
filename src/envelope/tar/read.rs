//! Reading a tar stream, strictly: regular files and folders only, and nothing but zeros after the end.
//!
//! The iterators of the `tar` crate take a stream that stops between two entries for a complete one and read extension
//! headers of any size into memory, so only its header parsing is used here.

use std::fmt::Display;
use std::io::{ErrorKind, Read};

use tar::{EntryType, Header, PaxExtensions};

use crate::envelope::io::CHUNK;
use crate::envelope::io::{Budget, Input};
use crate::envelope::names;
use crate::quoted::Quoted;
use crate::{Error, Result};

const BLOCK: usize = 512;
/// The largest header that gives a name or size which does not fit into the ordinary one.
const MAX_EXTENSION: u64 = 64 << 10;
/// More entries than any payload has.
const MAX_ENTRIES: u64 = 1 << 20;
/// More bytes than the names of any payload have together: they are all in memory.
const MAX_NAMES: usize = 64 << 20;

/// A file or folder of the archive.
#[derive(Debug, PartialEq, Eq)]
pub struct Member {
    /// Checked.
    pub name: String,
    pub is_folder: bool,
    pub size: u64,
    /// Where the content starts in the tar stream.
    pub offset: u64,
}

/// What extension headers say about the entry that follows.
#[derive(Default)]
struct Extension {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

/// A tar stream.
pub struct Archive<'a, R> {
    reader: R,
    input: &'a Input,
    /// Explains an error of the reader.
    explain: &'a dyn Fn(std::io::Error) -> Error,
    budget: Budget,
    at: u64,
    entries: u64,
    /// Bytes of all names so far.
    names: usize,
}

impl<'a, R: Read> Archive<'a, R> {
    pub fn new(
        reader: R,
        input: &'a Input,
        explain: &'a dyn Fn(std::io::Error) -> Error,
        budget: Budget,
    ) -> Archive<'a, R> {
        Archive { reader, input, explain, budget, at: 0, entries: 0, names: 0 }
    }

    /// The next entry; its content has to be read before the one after it. `None` at the end, which has been checked.
    pub fn next(&mut self) -> Result<Option<Member>> {
        let mut extension: Option<Extension> = None;
        loop {
            let block = self.block()?;
            if block == [0; BLOCK] {
                if extension.is_some() {
                    return Err(self.corrupt("the end follows an extension header"));
                }
                return self.end().map(|()| None);
            }
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                return Err(self.corrupt(format!("more than {MAX_ENTRIES} entries")));
            }
            let header = self.header(block)?;
            let size = header.entry_size().map_err(|error| self.corrupt(error))?;
            match header.entry_type() {
                EntryType::XHeader => self.pax(size, extension.get_or_insert_default())?,
                EntryType::GNULongName => self.long_name(size, extension.get_or_insert_default())?,
                _ => {
                    let member = self.member(&header, size, extension.unwrap_or_default())?;
                    self.names += member.name.len();
                    if self.names > MAX_NAMES {
                        return Err(self.corrupt(format!("names of more than {MAX_NAMES} bytes")));
                    }
                    return Ok(Some(member));
                }
            }
        }
    }

    /// Passes on the content of the entry that [`Archive::next`] has just returned.
    pub fn content(&mut self, member: &Member, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut buffer = vec![0; CHUNK.min(usize::try_from(member.size).unwrap_or(CHUNK))];
        let mut left = member.size;
        while left > 0 {
            let wanted = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
            let read = self.read(&mut buffer[..wanted])?;
            if read == 0 {
                return Err(self.input.truncated(&format!("tar: entry {}", Quoted::new(&member.name))));
            }
            each(&buffer[..read])?;
            left -= read as u64;
        }
        self.padding(member.size)
    }

    fn member(&self, header: &Header, size: u64, extension: Extension) -> Result<Member> {
        let name = extension.name.unwrap_or_else(|| header.path_bytes().into_owned());
        let name = String::from_utf8(name).map_err(|_| self.corrupt("a name is not UTF-8"))?;
        let shown = Quoted::new(&name);
        let is_folder = match header.entry_type() {
            EntryType::Regular => false,
            EntryType::Directory => true,
            other => {
                let kind = other.as_byte().escape_ascii();
                return Err(self.corrupt(format!("entry {shown} is of type '{kind}', neither file nor folder")));
            }
        };
        let trimmed = if is_folder { name.strip_suffix('/').unwrap_or(&name) } else { &name };
        names::check(trimmed).map_err(|why| self.corrupt(format!("entry {shown}: {why}")))?;
        let mode = header.mode().map_err(|error| self.corrupt(error))?;
        if mode > 0o777 {
            return Err(self.corrupt(format!("entry {shown} has the mode {mode:o}")));
        }
        let size = extension.size.unwrap_or(size);
        if is_folder && size > 0 {
            return Err(self.corrupt(format!("folder {shown} has content")));
        }
        Ok(Member { name: trimmed.to_owned(), is_folder, size, offset: self.at })
    }

    /// Checks the sum of a header.
    fn header(&self, block: [u8; BLOCK]) -> Result<Header> {
        const SUM: std::ops::Range<usize> = 148..156;
        let byte = |(at, &byte): (usize, &u8)| u32::from(if SUM.contains(&at) { b' ' } else { byte });
        let sum: u32 = block.iter().enumerate().map(byte).sum();
        let mut header = Header::new_old();
        header.as_mut_bytes().copy_from_slice(&block);
        match header.cksum() {
            Ok(recorded) if recorded == sum => Ok(header),
            _ => Err(self.corrupt(format!("the header at {} does not match its checksum", self.at - BLOCK as u64))),
        }
    }

    fn pax(&mut self, size: u64, into: &mut Extension) -> Result<()> {
        let bytes = self.extension(size)?;
        for record in PaxExtensions::new(&bytes) {
            let record = record.map_err(|error| self.corrupt(error))?;
            match record.key_bytes() {
                b"path" => into.name = Some(record.value_bytes().to_vec()),
                b"size" => {
                    let size = record.value().ok().and_then(|value| value.parse().ok());
                    into.size = Some(size.ok_or_else(|| self.corrupt("an extension header gives a malformed size"))?);
                }
                key if key.starts_with(b"GNU.sparse.") => return Err(self.corrupt("sparse files are not supported")),
                _ => {}
            }
        }
        Ok(())
    }

    fn long_name(&mut self, size: u64, into: &mut Extension) -> Result<()> {
        let mut name = self.extension(size)?;
        name.truncate(name.iter().position(|&byte| byte == 0).unwrap_or(name.len()));
        into.name = Some(name);
        Ok(())
    }

    /// The content of an extension header.
    fn extension(&mut self, size: u64) -> Result<Vec<u8>> {
        if size > MAX_EXTENSION {
            return Err(self.corrupt(format!("an extension header of {size} bytes exceeds {MAX_EXTENSION}")));
        }
        let mut bytes = vec![0; size as usize];
        self.fill(&mut bytes)?;
        self.padding(size)?;
        Ok(bytes)
    }

    fn padding(&mut self, size: u64) -> Result<()> {
        let mut padding = [0; BLOCK];
        let len = (size.wrapping_neg() % BLOCK as u64) as usize;
        self.fill(&mut padding[..len])?;
        if padding != [0; BLOCK] {
            return Err(self.corrupt("padding is not zero"));
        }
        Ok(())
    }

    /// After the first of the two zero blocks that end an archive. More zeros may follow them.
    fn end(&mut self) -> Result<()> {
        if self.block()? != [0; BLOCK] {
            return Err(self.corrupt("its end is marked by one block of zeros, not two"));
        }
        let mut buffer = [0; BLOCK];
        loop {
            match self.read(&mut buffer)? {
                0 => return Ok(()),
                read if buffer[..read].iter().any(|&byte| byte != 0) => {
                    return Err(self.corrupt("bytes follow its end"));
                }
                _ => {}
            }
        }
    }

    fn block(&mut self) -> Result<[u8; BLOCK]> {
        let mut block = [0; BLOCK];
        self.fill(&mut block)?;
        Ok(block)
    }

    fn fill(&mut self, mut buffer: &mut [u8]) -> Result<()> {
        while !buffer.is_empty() {
            match self.read(buffer)? {
                0 => return Err(self.input.truncated("tar stream")),
                read => buffer = &mut buffer[read..],
            }
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = loop {
            match self.reader.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result.map_err(self.explain)? as u64,
            }
        };
        self.budget.take(&self.input.path, read)?;
        self.at = self.at.saturating_add(read);
        Ok(read as usize)
    }

    fn corrupt(&self, detail: impl Display) -> Error {
        self.input.corrupt(format!("tar: {detail}"))
    }
}
