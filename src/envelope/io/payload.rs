//! What is packed.

use std::fmt::Debug;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::identity::Identity;
use crate::control::Control;
use crate::envelope::names;
use crate::{files, quoted, Error, Result};

/// How much of a file is read or written at once.
pub const CHUNK: usize = 64 << 10;

/// A file that has its size, and its bytes only once it was unpacked.
pub trait Later: Debug + Send + Sync {
    /// Returns when the file holds its bytes.
    fn unpack(&self) -> Result<()>;

    /// Which file it is while it holds nothing.
    fn identity(&self) -> Identity;
}

/// The files that a payload is made of. Folders are implied by their names.
#[derive(Clone, Debug, Default)]
pub struct Payload {
    files: Vec<PayloadFile>,
}

/// A regular file of a payload.
#[derive(Clone, Debug)]
pub struct PayloadFile {
    pub name: String,
    pub size: u64,
    /// Recorded if it tells for ever what the bytes are.
    pub identity: Option<Identity>,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    File(PathBuf),
    Later(PathBuf, Arc<dyn Later>),
    /// The file may grow beyond the size.
    Start(PathBuf),
    Bytes(Vec<u8>),
}

impl Payload {
    /// The regular files below `directory`. Anything else than files and folders is refused: it would be lost.
    pub fn below(directory: &Path) -> Result<Payload> {
        let mut payload = Payload::default();
        let mut folders = vec![(directory.to_path_buf(), String::new())];
        while let Some((folder, prefix)) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(Error::io("read folder", &folder))? {
                let path = entry.map_err(Error::io("read folder", &folder))?.path();
                let metadata = fs::symlink_metadata(&path).map_err(Error::io("stat", &path))?;
                let refused = |why: &str| Error::invalid(format!("{}: cannot be packed: {why}", quoted::path(&path)));
                let part = path.file_name().and_then(|part| part.to_str());
                let part = part.ok_or_else(|| refused("its name is not UTF-8"))?;
                let name = format!("{prefix}{part}");
                names::check(&name).map_err(refused)?;
                if metadata.is_dir() {
                    folders.push((path, name + "/"));
                } else if metadata.is_file() {
                    payload.add(name, metadata.len(), Content::File(path), None);
                } else {
                    return Err(refused("neither a file nor a folder"));
                }
            }
        }
        Ok(payload)
    }

    /// Adds a file that nobody ever changes and whose path no other file ever gets: a save that is given frames of it
    /// need not read it.
    pub fn add_immutable(&mut self, name: &str, path: &Path) -> Result<()> {
        let metadata = fs::metadata(path).map_err(Error::io("stat", path))?;
        self.add(name.to_owned(), metadata.len(), Content::File(path.to_path_buf()), Some(Identity::of(&metadata)));
        Ok(())
    }

    /// Adds a file as [`Payload::add_immutable`] does, that is unpacked before it is read.
    pub fn add_later(&mut self, name: &str, path: &Path, file: Arc<dyn Later>) -> Result<()> {
        let size = fs::metadata(path).map_err(Error::io("stat", path))?.len();
        let identity = file.identity();
        self.add(name.to_owned(), size, Content::Later(path.to_path_buf(), file), Some(identity));
        Ok(())
    }

    /// Adds the first `size` bytes of a file that may grow meanwhile.
    pub fn add_start(&mut self, name: &str, path: &Path, size: u64) {
        self.add(name.to_owned(), size, Content::Start(path.to_path_buf()), None);
    }

    /// Adds a file that is not on a disk.
    pub fn add_bytes(&mut self, name: &str, bytes: &[u8]) {
        self.add(name.to_owned(), bytes.len() as u64, Content::Bytes(bytes.to_vec()), None);
    }

    fn add(&mut self, name: String, size: u64, content: Content, identity: Option<Identity>) {
        self.files.push(PayloadFile { name, size, identity, content });
    }

    /// In the order of names.
    pub(in crate::envelope) fn into_files(mut self) -> Vec<PayloadFile> {
        self.files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        self.files
    }
}

impl PayloadFile {
    /// Where the bytes are, for messages.
    pub fn place(&self) -> &Path {
        match &self.content {
            Content::File(path) | Content::Later(path, _) | Content::Start(path) => path,
            Content::Bytes(_) => Path::new(&self.name),
        }
    }

    /// Passes the file's bytes on in pieces; fails if there are not exactly as many as when it was added.
    pub fn read(&self, control: &Control<'_>, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let (path, most) = match &self.content {
            Content::File(path) => (path, u64::MAX),
            Content::Later(path, file) => {
                file.unpack()?;
                (path, u64::MAX)
            }
            Content::Start(path) => (path, self.size),
            Content::Bytes(bytes) => return control.check().and_then(|()| each(bytes)),
        };
        let mut file = files::open(path).map_err(Error::io("open", path))?.take(most);
        let mut buffer = vec![0; CHUNK];
        let mut left = self.size;
        loop {
            control.check()?;
            let read = match file.read(&mut buffer) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                result => result.map_err(Error::io("read", path))?,
            };
            let rest = left.checked_sub(read as u64).filter(|&rest| read > 0 || rest == 0);
            left = rest.ok_or_else(|| {
                Error::FailedPrecondition(format!("{}: changed while it was packed", quoted::path(path)))
            })?;
            if read == 0 {
                return Ok(());
            }
            each(&buffer[..read])?;
        }
    }
}
