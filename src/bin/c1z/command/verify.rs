//! `c1z verify`: what is wrong with a file.

use std::io::Write;
use std::path::PathBuf;

use c1z::proto::api::{Fault, VerifyReport, VerifyRequest};
use c1z::quoted;
use c1z::store::verify;
use clap::Args;
use prost::Message;

use crate::address;
use crate::arguments::{OutputArguments, WorkArguments};
use crate::failure::{Failure, Status};
use crate::output::{self, object, Format, Output, Shown};
use crate::progress::Progress;
use crate::terminal::harmless_json;

const COLUMNS: &[&str] = &["file", "fault", "in file", "sync", "keyspace", "key", "sentence"];

/// Looks for all that is wrong with files: the header, every frame, every record and index entry
#[derive(Args)]
pub struct Verify {
    /// The .c1z files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Faults of a file that are listed
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    max_faults: u32,
    #[command(flatten)]
    work: WorkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

impl Verify {
    pub fn run(self) -> Result<Status, Failure> {
        self.files.iter().try_for_each(|file| address::check_path(file))?;
        let format = self.output.format();
        let mut status = Status::Done;
        let mut rows = (format != Format::Table).then(|| Output::new(format, COLUMNS));
        let mut shown = Shown::of("c1z.v1.VerifyReport");
        for file in &self.files {
            let request = VerifyRequest {
                path_bytes: super::path_bytes(file),
                tmp_dir_bytes: self.work.tmp_dir.as_deref().map(super::path_bytes).unwrap_or_default(),
                max_faults: self.max_faults,
                ..VerifyRequest::default()
            };
            // The bar is gone before anything is said.
            let report = Progress::new("verifying").during(|control| verify(&request, control));
            let report = match report {
                Ok(report) => report,
                Err(error) => {
                    status = Failure::from(error).report();
                    continue;
                }
            };
            if !report.faults.is_empty() && status == Status::Done {
                status = Status::Found;
            }
            let path = file.to_string_lossy();
            match &mut rows {
                None => describe(&report)?,
                Some(rows) if format == Format::Csv => {
                    for fault in &report.faults {
                        rows.row(|| Ok(String::new()), || Ok(cells(&path, fault)))?;
                    }
                }
                Some(rows) => {
                    let path = harmless_json(serde_json::Value::from(path).to_string());
                    let report = VerifyReport { text: String::new(), ..report };
                    let json = shown.json(&report.encode_to_vec())?;
                    rows.row(|| Ok(object(&[("path", path)], &json)), || Ok(Vec::new()))?;
                }
            }
        }
        rows.map_or(Ok(()), Output::finish)?;
        Ok(status)
    }
}

/// The library's own words, with the verdict in a colour.
fn describe(report: &VerifyReport) -> Result<(), Failure> {
    let (mut out, paint) = (output::out(), output::paint());
    let lines: Vec<&str> = report.text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let line = quoted::line(line);
        match (index + 1 == lines.len(), report.faults.is_empty()) {
            (true, true) => writeln!(out, "{}", paint.good(line))?,
            (true, false) => writeln!(out, "{}", paint.bad(line))?,
            (false, _) => writeln!(out, "{line}")?,
        }
    }
    Ok(out.flush()?)
}

fn cells(path: &str, fault: &Fault) -> Vec<String> {
    let kind = fault.kind().as_str_name().trim_start_matches("FAULT_KIND_").to_lowercase();
    let Fault { file, sync_id, keyspace, key_hex, sentence, .. } = fault.clone();
    vec![path.to_owned(), kind, file, sync_id, keyspace, key_hex, sentence]
}
