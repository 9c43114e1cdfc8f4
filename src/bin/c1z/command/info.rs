//! `c1z info`: what a file says of itself.

use std::io::Write;
use std::path::{Path, PathBuf};

use c1z::proto::api::FileHeader;
use c1z::proto::manifest::SyncRunSummary;
use c1z::quoted;
use c1z::store::read_v1_syncs;
use clap::Args;
use indicatif::HumanBytes;
use prost::Message;

use crate::address;
use crate::arguments::{OutputArguments, WorkArguments};
use crate::failure::{Failure, Status};
use crate::output::{self, object, Format, Output, Shown};
use crate::progress::Progress;
use crate::terminal::harmless_json;

const SYNC_COLUMNS: &[&str] =
    &["sync", "type", "started", "ended", "resource types", "resources", "entitlements", "grants", "assets"];
const COLUMNS: &[&str] = &[
    "file",
    "format",
    "engine",
    "encoding",
    "size",
    "sync",
    "type",
    "started",
    "ended",
    "resource types",
    "resources",
    "entitlements",
    "grants",
    "assets",
];

/// What files say of themselves: engine, sizes, syncs and their statistics; nothing is unpacked without --deep
#[derive(Args)]
pub struct Info {
    /// The .c1z files, of any engine
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Show the syncs of files of format v1 too: their databases are unpacked for it
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    work: WorkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

impl Info {
    pub fn run(self) -> Result<Status, Failure> {
        let format = self.output.format();
        let mut status = Status::Done;
        let mut rows = (format != Format::Table).then(|| Output::new(format, COLUMNS));
        let mut shown = Shown::of("c1z.v1.FileHeader");
        for file in &self.files {
            let header = match self.header(file) {
                Ok(header) => header,
                Err(failure) => {
                    status = failure.report();
                    continue;
                }
            };
            match &mut rows {
                None => describe(file, &header)?,
                Some(rows) if format == Format::Csv => {
                    for cells in cells(file, &header) {
                        rows.row(|| Ok(String::new()), || Ok(cells))?;
                    }
                }
                Some(rows) => {
                    let path = harmless_json(serde_json::Value::from(file.to_string_lossy()).to_string());
                    let json = shown.json(&header.encode_to_vec())?;
                    rows.row(|| Ok(object(&[("path", path)], &json)), || Ok(Vec::new()))?;
                }
            }
        }
        rows.map_or(Ok(()), Output::finish)?;
        Ok(status)
    }

    fn header(&self, file: &Path) -> Result<FileHeader, Failure> {
        let mut header = address::read_header(file)?;
        if self.deep && header.format == "v1" {
            address::check_path(file)?;
            let tmp_dir = self.work.tmp_dir.as_deref();
            header.sync_runs = Progress::late("unpacking").during(|control| read_v1_syncs(file, tmp_dir, control))?;
        }
        Ok(header)
    }
}

/// For people: what concerns the file, then its syncs.
fn describe(file: &Path, header: &FileHeader) -> Result<(), Failure> {
    let mut out = output::out();
    writeln!(out, "{}", output::paint().heading(quoted::path(file)))?;
    writeln!(out, "  format    {}", quoted::line(&header.format))?;
    if header.format == "v3" {
        writeln!(out, "  engine    {}, layout {}", quoted::line(&header.engine), header.engine_schema_version)?;
        writeln!(out, "  encoding  {}", encoding(header))?;
    }
    writeln!(out, "  size      {} ({} bytes)", HumanBytes(header.file_size_bytes), header.file_size_bytes)?;
    if header.fold_dead_bytes > 0 {
        writeln!(out, "  unused    {} of the database", HumanBytes(header.fold_dead_bytes.unsigned_abs()))?;
    }
    out.flush()?;
    drop(out);
    if header.format == "v3" || !header.sync_runs.is_empty() {
        let mut rows = Output::new(Format::Table, SYNC_COLUMNS);
        for run in &header.sync_runs {
            rows.row(|| Ok(String::new()), || Ok(sync_cells(run)))?;
        }
        rows.finish()?;
    }
    Ok(())
}

/// A row for each sync; one without if there is none.
fn cells(file: &Path, header: &FileHeader) -> Vec<Vec<String>> {
    let of_file = vec![
        file.to_string_lossy().into_owned(),
        header.format.clone(),
        header.engine.clone(),
        encoding(header),
        header.file_size_bytes.to_string(),
    ];
    let syncs: Vec<_> = header.sync_runs.iter().map(sync_cells).collect();
    let syncs = if syncs.is_empty() { vec![vec![String::new(); SYNC_COLUMNS.len()]] } else { syncs };
    syncs.into_iter().map(|cells| [of_file.clone(), cells].concat()).collect()
}

fn sync_cells(run: &SyncRunSummary) -> Vec<String> {
    let time = |time: &Option<prost_types::Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
    let of_type = run.r#type().as_str_name().trim_start_matches("SYNC_TYPE_").to_lowercase();
    let mut cells = vec![run.sync_id.clone(), of_type, time(&run.started_at), time(&run.ended_at)];
    let stats = run.stats.clone();
    let counts = stats.map(|stats| {
        [stats.resource_types, stats.resources, stats.entitlements, stats.grants, stats.assets]
            .map(|count| count.to_string())
    });
    cells.extend(counts.unwrap_or_default());
    cells
}

fn encoding(header: &FileHeader) -> String {
    match header.format.as_str() {
        "v3" => header.payload_encoding().as_str_name().trim_start_matches("PAYLOAD_ENCODING_").to_lowercase(),
        _ => String::new(),
    }
}
