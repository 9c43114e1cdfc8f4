//! Arguments that several subcommands take.

use std::path::PathBuf;

use clap::Args;

use crate::output::Format;

/// How rows are written.
#[derive(Args, Clone, Copy)]
pub struct OutputArguments {
    /// How rows are written; a table on a terminal, NDJSON elsewhere
    #[arg(short = 'o', long = "output-format", alias = "output", value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
}

impl OutputArguments {
    /// What was asked for, or what suits standard output.
    pub fn format(self) -> Format {
        self.format.unwrap_or_else(Format::of_standard_output)
    }
}

/// Where databases are unpacked.
#[derive(Args, Clone)]
pub struct WorkArguments {
    /// Where databases are unpacked; the system's temporary folder if not given
    #[arg(long, value_name = "FOLDER")]
    pub tmp_dir: Option<PathBuf>,
}

/// A sync of a file. A command for which no `--sync` means something else says so (`mut_arg`).
#[derive(Args, Clone)]
pub struct FileArguments {
    /// The .c1z file
    pub file: PathBuf,
    /// The sync that is read; the newest that has ended if not given
    #[arg(long, alias = "sync-id", value_name = "ID")]
    pub sync: Option<String>,
    #[command(flatten)]
    pub work: WorkArguments,
}
