//! `c1z list syncs`.

use std::ops::ControlFlow;

use c1z::proto::api::{ListSyncRunsRequest, SyncRun};
use clap::Args;

use crate::arguments::{FileArguments, OutputArguments};
use crate::failure::Failure;
use crate::output::{Output, Shown};
use crate::pages::{decoded, walk};
use crate::sync;

const COLUMNS: &[&str] =
    &["id", "type", "started", "ended", "resource types", "resources", "entitlements", "grants", "assets"];

/// Lists syncs, by id
#[derive(Args)]
#[command(mut_arg("sync", |sync| sync.help("Only this sync; all syncs of the file if not given")))]
pub struct Syncs {
    #[command(flatten)]
    file: FileArguments,
    #[command(flatten)]
    output: OutputArguments,
}

impl Syncs {
    pub fn run(self) -> Result<(), Failure> {
        let store = sync::open(&self.file)?;
        let mut output = Output::new(self.output.format(), COLUMNS);
        let mut shown = Shown::of("c1z.v1.SyncRun");
        let page = |page_token, page_size| {
            store.list_sync_runs(&ListSyncRunsRequest { page_token, page_size }).map(Into::into)
        };
        walk(page, |row| {
            let run: SyncRun = decoded(row)?;
            if self.file.sync.as_ref().is_none_or(|id| *id == run.id) {
                output.row(|| shown.json(row), || Ok(cells(run)))?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        output.finish()?;
        Ok(store.close()?)
    }
}

fn cells(run: SyncRun) -> Vec<String> {
    let time = |time: Option<prost_types::Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
    let stats = run.stats.unwrap_or_default();
    let counts = [stats.resource_types, stats.resources, stats.entitlements, stats.grants, stats.assets];
    let mut cells = vec![run.id, run.sync_type, time(run.started_at), time(run.ended_at)];
    cells.extend(counts.map(|count| count.to_string()));
    cells
}
