//! Writes a large `.c1z` file of made-up grants, page by page: memory follows the budget, not the number of grants.
//!
//! ```text
//! cargo run --release --example fixture_gen -- --out big.c1z --grants 10000000 --shape skewed
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use c1z::control::Control;
use c1z::envelope::Encoding;
use c1z::store::{OpenOptions, Store};
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

#[path = "../benches/support/mod.rs"]
mod support;
#[path = "storage_bench/words.rs"]
mod words;

use support::store;
use support::workload::Workload;
use words::ShapeName;

/// Writes a large .c1z file of made-up grants.
#[derive(Parser)]
struct Arguments {
    /// The file; one that is there gets another sync.
    #[arg(long)]
    out: PathBuf,
    /// Number of grants.
    #[arg(long, default_value_t = 1_000_000)]
    grants: u64,
    /// How the grants spread over entitlements.
    #[arg(long, value_enum, default_value_t = ShapeName::Groups)]
    shape: ShapeName,
    /// How the file frames its payload; the library's default if not given.
    #[arg(long, value_enum)]
    encoding: Option<EncodingName>,
    /// Threads of the library; 0 is one for each processor.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Memory budget of the library in MiB; 0 is its default.
    #[arg(long, default_value_t = 0)]
    memory_mib: u64,
}

/// How a file frames its payload.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum EncodingName {
    IndexedZstd,
    TarZstd,
    Tar,
}

impl From<EncodingName> for Encoding {
    fn from(name: EncodingName) -> Encoding {
        match name {
            EncodingName::IndexedZstd => Encoding::IndexedZstd,
            EncodingName::TarZstd => Encoding::TarZstd,
            EncodingName::Tar => Encoding::Tar,
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let workload = Workload::new(arguments.shape.into(), arguments.grants);
    let options = OpenOptions {
        tmp_dir: Some(folder_of(&arguments.out)),
        encoding: arguments.encoding.map(Encoding::from),
        threads: arguments.threads,
        memory_budget: arguments.memory_mib << 20,
        ..OpenOptions::default()
    };
    let store = Store::open(&arguments.out, options, &Control::none())?;
    store::start(&store)?;

    let entitlements = workload.entitlements();
    let (groups, held) =
        entitlements.fold((0, 0), |(groups, held), of| (groups + u64::from(of.entitlement == 0), held + 1));
    let bar = bar("put", workload.users + groups + held + workload.grants)?;
    let started = Instant::now();
    store::load(&store, workload, &|count| bar.inc(count))?;
    bar.finish();
    let put = started.elapsed();

    watched("end", |control| store.end_sync(control))?;
    let end = started.elapsed() - put;
    watched("save", |control| store.save(control).map(drop))?;
    let save = started.elapsed() - put - end;
    store.close()?;

    let bytes = std::fs::metadata(&arguments.out)?.len();
    println!(
        "{}: {} grants of {} users, {held} entitlements on {groups} groups; {:.1} MB; put {:.2} s, end {:.2} s, save {:.2} s",
        arguments.out.display(),
        workload.grants,
        workload.users,
        bytes as f64 / 1e6,
        put.as_secs_f64(),
        end.as_secs_f64(),
        save.as_secs_f64(),
    );
    Ok(())
}

/// The working copy is as large as the file: it goes where there is room for that.
fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn bar(name: &'static str, total: u64) -> Result<ProgressBar, Box<dyn Error>> {
    let style = ProgressStyle::with_template("{prefix:5} {wide_bar} {percent:3} % {elapsed}, {eta} left")?;
    Ok(ProgressBar::new(total).with_style(style).with_prefix(name))
}

/// Shows what a long operation reports of itself.
fn watched(name: &'static str, operation: impl FnOnce(&Control<'_>) -> c1z::Result<()>) -> Result<(), Box<dyn Error>> {
    let bar = bar(name, 1)?;
    let progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    operation(&Control::new(&|| false, &progress))?;
    bar.finish();
    Ok(())
}
