//! `c1z completions`: what a shell completes.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Arguments;
use crate::failure::{Failure, Status};
use crate::output;

/// A script that makes a shell complete this command
#[derive(Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Result<Status, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "c1z", &mut script);
        let mut out = output::out();
        out.write_all(&script)?;
        out.flush()?;
        Ok(Status::Done)
    }
}
