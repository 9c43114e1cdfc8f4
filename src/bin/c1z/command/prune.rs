//! `c1z prune`: a file without its old syncs.

use std::path::PathBuf;

use c1z::proto::api::CleanupRequest;
use c1z::store::{OpenOptions, Store};
use clap::Args;
use serde_json::json;

use crate::address;
use crate::arguments::{OutputArguments, WorkArguments};
use crate::failure::{Failure, Status};
use crate::output::Output;
use crate::progress::Progress;

/// Drops old syncs from a file, as the SDK does, and lists them
#[derive(Args)]
pub struct Prune {
    /// The .c1z file
    file: PathBuf,
    /// Full syncs that stay
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,
    #[command(flatten)]
    work: WorkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

impl Prune {
    pub fn run(self) -> Result<Status, Failure> {
        address::check_path(&self.file)?;
        if !self.file.try_exists().map_err(c1z::Error::io("open", &self.file))? {
            // The library would take it for a file that is yet to be written.
            return Err(c1z::Error::no_file(&self.file).into());
        }
        let options = OpenOptions { tmp_dir: self.work.tmp_dir, ..OpenOptions::default() };
        let store = Progress::late("opening").during(|control| Store::open(&self.file, options, control))?;
        let request = CleanupRequest { keep: self.keep };
        let dropped = Progress::new("pruning").during(|control| store.cleanup(&request, control))?;
        if store.is_dirty() {
            Progress::new("saving").during(|control| store.save(control))?;
        }
        store.close()?;
        let mut output = Output::new(self.output.format(), &["sync"]);
        for id in dropped.deleted_sync_ids {
            output.row(|| Ok(json!({ "id": id }).to_string()), || Ok(vec![id.clone()]))?;
        }
        output.finish()?;
        Ok(Status::Done)
    }
}
