//! `c1z`, the command: what is in a `.c1z` file, who has access to what in it, and files made of files.
//!
//! It stands on the public Rust API of the library. One file of `command` for each subcommand; `output` writes rows as a
//! table, JSON, NDJSON or CSV; `names` says what a person calls an id, and `resolve` what a bare id is the id of.
//! `docs/command.md` is the reference.

mod address;
mod arguments;
mod command;
#[cfg(feature = "parquet")]
mod export;
mod failure;
mod names;
mod output;
mod pages;
mod progress;
#[cfg(feature = "remote")]
mod remote;
mod resolve;
mod resource_ids;
mod scheme;
mod several;
mod sync;
mod terminal;
mod via;

use std::process::ExitCode;

use clap::Parser;

use command::Arguments;
use failure::Status;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help is no failure; a reader that has gone does not change that.
            let _ = error.print();
            return if error.use_stderr() { Status::Usage } else { Status::Done }.into();
        }
    };
    command::run(arguments).unwrap_or_else(|failure| failure.report()).into()
}
