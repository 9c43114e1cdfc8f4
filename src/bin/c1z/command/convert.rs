//! `c1z convert`: a file of format v1 becomes one of this library.

use std::io::{self, Write};
use std::path::PathBuf;

use c1z::proto::api::{ConvertCounts, ConvertFileRequest, ConvertFileResponse, ConvertLoss, UnreadableRows};
use c1z::store::convert_file;
use clap::Args;
use prost::Message;

use crate::address;
use crate::arguments::{OutputArguments, WorkArguments};
use crate::failure::{Failure, Status};
use crate::output::{Format, Output, Shown};
use crate::progress::Progress;

const COLUMNS: &[&str] = &["sync", "records", "rows", "in the file", "merged", "skipped"];

/// Converts a file of format v1 (SQLite) with all its syncs into a new file
#[derive(Args)]
pub struct Convert {
    /// The file of format v1
    file: PathBuf,
    /// The new file; must not exist
    out: PathBuf,
    /// Leave out rows that cannot be read, and list them; otherwise the first one ends the conversion
    #[arg(long)]
    skip_unreadable: bool,
    #[command(flatten)]
    work: WorkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

impl Convert {
    pub fn run(self) -> Result<Status, Failure> {
        address::check_path(&self.file)?;
        let unreadable_rows = if self.skip_unreadable { UnreadableRows::Skip } else { UnreadableRows::Fail };
        let request = ConvertFileRequest {
            input_path_bytes: super::path_bytes(&self.file),
            output_path_bytes: super::path_bytes(&self.out),
            tmp_dir_bytes: self.work.tmp_dir.as_deref().map(super::path_bytes).unwrap_or_default(),
            unreadable_rows: unreadable_rows.into(),
            ..ConvertFileRequest::default()
        };
        let converted = Progress::new("converting").during(|control| convert_file(&request, control))?;
        let format = self.output.format();
        let mut output = Output::new(format, COLUMNS);
        match format {
            Format::Table | Format::Csv => {
                for row in rows(&converted) {
                    output.row(|| Ok(String::new()), || Ok(row))?;
                }
            }
            Format::Json | Format::Ndjson => {
                let json = Shown::of("c1z.v1.ConvertFileResponse").json(&converted.encode_to_vec())?;
                output.row(|| Ok(json), || Ok(Vec::new()))?;
            }
        }
        output.finish()?;
        if matches!(format, Format::Table | Format::Csv) {
            converted.losses.iter().for_each(tell);
        }
        Ok(Status::Done)
    }
}

fn rows(converted: &ConvertFileResponse) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for sync in &converted.syncs {
        let kinds = [
            ("resource types", sync.resource_types),
            ("resources", sync.resources),
            ("entitlements", sync.entitlements),
            ("grants", sync.grants),
            ("assets", sync.assets),
            ("session values", sync.session_values),
        ];
        for (kind, counts) in kinds {
            let ConvertCounts { rows: read, records, merged, skipped } = counts.unwrap_or_default();
            let counts = [read, records, merged, skipped].map(|count| count.to_string());
            rows.push([&[sync.sync_id.clone(), kind.to_owned()], &counts[..]].concat());
        }
    }
    rows
}

/// Says on standard error what of the input is not in the new file.
fn tell(loss: &ConvertLoss) {
    let ConvertLoss { table, count, examples, .. } = loss;
    let kind = loss.kind().as_str_name().trim_start_matches("LOSS_KIND_").to_lowercase().replace('_', " ");
    let table = if table.is_empty() { String::new() } else { format!(" of {table}") };
    let more = if *count > examples.len() as i64 { "; …" } else { "" };
    let line = format!("c1z: not converted: {count} × {kind}{table}: {}{more}", examples.join("; "));
    // Nobody may be there to hear it; what was converted is.
    let _ = writeln!(io::stderr(), "{line}");
}
