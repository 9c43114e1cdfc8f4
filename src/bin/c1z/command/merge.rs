//! `c1z merge`: a base and newer partials become one sync.

use std::path::PathBuf;

use c1z::proto::api::{MergeCounts, MergeFilesRequest, MergeInput};
use c1z::store::merge_files;
use clap::Args;
use prost::Message;

use crate::address;
use crate::arguments::{OutputArguments, WorkArguments};
use crate::failure::{Failure, Status};
use crate::output::{Format, Output, Shown};
use crate::progress::Progress;

const COLUMNS: &[&str] = &["records", "in all", "added", "replaced", "carried"];

/// Merges the newest sync of each file into a new file: the newest record of each identity wins
#[derive(Args)]
pub struct Merge {
    /// The new file; must not exist
    out: PathBuf,
    /// The file of the base
    base: PathBuf,
    /// The files of the others, the oldest first
    #[arg(required = true)]
    partials: Vec<PathBuf>,
    #[command(flatten)]
    work: WorkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

impl Merge {
    pub fn run(self) -> Result<Status, Failure> {
        std::iter::once(&self.base).chain(&self.partials).try_for_each(|file| address::check_path(file))?;
        let input = |path: &PathBuf| MergeInput { path_bytes: super::path_bytes(path), ..MergeInput::default() };
        let request = MergeFilesRequest {
            inputs: std::iter::once(&self.base).chain(&self.partials).map(input).collect(),
            output_path_bytes: super::path_bytes(&self.out),
            tmp_dir_bytes: self.work.tmp_dir.as_deref().map(super::path_bytes).unwrap_or_default(),
            ..MergeFilesRequest::default()
        };
        let merged = Progress::new("merging").during(|control| merge_files(&request, control))?;
        let format = self.output.format();
        let mut output = Output::new(format, COLUMNS);
        match format {
            Format::Table | Format::Csv => {
                let kinds = [
                    ("resource types", merged.resource_types),
                    ("resources", merged.resources),
                    ("entitlements", merged.entitlements),
                    ("grants", merged.grants),
                    ("assets", merged.assets),
                ];
                for (kind, counts) in kinds {
                    output.row(|| Ok(String::new()), || Ok(cells(kind, counts.unwrap_or_default())))?;
                }
            }
            Format::Json | Format::Ndjson => {
                let json = Shown::of("c1z.v1.MergeResponse").json(&merged.encode_to_vec())?;
                output.row(|| Ok(json), || Ok(Vec::new()))?;
            }
        }
        output.finish()?;
        Ok(Status::Done)
    }
}

fn cells(kind: &str, MergeCounts { output, added, replaced, carried }: MergeCounts) -> Vec<String> {
    let counts = [output, added, replaced, carried].map(|count| count.to_string());
    [&[kind.to_owned()], &counts[..]].concat()
}
