//! The command line: a file for each subcommand.

mod access;
mod clone;
mod compare;
mod completions;
mod convert;
#[cfg(feature = "parquet")]
mod export;
mod grants;
mod info;
mod inspect;
mod list;
mod manual;
mod merge;
mod prune;
mod verify;
mod who;

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use clap::{Parser, Subcommand};

use crate::failure::{Failure, Status};

/// Looks into .c1z files: who has access to what.
#[derive(Parser)]
#[command(
    name = "c1z",
    version,
    propagate_version = true,
    after_help = "Exit status: 0 done, 1 faults or differences were found, 2 an id may be any of several, 3 failed, 64 wrong usage."
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Info(info::Info),
    List(list::List),
    Access(access::Access),
    Who(who::Who),
    Compare(compare::Compare),
    Verify(verify::Verify),
    Inspect(inspect::Inspect),
    Merge(merge::Merge),
    Convert(convert::Convert),
    #[cfg(feature = "parquet")]
    Export(export::Export),
    Clone(clone::Clone),
    Prune(prune::Prune),
    Completions(completions::Completions),
    #[command(hide = true)]
    Manual(manual::Manual),
}

/// Does what the command line asks for.
pub fn run(arguments: Arguments) -> Result<Status, Failure> {
    match arguments.command {
        Command::Info(info) => info.run(),
        Command::List(list) => list.run(),
        Command::Access(access) => access.run(),
        Command::Who(who) => who.run(),
        Command::Compare(compare) => compare.run(),
        Command::Verify(verify) => verify.run(),
        Command::Inspect(inspect) => inspect.run(),
        Command::Merge(merge) => merge.run(),
        Command::Convert(convert) => convert.run(),
        #[cfg(feature = "parquet")]
        Command::Export(export) => export.run(),
        Command::Clone(clone) => clone.run(),
        Command::Prune(prune) => prune.run(),
        Command::Completions(completions) => completions.run(),
        Command::Manual(manual) => manual.run(),
    }
}

/// A path as requests take it.
fn path_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}
