//! `c1z manual`: the man pages, for an installation.

use std::path::PathBuf;

use clap::{Args, CommandFactory};

use super::Arguments;
use crate::failure::{Failure, Status};

/// Writes a man page for each command
#[derive(Args)]
pub struct Manual {
    /// The folder that they are written to
    folder: PathBuf,
}

impl Manual {
    pub fn run(self) -> Result<Status, Failure> {
        clap_mangen::generate_to(Arguments::command(), &self.folder).map_err(c1z::Error::io("write", &self.folder))?;
        Ok(Status::Done)
    }
}
