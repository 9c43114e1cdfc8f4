//! The directory that a file is unpacked into.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::input::Input;
use crate::envelope::io::Identity;
use crate::quoted::Quoted;
use crate::{files, Error, Result};

/// The directory that a file is unpacked into.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    pub input: &'a Input,
    pub root: &'a Path,
}

impl Target<'_> {
    /// Creates a folder and those above it. `name` has been checked.
    pub fn create_folder(&self, name: &str) -> Result<()> {
        let path = self.root.join(name);
        files::create_folders(&path).map_err(|error| self.create_error(name, &path, error))
    }

    /// Creates a file that does not exist yet. `name` has been checked.
    pub fn create_file(&self, name: &str) -> Result<Output> {
        let path = self.root.join(name);
        let file = files::create(&path).map_err(|error| self.create_error(name, &path, error))?;
        Ok(Output { file, path })
    }

    /// Creates a file and the folders above it. `name` has been checked.
    pub fn create(&self, name: &str) -> Result<Output> {
        folder_of(name).map_or(Ok(()), |folder| self.create_folder(folder))?;
        self.create_file(name)
    }

    /// Removes a file.
    pub fn remove_file(&self, name: &str) -> Result<()> {
        let path = self.root.join(name);
        fs::remove_file(&path).map_err(Error::io("remove", &path))
    }

    /// What stands in the way was unpacked from the same file.
    fn create_error(&self, name: &str, path: &Path, error: std::io::Error) -> Error {
        match error.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory | ErrorKind::IsADirectory => {
                self.input.corrupt(format!("payload: {} occurs twice, or as file and as folder", Quoted::new(name)))
            }
            // A name may be too long for the system, or for the folder that it comes to lie in.
            ErrorKind::InvalidFilename => {
                self.input.corrupt(format!("payload: the name {} is too long", Quoted::new(name)))
            }
            _ => Error::io("create", path)(error),
        }
    }
}

/// A file that is unpacked.
#[derive(Debug)]
pub struct Output {
    file: File,
    path: PathBuf,
}

impl Output {
    /// Which file this is, as long as nothing more is put into it.
    pub fn identity(&self) -> Result<Identity> {
        let metadata = self.file.metadata().map_err(Error::io("stat", &self.path))?;
        Ok(Identity::of(&metadata))
    }

    /// Makes it that many bytes long, without taking room for them.
    pub fn grow(&self, size: u64) -> Result<()> {
        self.file.set_len(size).map_err(Error::io("write", &self.path))
    }

    pub fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(Error::io("write", &self.path))
    }
}

/// The folder part of a payload name, if it has one.
pub fn folder_of(name: &str) -> Option<&str> {
    name.rsplit_once('/').map(|(folder, _)| folder)
}
