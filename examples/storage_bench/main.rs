//! Times the library on a file, or on grants that it makes up, and prints Markdown tables.
//!
//! ```text
//! cargo run --release --example storage_bench -- big.c1z            reads of that file
//! cargo run --release --example storage_bench -- --write 1000000    a sync through the C ABI, beside the floor
//! cargo run --release --example storage_bench -- --encodings 1000000
//! ```

use std::error::Error;
use std::path::PathBuf;

use clap::Parser;

mod abi;
mod cpu;
mod encodings;
mod floor;
mod latencies;
mod memory;
mod progress;
mod read;
#[path = "../../benches/support/mod.rs"]
mod support;
mod table;
mod words;
mod write;

use words::ShapeName;

pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// Times reads of a .c1z file, a write beside the floor, or file encodings.
#[derive(Parser)]
pub struct Arguments {
    /// A file to read.
    #[arg(required_unless_present_any = ["write", "encodings"])]
    file: Option<PathBuf>,
    /// Write that many grants through the C ABI, and compare with the floor.
    #[arg(long, value_name = "GRANTS", conflicts_with = "file")]
    write: Option<u64>,
    /// Save that many grants in every encoding, and open each file.
    #[arg(long, value_name = "GRANTS", conflicts_with_all = ["file", "write"])]
    encodings: Option<u64>,
    /// How made-up grants spread over entitlements.
    #[arg(long, value_enum, default_value_t = ShapeName::Groups)]
    shape: ShapeName,
    /// Times that a write or an encoding is measured; the best counts.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Calls of each kind of read.
    #[arg(long, default_value_t = 1_000)]
    samples: usize,
    /// Seconds after which no further call of one kind is made.
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// Threads of the library; 0 is one for each processor.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Memory budget of the library in MiB; 0 is its default.
    #[arg(long, default_value_t = 0)]
    memory_mib: u64,
    /// Take no digests of grants.
    #[arg(long)]
    no_grant_digests: bool,
    /// Where files and working copies are made; the system's folder for temporary files if not given.
    #[arg(long)]
    tmp_dir: Option<PathBuf>,
}

impl Arguments {
    fn folder(&self) -> Outcome<tempfile::TempDir> {
        let parent = self.tmp_dir.clone().unwrap_or_else(std::env::temp_dir);
        Ok(tempfile::tempdir_in(parent)?)
    }

    /// The threads that the library uses.
    fn workers(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        }
    }
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    match (&arguments.file, arguments.write, arguments.encodings) {
        (Some(file), ..) => read::run(file, &arguments),
        (_, Some(grants), _) => write::run(grants, &arguments),
        (_, _, Some(grants)) => encodings::run(grants, &arguments),
        // The parser has refused this.
        _ => Ok(()),
    }
}
